"""Both engines against known dynamics."""

from dataclasses import replace

import numpy as np
import openmm
import pytest

from mechanist.engine import history, pool
from mechanist.engine.choose import make_engine
from mechanist.engine.engine import LaneEngine
from mechanist.engine.half_shots import END_NAMES, HalfShots, ShotQueue
from mechanist.engine.history import FIRST_CAPACITY
from mechanist.engine.plan import Plan
from mechanist.engine.pool import Pool
from mechanist.engine.stacked import Stack
from mechanist.engine.under_way import UnderWay
from mechanist.sampling.streams import thermal_velocities

KINDS = [Pool, Stack]


def engine_of(
    kind, prepared, slots, seed=1, lanes=1, layout="pairs", platform="Reference", **options
):
    layouts = [layout] if kind is Stack else []
    movers = [kind(prepared, slots, platform, *layouts, seed + i) for i in range(lanes)]
    return LaneEngine(prepared, movers, **options)


def run(engine, shots):
    """Half-paths by key: end, frames, steps."""
    queue = ShotQueue()
    queue.put(shots)
    result = {}
    for halves in engine.run(queue.take):
        names = END_NAMES[halves.ends]
        for row in zip(halves.keys.tolist(), names, halves.each(), halves.steps, strict=True):
            assert row[0] not in result
            result[row[0]] = row[1:]
    return result


def half_shots(prepared, x, count, rng):
    sigma = thermal_velocities(prepared)[:, None]
    points = np.zeros((count, 1, 3))
    points[:, 0, 0] = x
    return HalfShots(np.arange(count), points, rng.standard_normal((count, 1, 3)) * sigma)


def one(prepared, positions, velocities):
    return HalfShots(np.array([0]), positions[None], velocities[None])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lanes", [1, 3])
def test_every_shot_comes_back_once_with_its_frames(kind, lanes, double_well, rng):
    engine = engine_of(kind, double_well, 7, lanes=lanes)
    assert engine.slots == 7 * lanes
    halves = run(engine, half_shots(double_well, 0.0, 60, rng))
    assert sorted(halves) == list(range(60))
    for end, frames, steps in halves.values():
        labels = double_well.states.label_positions(frames)
        assert (labels[:-1] == 0).all()
        assert labels[-1] == {"A": -1, "B": 1}[end]
        assert steps == len(frames) * double_well.stride


@pytest.mark.parametrize("kind", KINDS)
def test_frames_follow_each_other_and_begin_at_the_point(kind, double_well, rng):
    # Half-shots that outlive the first ring of frames many times over; one stride moves a particle
    # at 4.5 thermal speeds by 0.27 (dt 0.01, stride 5, kT 1, m 1, friction 2.5: less).
    slow = replace(double_well, friction=50.0)
    shots = half_shots(slow, 0.0, 30, rng)
    for end, frames, _ in run(engine_of(kind, slow, 4), shots).values():
        assert end in "AB"
        path = np.concatenate([shots.positions[0][None], frames])[:, 0, 0]
        assert np.abs(np.diff(path)).max() < 0.27
    lengths = [len(frames) for _, frames, _ in run(engine_of(kind, slow, 4), shots).values()]
    assert max(lengths) > 4 * FIRST_CAPACITY


@pytest.mark.parametrize("kind", KINDS)
def test_committor_of_the_double_well(kind, double_well, rng):
    # p_B(0.2) = 0.807 from the backward equation at friction 2.5; 4 standard errors of a
    # binomial with n = 1200 are 0.046. Seed 20261120.
    n = 1200 if kind is Stack else 300
    engine = engine_of(kind, double_well, 300 if kind is Stack else 32, seed=11)
    halves = run(engine, half_shots(double_well, 0.2, n, rng))
    p = np.mean([end == "B" for end, _, _ in halves.values()])
    assert abs(p - 0.807) < 4 * np.sqrt(0.807 * 0.193 / n)


@pytest.mark.parametrize("kind", KINDS)
def test_too_long_is_said_and_counted(kind, double_well, rng):
    short = replace(double_well, max_half_frames=2)
    halves = run(engine_of(kind, short, 5), half_shots(short, 0.0, 20, rng))
    assert any(end == "too_long" for end, _, _ in halves.values())
    assert all(len(frames) == 2 for end, frames, _ in halves.values() if end == "too_long")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("platform", ["Reference", "CPU"])
@pytest.mark.parametrize("speed", [1e200, 1e3], ids=["not a number", "too fast"])
def test_an_exploding_shot_harms_no_other(kind, platform, speed, double_well, rng):
    shots = half_shots(double_well, 0.0, 12, rng)
    shots.velocities[3] = speed
    halves = run(engine_of(kind, double_well, 4, platform=platform), shots)
    assert halves[3][0] == "exploded"
    assert all(halves[i][0] in "AB" for i in range(12) if i != 3)


def test_same_seed_same_frames(double_well):
    results = []
    for _ in range(2):
        shots = half_shots(double_well, 0.0, 10, np.random.default_rng(5))
        results.append(run(engine_of(Stack, double_well, 4, seed=3), shots))
    for key in range(10):
        np.testing.assert_array_equal(results[0][key][1], results[1][key][1])


def nowhere(positions):
    return np.zeros(len(positions), dtype=np.int8)


def test_pool_half_shots_are_pieces_of_baoab(alanine):
    """Without noise a forward and a backward half retrace one trajectory of velocity Verlet."""
    still = replace(alanine, friction=0.0, temperature=300.0, max_half_frames=4, stride=5)
    rng = np.random.default_rng(2)
    v = rng.standard_normal(still.positions.shape) * thermal_velocities(still)[:, None]
    engine = engine_of(Pool, still, 2, label=nowhere)
    ahead = run(engine, one(still, still.positions, v))[0][1]
    # Shoot back from the end with the reversed on-step velocity, estimated by central differences
    # of a run with stride 1 about that frame.
    fine = replace(still, stride=1, max_half_frames=21)
    engine = engine_of(Pool, fine, 1, label=nowhere)
    steps = run(engine, one(fine, still.positions, v))[0][1]
    np.testing.assert_allclose(steps[4:20:5], ahead, atol=1e-6)
    at = 19
    velocity = (steps[at + 1].astype(float) - steps[at - 1]) / (2 * fine.timestep)
    back = run(engine, one(fine, steps[at], -velocity))[0][1]
    # Float32 frames: positions to 1e-7 nm, velocities to 1e-4 nm/ps, over 0.04 ps; an offset of
    # half a kick would show as more than 1e-3 nm.
    error = np.abs(back[:at] - steps[at - 1 :: -1]).max()
    assert error < 1e-4


@pytest.mark.parametrize("layout", ["pairs", "grid"])
def test_stacked_molecules_move_as_single_ones_do(layout, alanine, rng):
    """Without noise each copy follows the path that a context of its own follows.

    The shots begin far from each other and from the start, as paths do that have drifted. Frames
    are float32: 1e-6 nm at 4 nm; a wrong force of 1 kJ/mol/nm would show as 1e-4 nm.
    """
    still = replace(alanine, friction=0.0, max_half_frames=6, stride=10)
    count = 7
    away = rng.uniform(-4, 4, (count, 1, 3))
    velocities = rng.standard_normal((count, *still.positions.shape))
    velocities *= thermal_velocities(still)[:, None]
    shots = HalfShots(np.arange(count), still.positions + away, velocities)
    single = run(engine_of(Pool, still, 2, label=nowhere), shots)
    stacked = run(engine_of(Stack, still, 3, layout=layout, label=nowhere), shots)
    for key in range(count):
        assert stacked[key][0] == "too_long"
        np.testing.assert_allclose(stacked[key][1], single[key][1], atol=5e-6)


def fast(prepared, speed, copy, count, rng):
    """Half-shots of which one flies along x with ``speed`` in nm/ps beside its thermal motion."""
    velocities = rng.standard_normal((count, *prepared.positions.shape))
    velocities *= thermal_velocities(prepared)[:, None]
    velocities[copy] += [speed, 0, 0]
    positions = np.repeat(prepared.positions[None], count, axis=0)
    return HalfShots(np.arange(count), positions, velocities)


def test_a_molecule_that_drifts_away_stays_in_its_cell(alanine, rng):
    # 20 nm/ps, 0.4 nm a frame: below the limit of speed; 8 nm in all, twice the width of a cell.
    still = replace(alanine, friction=0.0, max_half_frames=20, stride=10)
    shots = fast(still, 20.0, 1, 3, rng)
    single = run(engine_of(Pool, still, 3, label=nowhere), shots)
    found = run(engine_of(Stack, still, 3, layout="grid", label=nowhere), shots)
    for key in range(3):
        assert found[key][0] == "too_long"
        np.testing.assert_allclose(found[key][1], single[key][1], atol=2e-5)


def test_a_copy_that_leaves_its_cell_is_given_up_and_harms_no_other(alanine, rng):
    # Held, if weakly, where it is, a copy cannot be moved back: out of its cell in six frames.
    system = openmm.XmlSerializer.clone(alanine.system)
    force = openmm.CustomExternalForce("1e-6*x^2")
    force.addParticle(0, [])
    system.addForce(force)
    still = replace(alanine, system=system, friction=0.0, max_half_frames=6, stride=10)
    shots = fast(still, 20.0, 1, 3, rng)
    single = run(engine_of(Pool, still, 3, label=nowhere), shots)
    found = run(engine_of(Stack, still, 3, layout="grid", label=nowhere), shots)
    assert single[1][0] == "too_long"
    assert found[1][0] == "exploded"
    for key in (0, 2):
        np.testing.assert_allclose(found[key][1], single[key][1], atol=5e-6)


@pytest.mark.parametrize("platform", ["Reference", "CPU"])
@pytest.mark.parametrize("speed", [1e200, 1e3], ids=["not a number", "too fast"])
def test_a_molecule_that_explodes_on_a_grid_harms_no_other(platform, speed, alanine, rng):
    """It passes near all others in the stride in which it explodes: they repeat it."""
    still = replace(alanine, friction=0.0, max_half_frames=6, stride=10)
    shots = fast(still, 0.0, 3, 7, rng)
    shots.velocities[3] = speed
    # A start far from that of the system: what is reset must not come near the others either.
    shots.positions[3] += [5.0, 0, 0]
    engine = engine_of(Stack, still, 4, layout="grid", platform=platform, label=nowhere)
    found = run(engine, shots)
    single = run(engine_of(Pool, still, 4, label=nowhere), shots)
    assert found[3][0] == single[3][0] == "exploded"
    for key in set(range(7)) - {3}:
        assert found[key][0] == "too_long"
        np.testing.assert_allclose(found[key][1], single[key][1], atol=1e-4)


class PauseAt:
    """Pauses each time that so many strides more have been asked for, and may end it there."""

    def __init__(self, every, end=False):
        self.asked, self.every, self.end, self.taken = 0, every, end, []

    def wanted(self):
        self.asked += 1
        return self.asked >= self.every

    def take(self, under_way):
        self.asked = 0
        self.taken.append(UnderWay.of(under_way.arrays()))
        if self.end:
            raise TimeoutError


def run_with(engine, queue, rest=None, begun=None):
    result, stopped = {}, False
    try:
        for halves in engine.run(queue.take, rest, begun):
            rows = zip(halves.keys.tolist(), halves.ends.tolist(), halves.each(), strict=True)
            result |= {key: (end, frames) for key, end, frames in rows}
    except TimeoutError:
        stopped = True
    return result, stopped


def same(one, other):
    assert sorted(one) == sorted(other)
    for key, (end, frames) in one.items():
        assert end == other[key][0]
        np.testing.assert_array_equal(frames, other[key][1])


@pytest.mark.parametrize("kind", KINDS)
def test_a_stopped_engine_goes_on_with_the_same_frames(kind, double_well):
    # Stopped after 40 strides; long half-shots (friction 50) outlive the first ring of frames.
    slow = replace(double_well, friction=50.0)
    shots = half_shots(slow, 0.0, 30, np.random.default_rng(5))
    whole = run(engine_of(kind, slow, 4, seed=3), shots)
    queue = ShotQueue()
    queue.put(shots)
    rest = PauseAt(40, end=True)
    first = engine_of(kind, slow, 4, seed=3)
    before, stopped = run_with(first, queue, rest)
    assert stopped
    begun = rest.taken[0]
    assert len(begun) == 4
    assert begun.lengths.max() > 0
    # What another process does: a new engine, with another seed so that only the kept noise counts.
    second = engine_of(kind, slow, 4, seed=99)
    after, _ = run_with(second, queue, None, begun)
    assert not set(before) & set(after)
    same({key: row[:2] for key, row in named(whole).items()}, before | after)
    total = sum(steps for _, _, steps in whole.values())
    assert first.steps + second.steps == total


def named(halves):
    return {k: (END_NAMES.tolist().index(end), *rest) for k, (end, *rest) in halves.items()}


@pytest.mark.parametrize(("kind", "lanes"), [(Pool, 1), (Stack, 1), (Stack, 3)])
def test_pauses_change_nothing(kind, lanes, double_well):
    shots = half_shots(double_well, 0.0, 40, np.random.default_rng(5))
    results = []
    for rest in (None, PauseAt(3)):
        queue = ShotQueue()
        queue.put(shots)
        # Lanes share one stream of noise in an order that hangs on threads: without noise.
        still = double_well if lanes == 1 else replace(double_well, friction=0.0)
        engine = engine_of(kind, still, 4, seed=3, lanes=lanes, max_frames=400)
        results.append(run_with(engine, queue, rest)[0])
    same(*results)
    assert len(rest.taken) > 5


@pytest.mark.parametrize("layout", ["pairs", "grid"])
def test_velocities_of_a_stopped_shot_are_not_kicked_twice(layout, alanine, rng):
    # Without noise: stopped and gone on with in another layout, a path is that of a single run to
    # single precision; half a kick too much would show as 1e-3 nm.
    still = replace(alanine, friction=0.0, max_half_frames=8, stride=10)
    velocities = rng.standard_normal((3, *still.positions.shape))
    velocities *= thermal_velocities(still)[:, None]
    shots = HalfShots(np.arange(3), np.repeat(still.positions[None], 3, axis=0), velocities)
    single = run(engine_of(Pool, still, 3, label=nowhere), shots)
    queue = ShotQueue()
    queue.put(shots)
    rest = PauseAt(5, end=True)
    run_with(engine_of(Pool, still, 3, label=nowhere), queue, rest)
    begun = replace(rest.taken[0], noise=np.empty(0, np.uint8))
    assert begun.lengths.tolist() == [4, 4, 4]
    engine = engine_of(Stack, still, 3, layout=layout, label=nowhere)
    after, _ = run_with(engine, ShotQueue(), None, begun)
    for key in range(3):
        assert len(after[key][1]) == 8
        np.testing.assert_allclose(after[key][1], single[key][1], atol=1e-5)


def test_a_shot_that_fails_while_it_is_loaded_explodes(double_well, rng, monkeypatch):
    """It must not go on with the velocities of the shot before in the same slot."""
    shots = half_shots(double_well, 0.0, 12, rng)
    shots.positions[5:7, 0, 0] = 0.123456
    genuine = pool.read_forces

    def forces(context, out):
        at = context.getState(positions=True).getPositions(asNumpy=True)._value
        if abs(at[0, 0] - 0.123456) < 1e-6:
            raise openmm.OpenMMException("Particle force is NaN")
        genuine(context, out)

    monkeypatch.setattr(pool, "read_forces", forces)
    halves = run(engine_of(Pool, double_well, 2), shots)
    assert [halves[i][0] for i in (5, 6)] == ["exploded"] * 2
    assert all(halves[i][0] in "AB" for i in range(12) if i not in (5, 6))


def test_a_failed_load_survives_a_checkpoint(double_well):
    one_slot, other = (Pool(double_well, 2, "Reference", seed) for seed in (1, 2))
    one_slot._failed[1] = True
    slots = np.arange(2)
    other.restore(slots, *one_slot.state(slots))
    now = np.zeros((2, 1, 3))
    other.advance(np.ones(2, dtype=bool), now)
    assert np.isfinite(now[0]).all()
    assert np.isnan(now[1]).all()


def test_frames_of_large_systems_are_on_disk_and_the_same(double_well, tmp_path, rng, monkeypatch):
    shots = half_shots(double_well, 0.0, 9, rng)
    plan = Plan("Reference", "pairs", 4)
    expected = run(make_engine(double_well, 4, plan, 5), shots)
    monkeypatch.setattr(history, "DISK_ATOMS", 1)
    made = history.make_history(3, 1, 10, scratch=tmp_path)
    assert isinstance(made, history.DiskHistory)
    found = run(make_engine(double_well, 4, plan, 5, scratch=tmp_path), shots)
    assert sorted(found) == sorted(expected)
    for key, (end, frames, steps) in expected.items():
        assert found[key][0] == end
        assert found[key][2] == steps
        np.testing.assert_array_equal(found[key][1], frames)
    # The files have no names: nothing is left, however the process ends.
    assert list(tmp_path.iterdir()) == []


def test_without_frames_ends_and_steps_are_the_same(double_well, rng):
    shots = half_shots(double_well, 0.0, 9, rng)
    plan = Plan("Reference", "pairs", 4)
    expected = run(make_engine(double_well, 4, plan, 5), shots)
    queue = ShotQueue()
    queue.put(shots)
    found = {}
    for halves in make_engine(double_well, 4, plan, 5, frames=False).run(queue.take):
        assert halves.frames.shape == (0, 1, 3)
        for key, end, steps in zip(halves.keys.tolist(), halves.ends, halves.steps, strict=True):
            found[key] = (END_NAMES[end], steps)
    assert sorted(found) == sorted(expected)
    for key, (end, _, steps) in expected.items():
        assert found[key] == (end, steps)


@pytest.mark.parametrize("disk", [False, True])
def test_histories_give_back_what_was_pushed(disk, tmp_path, rng):
    made = history.DiskHistory(3, 2, tmp_path) if disk else history.MemoryHistory(3, 2, 100)
    pushed = [[], [], []]
    for _ in range(60):
        now, busy = rng.normal(size=(3, 2, 3)), rng.random(3) < 0.8
        made.push(now, busy)
        # A ring has one block a step: a slot that pauses begins anew.
        for slot in range(3):
            if busy[slot]:
                pushed[slot].append(now[slot].astype(np.float32))
            elif pushed[slot]:
                made.pull(np.array([slot]))
                pushed[slot] = []
        slots = np.array([2, 0])
        held = made.peek(slots)
        every = np.array([*pushed[2], *pushed[0]], dtype=np.float32).reshape(-1, 2, 3)
        assert held.shape == every.shape
        np.testing.assert_array_equal(held[:], every)
        if len(every):
            np.testing.assert_array_equal(held[::3], every[::3])
            np.testing.assert_array_equal(held[len(every) - 1], every[-1])
    kept = made.pull(np.array([1]))
    made.put_back(1, kept, len(kept))
    np.testing.assert_array_equal(made.peek(np.array([1]))[:], kept)
