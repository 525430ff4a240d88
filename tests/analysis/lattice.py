"""A random walk between two states whose rates are known exactly.

Sites 0 to L; A is site 0 and B site L; a step goes up or down or stays, with detailed balance in
exp(-U). Excursions are sampled as the stages do it: runs in both states, and two-way shots from
points in windows of the site.
"""

import numpy as np

from mechanist.analysis.kinetics import AA, AB, BB, FIRST_WINDOW, RUN_A, RUN_B, ExcursionData


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


def exact(u):
    """k_AB, k_BA and pi_A by linear algebra."""
    step = matrix(u)
    pi = np.exp(-u) / np.exp(-u).sum()
    inner = slice(1, -1)
    forward = np.zeros(len(u))
    forward[-1] = 1
    inner_matrix = np.eye(len(u) - 2) - step[inner, inner]
    forward[inner] = np.linalg.solve(inner_matrix, step[inner, -1])
    flux = pi[0] * (step[0] @ forward)
    last_a = pi @ (1 - forward)
    return flux / last_a, flux / (1 - last_a), last_a


class Walk:
    """Draws of runs and shots."""

    def __init__(self, u, rng):
        self.u, self.rng = u, rng
        self.cumulative = matrix(u).cumsum(axis=1)
        self.last = len(u) - 1

    def step(self, site):
        return int(np.searchsorted(self.cumulative[site], self.rng.random()))

    def half(self, site):
        """Sites after ``site`` until a state."""
        path = []
        while not path or path[-1] not in (0, self.last):
            path.append(site := self.step(site))
        return path

    def run(self, home, time):
        """Excursions, time and exits of a run from ``home``."""
        site, excursions, current, exits, done = home, [], [home], 0, 0
        while done < time:
            done += 1
            before, site = site, self.step(site)
            current.append(site)
            exits += before == home and site not in (0, self.last)
            if site in (0, self.last):
                if len(current) > 2:
                    excursions.append(current)
                current = [site]
                if site != home:
                    break
        return excursions, done, exits


def draw(u, rng, shots, runs, time, window_weights):
    """`ExcursionData` from shots spread over single-site windows with these weights, and runs."""
    walk = Walk(u, rng)
    sites = np.arange(1, walk.last)
    paths, source, unit, half, start = [], [], [], [], []
    table = []
    number = 0
    for side, home in ((RUN_A, 0), (RUN_B, walk.last)):
        for _ in range(runs):
            found, seen, exits = walk.run(home, time)
            table.append((side, number, seen, exits))
            for path in found:
                paths.append(path)
                source.append(side)
                unit.append(number)
                half.append(-1)
                start.append(-1)
            number += 1
    for i in range(shots):
        site = rng.choice(sites, p=window_weights / window_weights.sum())
        back, on = walk.half(site), walk.half(site)
        paths.append([*back[::-1], site, *on])
        source.append(FIRST_WINDOW + int(site) - 1)
        unit.append(number + i % 16)
        half.append(int(i >= shots // 2))
        start.append(i % 2)
    kind = [AB if p[0] != p[-1] else (AA if p[0] == 0 else BB) for p in paths]
    frames = np.array([np.bincount(p[1:-1], minlength=walk.last + 1)[1:-1] for p in paths]).T
    side, run_unit, seen, exits = np.array(table).T
    return ExcursionData(
        kind=np.array(kind),
        source=np.array(source),
        unit=np.array(unit),
        half=np.array(half),
        start=np.array(start),
        window_frames=frames.astype(float),
        run_source=side,
        run_unit=run_unit,
        run_time=seen.astype(float),
        run_starts=exits.astype(float),
    )
