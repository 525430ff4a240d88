"""Equilibrium runs: continued exactly, stopped and resumed, observed with every excursion."""

import signal
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest

from mechanist.engine import plan as plan_module
from mechanist.engine.plan import Plan
from mechanist.errors import Interrupted
from mechanist.sampling.excursions import run_units
from mechanist.sampling.excursions.equilibrium import RunPlan, equilibrium_runs
from mechanist.sampling.excursions.run_record import counts_by_block, run_of, segment
from mechanist.sampling.excursions.run_tables import run_tables
from mechanist.sampling.excursions.run_units import RunUnits
from mechanist.sampling.excursions.tables import _descent
from mechanist.sampling.records.checkpoint import checkpointed


def quiet(*_):
    return None


def starts(runs=4):
    """Structures (K, 2, 1, 3) of the double well, at the bottom of A and of B."""
    frames = np.zeros((runs, 2, 1, 3), dtype=np.float32)
    frames[:, 0, 0, 0], frames[:, 1, 0, 0] = -1, 1
    return frames


def made(prepared, frames, segments, enough=lambda _: False, lanes=1, checkpoint=None, runs=4):
    plan = RunPlan(starts(runs), frames, segments, 1, (3, 4))
    platform = Plan("Reference", "pool", 64, lanes)
    return equilibrium_runs(prepared, plan, platform, enough, quiet, checkpoint=checkpoint)


def positions(groups):
    runs = [run for group in (0, 1) for run in groups.runs(group, 0.0, 1).values()]
    return [run.frames[:][:, 0, 0] for run in runs]


def test_targets_double():
    plan = RunPlan(starts(), 10, 6, 1, (0, 0))
    assert plan.targets == [1, 2, 4, 6]
    assert replace(plan, segments=1).targets == [1]


def test_runs_in_segments_are_bit_for_bit_those_without(double_well):
    whole, parts = made(double_well, 60, 1), made(double_well, 20, 3)
    assert (whole.done, parts.done) == ([1, 1], [3, 3])
    for a, b in zip(positions(whole), positions(parts), strict=True):
        assert len(a) == 60
        np.testing.assert_array_equal(a, b)


def test_runs_in_pieces_are_bit_for_bit_those_without(double_well, monkeypatch):
    whole = made(double_well, 60, 2)
    # Five frames of four runs of one atom.
    monkeypatch.setattr(run_units, "PIECE_BYTES", 5 * 4 * 12)
    parts = made(double_well, 60, 2)
    assert parts.units.per_segment == 12
    assert (whole.done, parts.done) == ([2, 2], [2, 2])
    for a, b in zip(positions(whole), positions(parts), strict=True):
        assert len(a) == 120
        np.testing.assert_array_equal(a, b)


@pytest.fixture
def batches(monkeypatch):
    """Three runs at a time, seven frames at a time."""
    monkeypatch.setattr(plan_module, "CONTEXT_ATOMS", 3)
    monkeypatch.setattr(run_units, "PIECE_BYTES", 7 * 3 * 12)


@pytest.mark.usefixtures("batches")
def test_runs_in_batches_are_continued_with_noise_of_their_own(double_well):
    # Overdamped, so that steps are noise.
    slow = replace(double_well, friction=1000.0)
    groups = made(slow, 20, 3, runs=6)
    assert (groups.units.batches, groups.units.pieces) == (2, 3)
    assert groups.done == [3, 3]
    every = positions(groups)
    for x in every:
        assert len(x) == 60
        assert np.abs(np.diff(x)).max() < 25 * double_well.timestep * double_well.stride
    # Two batches of three runs; the correlation of 59 independent steps has a standard deviation
    # of 0.13.
    assert len(every) == 12
    for one, other in combinations(every, 2):
        assert abs(np.corrcoef(np.diff(one), np.diff(other))[0, 1]) < 0.6


@pytest.mark.usefixtures("batches")
@pytest.mark.parametrize("after", [1, 8, 20])
def test_interrupted_batches_end_as_if_they_had_not_been(double_well, tmp_path, after):
    expected = positions(made(double_well, 5, 3))
    folder = Path(tmp_path) / "runs"
    with pytest.raises(Interrupted):
        interrupted(double_well, folder, after)
    with checkpointed(folder, {"a": 1}, quiet) as checkpoint:
        found = positions(made(double_well, 5, 3, checkpoint=checkpoint))
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("runs", "frames"), [(4, 20), (7, 20), (1, 3)])
@pytest.mark.parametrize(("together", "piece"), [(1, 2), (3, 6), (7, 20)])
def test_units_make_every_frame_of_every_run_once(runs, frames, together, piece):
    units = RunUnits(runs, together, frames, piece)
    made = np.zeros((runs, 2 * frames), dtype=int)
    done = np.zeros(runs, dtype=int)
    numbers = [[] for _ in range(runs)]
    for unit in range(2 * units.per_segment):
        assert units.size(unit) <= piece
        for key in units.rows(units.batch(unit)).tolist():
            made[key, done[key] : done[key] + units.size(unit)] += 1
            done[key] += units.size(unit)
            numbers[key].append(units.number(unit))
        if unit == units.per_segment - 1:
            assert (done == frames).all()
    assert (made == 1).all()
    assert all(one == list(range(2 * units.pieces)) for one in numbers)


def test_runs_in_several_lanes_are_continued(double_well):
    # Lanes draw noise in an order of their own; nothing moves 25 thermal speeds in a stride.
    groups = made(double_well, 20, 3, lanes=3)
    for x in positions(groups):
        assert len(x) == 60
        assert np.abs(np.diff(x)).max() < 25 * double_well.timestep * double_well.stride


def test_a_test_that_passes_ends_the_runs(double_well):
    asked = []

    def enough(groups):
        asked.append(list(groups.done))
        return groups.done == [2, 2]

    assert made(double_well, 10, 8, enough).done == [2, 2]
    assert asked == [[1, 1], [2, 2]]


def interrupted(prepared, folder, after):
    """Three segments of five strides that a signal stops after so many strides."""
    with checkpointed(folder, {"a": 1}, quiet) as checkpoint:
        strides = []

        def wanted():
            strides.append(1)
            if len(strides) >= after:
                checkpoint._stop.ask(signal.SIGTERM)
            return checkpoint._stop.asked

        checkpoint.wanted = wanted
        made(prepared, 5, 3, checkpoint=checkpoint)


@pytest.mark.parametrize("after", [3, 7, 12, 18])
def test_interrupted_runs_end_as_if_they_had_not_been(double_well, tmp_path, after):
    # Three segments of five strides in each of the groups.
    expected = positions(made(double_well, 5, 3))
    folder = Path(tmp_path) / "runs"
    with pytest.raises(Interrupted):
        interrupted(double_well, folder, after)
    with checkpointed(folder, {"a": 1}, quiet) as checkpoint:
        found = positions(made(double_well, 5, 3, checkpoint=checkpoint))
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_array_equal(a, b)


def record(labels, cuts, burn_in, every=4):
    """A run with these labels, whose positions are the numbers of its frames."""
    labels = np.array(labels, dtype=np.int8)
    frames = np.zeros((len(labels), 1, 3), dtype=np.float32)
    frames[:, 0, 0] = np.arange(len(labels))
    edges = [0, *cuts, len(labels)]
    parts = [segment(frames[a:b], labels[a:b], a, every) for a, b in pairwise(edges)]
    return run_of(parts, burn_in, every)


@pytest.mark.parametrize("cuts", [[], [6], [3, 4, 9]])
def test_excursions_are_whole_over_segments_and_counts_add_up(cuts):
    labels = [0, -1, -1, 0, 0, -1, 0, 0, 1, 1, -1, 0]
    run = record(labels, cuts, 1)
    paths = [run.path(part)[:, 0, 0].tolist() for part in run.excursions]
    assert paths == [[2, 3, 4, 5], [5, 6, 7, 8]]
    assert run.structures(run.sampled)[:, 0, 0].tolist() == [8]
    counts = {name: found.sum(axis=0).tolist() for name, found in counts_by_block(run, 2).items()}
    # Of the last frame nothing follows; the excursion that begins at frame 10 is a departure.
    assert counts == {"time": [8, 2], "starts": [3, 0], "jumps": [0, 1]}
    table = run_tables([("A", [run], np.array([7])), ("B", [], np.array([], int))])
    assert table.runs["time"].sum() == 10
    assert set(table.runs["frames"]) == {11}
    assert table.excursions["begins"].tolist() == [1, 4]
    assert table.excursions["run"].tolist() == [7, 7]


def test_excursions_descend_from_the_run_of_the_last_exchange():
    chains, moves = np.array([5, 5, 5, 6, 6, 8]), np.array([0, 3, 9, 2, 4, 1])
    runs = {5: [(-1, 70), (3, 71)], 6: [(4, 72)]}
    assert _descent(chains, moves, runs).tolist() == [70, 71, 71, -1, 72, -1]
