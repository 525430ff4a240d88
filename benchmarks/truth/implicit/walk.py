"""Plain MD: walkers with the integrator of a run, and what they did.

Nothing is shared with path sampling but the prepared system: no shooting, no selection.
"""

from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BURN_IN = 5_000
"""Frames of 20 fs, 100 ps: several times the 20 ps in which the states come into balance."""
APART = 10
"""Frames from one look at where the walkers are to the next."""


@dataclass(frozen=True)
class Walk:
    """What the walkers did.

    Attributes
    ----------
    transitions
        (W, 2) counts of A to B and of B to A.
    since
        (W, 2) frames whose last state was A, and B.
    points
        (K, N, 3) frames between the states in nm, at times fixed beforehand.
    walker
        (K,) whose they are.
    reached
        (K,) whether B came next.
    """

    transitions: NDArray[np.int64]
    since: NDArray[np.int64]
    points: NDArray[np.float32]
    walker: NDArray[np.int64]
    reached: NDArray[np.bool_]


def walk(results: Path, walkers: int, frames: int, seed: int, cores: int) -> Walk:
    """Run ``walkers`` walkers for ``frames`` frames after the burn-in, on ``cores`` processes."""
    shares = np.array_split(np.arange(walkers), cores)
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(_walk, results, s, frames, seed, i) for i, s in enumerate(shares)]
        parts = [job.result() for job in jobs]
    return Walk(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("transitions", "since", "points", "walker", "reached")
        )
    )


def _walk(results: Path, numbers: NDArray[np.int64], frames: int, seed: int, core: int) -> Walk:
    """Walkers of one process; every other one starts in A, the rest in B."""
    from mechanist.bookkeeping.layout import Layout
    from mechanist.engine.contexts import make_context, read_positions
    from mechanist.sampling.records.tables import read_paths
    from mechanist.systems.prepared import load

    layout = Layout(results)
    prepared = load(layout)
    first = read_paths(layout.initial.paths, layout.initial.index, prepared.atoms)
    contexts = []
    for i in numbers.tolist():
        context = make_context(prepared, prepared.system, "Reference", seed + i)
        path = first.path(i % len(first))
        context.setPositions(path[-1 if i % 2 else 0].astype(float))
        context.setVelocitiesToTemperature(prepared.temperature, seed + i)
        contexts.append(context)
    count = len(numbers)
    now = np.empty((count, prepared.atoms, 3))
    last = np.zeros(count, dtype=np.int8)
    transitions, since = np.zeros((2, count, 2), dtype=np.int64)
    looks = Looks()
    for t in range(BURN_IN + frames):
        for context, positions in zip(contexts, now, strict=True):
            context.getIntegrator().step(prepared.stride)
            read_positions(context, positions)
        labels = prepared.states.label_positions(now)
        looks.told(labels)
        if t >= BURN_IN:
            for column, state in enumerate((-1, 1)):
                transitions[:, column] += (last == state) & (labels == -state)
                since[:, column] += last == state
            if t % APART == 0:
                looks.take(np.flatnonzero(labels == 0), now)
        last = np.where(labels != 0, labels, last)
        if core == 0 and (t + 1) % 10_000 == 0:
            print(f"{t + 1:,} of {BURN_IN + frames:,} frames a walker", flush=True)
    points, walker, reached = looks.resolved()
    return Walk(transitions, since, points, numbers[walker], reached)


class Looks:
    """Frames between the states that wait to be told which state comes next."""

    def __init__(self) -> None:
        self._waiting: dict[int, list[int]] = defaultdict(list)
        self._points: list[NDArray[np.float32]] = []
        self._walker: list[int] = []
        self._next: list[int] = []

    def take(self, walkers: NDArray[np.int64], now: NDArray[np.float64]) -> None:
        """Note where these walkers are."""
        for walker in walkers.tolist():
            self._waiting[walker].append(len(self._points))
            self._points.append(now[walker].astype(np.float32))
            self._walker.append(walker)
            self._next.append(0)

    def told(self, labels: NDArray[np.int8]) -> None:
        """Say which state each walker is in, 0 for neither."""
        for walker in [w for w in self._waiting if labels[w]]:
            for number in self._waiting.pop(walker):
                self._next[number] = int(labels[walker])

    def resolved(self) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.bool_]]:
        """All frames before the first whose next state is not known.

        To leave out single ones would prefer those that end soon.
        """
        still = min((numbers[0] for numbers in self._waiting.values()), default=None)
        keep = slice(0, still)
        return (
            np.array(self._points[keep]),
            np.array(self._walker[keep], dtype=np.int64),
            np.array(self._next[keep]) > 0,
        )
