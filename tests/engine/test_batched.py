"""Replicas under a force law, integrated here: the same as by OpenMM, apart from the noise."""

from dataclasses import replace

import numpy as np
import openmm
import pytest

from mechanist.bookkeeping.layout import Layout
from mechanist.engine.batched import BATCHED, Batched
from mechanist.engine.choose import choose_plan, make_engine
from mechanist.engine.half_shots import EXPLODED, IN_A, IN_B, HalfShots, ShotQueue
from mechanist.engine.plan import POOL, Plan, default_plan
from mechanist.engine.pool import Pool
from mechanist.engine.stopwatch import time_plan
from mechanist.errors import SystemBuildError
from mechanist.settings.forces import PythonSettings
from mechanist.settings.load import load_system
from mechanist.settings.run import EngineSettings
from mechanist.systems.build.prepare import prepare
from mechanist.systems.forces.attach import Attached, attach
from mechanist.systems.forces.law_spec import law_spec
from mechanist.systems.prepared import load
from tests.bring import write_system

LAWS = """
import numpy as np

K = np.array([30.0, 50.0, 80.0])
DEPTH, WIDTH = 8.0, 0.2


def double_well(positions):
    '''8 (x^2/0.04 - 1)^2 along x, harmonic along y and z, for one atom.'''
    x = positions[:, 0, 0] / WIDTH
    rest = positions[:, 0, 1:]
    energies = DEPTH * (x**2 - 1) ** 2 + 0.5 * 40 * (rest**2).sum(axis=1)
    forces = np.zeros_like(positions)
    forces[:, 0, 0] = -4 * DEPTH * x * (x**2 - 1) / WIDTH
    forces[:, 0, 1:] = -40 * rest
    return energies, forces


def harmonic(positions):
    '''Springs to a point, of another stiffness along each axis.'''
    shift = positions - 1
    return 0.5 * (K * shift**2).sum(axis=(1, 2)), -K * shift


def fragile(positions):
    '''Raises for all if one replica has its first atom beyond x = 1.105.'''
    if (positions[:, 0, 0] > 1.105).any():
        raise ValueError("too far")
    return np.zeros(len(positions)), np.zeros_like(positions)


def partly(positions):
    '''NaN for replicas with the first atom beyond x = 1.105.'''
    energies = np.where(positions[:, 0, 0] > 1.105, np.nan, 0.0)
    return energies, np.zeros_like(positions)
"""


def under(tmp_path, function, **dynamics):
    """Hydrogen peroxide under a function of ``LAWS``."""
    (tmp_path / "forces.py").write_text(LAWS, encoding="utf-8")
    forces = {"python": "forces.py", "function": function}
    folder = write_system(tmp_path, {"structure": "peroxide.pdb", "forces": forces})
    layout = Layout(tmp_path / "run")
    prepare(load_system(folder), folder, layout)
    return replace(load(layout), **dynamics)


def thermal(prepared, count, seed):
    rng = np.random.default_rng(seed)
    sigma = np.sqrt(prepared.kt / prepared.masses)[:, None]
    positions = np.repeat(prepared.positions[None], count, axis=0)
    return HalfShots(np.arange(count), positions, sigma * rng.standard_normal(positions.shape))


def test_without_noise_it_follows_openmm(tmp_path):
    """At no temperature the friction stays, so that every part of a step but the noise counts."""
    prepared = under(tmp_path, "harmonic", friction=20.0, stride=7)
    cold = replace(prepared, temperature=1e-300)
    shots = thermal(prepared, 5, 1)
    ours, theirs = Batched(cold, 5, 1), Pool(cold, 5, "Reference", 1)
    found = np.empty((2, 5, 4, 3))
    for mover, now in zip((ours, theirs), found, strict=True):
        mover.load(np.arange(5), shots)
        for _ in range(40):
            mover.advance(np.ones(5, dtype=bool), now)
    moved = np.abs(found[1] - shots.positions).max()
    assert moved > 0.01
    np.testing.assert_allclose(found[0], found[1], rtol=0, atol=1e-12)
    # Velocities are half a step behind the positions in both.
    states = [mover.state(np.arange(5))[1] for mover in (ours, theirs)]
    np.testing.assert_allclose(states[0], states[1], rtol=0, atol=1e-11)


def test_kinetic_and_configurational_temperature(tmp_path):
    """Of an oscillator this scheme has <x^2> = kT/k, and <v^2> = kT/m up to (k/m) dt^2/4 < 1 %.

    500 replicas of 12 coordinates at 5 independent times (relaxation takes about 1 ps): the
    relative error of a variance is sqrt(2/30,000) = 0.8 %; 2.5 % is three of these.
    """
    prepared = under(tmp_path, "harmonic", friction=3.0, stride=150, timestep=0.02)
    mover = Batched(prepared, 500, 7)
    mover.load(np.arange(500), thermal(prepared, 500, 8))
    now, busy = np.empty((500, 4, 3)), np.ones(500, dtype=bool)
    configurational, kinetic = [], []
    mover.advance(busy, now)
    for _ in range(5):
        mover.advance(busy, now)
        _, v = mover.state(np.arange(500))
        k = np.array([30.0, 50.0, 80.0])
        configurational.append(np.mean(k * (now - 1) ** 2) / prepared.kt)
        kinetic.append(np.mean(prepared.masses[:, None] * v**2) / prepared.kt)
    assert np.mean(configurational) == pytest.approx(1, abs=0.025)
    assert np.mean(kinetic) == pytest.approx(1, abs=0.025)


def test_a_pause_changes_nothing(tmp_path):
    prepared = under(tmp_path, "harmonic")
    first = Batched(prepared, 3, 5)
    first.load(np.arange(3), thermal(prepared, 3, 2))
    busy, now = np.array([True, False, True]), np.empty((3, 4, 3))
    first.advance(busy, now)
    state, noise = first.state(np.arange(3)), first.noise()
    first.advance(busy, now)
    second, again = Batched(prepared, 3, 99), np.empty((3, 4, 3))
    second.restore(np.arange(3), *state)
    second.set_noise(noise)
    second.advance(busy, again)
    np.testing.assert_array_equal(again[busy], now[busy])


@pytest.mark.parametrize("function", ["fragile", "partly"])
def test_one_replica_without_forces_ends_alone(tmp_path, function):
    prepared = under(tmp_path, function)
    velocities = np.zeros((8, 4, 3))
    velocities[:, :, 0] = np.tile([1.0, -1.0], 4)[:, None]
    positions = np.repeat(prepared.positions[None], 8, axis=0)
    queue = ShotQueue()
    queue.put(HalfShots(np.arange(8), positions, velocities))
    engine = make_engine(
        replace(prepared, friction=1e-9),
        8,
        Plan("Reference", BATCHED, 8),
        1,
        lambda x: np.zeros(len(x)),
        8,
    )
    ends = {}
    for halves in engine.run(queue.take):
        ends.update(zip(halves.keys.tolist(), (halves.ends == EXPLODED).tolist(), strict=True))
    assert ends == {key: key % 2 == 0 for key in range(8)}
    assert prepared.law.failures == 4


def test_a_law_of_many_replicas_is_moved_in_batches(tmp_path):
    prepared = under(tmp_path, "harmonic")
    plan = default_plan(prepared, "Reference")
    assert plan == Plan("Reference", BATCHED, 64)
    assert (plan.chains, plan.slots(10)) == (32, 20)
    assert not time_plan(prepared, plan, 0.01).fault
    pool = choose_plan(prepared, EngineSettings(platform="Reference", layout="pool"))
    assert pool.layout == POOL


def test_layouts_that_are_refused(tmp_path, alanine):
    with pytest.raises(SystemBuildError, match=r"engine\.layout: 'batched': has no force law"):
        choose_plan(alanine, EngineSettings(platform="Reference", layout="batched"))
    prepared = under(tmp_path, "harmonic")
    with pytest.raises(SystemBuildError, match=r"engine\.lanes: 2: a force law has one lane"):
        choose_plan(prepared, EngineSettings(platform="Reference", lanes=2))
    with pytest.raises(SystemBuildError, match=r"engine\.layout: 'grid': PythonForce"):
        choose_plan(prepared, EngineSettings(platform="Reference", layout="grid"))
    prepared.system.addConstraint(0, 1, 0.1)
    with pytest.raises(SystemBuildError, match="engine: layout batched: has constraints"):
        Batched(prepared, 2, 1)


WELL = """
import numpy as np


def energy_forces(positions):
    '''The double well of systems/double_well.'''
    x, rest = positions[..., 0], positions[..., 1:]
    forces = np.zeros_like(positions)
    forces[..., 0] = -20 * x * (x**2 - 1)
    forces[..., 1:] = -10 * rest
    energies = 5 * (x**2 - 1) ** 2 + 5 * (rest**2).sum(axis=-1)
    return energies.sum(axis=1), forces
"""


def test_the_double_well_as_a_force_law_has_the_same_outcomes(tmp_path, double_well):
    """4,000 half-shots from x = 0.1 in each layout: p_B and the mean length within 4 errors."""
    file = tmp_path / "forces.py"
    file.write_text(WELL, encoding="utf-8")
    law = Attached(law_spec(PythonSettings(python="forces.py"), (1,), tmp_path))
    system = openmm.System()
    system.addParticle(1.0)
    attach(system, law)
    count = 4000
    found = {}
    for name, prepared, plan in (
        ("built in", double_well, Plan("Reference", "pairs", 500)),
        ("batched", replace(double_well, system=system, law=law), Plan("Reference", BATCHED, 500)),
        ("pool", replace(double_well, system=system, law=law), Plan("Reference", POOL, 20)),
    ):
        number = count if name != "pool" else count // 10
        shots = thermal(prepared, number, 11)
        shots.positions[:] = [0.1, 0, 0]
        queue = ShotQueue()
        queue.put(shots)
        engine = make_engine(prepared, plan.copies, plan, 3)
        parts = list(engine.run(queue.take))
        ends = np.concatenate([part.ends for part in parts])
        lengths = np.concatenate([part.lengths for part in parts])
        assert np.isin(ends, (IN_A, IN_B)).all()
        found[name] = [
            (values.mean(), values.std() / np.sqrt(len(values)))
            for values in ((ends == IN_B).astype(float), lengths.astype(float))
        ]
    for name in ("batched", "pool"):
        for ours, truth in zip(found[name], found["built in"], strict=True):
            assert abs(ours[0] - truth[0]) < 4 * np.hypot(ours[1], truth[1]), (name, found)
    # A start on the side of B: the test sees a wrong sign.
    assert 0.52 < found["batched"][0][0] < 0.75
