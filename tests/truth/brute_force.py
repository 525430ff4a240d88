"""Unbiased dynamics: many walkers side by side, with the integrator and the stride of a system.

Nothing is shared with path sampling but the integrator: no shooting, no selection, no acceptance.
A transition path runs from the last frame in one state to the first frame in the other, and is
turned to run from A to B, as equilibrium dynamics is symmetric in time.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mechanist.engine.contexts import make_context, read_positions
from mechanist.systems.prepared import Prepared
from mechanist.systems.replicate import replicate
from tests.truth.paths import PathSet

MEMORY = 4096
"""Frames that a walker remembers; no excursion in these systems is as long."""


@dataclass(frozen=True)
class BruteForce:
    """What unbiased dynamics did.

    Parameters
    ----------
    paths
        Transition paths; the units are walkers.
    points
        (K, N, 3) frames between the states, far apart in time.
    walker
        (K,) whose they are.
    last, next
        (K,) the state that each of these was in before, and the one that it was in afterwards.
    """

    paths: PathSet
    points: NDArray[np.float32]
    walker: NDArray[np.int64]
    last: NDArray[np.int8]
    next: NDArray[np.int8]


@dataclass
class _Points:
    """Frames between the states that wait to be told which state comes next."""

    waiting: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    points: list[NDArray[np.float32]] = field(default_factory=list)
    walker: list[int] = field(default_factory=list)
    last: list[int] = field(default_factory=list)
    next: list[int] = field(default_factory=list)

    def take(self, walkers: NDArray[np.int64], now: NDArray[np.float64], last: NDArray) -> None:
        for walker in walkers.tolist():
            self.waiting[walker].append(len(self.points))
            self.points.append(now[walker].astype(np.float32))
            self.walker.append(walker)
            self.last.append(int(last[walker]))
            self.next.append(0)

    def told(self, labels: NDArray[np.int8]) -> None:
        for walker in [w for w in self.waiting if labels[w]]:
            for number in self.waiting.pop(walker):
                self.next[number] = int(labels[walker])


def brute_force(
    prepared: Prepared,
    starts: NDArray[np.float64],
    frames: int,
    burn_in: int,
    seed: int,
    apart: int = 200,
) -> BruteForce:
    """Run walkers from ``starts`` (W, N, 3) for ``frames`` frames after ``burn_in`` frames.

    Every ``apart`` frames those between the states are noted. Paths that end within ``frames``
    count. For what was last and what comes next, A and B must be populated as in equilibrium.
    """
    system = replicate(prepared.system, len(starts))
    context = make_context(prepared, system, "Reference", seed)
    context.setPositions(starts.reshape(-1, 3))
    context.setVelocitiesToTemperature(prepared.temperature, seed)

    def advance(now: NDArray[np.float64]) -> None:
        context.getIntegrator().step(prepared.stride)
        read_positions(context, now.reshape(-1, 3))

    return watch(prepared, advance, len(starts), frames, burn_in, apart)


def watch(
    prepared: Prepared,
    advance: Callable[[NDArray[np.float64]], None],
    walkers: int,
    frames: int,
    burn_in: int,
    apart: int,
) -> BruteForce:
    """Note the paths of walkers; ``advance`` writes the next frame of each into (W, N, 3)."""
    now = np.empty((walkers, prepared.atoms, 3))
    memory = np.empty((MEMORY, *now.shape), dtype=np.float32)
    last, left = np.zeros(walkers, dtype=np.int8), np.zeros(walkers, dtype=np.int64)
    found: list[NDArray[np.float32]] = []
    units: list[int] = []
    points = _Points()
    for t in range(burn_in + frames):
        advance(now)
        memory[t % MEMORY] = now
        labels = prepared.states.label_positions(now)
        points.told(labels)
        if t >= burn_in:
            for walker in np.flatnonzero((labels != 0) & (last == -labels)).tolist():
                assert t - left[walker] < MEMORY, "a path is longer than the memory"
                path = memory[np.arange(left[walker], t + 1) % MEMORY, walker]
                found.append(path[::-1] if labels[walker] < 0 else path)
                units.append(walker)
            if t % apart == 0:
                points.take(np.flatnonzero((labels == 0) & (last != 0)), now, last)
        inside = labels != 0
        last[inside], left[inside] = labels[inside], t
    return BruteForce(_paths(found, units, prepared), *_resolved(points))


def _paths(found: list[NDArray[np.float32]], units: list[int], prepared: Prepared) -> PathSet:
    frame = prepared.timestep * prepared.stride
    return PathSet(found, np.array(units), np.ones(len(found), dtype=np.int64), frame)


def _resolved(points: _Points) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Points up to the first whose next state is not known yet: leaving out single ones would
    prefer those that end soon."""
    first_open = min((min(numbers) for numbers in points.waiting.values()), default=None)
    keep = slice(0, first_open)
    return (
        np.array(points.points[keep]),
        np.array(points.walker[keep]),
        np.array(points.last[keep]),
        np.array(points.next[keep]),
    )
