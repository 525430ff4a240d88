"""Equilibrium runs: continued exactly, stopped and resumed, observed with every excursion."""

import signal
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from mechanist.engine.plan import Plan
from mechanist.errors import Interrupted
from mechanist.sampling.excursions.equilibrium import RunPlan, equilibrium_runs
from mechanist.sampling.excursions.run_record import counts_by_block, run_of, segment
from mechanist.sampling.excursions.run_tables import run_tables
from mechanist.sampling.excursions.tables import _descent
from mechanist.sampling.records.checkpoint import checkpointed


def quiet(*_):
    return None


def starts(runs=4):
    """Structures (K, 2, 1, 3) of the double well, at the bottom of A and of B."""
    frames = np.zeros((runs, 2, 1, 3), dtype=np.float32)
    frames[:, 0, 0, 0], frames[:, 1, 0, 0] = -1, 1
    return frames


def made(prepared, frames, segments, enough=lambda _: False, lanes=1, checkpoint=None):
    plan = RunPlan(starts(), frames, segments, 1, (3, 4))
    platform = Plan("Reference", "pool", 64, lanes)
    return equilibrium_runs(prepared, plan, platform, enough, quiet, checkpoint=checkpoint)


def positions(groups):
    return [groups.runs(group, 0.0, 1)[run].frames[:, 0, 0] for group in (0, 1) for run in range(4)]


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
