"""The ensemble of paths under a barostat is that of unbiased dynamics at the same pressure.

A particle at two distances from a point, in a box whose volume fluctuates by 40 %. Seeds are stated
at each call; the tolerance is four standard errors over independent walkers and chains.
"""

import numpy as np
import pytest

from mechanist.arrays import Rows
from mechanist.engine.half_shots import HalfShots
from mechanist.sampling.chains.chain import Chains
from mechanist.sampling.chains.current_path import CurrentPath
from mechanist.sampling.chains.selection import Selection, Uniform
from mechanist.systems.prepared import Prepared
from tests.truth.brute_force import BruteForce
from tests.truth.compare import LIMIT, Mean, compare, mean, together
from tests.truth.ensembles import Sampled, sample, two_way
from tests.truth.guides import guide
from tests.truth.paths import PathSet
from tests.truth.shells_in_a_box import (
    CENTRE,
    EDGE,
    distances,
    observables,
    shells_in_a_box,
    unbiased,
    volumes,
)

FIRST = 32


def ensemble(
    prepared: Prepared,
    truth: BruteForce,
    chains: int,
    moves: int,
    burn_in: int,
    selection: Selection,
    kind: type[Chains] = Chains,
) -> Sampled:
    """Chains whose first paths are some of brute force."""
    starts = [CurrentPath(truth.paths.paths[i], -1, 1) for i in range(FIRST)]
    return sample(prepared, starts, selection, 42, chains, moves, burn_in, kind)


class OneBox(Chains):
    """Half-shots that start in the box of the structure, not in that of their frame."""

    def propose(self, rows: Rows) -> HalfShots:
        """As of `Chains`, with other boxes."""
        shots = super().propose(rows)
        positions = shots.positions.copy()
        positions[:, -1] = EDGE
        return HalfShots(shots.keys, positions, shots.velocities)


def check(prepared: Prepared, truth: BruteForce, sampled: Sampled) -> None:
    """Lengths, places and volumes of paths, and what paths and shots say of the rate."""
    assert sampled.count("exploded") == 0
    for comparison in compare(sampled.paths, truth.paths, observables(prepared)):
        assert abs(comparison.z) < LIMIT, comparison
    # Of points between the states at equilibrium, the share on a transition path is that of
    # two-way shots that join A and B; over the mean duration it is the rate of transitions.
    ends = two_way(prepared, truth.points, 44)
    shots = _mean(truth.walker, ends.prod(axis=1) < 0)
    seen = _mean(truth.walker, truth.last != truth.next)
    middle = together("volumes near the mean", _middle(sampled.paths), _middle(truth.paths))
    assert abs(middle.z) < LIMIT, middle
    comparison = together("share on transition paths", shots, seen)
    assert abs(comparison.z) < LIMIT, (shots.value, seen.value)


def _middle(paths: PathSet) -> Mean:
    """Share of the frames of paths whose volume is near the mean."""
    inside = [np.abs(volumes(path) / EDGE**3 - 1) < 0.1 for path in paths.paths]
    counts = np.array([[row.sum(), len(row)] for row in inside], dtype=float)
    return mean(paths, counts[:, :1], counts[:, 1])


def _mean(unit: np.ndarray, found: np.ndarray) -> Mean:
    rows = PathSet([], unit, np.ones(len(unit), dtype=np.int64), 1.0)
    return mean(rows, found[:, None].astype(float))


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return shells_in_a_box()


@pytest.fixture(scope="module")
def truth(prepared: Prepared) -> BruteForce:
    return unbiased(prepared, 60, 700, 60, 11)


@pytest.fixture(scope="module")
def longer(prepared: Prepared) -> BruteForce:
    return unbiased(prepared, 200, 3000, 200, 12)


def test_paths_under_a_barostat_are_those_of_unbiased_dynamics(
    prepared: Prepared, truth: BruteForce
):
    check(prepared, truth, ensemble(prepared, truth, 40, 30, 10, Uniform()))


@pytest.mark.truth
@pytest.mark.parametrize("name", ["uniform", "shifted model", "flipped model"])
def test_the_same_with_more_paths(prepared: Prepared, longer: BruteForce, name: str):
    def logit(frames: np.ndarray) -> np.ndarray:
        return 30 * (distances(prepared, frames) - CENTRE)

    frames = np.concatenate([path[1:-1] for path in longer.paths.paths[:FIRST]])
    selection = guide(name, logit, frames)
    check(prepared, longer, ensemble(prepared, longer, 100, 80, 20, selection))


@pytest.mark.truth
def test_half_shots_in_another_box_are_found(prepared: Prepared, longer: BruteForce):
    broken = ensemble(prepared, longer, 100, 40, 20, Uniform(), OneBox)
    comparison = together("near the mean", _middle(broken.paths), _middle(longer.paths))
    assert abs(comparison.z) > LIMIT, comparison
