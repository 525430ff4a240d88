"""A random walk between two states whose rates are known exactly.

Sites 0 to L; A is the lowest sites, B the highest; a step goes up or down or stays, with detailed
balance in exp(-U). Excursions are sampled as the stages do it: runs that start in both states, and
two-way shots from points in windows of the site.
"""

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


def matrix(u):
    """Transition matrix (L + 1, L + 1) of Metropolis steps with energies u in kT."""
    size = len(u)
    result = np.zeros((size, size))
    for i in range(size):
        for j in (i - 1, i + 1):
            if 0 <= j < size:
                result[i, j] = 0.4 * min(1, np.exp(u[i] - u[j]))
        result[i, i] = 1 - result[i].sum()
    return result


def exact(u, wide=1):
    """k_AB, k_BA and pi_A by linear algebra, if the states are ``wide`` sites each."""
    step = matrix(u)
    pi = np.exp(-u) / np.exp(-u).sum()
    inner, b = slice(wide, -wide), slice(len(u) - wide, None)
    forward = np.zeros(len(u))
    forward[b] = 1
    inner_matrix = np.eye(len(u) - 2 * wide) - step[inner, inner]
    forward[inner] = np.linalg.solve(inner_matrix, step[inner, b].sum(axis=1))
    flux = pi[:wide] @ (step[:wide] @ forward)
    # Detailed balance: the chance to have been last in A is the chance to be next in A.
    last_a = pi @ (1 - forward)
    return flux / last_a, flux / (1 - last_a), last_a


class Walk:
    """Draws of runs and shots."""

    def __init__(self, u, rng, wide=1):
        self.rng, self.wide = rng, wide
        self.cumulative = matrix(u).cumsum(axis=1)
        self.last = len(u) - 1

    def step(self, site):
        return int(np.searchsorted(self.cumulative[site], self.rng.random()))

    def state(self, site):
        """RUN_A, RUN_B, or None between the states."""
        if site < self.wide:
            return RUN_A
        return RUN_B if site > self.last - self.wide else None

    def half(self, site):
        """Sites after ``site`` until a state."""
        path = []
        while not path or self.state(path[-1]) is None:
            path.append(site := self.step(site))
        return path

    def run(self, site, time, burn_in):
        """Excursions of a run with the step they begin at; time and exits (2,) last in A and B."""
        last = self.state(site)
        for _ in range(burn_in):
            site = self.step(site)
            last = last if self.state(site) is None else self.state(site)
        # An excursion under way at the end of the burn-in is not whole.
        excursions, current, begun = [], [site] if self.state(site) is not None else None, 0
        seen, exits = np.zeros((2, 2), int), np.zeros((2, 2), int)
        for now in range(time):
            part = 2 * now // time
            seen[part, last] += 1
            before, site = site, self.step(site)
            current = current and [*current, site]
            here = self.state(site)
            exits[part, last] += here is None and self.state(before) is not None
            if here is not None:
                if current and len(current) > 2:
                    excursions.append((begun, current))
                current, last, begun = [site], here, now + 1
        return excursions, seen, exits


def draw(u, rng, shots, runs, time, window_weights, wide=1, burn_in=0):
    """`ExcursionData` from shots spread over single-site windows with these weights, and runs."""
    walk = Walk(u, rng, wide)
    sites = np.arange(wide, walk.last - wide + 1)
    paths, sampler, unit, half, origin, when = [], [], [], [], [], []
    table = []
    number = 0
    for side, home in ((RUN_A, 0), (RUN_B, walk.last)):
        for _ in range(runs):
            found, seen, exits = walk.run(home, time, burn_in)
            table += [
                (last, side, number, part, seen[part, last], exits[part, last])
                for part in (0, 1)
                for last in (RUN_A, RUN_B)
            ]
            for begun, path in found:
                paths.append(path)
                late, early = begun >= time / 2, begun + len(path) <= time / 2
                when.append(1 if late else 0 if early else -1)
                sampler.append(walk.state(path[0]))
                unit.append(number)
                half.append(-1)
                origin.append(-1)
            number += 1
    for i in range(shots):
        site = rng.choice(sites, p=window_weights / window_weights.sum())
        back, on = walk.half(site), walk.half(site)
        paths.append([*back[::-1], site, *on])
        sampler.append(FIRST_WINDOW + int(site) - wide)
        unit.append(number + i % 16)
        when.append(-1)
        half.append(int(i >= shots // 2))
        origin.append(i % 2)
    ends = [(walk.state(p[0]), walk.state(p[-1])) for p in paths]
    kind = [AB if a != b else (AA if a == RUN_A else BB) for a, b in ends]
    inside = slice(wide, walk.last - wide + 1)
    frames = np.array([np.bincount(p[1:-1], minlength=walk.last + 1)[inside] for p in paths]).T
    side, begun, run_unit, part, seen, exits = np.array(table).T
    return ExcursionData(
        kind=np.array(kind),
        sampler=np.array(sampler),
        unit=np.array(unit),
        half=np.array(half),
        origin=np.array(origin),
        side=np.array(origin),
        candidate_frames=frames.astype(float),
        frames=np.array([len(path) for path in paths]),
        parent=np.full(len(paths), -1),
        when=np.array(when),
        run_state=side,
        run_origin=begun,
        run_unit=run_unit,
        run_time=seen.astype(float),
        run_departures=exits.astype(float),
        # Steps between frames, of which there is one more.
        run_frames=np.full(len(side), time + 1.0),
        run_part=part,
        run_jumps=np.zeros(len(side)),
    )
