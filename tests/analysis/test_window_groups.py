"""Windows that chains do not mix in: they are divided, and rates are then right."""

from dataclasses import replace

import numpy as np

from mechanist.analysis.kinetics.excursion_data import (
    AA,
    AB,
    BB,
    FIRST_WINDOW,
    RUN_A,
    RUN_B,
    ExcursionData,
)
from mechanist.analysis.kinetics.kinetics import estimate
from mechanist.analysis.kinetics.window_groups import cells, parts_of_windows
from tests.analysis.lattice import Walk

HALF = 8
RING = np.array([0.0, 2, 4, 5, 5.5, 5, 4, 2, 0, 2, 3, 3.5, 4, 3.5, 3, 2])
"""Energies in kT around a ring: A is site 0, B site 8; the upper channel is 1.5 kT higher."""


class Ring(Walk):
    """A walk on a ring: two channels from A to B that meet in the states only."""

    def __init__(self, rng):
        super().__init__(RING, rng)
        size = len(RING)
        step = np.zeros((size, size))
        for i in range(size):
            for j in (i - 1, (i + 1) % size):
                step[i, j] = 0.4 * min(1, np.exp(RING[i] - RING[j]))
            step[i, i] = 1 - step[i].sum()
        self.matrix, self.cumulative = step, step.cumsum(axis=1)

    def state(self, site):
        return {0: RUN_A, HALF: RUN_B}.get(site)

    def rate(self):
        """k_AB by linear algebra: alike from B, as the states are one site each and alike."""
        inner = np.array([i for i in range(len(RING)) if self.state(i) is None])
        solve = np.eye(len(inner)) - self.matrix[np.ix_(inner, inner)]
        forward = np.zeros(len(RING))
        forward[HALF] = 1
        forward[inner] = np.linalg.solve(solve, self.matrix[inner, HALF])
        pi = np.exp(-RING) / np.exp(-RING).sum()
        return pi[0] * (self.matrix[0] @ forward) / (pi @ (1 - forward))


def ring_data(rng, shots, runs, time):
    """Runs, and shots whose chains stay in one channel each, one in six in the lower one."""
    walk = Ring(rng)
    paths, sampler, unit, table = [], [], [], []
    for number in range(2 * runs):
        side = number % 2
        found, seen, exits = walk.run(HALF * side, time, 0)
        table += [(s, side, number, seen[:, s].sum(), exits[:, s].sum()) for s in (0, 1)]
        paths += [path for _, path in found]
        sampler += [walk.state(path[0]) for _, path in found]
        unit += [number] * len(found)
    points = []
    for i in range(shots):
        site = rng.integers(1, HALF)
        site = site if i % 6 else len(RING) - site
        back, on = walk.half(site), walk.half(site)
        paths.append([*back[::-1], site, *on])
        sampler.append(FIRST_WINDOW)
        unit.append(2 * runs + i % 12)
        points.append(site)
    ends = [(walk.state(p[0]), walk.state(p[-1])) for p in paths]
    state, origin, run, seen, exits = np.array(table).T
    none = np.full(len(paths), -1)
    kinds = [AB if a != b else (AA if a == RUN_A else BB) for a, b in ends]
    data = ExcursionData(
        kind=np.array(kinds),
        sampler=np.array(sampler),
        unit=np.array(unit),
        half=none,
        origin=none,
        side=none,
        candidate_frames=np.empty((0, len(paths))),
        frames=np.array([len(p) for p in paths]),
        parent=none,
        when=none,
        run_state=state,
        run_origin=origin,
        run_unit=run,
        run_time=seen.astype(float),
        run_departures=exits.astype(float),
        run_frames=np.full(len(state), time + 1.0),
        run_part=0 * state,
        run_jumps=np.zeros(len(state)),
    )
    return data, paths, np.array(points)


def position(sites):
    """Features of sites: along from A to B, and across."""
    sites = np.asarray(sites)
    along = np.minimum(sites, len(RING) - sites)
    return np.stack([along, np.where(sites < HALF, 1.0, -1.0)], axis=1)


def in_cells(data, paths, points, divide):
    """The data with windows that are divided or not."""
    window = position(points)[:, 0].astype(int) - 1
    shots = data.sampler >= FIRST_WINDOW
    order = np.argsort(data.unit[shots], kind="stable")
    features = position(points)
    if divide:
        chain = data.unit[shots][order]
        parts = parts_of_windows(features[order], window[order], chain, HALF - 1)
    else:
        parts = parts_of_windows(features[:0], window[:0], window[:0], HALF - 1)

    def cell(sites):
        here = position(sites)
        return cells(parts, here[:, 0].astype(int) - 1, lambda rows: here[rows])

    count = sum(one.count for one in parts)
    frames = np.array([np.bincount(cell(p[1:-1]), minlength=count) for p in paths]).T
    sampler = data.sampler.copy()
    sampler[shots] = FIRST_WINDOW + cell(points)
    return replace(data, sampler=sampler, candidate_frames=frames.astype(float)), parts


def test_channels_that_chains_do_not_exchange_between():
    # Six seeds, 4 standard errors of the mean of ln k_AB. In whole windows the channels count as
    # the chains do, of which five in six are in the channel that few transitions go through.
    truth = np.log(Ring(np.random.default_rng(0)).rate())
    found = {True: [], False: []}
    for seed in range(6):
        data, paths, points = ring_data(np.random.default_rng(seed), 3600, 8, 2000)
        for divide in (True, False):
            cut, parts = in_cells(data, paths, points, divide)
            assert {part.count for part in parts} == {2 if divide else 1}
            found[divide].append(np.log(estimate(cut).rates.k_ab))
    error = np.std(found[True], ddof=1) / np.sqrt(6)
    assert abs(np.mean(found[True]) - truth) < 4 * error
    assert abs(np.mean(found[False]) - truth) > 4 * error


def test_windows_in_which_chains_mix_are_not_divided():
    # 64 chains of 40 independent points each in four windows, bimodal across; seed 1.
    rng = np.random.default_rng(1)
    chain, window = np.repeat(np.arange(64), 40), rng.integers(0, 4, 2560)
    across = rng.choice([-1.0, 1.0], 2560)
    mixed = np.stack([across + 0.1 * rng.normal(size=2560), rng.normal(size=2560)], axis=1)
    assert [one.count for one in parts_of_windows(mixed, window, chain, 4)] == [1] * 4
    apart = mixed + np.stack([np.where(chain % 2, 1.0, -1.0) - across, 0 * across], axis=1)
    parts = parts_of_windows(apart, window, chain, 4)
    assert [one.count for one in parts] == [2] * 4
    assert len(set(parts[0].part(apart[chain % 2 == 0]))) == 1


def test_few_points_are_not_divided():
    rng = np.random.default_rng(2)
    chain = np.repeat(np.arange(8), 10)
    features = np.where(chain % 2, 1.0, -1.0)[:, None] + 0.1 * rng.normal(size=(80, 1))
    assert parts_of_windows(features, 0 * chain, chain, 1)[0].count == 1
