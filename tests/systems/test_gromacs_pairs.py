"""Which pairs interact, against a sum over pairs by the rules of GROMACS's manual."""

from collections.abc import Iterable
from itertools import combinations
from math import sqrt
from pathlib import Path

import numpy as np
import pytest

from mechanist.errors import SystemBuildError
from mechanist.settings.molecule import MoleculeSettings
from mechanist.systems.build.molecule import build_molecule
from tests.bring import energy

COULOMB = 138.935456
"""kJ/mol nm/e^2."""

ATOMS = 7
TYPES = "ABABBAA"
CHARGES = (0.4, -0.3, 0.2, -0.5, 0.1, 0.3, -0.2)
BOX = 9.0
OWN = {"A": (0.31, 0.4), "B": (0.34, 0.7)}
"""sigma in nm and epsilon in kJ/mol."""

MIXED = {("A", "B"): (0.30, 0.9)}
FOURTH = {("A", "A"): (0.29, 0.25)}
FUDGE = (0.5, 0.8)
SOME = ((1, 4), (2, 5), (4, 7), (1, 5))
"""Pairs of [ pairs ]; 3 and 6 are missing, and 1 and 5 are four bonds apart."""


def coefficients(rule: int, sigma: float, epsilon: float) -> tuple[float, float]:
    """As they stand in a file: C6 and C12 with rule 1."""
    if rule == 1:
        return 4 * epsilon * sigma**6, 4 * epsilon * sigma**12
    return sigma, epsilon


def lennard_jones(rule: int, values: tuple[float, float], r: float) -> float:
    if rule == 1:
        return values[1] / r**12 - values[0] / r**6
    return 4 * values[1] * ((values[0] / r) ** 12 - (values[0] / r) ** 6)


def combined(rule: int, a: str, b: str, mixed: bool) -> tuple[float, float]:
    if mixed and tuple(sorted((a, b))) in MIXED:
        return coefficients(rule, *MIXED[tuple(sorted((a, b)))])
    (v, w), (x, y) = (coefficients(rule, *OWN[type_]) for type_ in (a, b))
    return ((v + x) / 2 if rule == 2 else sqrt(v * x)), sqrt(w * y)


def expected(rule: int, mixed: bool, nrexcl: int, excluded: Iterable, x: np.ndarray) -> float:
    """Energy in kJ/mol of a chain whose atoms 1, 2, ... are bonded in a row."""
    total = 0.0
    for i, j in combinations(range(1, ATOMS + 1), 2):
        r = float(np.linalg.norm(x[i - 1] - x[j - 1]))
        charge = COULOMB * CHARGES[i - 1] * CHARGES[j - 1] / r
        a, b = TYPES[i - 1], TYPES[j - 1]
        if j - i > nrexcl and (i, j) not in excluded:
            total += charge + lennard_jones(rule, combined(rule, a, b, mixed), r)
        if (i, j) in SOME:
            if tuple(sorted((a, b))) in FOURTH:
                values = coefficients(rule, *FOURTH[tuple(sorted((a, b)))])
            else:
                first, second = combined(rule, a, b, mixed)
                values = (FUDGE[0] if rule == 1 else 1) * first, FUDGE[0] * second
            total += FUDGE[1] * charge + lennard_jones(rule, values, r)
    return total


def row(rule: int, values: tuple[float, float]) -> str:
    return " ".join(repr(v) for v in coefficients(rule, *values))


def chain(
    rule: int = 2,
    mixed: bool = False,
    nrexcl: int = 3,
    pairs: Iterable = SOME,
    more: str = "",
    fudge: tuple[float, float] = FUDGE,
) -> str:
    """A topology of a chain without bonded forces."""
    lines = ["[ defaults ]", f"1 {rule} yes {fudge[0]} {fudge[1]}", "[ atomtypes ]"]
    lines += [f"{name} 6 12.011 0.0 A {row(rule, values)}" for name, values in OWN.items()]
    if mixed:
        lines += [
            "[ nonbond_params ]",
            *(f"{a} {b} 1 {row(rule, v)}" for (a, b), v in MIXED.items()),
        ]
    lines += ["[ pairtypes ]", *(f"{a} {b} 1 {row(rule, v)}" for (a, b), v in FOURTH.items())]
    lines += ["[ moleculetype ]", f"CHN {nrexcl}", "[ atoms ]"]
    lines += [
        f"{i} {TYPES[i - 1]} 1 CHN C{i} {i} {CHARGES[i - 1]} 12.011" for i in range(1, ATOMS + 1)
    ]
    lines += ["[ bonds ]", *(f"{i} {i + 1} 1 0.3 0" for i in range(1, ATOMS))]
    lines += ["[ pairs ]", *(f"{i} {j} 1" for i, j in pairs)]
    return "\n".join([*lines, more, "[ system ]", "chain", "[ molecules ]", "CHN 1", ""])


def built(folder: Path, text: str) -> tuple[float, np.ndarray]:
    """Energy and positions of a topology with atoms on a helix."""
    angle = np.arange(ATOMS) * 1.3
    x = np.column_stack([0.25 * np.cos(angle), 0.25 * np.sin(angle), 0.17 * np.arange(ATOMS)])
    x = np.round(x + 4, 3)
    rows = [
        f"    1CHN  {f'C{i + 1}':>5}{i + 1:5d}" + "".join(f"{v:8.3f}" for v in x[i])
        for i in range(ATOMS)
    ]
    gro = ["chain", str(ATOMS), *rows, f"{BOX} {BOX} {BOX}", ""]
    (folder / "chain.gro").write_text("\n".join(gro), encoding="utf-8")
    (folder / "chain.top").write_text(text, encoding="utf-8")
    settings = MoleculeSettings(structure="chain.gro", topology="chain.top", constraints="none")
    return energy(build_molecule(settings, folder)), x


FULL = ((1, 5),)


@pytest.mark.parametrize("mixed", [False, True], ids=["combined", "nonbond_params"])
@pytest.mark.parametrize("rule", [1, 2, 3])
def test_pairs_that_are_listed_and_pairs_that_are_not(rule, mixed, tmp_path):
    more = "[ exclusions ]\n1 5"
    found, x = built(tmp_path, chain(rule, mixed, more=more))
    assert found == pytest.approx(expected(rule, mixed, 3, FULL, x), rel=1e-6)


@pytest.mark.parametrize("mixed", [False, True], ids=["combined", "nonbond_params"])
@pytest.mark.parametrize("nrexcl", [4, 5])
def test_more_than_three_bonds_are_excluded(nrexcl, mixed, tmp_path):
    found, x = built(tmp_path, chain(2, mixed, nrexcl))
    assert found == pytest.approx(expected(2, mixed, nrexcl, FULL, x), rel=1e-6)


def test_pairs_of_three_bonds_in_full(tmp_path):
    text = chain(nrexcl=2, pairs=(), fudge=(1.0, 1.0))
    _, x = built(tmp_path, text)
    found, _ = built(tmp_path, text)
    total = 0.0
    for i, j in combinations(range(1, ATOMS + 1), 2):
        if j - i > 2:
            r = float(np.linalg.norm(x[i - 1] - x[j - 1]))
            total += COULOMB * CHARGES[i - 1] * CHARGES[j - 1] / r
            total += lennard_jones(2, combined(2, TYPES[i - 1], TYPES[j - 1], False), r)
    assert found == pytest.approx(total, rel=1e-6)


REFUSED = {
    "one bond": (chain(nrexcl=1, pairs=()), [":9: [ moleculetype ]", "nrexcl is 1", "1 and 3"]),
    "two bonds, scaled": (chain(nrexcl=2, pairs=()), ["nrexcl is 2", "1 and 4", "would scale"]),
    "a pair that interacts": (chain(), [":29: [ pairs ]", "1 and 5", "[ exclusions ]"]),
    "another power": (
        chain().replace("1 2 yes 0.5 0.8", "1 2 yes 0.5 0.8 9"),
        [":2: [ defaults ]", "power 9"],
    ),
    "no defaults": (chain().split("\n", 2)[2], ["[ defaults ]: missing"]),
    "no such type": (chain().replace("3 A 1 CHN", "3 Q 1 CHN"), [":13: [ atoms ]", "type Q"]),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_openmm_would_read_otherwise_is_refused(kind, tmp_path):
    text, words = REFUSED[kind]
    with pytest.raises(SystemBuildError) as told:
        built(tmp_path, text)
    for word in ("chain.top", *words):
        assert word in str(told.value)


def test_impropers_by_their_outer_types(tmp_path):
    """0.5 k (xi - xi0)^2 for the one improper of types A, X, X, A."""
    from mechanist.systems.descriptors.geometry import torsions

    terms = "[ dihedrals ]\n1 2 3 6 2"
    types = "[ dihedraltypes ]\nA A 2 0.0 40.0\n[ moleculetype ]"
    text = chain(more="[ exclusions ]\n1 5").replace("[ moleculetype ]", types)
    without, _ = built(tmp_path, text)
    text = chain(more=f"[ exclusions ]\n1 5\n{terms}").replace("[ moleculetype ]", types)
    found, x = built(tmp_path, text)
    angle = float(torsions(x[None], np.array([[0, 1, 2, 5]]))[0, 0])
    assert found - without == pytest.approx(0.5 * 40 * angle**2, rel=1e-4)


def test_a_macro_of_the_user_stands_for_its_value(tmp_path):
    """-DKB=500 of an mdp file, used as the force constant of a bond."""
    text = chain(more="[ exclusions ]\n1 5").replace("1 2 1 0.3 0", "1 2 1 0.3 KB")
    _, x = built(tmp_path, text.replace("KB", "0"))
    (tmp_path / "chain.top").write_text(text, encoding="utf-8")
    common = {"structure": "chain.gro", "topology": "chain.top", "constraints": "none"}
    found = [
        energy(build_molecule(MoleculeSettings(**common, define=(f"KB={value}",)), tmp_path))
        for value in (0, 500)
    ]
    length = float(np.linalg.norm(x[1] - x[0]))
    assert found[1] - found[0] == pytest.approx(250 * (length - 0.3) ** 2, rel=1e-5)
