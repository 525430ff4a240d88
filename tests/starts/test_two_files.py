"""Two structures of --from and --to: which atoms, charges and mirror images go together."""

from pathlib import Path

import numpy as np
import pytest

from mechanist.errors import MechanistError
from mechanist.systems.build.molecule import build_molecule
from mechanist.systems.build.new import Sources
from mechanist.systems.build.pairing import second_structure
from mechanist.systems.build.request import Request, ingredients

SPRINGLESS = """
import numpy as np


def energy_forces(positions):
    return np.zeros(len(positions)), np.zeros_like(positions)
"""

CENTRE = ("C 0 0 0", "F 1.35 0 0", "Cl -0.58 1.66 0", "Br -0.63 -0.9 1.6", "H -0.36 -0.51 -0.9")
"""Chlorofluorobromomethane."""


def write(folder, name, rows, comment=""):
    lines = [str(len(rows)), comment, *rows, ""]
    (folder / name).write_text("\n".join(lines), encoding="utf-8")


def pair(folder, rows, other, comments=("", "")):
    """Notes on the second structure, and its positions."""
    (folder / "law.py").write_text(SPRINGLESS, encoding="utf-8")
    for name, lines, comment in zip(("a.xyz", "b.xyz"), (rows, other), comments, strict=True):
        write(folder, name, lines, comment)
    target = folder / "system"
    target.mkdir()
    said: list[str] = []
    sources = Sources(folder / "a.xyz", forces=f"python:{folder / 'law.py'}")
    parts = ingredients("own", Request(sources, to=folder / "b.xyz"), target, said.append)
    molecule = build_molecule(parts.settings, target)
    assert parts.other is not None
    second = second_structure(molecule, parts.settings, target, parts.other)
    return [*said, *second.notes], second.positions


def test_a_mirror_image_with_the_same_bonds_is_said(tmp_path):
    mirror = [f"{e} {x} {y} {-float(z)}" for e, x, y, z in (row.split() for row in CENTRE)]
    notes, _ = pair(tmp_path, CENTRE, mirror)
    assert any("atom 0, MOL1-C1, is the mirror image" in note for note in notes)


METHANOL = ("C 0 0 0", "O 1.42 0 0", "H 1.74 0.9 0")
METHANOL += ("H -0.36 1.03 0", "H -0.36 -0.51 0.89", "H -0.36 -0.51 -0.89")
FREON = ("C 0 0 0", "Cl 1.75 0 0", "H -0.36 1.03 0", "F -0.45 -0.63 1.1", "F -0.45 -0.63 -1.1")


@pytest.mark.parametrize("i", [3, 4, 5])
def test_hydrogens_of_a_methyl_group_keep_their_labels(i, tmp_path):
    """Two of them exchanged: the hydroxyl group alone has turned, by 40 degrees."""
    turned = [*METHANOL[:2], "H 1.74 0.69 0.58", *METHANOL[3:]]
    j = 3 + (i - 2) % 3
    wrong = turned.copy()
    wrong[i], wrong[j] = turned[j], turned[i]
    notes, positions = pair(tmp_path, METHANOL, wrong)
    given = np.array([[float(word) for word in row.split()[1:]] for row in turned])
    assert positions == pytest.approx(0.1 * given, abs=1e-4)
    (note,) = (note for note in notes if "were exchanged: they are equal" in note)
    assert f"(atoms {min(i, j)} and {max(i, j)})" in note
    assert not any("mirror image of what it is in a.pdb, with" in note for note in notes)


def test_labels_that_agree_stay(tmp_path):
    """A methyl group that has turned by 120 degrees is no mirror image."""
    turned = [*METHANOL[:3], METHANOL[4], METHANOL[5], METHANOL[3]]
    notes, positions = pair(tmp_path, METHANOL, turned)
    given = np.array([[float(word) for word in row.split()[1:]] for row in turned])
    assert positions == pytest.approx(0.1 * given, abs=1e-4)
    assert not any("exchanged" in note for note in notes)


def test_other_equal_atoms_keep_their_labels(tmp_path):
    notes, positions = pair(tmp_path, FREON, [*FREON[:3], *FREON[:2:-1]])
    given = np.array([[float(word) for word in row.split()[1:]] for row in FREON])
    assert positions == pytest.approx(0.1 * given, abs=1e-4)
    assert any("MOL1-F1 and MOL1-F2 (atoms 3 and 4) were exchanged" in note for note in notes)


def test_an_order_by_elements_is_undone_and_said(tmp_path):
    notes, positions = pair(tmp_path, CENTRE, CENTRE[::-1])
    given = np.array([[float(word) for word in row.split()[1:]] for row in CENTRE])
    assert positions == pytest.approx(0.1 * given, abs=1e-4)
    assert any("the first of each element was taken for the first in a.xyz" in n for n in notes)


def test_an_order_that_nothing_tells_is_refused(tmp_path):
    """Methanol backwards: the first hydrogen is then one of the methyl group."""
    methanol = ["H 0.9 0.3 0", "O 0 0 0", "C -0.5 1.3 0"]
    methanol += ["H -0.1 1.9 0.9", "H -0.1 1.9 -0.9", "H -1.6 1.3 0"]
    with pytest.raises(MechanistError, match=r"in another order than in a\.xyz, and have no names"):
        pair(tmp_path, methanol, methanol[::-1])


def test_an_exchange_of_equal_atoms_is_said(tmp_path):
    water = ["O 0 0 0", "H 0.96 0 0", "H -0.24 0.93 0", "O 2.8 0 0"]
    moved = ["O 0 0 0", "H 1.84 0 0", "H 3.04 0.93 0", "O 2.8 0 0"]
    notes, _ = pair(tmp_path, water, moved)
    assert any("bonds break: O1-H1, O1-H2; bonds form: H1-O2, H2-O2" in note for note in notes)
    assert any("either the reaction exchanges equal atoms" in note for note in notes)


def test_another_charge_is_refused(tmp_path):
    with pytest.raises(MechanistError, match=r"b\.xyz: has charge \+2, a\.xyz \+0"):
        pair(tmp_path, CENTRE, CENTRE, ("charge=0", "charge=2"))


def test_what_was_done_to_the_second_file_is_said(tmp_path):
    notes, _ = pair(tmp_path, CENTRE, CENTRE, ("", "multiplicity=3"))
    assert any("b.xyz: multiplicity 3, as its comment says" in note for note in notes)


def test_hydrogens_that_are_missing_are_no_matter_of_charge(tmp_path):
    with pytest.raises(MechanistError, match=r"is another molecule than a\.pdb: H1 more in a\.pdb"):
        pair(tmp_path, CENTRE, CENTRE[:-1])


def test_paths_of_files_stay_out_of_notes(tmp_path):
    notes, _ = pair(tmp_path, CENTRE, CENTRE)
    assert notes
    assert not any(str(Path(tmp_path)) in note for note in notes)
