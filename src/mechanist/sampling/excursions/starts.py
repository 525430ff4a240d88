"""Chains of excursions at their start: how many, and which excursion each starts from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array, FrameSource
from mechanist.engine.hardware import GPU_PLATFORMS
from mechanist.engine.plan import IDLE_IS_FREE, Plan
from mechanist.sampling.chains.chain import Chains
from mechanist.sampling.chains.current_path import CurrentPath
from mechanist.sampling.chains.selection import shootable
from mechanist.sampling.excursions.excursions import ExcursionEnsemble
from mechanist.sampling.excursions.reservoir import Reservoir
from mechanist.sampling.excursions.window_weights import WindowSelection
from mechanist.sampling.records.tables import PathTable

LONG = 250
"""Moves after which the excursions of a molecule no longer depend on the start of their chain."""

TRIED = 20
"""Excursions, at most, from which the start of a chain is drawn."""


@dataclass(frozen=True)
class Start:
    """Start of a chain: an excursion of a run that leaves ``A`` or ``B``, or a transition ``path``.

    ``frames`` (F, N, 3) in nm include both ends, which lie in the states ``ends``; ``run`` is the
    number of the run, -1 for a transition path.
    """

    origin: str
    frames: FrameSource
    ends: tuple[str, str]
    run: int = -1


@dataclass(frozen=True)
class Starts:
    """Everything that the chains of a job start from."""

    windows: WindowSelection
    reservoirs: Sequence[Reservoir]
    starts: Sequence[Start]


def chain_count(plan: Plan, shots: int, wanted: int | str) -> int:
    """Chains of a job with so many shots.

    In a pool and on a GPU few chains take hardly longer than many for the same number of moves
    each, so that there they are few and long.
    """
    if isinstance(wanted, int):
        return wanted
    few = plan.layout in IDLE_IS_FREE or plan.platform in GPU_PLATFORMS
    return min(plan.chains, max(1, shots // LONG)) if few else plan.chains


def open_chains(
    begin: Starts, first: int, seed: int, sigma: Array
) -> tuple[Chains, ExcursionEnsemble]:
    """Chains numbered from ``first`` on and their ensemble; other parameters as of `Chains`."""
    ends = [start.ends for start in begin.starts]
    ensemble = ExcursionEnsemble(begin.windows, ends, begin.reservoirs)
    for row, start in enumerate(begin.starts):
        if start.run >= 0:
            ensemble.descend(first + row, -1, start.run)
    paths = [CurrentPath(start.frames[:], -1, 1) for start in begin.starts]
    return Chains(first + np.arange(len(paths)), paths, ensemble, seed, sigma), ensemble


def draw_starts(
    reservoirs: Sequence[Reservoir],
    paths: PathTable,
    windows: WindowSelection,
    count: int,
    rng: np.random.Generator,
) -> list[Start]:
    """Transition paths and excursions out of A and out of B, in turn; none without any of them."""
    counted = np.flatnonzero(paths.index["weight"] > 0)
    pools = [[Start("path", paths.view(int(row)), ("A", "B")) for row in counted]]
    for some in reservoirs:
        ends = zip(some.excursions, some.ends, some.runs.tolist(), strict=True)
        pools.append([Start(some.state, *one) for one in ends])
    pools = [
        [start for start in pool if shootable(len(start.frames) - 2, windows.longest).any()]
        for pool in pools
    ]
    pools = [pool for pool in pools if pool]
    starts: list[Start] = []
    for i in range(count if pools else 0):
        pool = pools[i % len(pools)]
        tried = [pool[j] for j in rng.choice(len(pool), min(len(pool), TRIED), replace=False)]
        interiors = [start.frames[1:-1] for start in tried]
        # In proportion to G among a few, which brings the starts close to the sampled ensemble.
        totals = np.array([one.total for one in windows.candidates(interiors)])
        starts.append(tried[int(rng.choice(len(tried), p=totals / totals.sum()))])
    return starts
