"""Tests of equilibrium: runs that are at equilibrium pass, those that are not fail."""

from dataclasses import replace

import numpy as np
import pytest

from mechanist.analysis.kinetics.rate_test import reasons
from mechanist.analysis.kinetics.run_tests import (
    LEAST_P,
    RunObservations,
    longer_runs_help,
    run_tests,
    slow,
)

RUNS, FRAMES, SAMPLES, BLOCKS = 32, 2000, 100, 20


def two_parts(rng, relaxation, start=None, runs=RUNS):
    """Runs in A that exchange between two equal parts; exits are twice as frequent in the second.

    ``relaxation`` is in frames; ``start`` (runs,) is the part in which each begins, drawn if None.
    """
    every = FRAMES // SAMPLES
    part = rng.integers(0, 2, runs) if start is None else start.copy()
    flip = 0.5 * (1 - np.exp(-every / relaxation))
    parts = np.empty((runs, SAMPLES))
    for i in range(SAMPLES):
        parts[:, i] = part
        part = np.where(rng.random(runs) < flip, 1 - part, part)
    x = parts + 0.2 * rng.normal(size=parts.shape)
    rate = (0.01 * (1 + parts)).reshape(runs, BLOCKS, -1).mean(axis=2)
    return x, rng.poisson(rate * FRAMES / BLOCKS)


def observed(rng, *args, families=None, **options):
    """Runs in A as they are given, and others of the same kind, at equilibrium, in B."""
    pairs = [two_parts(rng, *args, **options), two_parts(rng, 40.0)]
    runs, states, features = [], [], []
    for state, (x, exits) in zip("AB", pairs, strict=True):
        first = 100 * (state == "B")
        for run in range(len(x)):
            for block in range(BLOCKS):
                for source in "AB":
                    mine = source == state
                    time, starts = (FRAMES // BLOCKS, exits[run, block]) if mine else (0, 0)
                    runs.append((source, state, first + run, block, FRAMES, time, starts))
            for i in range(SAMPLES):
                states.append((state, first + run, i * FRAMES // SAMPLES))
                features.append((x[run, i], rng.normal()))
    names = ("source", "start", "chain", "block", "frames", "time", "starts")
    table = {n: np.array(column) for n, column in zip(names, zip(*runs, strict=True), strict=True)}
    states = {
        n: np.array(column)
        for n, column in zip(("source", "chain", "frame"), zip(*states, strict=True), strict=True)
    }
    chains = np.unique(table["chain"]).tolist()
    given = {chain: chain % 100 // 2 for chain in chains} if families is None else families
    return RunObservations(table, states, np.array(features), ["x", "noise"], given, 0, "longer")


def test_a_slow_descriptor_that_the_user_may_ignore_is_named_with_the_key():
    rng = np.random.default_rng(3)
    data = observed(rng, 2000.0, np.zeros(RUNS, dtype=int))
    told = [test.explanation for test in run_tests(data) if not test.passed]
    assert told
    assert not any("ignore_slow" in text for text in told)
    told = [
        test.explanation
        for test in run_tests(replace(data, waivers={"x": "torsion_9"}))
        if not test.passed and " x " in test.explanation
    ]
    assert told
    wanted = "longer; if torsion_9 has nothing to do with the rates, set kinetics.ignore_slow: ["
    assert all(f"{wanted}torsion_9]" in text for text in told)


def failed(data):
    return [test.name for test in run_tests(data) if not test.passed]


def test_runs_at_equilibrium_pass():
    # 30 seeds with 6 tests at LEAST_P each: more than 7 refusals with probability 3e-4.
    wrong = sum(bool(failed(observed(np.random.default_rng(seed), 40.0))) for seed in range(30))
    assert 1 - (1 - LEAST_P) ** 6 < 0.06
    assert wrong <= 7


@pytest.mark.parametrize("relaxation", [800.0, 2000.0, 5000.0])
def test_runs_that_all_began_in_one_part_fail(relaxation):
    # From a relaxation in less than half a run to one in which a run in five has crossed once; ten
    # seeds each.
    found = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        data = observed(rng, relaxation, np.zeros(RUNS, dtype=int))
        found += "R-hat, structures in A" in failed(data)
        assert not any("B" in name for name in failed(data) if "R-hat" in name)
        assert "of x over the runs" in " ".join(reasons(run_tests(data)))
    assert found == 10


def test_a_drift_is_found_by_the_halves():
    # The share of the second part is 0.2 in the first half and 0.4 in the second one, of 32 runs
    # with about two independent values in each: t is near 3; found in half of the seeds at least.
    found = 0
    for seed in range(20):
        data = observed(np.random.default_rng(seed), 1000.0, np.zeros(RUNS, dtype=int))
        found += "halves, structures in A" in failed(data)
    assert found >= 10


def test_runs_that_remember_their_first_path_fail():
    # Eight runs from each of four first paths.
    start = np.repeat([0, 1, 0, 1], RUNS // 4)
    families = {100 * b + run: run // 8 for b in (0, 1) for run in range(RUNS)}
    rng = np.random.default_rng(1)
    assert "first paths, A" in failed(observed(rng, 3000.0, start, families=families))


def test_a_slow_descriptor_asks_for_a_longer_burn_in():
    rng = np.random.default_rng(3)
    assert not slow(run_tests(observed(rng, 20.0)))
    assert slow(run_tests(observed(rng, 500.0)))


def test_few_and_exploded_runs_are_refused():
    rng = np.random.default_rng(2)
    few = observed(rng, 40.0, runs=4)
    assert "runs in A" in failed(few)
    # More frames are of no use where there are too few runs for a test.
    assert not longer_runs_help(run_tests(few))
    assert longer_runs_help(run_tests(observed(rng, 2000.0, np.arange(4) % 2, runs=4)))
    data = observed(rng, 40.0)
    assert "exploded runs" not in failed(replace(data, exploded=1))
    assert "exploded runs" in failed(replace(data, exploded=2))
    assert "2 of 66 runs exploded" in " ".join(reasons(run_tests(replace(data, exploded=2))))
