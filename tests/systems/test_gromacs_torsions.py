"""Dihedral types with wildcards, against the rule of grompp."""

from pathlib import Path

import numpy as np
import pytest

from mechanist.errors import SystemBuildError
from mechanist.settings.molecule import MoleculeSettings
from mechanist.systems.build.molecule import build_molecule
from mechanist.systems.descriptors.geometry import torsions
from tests.bring import energy

X = np.array([[1.0, 1, 1], [1.1, 1.1, 1.05], [1.25, 1.1, 1.0], [1.3, 1.2, 1.12]])
"""nm; a torsion of four atoms of types H, NA, CR, N."""

ANGLE = float(torsions(X[None], np.array([[0, 1, 2, 3]]))[0, 0])


def found(folder: Path, function: str, entries: str, terms: str = "", heads: str = "") -> float:
    """Energy of the torsion in kJ/mol; nothing else has any."""
    rows = [
        f"    1MOL  {name:>5}{i + 1:5d}" + "".join(f"{v:8.3f}" for v in x)
        for i, (name, x) in enumerate(zip(("H1", "N1", "C1", "N2"), X, strict=True))
    ]
    (folder / "x.gro").write_text("\n".join(["x", "4", *rows, "9 9 9", ""]), encoding="utf-8")
    types = "".join(
        f"t{name} {name} {number} {mass} 0 A 0.3 0\n"
        for name, number, mass in (("H", 1, 1.008), ("NA", 7, 14.007), ("CR", 6, 12.011))
    )
    (folder / "x.top").write_text(
        f"{heads}[ defaults ]\n1 3 yes 0.5 0.5\n[ atomtypes ]\n{types}tN N 7 14.007 0 A 0.3 0\n"
        f"[ dihedraltypes ]\n{entries}\n[ moleculetype ]\nMOL 3\n[ atoms ]\n"
        "1 tH 1 MOL H1 1 0\n2 tNA 1 MOL N1 2 0\n3 tCR 1 MOL C1 3 0\n4 tN 1 MOL N2 4 0\n"
        "[ bonds ]\n1 2 1 0.15 0\n2 3 1 0.15 0\n3 4 1 0.15 0\n"
        f"[ dihedrals ]\n1 2 3 4 {function} {terms}\n[ system ]\nx\n[ molecules ]\nMOL 1\n",
        encoding="utf-8",
    )
    settings = MoleculeSettings(structure="x.gro", topology="x.top", constraints="none")
    return energy(build_molecule(settings, folder))


def cosine(*terms: tuple[float, int]) -> float:
    return sum(k * (1 + np.cos(n * ANGLE)) for k, n in terms)


GENERAL, SPECIAL = "X CR NA X {f} 0 8 2", "H NA CR X {f} 0 3 2"


@pytest.mark.parametrize("function", ["1", "4", "9"])
@pytest.mark.parametrize(
    ("entries", "terms"),
    [
        # More types that are no wildcard win, wherever they stand.
        ((SPECIAL, GENERAL), [(3, 2)]),
        ((GENERAL, SPECIAL), [(3, 2)]),
        # As in OPLS-AA: as many wildcards, the first one wins.
        ((SPECIAL, "N CR NA X {f} 0 5 1"), [(3, 2)]),
        (("X X NA H {f} 0 6 1", "X NA CR X {f} 0 7 3"), [(6, 1)]),
        (("X NA CR X {f} 0 7 3", "X X NA H {f} 0 6 1"), [(7, 3)]),
        # Types without a wildcard win always.
        ((SPECIAL, GENERAL, "N CR NA H {f} 0 2 1"), [(2, 1)]),
        # Two types are the inner ones.
        (("NA CR {f} 0 4 3", "X X X N {f} 0 9 1"), [(4, 3)]),
    ],
)
def test_the_entry_with_the_most_types(function, entries, terms, tmp_path):
    text = "\n".join(entries).format(f=function)
    assert found(tmp_path, function, text) == pytest.approx(cosine(*terms), rel=1e-6)


def test_all_terms_of_an_entry(tmp_path):
    text = "H NA CR X 9 0 3 2\nH NA CR X 9 0 1 1\nX CR NA X 9 0 8 2\nX CR NA X 9 0 4 3"
    assert found(tmp_path, "9", text) == pytest.approx(cosine((3, 2), (1, 1)), rel=1e-6)


def test_ryckaert_bellemans(tmp_path):
    """c0 + c2 cos(phi - 180 deg)^2 with c2 = -c0, as of rings in OPLS-AA."""
    text = "H NA CR X 3 13.4 0 -13.4 0 0 0\nX CR NA X 3 30.3 0 -30.3 0 0 0"
    right = 13.4 * (1 - np.cos(ANGLE) ** 2)
    assert found(tmp_path, "3", text) == pytest.approx(right, rel=1e-6)


def test_parameters_of_its_own_stay(tmp_path):
    text = f"{SPECIAL}\n{GENERAL}".format(f=9)
    assert found(tmp_path, "9", text, "0 5 1") == pytest.approx(cosine((5, 1)), rel=1e-6)


MACRO = "#define _FF_AMBER_LEAP_ATOM_REORDERING\n"


def test_reordered_impropers_are_refused(tmp_path):
    with pytest.raises(SystemBuildError, match=r"x\.top:1: _FF_AMBER_LEAP_ATOM_REORDERING: "):
        found(tmp_path, "4", SPECIAL.format(f=4), heads=MACRO)
    right = cosine((3, 2))
    assert found(tmp_path, "9", SPECIAL.format(f=9), heads=MACRO) == pytest.approx(right, rel=1e-6)
