"""Stacked molecules: force fields, constraints, virtual sites, dynamics, exploding copies."""

from typing import Any

import numpy as np
import openmm
import pytest
from openmm import app

from mechanist.systems.prepared import Prepared
from mechanist.systems.replicate import (
    LAYOUTS,
    anchored,
    default_reach,
    replicate,
    shifts,
    why_not,
    within_reach,
)
from tests.conftest import REPOSITORY

from . import stacked_forces as small

FIELDS = {
    "amber99_obc": ["amber99sb.xml", "amber99_obc.xml"],
    "amber14_obc2": ["amber14/protein.ff14SB.xml", "implicit/obc2.xml"],
}


def spread(prepared: Prepared, copies: int = 3) -> small.Array:
    """Distorted copies of the start, (R, N, 3) nm."""
    rng = np.random.default_rng(20261120)
    return prepared.positions + rng.normal(0, 0.005, (copies, prepared.atoms, 3))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_alanine_dipeptide(alanine: Prepared, layout: str) -> None:
    reach = default_reach(alanine.system)
    excess = small.compare(alanine.system, layout, spread(alanine), reach)
    if layout == "pairs":
        assert abs(excess) < 1e-6


@pytest.mark.parametrize("name", FIELDS)
def test_force_fields(alanine: Prepared, name: str) -> None:
    path = REPOSITORY / "systems" / "alanine_dipeptide" / "alanine_dipeptide.pdb"
    field = app.ForceField(*FIELDS[name])
    topology = app.PDBFile(str(path)).topology
    system = field.createSystem(topology, constraints=app.HBonds, removeCMMotion=False)
    assert why_not(system, "pairs") is not None
    small.compare(system, "grid", spread(alanine), default_reach(system))


def water_like(rng: np.random.Generator, layout: str) -> Any:
    """Three atoms held by constraints, a free one, a massless one, every kind of site on them."""
    system = openmm.System()
    for mass in (16, 1, 1, 12, 0):
        system.addParticle(mass)
    # An equilateral triangle of side 0.15 nm.
    for pair in ((0, 1), (0, 2), (1, 2)):
        system.addConstraint(*pair, 0.15)
    vec, three = openmm.Vec3, rng.uniform(0.1, 0.5, 3)
    rotation = (vec(0, 1, 0), vec(-1, 0, 0), vec(0, 0, 1))
    frame = ([0.5, 0.3, 0.2, 0], [-1, 0.5, 0.5, 0], [0, -1, 0.3, 0.7])
    for site in (
        openmm.TwoParticleAverageSite(1, 3, 0.3, 0.7),
        openmm.ThreeParticleAverageSite(2, 1, 3, 0.2, 0.3, 0.5),
        openmm.OutOfPlaneSite(0, 1, 2, *three.tolist()),
        openmm.LocalCoordinatesSite([0, 2, 1, 3], *frame, vec(0.1, 0.2, 0.3)),
        openmm.SymmetrySite(3, *rotation, vec(0.1, 0.2, 0.3), False),
    )[: 4 if layout == "grid" else 5]:
        system.setVirtualSite(system.addParticle(0), site)
    force = openmm.NonbondedForce()
    for _ in range(system.getNumParticles()):
        force.addParticle(0.1 * rng.normal(), 0.1, 0)
    system.addForce(force)
    bonds = openmm.HarmonicBondForce()
    bonds.addBond(0, 3, 0.3, 500)
    bonds.addBond(3, 4, 0.3, 500)
    system.addForce(bonds)
    return system


def context_of(system: Any, positions: small.Array) -> Any:
    integrator = openmm.VerletIntegrator(0.001)
    integrator.setConstraintTolerance(1e-10)
    platform = openmm.Platform.getPlatformByName("Reference")
    context = openmm.Context(system, integrator, platform)
    context.setPositions(positions)
    return context


def positions_of(context: Any) -> small.Array:
    return np.asarray(context.getState(positions=True).getPositions(asNumpy=True)._value)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_constraints_sites_and_massless_particles(layout: str) -> None:
    rng = np.random.default_rng(11)
    system = water_like(rng, layout)
    atoms = system.getNumParticles()
    start = small.geometries(rng, atoms=atoms)
    start[:, :3] = 0.15 * np.array([[0, 0, 0], [1, 0, 0], [0.5, 0.75**0.5, 0]])
    start[:, 3:5] = rng.uniform(-0.05, 0.05, (3, 2, 3))
    start[:, 3:5] += [[0.3, 0.1, 0.3], [-0.3, 0.2, 0.1]]
    velocities = rng.normal(0, 0.5, start.shape)
    moved = start + shifts(system, 3, layout, 2.0)[:, None]
    stacked = replicate(system, 3, layout, 2.0)
    stacked = openmm.XmlSerializer.deserialize(openmm.XmlSerializer.serialize(stacked))
    whole = context_of(stacked, moved.reshape(-1, 3))
    alone = [context_of(system, copy) for copy in start]
    for context, v in ((whole, velocities.reshape(-1, 3)), *zip(alone, velocities, strict=True)):
        context.computeVirtualSites()
        context.setVelocities(v)
        context.applyVelocityConstraints(1e-10)
    for steps in (0, 40):
        for context in (whole, *alone):
            context.getIntegrator().step(steps)
        found = positions_of(whole).reshape(start.shape) - (moved - start)
        expected = np.stack([positions_of(context) for context in alone])
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-7)
        held = np.linalg.norm(found[:, 0] - found[:, 1], axis=1)
        np.testing.assert_allclose(held, 0.15, atol=1e-7)
    assert np.abs(expected[:, [0, 3]] - start[:, [0, 3]]).min() > 1e-4
    np.testing.assert_array_equal(found[:, 4], (moved - (moved - start))[:, 4])
    assert anchored(system) is (layout == "pairs")


def test_sites_are_far_from_where_they_began() -> None:
    """Random places of the sites are replaced by those that the other particles give."""
    rng = np.random.default_rng(12)
    system = water_like(rng, "pairs")
    start = small.geometries(rng, 1, system.getNumParticles())
    context = context_of(replicate(system, 1), start[0])
    context.computeVirtualSites()
    change = np.linalg.norm(positions_of(context) - start[0], axis=1)
    assert (change[5:] > 0.01).all()
    assert (change[:5] == 0).all()


def symmetric(periodic: bool) -> Any:
    system = small.bare_system()
    system.setParticleMass(1, 0)
    rows = [openmm.Vec3(*row) for row in np.eye(3).tolist()]
    system.setVirtualSite(1, openmm.SymmetrySite(0, *rows, openmm.Vec3(0, 0, 0), periodic))
    return system


def test_refused_sites() -> None:
    for layout in LAYOUTS:
        reason = why_not(symmetric(periodic=True), layout)
        assert reason == "SymmetrySite: uses the vectors of the periodic box"
    assert why_not(symmetric(periodic=False), "pairs") is None
    reason = why_not(symmetric(periodic=False), "grid")
    assert reason == "SymmetrySite: depends on absolute coordinates"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_dynamics_of_alanine(alanine: Prepared, layout: str) -> None:
    """Without noise every copy goes its own way as if it were alone."""
    start = spread(alanine)
    reach = default_reach(alanine.system)
    origins = shifts(alanine.system, 3, layout, reach)[:, None]
    alone = []
    for copy in start:
        context = context_of(alanine.system, copy)
        context.applyConstraints(1e-10)
        alone.append(context)
    start = np.stack([positions_of(context) for context in alone])
    stacked = replicate(alanine.system, 3, layout, reach)
    whole = context_of(stacked, (start + origins).reshape(-1, 3))
    for context in (whole, *alone):
        context.getIntegrator().step(20)
    found = positions_of(whole).reshape(start.shape) - origins
    expected = np.stack([positions_of(context) for context in alone])
    assert np.abs(expected - start).max() > 0.01
    # The constraints of a stack are solved together: to 1e-10, in another number of rounds.
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


# With a NaN anywhere, OpenMM's CPU platform refuses to compute any forces.
@pytest.mark.parametrize(
    ("wreck", "platform"),
    [("nan", "Reference"), ("far", "Reference"), ("far", "CPU"), ("heap", "CPU")],
)
def test_exploded_copy_leaves_the_others_alone(
    alanine: Prepared, wreck: str, platform: str
) -> None:
    sound = spread(alanine)
    broken = sound.copy()
    broken[1, 3:9] = {"nan": np.nan, "far": 1e12, "heap": 0.0}[wreck]
    stacked = replicate(alanine.system, 3)
    chosen = openmm.Platform.getPlatformByName(platform)
    forces = []
    for positions in (sound, broken):
        context = openmm.Context(stacked, openmm.VerletIntegrator(0.001), chosen)
        context.setPositions(positions.reshape(-1, 3))
        state = context.getState(forces=True)
        forces.append(state.getForces(asNumpy=True)._value.reshape(sound.shape))
    np.testing.assert_allclose(forces[1][[0, 2]], forces[0][[0, 2]], rtol=1e-6, atol=1e-3)
    assert not np.allclose(forces[1][1], forces[0][1])


def test_grid_of_alanine_in_its_cells(alanine: Prepared) -> None:
    reach = default_reach(alanine.system)
    assert 1.0 < reach < 1.6
    centred = spread(alanine, 200)
    centred -= centred.mean(axis=1, keepdims=True)
    origins = shifts(alanine.system, 200, "grid", reach)
    assert within_reach(centred + origins[:, None], origins, reach).all()
