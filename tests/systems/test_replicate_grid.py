"""The grid of copies: they never meet, and the check says when they might."""

import numpy as np
import openmm
import pytest

from mechanist.errors import SystemBuildError
from mechanist.systems.replicate import (
    MARGIN,
    analytic,
    anchored,
    default_reach,
    replicate,
    shifts,
    within_reach,
)
from mechanist.systems.replicate.expression import ambiguous, coordinates, relative, used
from mechanist.systems.replicate.grid import cutoff

from . import stacked_forces as small

REACH = 1.2


def scene(copies: int = 30) -> tuple[small.Array, small.Array]:
    """Copies at home: positions and origins."""
    rng = np.random.default_rng(13)
    origins = shifts(small.bare_system(), copies, "grid", REACH)
    return small.geometries(rng, copies) + origins[:, None], origins


def test_shifts() -> None:
    system = small.bare_system()
    assert np.array_equal(shifts(system, 5, "pairs"), np.zeros((5, 3)))
    origins = shifts(system, 27, "grid", REACH)
    np.testing.assert_allclose(origins.mean(axis=0), 0, atol=1e-12)
    apart = np.abs(origins[:, None] - origins).max(axis=2) + 99 * np.eye(27)
    # Cells reach out by `REACH`, so what is left between them is more than the cutoff.
    assert apart.min() - 2 * REACH == pytest.approx(cutoff(REACH) + MARGIN)
    assert len(np.unique(shifts(system, 28, "grid", REACH), axis=0)) == 28


@pytest.mark.parametrize("excess", [-1e-3, 1e-3])
def test_copies_at_the_edges_of_their_cells(excess: float) -> None:
    """Two atoms just further apart than the cutoff do nothing to each other, nearer they would."""
    force = openmm.NonbondedForce()
    force.addParticle(1, 0.3, 1)
    system = openmm.System()
    system.addParticle(1)
    system.addForce(force)
    stacked = replicate(system, 2, "grid", REACH)
    origins = shifts(system, 2, "grid", REACH)
    axis = np.abs(origins[1] - origins[0]).argmax()
    positions = origins.copy()
    positions[1, axis] = origins[0, axis] + cutoff(REACH) - excess
    _, forces = small.energy_and_forces(stacked, positions)
    assert bool(np.abs(forces).max() > 0.1) is (excess > 0)
    # The check has failed long before.
    assert not within_reach(positions[:, None], origins, REACH).all()


def test_all_at_home() -> None:
    positions, origins = scene()
    assert within_reach(positions, origins, REACH).all()


def test_a_copy_that_grows() -> None:
    positions, origins = scene()
    positions[4] = origins[4]
    positions[4, 0] += [0.7, 0.7, 0.7]
    positions[4, 1] -= [0.01, 0.01, 0.01]
    failed = np.flatnonzero(~within_reach(positions, origins, REACH))
    assert failed.tolist() == [4]
    # A box whose diagonal is longer than the reach may hold a copy that is not.
    positions[4] = origins[4]
    positions[4, 0, 0] += 0.8
    positions[4, 1, 1] += 0.8
    positions[4, 2, 2] += 0.8
    assert within_reach(positions, origins, REACH).all()


def test_a_copy_that_just_leaves_its_cell_fails_alone() -> None:
    positions, origins = scene()
    positions[13, :, 0] += REACH + 0.9 * MARGIN - (positions[13, :, 0] - origins[13, 0]).max()
    assert np.flatnonzero(~within_reach(positions, origins, REACH)).tolist() == [13]


def test_a_copy_among_the_others_fails_with_its_neighbours() -> None:
    positions, origins = scene(125)
    middle = int(np.abs(origins).sum(axis=1).argmin())
    positions[middle, 0, 2] += 2 * REACH
    failed = ~within_reach(positions, origins, REACH)
    near = np.abs(origins - origins[middle]).max(axis=1) < 1.1 * (3 * REACH + 2 * MARGIN)
    assert near.sum() == 27
    assert np.array_equal(failed, near)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e9])
def test_an_exploded_copy_fails_all(value: float) -> None:
    positions, origins = scene()
    positions[3, 2, 1] = value
    assert not within_reach(positions, origins, REACH).any()


def chain(atoms: int, length: float) -> openmm.System:
    system = openmm.System()
    bonds = openmm.HarmonicBondForce()
    for i in range(atoms):
        system.addParticle(1)
        if i == 1:
            system.addConstraint(0, 1, length)
        if i > 0:
            bonds.addBond(i - 1, i, length, 1000)
    system.addForce(bonds)
    return system


def test_reach_of_a_chain() -> None:
    assert default_reach(chain(11, 0.15)) == pytest.approx(1.2 * 1.5)
    assert default_reach(chain(2, 0.15)) == 0.5


def test_reach_of_a_virtual_site() -> None:
    system = chain(11, 0.15)
    system.setVirtualSite(system.addParticle(0), openmm.TwoParticleAverageSite(10, 9, 1, 0))
    assert default_reach(system) == pytest.approx(1.2 * 1.6)


def test_reach_of_several_molecules() -> None:
    system = chain(11, 0.15)
    system.addParticle(1)
    with pytest.raises(SystemBuildError, match=r"2 molecules .* need a reach"):
        default_reach(system)
    line = np.zeros((12, 3))
    line[11, 0] = 1.0
    assert default_reach(system, line) == pytest.approx(3.0)
    line[11, 0] = 0.1
    assert default_reach(system, line) == pytest.approx(1.2 * 1.5)


def test_anchored() -> None:
    rng = np.random.default_rng(14)
    free = ("nonbonded", "compound_bond", "centroid_bond", "custom_gb")
    held = ("external", "compound_bond_at_coordinates", "centroid_bond_at_coordinates")
    for names, expected in ((free, False), (held, True)):
        for name in names:
            assert anchored(small.system_with(small.FORCES[name](rng))) is expected


def test_analytic() -> None:
    rng = np.random.default_rng(15)
    system = small.system_with(small.external(rng))
    assert analytic(system)
    system.addConstraint(0, 1, 0.1)
    assert not analytic(system)
    assert not analytic(small.system_with(small.harmonic_bond(rng)))


def test_relative_expressions() -> None:
    origin = ("ox", "oy", "oz")
    axes = ("x", "y", "z")
    text = "-x^2+max(y,2.e1)*x1+exp(x)*1e3; k=x_0+zx+z"
    expected = "-(x-ox)^2+max((y-oy),2.e1)*x1+exp((x-ox))*1e3; k=x_0+zx+(z-oz)"
    assert relative(text, axes, origin) == expected
    assert relative("x1*x (3)+x10", coordinates(2), origin) == "(x1-ox)*x (3)+x10"
    assert not used("x1+exp(2)*y(3)", axes)
    assert ambiguous("x*y; y = 3", axes, []) == "y"
    assert ambiguous("x*y; k = 3", axes, ["z"]) == "z"
    assert ambiguous("x*y; k = 3", axes, ["x0"]) is None
