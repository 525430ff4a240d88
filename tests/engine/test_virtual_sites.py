"""Particles without mass, such as M of TIP4P-Ew, go where their molecule goes."""

import numpy as np
import openmm
import pytest
from openmm import app, unit

from mechanist.bookkeeping.layout import Layout
from mechanist.engine.choose import choose_plan
from mechanist.engine.engine import LaneEngine
from mechanist.engine.half_shots import HalfShots, ShotQueue
from mechanist.engine.plan import FEWEST_CHAINS, POOL, POOL_CHAINS, default_plan, pool_chains
from mechanist.engine.pool import Pool
from mechanist.engine.stacked import Stack
from mechanist.engine.stopwatch import suitable_platforms, time_plans
from mechanist.sampling.streams import thermal_velocities
from mechanist.settings.load import load_system
from mechanist.settings.run import EngineSettings
from mechanist.systems.build.prepare import prepare
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from mechanist.systems.descriptors.states import Box, Interval, State, States
from mechanist.systems.prepared import Prepared, load
from tests.bring import write_system, write_wet

STRIDE, FRAMES = 5, 4
KINDS = [Pool, Stack]


def dimer() -> Prepared:
    """Two TIP4P-Ew molecules in vacuum."""
    field = app.ForceField("amber14/tip4pew.xml")
    modeller = app.Modeller(app.Topology(), [])
    modeller.addSolvent(field, model="tip4pew", numAdded=2)
    modeller.topology.setPeriodicBoxVectors(None)
    system = field.createSystem(modeller.topology, removeCMMotion=False)
    # Found 0.3 nm apart, where two waters attract each other.
    water = np.array([[0, 0, 0], [0.09572, 0, 0], [-0.024, 0.0927, 0], [0, 0, 0]])
    positions = np.concatenate([water, water + np.array([0.0, 0.0, 0.32])])
    integrator = openmm.VerletIntegrator(0.001)
    reference = openmm.Platform.getPlatformByName("Reference")
    context = openmm.Context(system, integrator, reference)
    context.setPositions(positions)
    context.applyConstraints(1e-8)
    context.computeVirtualSites()
    positions = context.getState(positions=True).getPositions(asNumpy=True)
    distance = DescriptorSet((Descriptor("r", "distance", (0, 4)),))
    states = States(
        distance,
        State("bound", (Box((Interval("r", 0, 0.01),)),)),
        State("apart", (Box((Interval("r", 50, 60),)),)),
    )
    count = system.getNumParticles()
    masses = [system.getParticleMass(i).value_in_unit(unit.dalton) for i in range(count)]
    return Prepared(
        name="dimer",
        system=system,
        positions=np.array(positions.value_in_unit(unit.nanometer)),
        masses=np.array(masses),
        temperature=300.0,
        friction=1.0,
        timestep=0.001,
        stride=STRIDE,
        max_half_frames=FRAMES,
        states=states,
    )


def half_path(kind, prepared, positions):
    """Frames of a half-shot from ``positions`` with fixed velocities and noise."""
    rng = np.random.default_rng(8)
    velocities = rng.standard_normal(positions.shape) * thermal_velocities(prepared)[:, None]
    assert (velocities[prepared.masses == 0] == 0).all()
    layouts = ["pairs"] if kind is Stack else []
    engine = LaneEngine(prepared, [kind(prepared, 1, "Reference", *layouts, 3)])
    queue = ShotQueue()
    queue.put(HalfShots(np.array([0]), positions[None], velocities[None]))
    (halves,) = engine.run(queue.take)
    assert halves.lengths.tolist() == [FRAMES]
    return halves.frames


@pytest.mark.parametrize("kind", KINDS)
def test_sites_are_put_in_place_before_forces(kind):
    prepared = dimer()
    massless = prepared.masses == 0
    assert massless.sum() == 2
    moved = prepared.positions.copy()
    moved[massless] += 0.03
    right, displaced = (half_path(kind, prepared, p) for p in (prepared.positions, moved))
    np.testing.assert_allclose(displaced, right, atol=1e-6)
    # The site lies on the bisector, 0.0125 nm from the oxygen, in every frame.
    for first in (0, 4):
        gap = np.linalg.norm(right[:, first + 3] - right[:, first], axis=1)
        np.testing.assert_allclose(gap, 0.0125, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_shots_from_stored_frames_go_on_alike(kind):
    """A point that was rounded to single precision gives the same first steps."""
    prepared = dimer()
    stored = prepared.positions.astype(np.float32)
    exact, rounded = (half_path(kind, prepared, p) for p in (prepared.positions, stored))
    np.testing.assert_allclose(rounded, exact, atol=1e-5)


@pytest.fixture(scope="module")
def wet(tmp_path_factory):
    """Peroxide in 150 TIP4P-Ew waters with PME, prepared."""
    folder = tmp_path_factory.mktemp("wet")
    write_system(folder, write_wet(folder, 150))
    layout = Layout(folder / "results")
    prepare(load_system(folder), folder, layout)
    return load(layout)


def test_a_water_box_is_moved_by_the_cpu(wet, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert "Reference" not in suitable_platforms(wet.system)
    timings = time_plans(wet, 0.05)
    assert timings[0].steps_per_second > 0
    assert all(timing.plan.platform != "Reference" for timing in timings)
    plan = choose_plan(wet, EngineSettings(platform="CPU"))
    assert (plan.layout, plan.chains) == (POOL, FEWEST_CHAINS)


def test_virtual_sites_in_a_periodic_box(wet):
    massless = wet.masses == 0
    assert massless.sum() == 150
    sites = np.flatnonzero(massless)
    gap = np.linalg.norm(wet.positions[sites] - wet.positions[sites - 3], axis=1)
    np.testing.assert_allclose(gap, 0.0125, atol=1e-4)
    assert default_plan(wet, "CPU").slots(FEWEST_CHAINS) == 2 * FEWEST_CHAINS


@pytest.mark.parametrize(
    ("atoms", "chains"), [(4, 32), (22, 32), (64, 32), (128, 16), (720, 4), (25_000, 4)]
)
def test_large_systems_have_fewer_chains(atoms, chains):
    assert pool_chains(atoms) == chains
    assert FEWEST_CHAINS <= chains <= POOL_CHAINS
