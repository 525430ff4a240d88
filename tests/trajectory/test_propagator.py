"""Our propagator on a molecule of springs."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.trajectory.measure.diatomics import learn_diatomic, phase_error, phases
from benchmarks.trajectory.measure.infrared import infrared
from benchmarks.trajectory.measure.long import KCAL, spread, starts, true_energy
from benchmarks.trajectory.measure.propagator_errors import errors
from benchmarks.trajectory.reference.molecules import molecule
from benchmarks.trajectory.reference.morse import DIATOMICS
from mechanist.errors import DataError, SamplingError
from mechanist.trajectory.propagator.learned import LearnedMotion
from mechanist.trajectory.propagator.motion import Motion
from mechanist.trajectory.propagator.zmatrix import zmatrix_of
from mechanist.trajectory.superres.forcefield import fit_forces
from tests.trajectory.conftest import turn


@pytest.fixture(scope="module")
def forces(motion):
    rows = np.linspace(0, 4000, 30).astype(int)
    orders = molecule("ethanol").permutations
    return fit_forces(motion.positions[rows], motion.forces[rows], orders)


@pytest.fixture(scope="module")
def learned(forces, motion):
    return LearnedMotion(forces, motion.masses, motion.dt_ps)


@pytest.fixture
def states(motion):
    rows = [4500, 4700, 5200]
    return motion.positions[rows], motion.velocities[rows]


def test_forces_are_the_slope_of_the_energy(forces, motion):
    x, h = motion.positions[4500:4503], 1e-5
    shifts = h * np.eye(27).reshape(27, 9, 3)
    for one, pull in zip(x, forces(x), strict=True):
        slope = (forces.energy(one + shifts) - forces.energy(one - shifts)) / (2 * h)
        np.testing.assert_allclose(slope, -pull.ravel(), atol=1e-3 * np.abs(pull).max())
    # Up to a constant it is the true energy; it was learned from forces alone.
    rows = slice(4200, 6000, 20)
    energy = forces.energy(motion.positions[rows])
    wrong = energy - motion.energy[rows]
    assert wrong.std() < 0.15 * motion.energy[rows].std()


def test_start_is_exact_and_times_come_in_any_order(learned, states):
    times = np.array([0.01, 0.0, 0.0015, -0.004, 0.003])
    made = learned(*states, times)
    np.testing.assert_array_equal(made.positions[:, 1], states[0])
    np.testing.assert_array_equal(made.velocities[:, 1], states[1])
    other = np.array([3, 0, 4, 1, 2])
    again = learned(*states, times[other])
    np.testing.assert_allclose(again.positions, made.positions[:, other], atol=1e-15)
    single = learned(states[0][:1], states[1][:1], times)
    np.testing.assert_allclose(single.positions, made.positions[:1], atol=1e-12)


def test_it_follows_the_reference(learned, motion):
    first = np.arange(4200, 5900, 100)
    times = motion.dt_ps * np.array([4, 20])
    made = learned(motion.positions[first], motion.velocities[first], times)
    rows = first[:, None] + np.array([4, 20])
    true = Motion(motion.positions[rows], motion.velocities[rows])
    zmatrix = zmatrix_of(motion.positions[0])
    near, far = (errors(zmatrix, made, true, at) for at in (0, 1))
    free = motion.positions[first] + times[1] * motion.velocities[first]
    assert near["position"] < far["position"] < 0.1 * 10 * np.abs(free - rows_of(true, 1)).mean()
    assert 0 < near["dihedral"] < far["dihedral"] < 0.05


def rows_of(true, at):
    return true.positions[:, at]


def test_time_runs_backwards(learned, states):
    t = np.array([0.02])
    there = learned(*states, t)
    back = learned(there.positions[:, 0], there.velocities[:, 0], -t)
    np.testing.assert_allclose(back.positions[:, 0], states[0], atol=1e-10)
    np.testing.assert_allclose(back.velocities[:, 0], states[1], atol=1e-8)


def test_rotations_permutations_and_momentum(learned, states, motion):
    t = np.array([0.01])
    made = learned(*states, t).positions
    rotation = turn(np.random.default_rng(4))
    turned = learned(states[0] @ rotation + 0.5, states[1] @ rotation, t).positions
    np.testing.assert_allclose(turned, made @ rotation + 0.5, atol=1e-9)
    for order in molecule("ethanol").permutations:
        swapped = learned(states[0][:, order], states[1][:, order], t).positions
        np.testing.assert_allclose(swapped, made[:, :, order], atol=1e-9)
    kicked = states[1] + 3.0
    made = learned(states[0], kicked, t)
    weigh = np.einsum("n,btnx->btx", motion.masses, made.velocities)[:, 0]
    np.testing.assert_allclose(weigh, np.einsum("n,bnx->bx", motion.masses, kicked), atol=1e-9)


def test_wrong_input_is_refused(learned, states):
    x, v = states
    for wrong in ((x[:, :5], v, np.zeros(1)), (x, v[:2], np.zeros(1)), (x, v, np.zeros((1, 1)))):
        with pytest.raises(DataError, match="must be"):
            learned(*wrong)
    with pytest.raises(DataError, match="not finite"):
        learned(x, v * np.nan, np.zeros(1))
    with pytest.raises(DataError, match="above 2 ps"):
        learned(x, v, np.array([3.0]))
    with pytest.raises(DataError, match=r"multiples of 0\.0005 ps"):
        learned(x, v, np.array([0.00123]))


def test_the_step_is_of_second_order(learned, states):
    def end(h):
        return list(replace(learned, step_ps=h).walk(*states, round(0.008 / h)))[-1].x

    true = end(0.00005)
    wrong = [np.abs(end(h) - true).max() for h in (0.001, 0.0005)]
    assert np.log2(wrong[0] / wrong[1]) == pytest.approx(2, abs=0.3)


def test_a_chain_keeps_its_energy(learned, motion, springs):
    total = float((motion.kinetic() + motion.energy).mean())
    rows = [4500, 5500]
    rng = np.random.default_rng(6)
    start = starts(motion.positions[rows], motion.energy[rows], motion.masses, total, rng)
    kinetic = 0.5 * np.einsum("n,bnx->b", motion.masses, start[1] ** 2)
    np.testing.assert_allclose(kinetic + motion.energy[rows], total)
    chain = learned.follow(*start, 2000, 10)
    assert chain.positions.shape == (2, 201, 9, 3)
    assert chain.dt_ps == pytest.approx(0.005)
    assert max(spread(one)[0] for one in chain.energy) < 0.3
    true = true_energy(chain, motion.masses, springs, 20)
    assert true.shape == (2, 20)
    np.testing.assert_allclose(true[:, 0], total)
    assert max(spread(one)[1] for one in true) < 0.2 * total / KCAL


def test_a_chain_that_flies_apart_is_told(learned, states):
    wild = replace(learned, step_ps=1.0)
    with pytest.raises(SamplingError, match="become unstable"):
        wild.follow(states[0], 1e160 * states[1], 20, 1)


@pytest.mark.parametrize("name", sorted(DIATOMICS))
def test_diatomics_are_followed_in_phase(name):
    known = DIATOMICS[name]
    seen = known.trajectory(25.0, 300, 0.0005)
    found = phases(known, 25.0, seen.positions, seen.moving())
    expected = known.angular_frequency(25.0) * 0.0005 * np.arange(300)
    np.testing.assert_allclose(found - found[0], expected, atol=1e-6)
    wrong, cycles = phase_error(known, 25.0)
    assert cycles == pytest.approx(known.angular_frequency(25.0) / (2 * np.pi))
    assert wrong < 0.01
    forces = learn_diatomic(known)
    rows = slice(0, 300, 30)
    typical = np.abs(seen.forces).max()
    assert np.abs(forces(seen.positions[rows]) - seen.forces[rows]).max() < 1e-3 * typical


def test_infrared_lines_stand_where_the_dipole_swings():
    dt, length = 0.002, 4000
    time = dt * np.arange(length)
    light = 0.0299792458
    swing = [np.cos(2 * np.pi * light * nu * time) for nu in (1000, 3000)]
    found = infrared(np.stack([swing[0], 0.5 * swing[1] + 7, 0 * time], axis=1), dt)
    assert found.peak(800, 1200) == pytest.approx(1000, abs=2)
    assert found.peak(2800, 3200) == pytest.approx(3000, abs=2)
    # Strength is amplitude squared times frequency squared: 1 to 0.25 * 9.
    one, other = (found.density[np.abs(found.wave_numbers - nu) < 100].sum() for nu in (1000, 3000))
    assert other / one == pytest.approx(2.25, rel=0.02)
