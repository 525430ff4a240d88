"""gro files of any precision, with velocities and boxes of any shape, against mdtraj's reader."""

import mdtraj
import numpy as np
import openmm
import pytest
from openmm import app

from mechanist.errors import SystemBuildError
from mechanist.systems.build.coordinates import read_structure
from tests.bring import DATA, FORMATS, build, energy, put_files

BOXES = {
    "cubic": [2.0, 2.0, 2.0],
    "triclinic": [2.0, 2.1, 1.9, 0, 0, 0.3, 0, -0.2, 0.4],
    "octahedral": [2.0, 1.885618, 1.632993, 0, 0, 0.666667, 0, -0.666667, 0.942809],
}


def write(path, decimals, velocities=False, box=BOXES["cubic"], shift=0.0):
    rows = np.array([[1.0952, 1, 0.9832], [1, 1, 1], [1, 1, 1.1474], [0.9802, 1.0931, 1.1642]])
    width, lines = decimals + 5, ["made for a test", "    4"]
    for i, (name, row) in enumerate(zip(("H1", "O1", "O2", "H2"), rows + shift, strict=True)):
        text = f"    1HPO  {name:>5}{i + 1:5d}" + "".join(f"{x:{width}.{decimals}f}" for x in row)
        text += "".join(f"{x:{width + 1}.{decimals + 1}f}" for x in row) if velocities else ""
        lines.append(text)
    lines.append("".join(f"{x:10.5f}" for x in box))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return rows + shift


@pytest.mark.parametrize("decimals", [3, 4, 5, 6, 9])
@pytest.mark.parametrize("velocities", [False, True])
@pytest.mark.parametrize("shift", [0.0, -1.5, 100.0])
def test_any_precision(decimals, velocities, shift, tmp_path):
    rows = write(tmp_path / "a.gro", decimals, velocities, shift=shift)
    found = read_structure(tmp_path / "a.gro")
    assert np.abs(found.positions - rows).max() <= 0.51 * 10.0**-decimals
    assert np.allclose(found.positions, mdtraj.load(str(tmp_path / "a.gro")).xyz[0], atol=1e-5)
    assert [name.atom for name in found.names] == ["H1", "O1", "O2", "H2"]


def test_more_decimals_give_the_energy_of_the_other_formats(tmp_path):
    put_files(tmp_path)
    write(tmp_path / "peroxide.gro", 6)
    right = energy(build(tmp_path, FORMATS["Amber"]))
    assert energy(build(tmp_path, FORMATS["GROMACS"])) == pytest.approx(right, rel=1e-5)


@pytest.mark.parametrize("shape", BOXES)
def test_boxes_are_those_of_openmm(shape, tmp_path):
    write(tmp_path / "a.gro", 3, box=BOXES[shape])
    found = read_structure(tmp_path / "a.gro").box
    right = app.GromacsGroFile(str(tmp_path / "a.gro")).getPeriodicBoxVectors()
    assert found is not None
    assert np.allclose(found, [list(row._value) for row in right], atol=1e-9)
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors(*(openmm.Vec3(*row) for row in found))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("1.0952", "1,0952", ":3: .*not an atom"),
        ("  1.0952", "1.0952", ":3: .*not an atom"),
        ("1.0931  ", "1.09 31", ":6: .*not an atom"),
        ("2.00000   2.00000   2.00000", "2.00000   2.00000", ":7: .*not a box"),
        ("   2.00000   2.00000   2.00000", "", "truncated: 4 atoms need 7 lines"),
        ("    4\n", "    3\n", ":6: .*not a box; is line 2 the number of atoms"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(old, new, words, tmp_path):
    text = (DATA / "peroxide.gro").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "a.gro").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(SystemBuildError, match=words):
        read_structure(tmp_path / "a.gro")
