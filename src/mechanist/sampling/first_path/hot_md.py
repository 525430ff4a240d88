"""Guessed transition paths by MD at higher temperatures.

Crossings whose ends are other isomers than the structure, such as one with an amide bond that has
turned from trans to cis, are left out (`mechanist.systems.isomers`). The end in the other state may
be one if nothing else is found: then the reaction may well be that turn.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Frames, Labels
from mechanist.bookkeeping.journal import Clock
from mechanist.bookkeeping.progress import reporter
from mechanist.engine.choose import make_engine
from mechanist.engine.half_shots import HalfShots, ShotQueue
from mechanist.engine.plan import Plan
from mechanist.errors import SamplingError
from mechanist.sampling.streams import normals, shot_seeds, thermal_velocities
from mechanist.systems.isomers import stiff_bonds
from mechanist.systems.prepared import Prepared

Log = Callable[[str], None]

HOT_STREAM = 2**31
"""Chain number of the random stream used here; no chain has it."""

LEAST_GUESSES = 4
"""Crossings that are looked for until the budget of a temperature is spent."""

SHARE = 0.25
"""Share of the budget within which further crossings are looked for."""

PARTS = 12
"""Parts of that time; a way to find crossings that is tried has one of them."""

AT_ONCE = 4
"""Crossings that trajectories of one start and temperature give before the next have their turn."""

MOST_FRAMES, FEWEST_FRAMES, GUESS_BYTES = 2000, 64, 2**25
"""Frames of a guess at most; fewer, but not fewer than the second, if they take more memory."""

TEMPERATURES = 2
"""Temperatures at which crossings are collected: the lowest one that leads to any, and the next."""


@dataclass(frozen=True)
class HotPath:
    """A crossing found by hot MD.

    Parameters
    ----------
    frames
        (F, N, 3) in nm from one state to the other.
    factor
        Its temperature, in units of the temperature of the run.
    simulated_ps
        Simulated time at all temperatures until it was found.
    """

    frames: Frames
    factor: float
    simulated_ps: float


def hot_paths(
    prepared: Prepared,
    heating: tuple[float, ...],
    replicas: int,
    budget_ps: float,
    wanted: int,
    plan: Plan,
    seed: int,
    log: Log,
    clock: Clock | None = None,
    scratch: Path | None = None,
) -> list[HotPath]:
    """Run hot MD until enough trajectories have gone from one state to the other.

    Trajectories start from the given structure with velocities of their own. Once one has crossed,
    others start where crossings ended and lead back. Each gives one crossing, its first.

    Parameters
    ----------
    prepared
        The system at its target temperature.
    heating
        Factors on the temperature, tried in turn until one leads to a crossing.
    replicas
        Trajectories side by side.
    budget_ps
        Total simulated time at each factor; beyond `LEAST_GUESSES` crossings, at all of them
        together a share `SHARE` of it.
    wanted
        Crossings.
    plan, seed
        Of the engine.
    log, clock
        ``log`` is called with progress and one line a set of trajectories; ``clock`` adds up the
        time in OpenMM.
    scratch
        Folder for frames of large systems under way.

    Raises
    ------
    SamplingError
        If no factor leads to a crossing; it names the state that was never visited.
    """
    search = _Search(prepared, replicas, budget_ps, wanted, plan, seed, log, clock, scratch)
    for number, factor in enumerate(heating):
        search.collect(factor, prepared.positions[None], 1)
        if search.found:
            search.go_on(heating[number : number + TEMPERATURES])
            return search.found[:wanted]
    if search.turned:
        log(f"no crossing without a turn about {search.bonds}: those with it are taken")
        return search.turned[:wanted]
    raise SamplingError("first path", _nothing(prepared, heating, budget_ps, search.seen))


class _Search:
    """Crossings found so far and the time spent on them."""

    def __init__(
        self,
        prepared: Prepared,
        replicas: int,
        budget_ps: float,
        wanted: int,
        plan: Plan,
        seed: int,
        log: Log,
        clock: Clock | None,
        scratch: Path | None,
    ) -> None:
        self._prepared, self._replicas, self._plan = prepared, replicas, plan
        self._budget, self._wanted, self._seed = budget_ps, wanted, seed
        self._log, self._clock, self._scratch = log, clock, scratch
        self._frame_ps = prepared.timestep * prepared.stride
        self._spent: dict[float, float] = {}
        self._sets = 0
        self._home = int(prepared.states.label_positions(prepared.positions[None])[0])
        self._stiff = stiff_bonds(prepared)
        self.found: list[HotPath] = []
        self.seen: set[int] = set()
        self.turned: list[HotPath] = []
        """Crossings that end in another isomer in the other state alone."""
        self._about: set[int] = set()

    @property
    def spent(self) -> float:
        """Simulated time in ps at all factors."""
        return sum(self._spent.values())

    def _left(self, factor: float) -> float:
        """Time in ps that may still be spent at a factor."""
        if len(self.found) >= self._wanted:
            return 0.0
        more = SHARE * self._budget - self.spent
        if len(self.found) < LEAST_GUESSES:
            return max(more, self._budget - self._spent.get(factor, 0.0))
        return more

    def go_on(self, factors: Sequence[float]) -> None:
        """Collect crossings at these factors, from the other state and from the first.

        Each of these ways is tried once for a part of the time, so that a slow one leaves time for
        the others; then the one by which crossings are most frequent goes on.
        """
        ways = [(factor, there) for factor in factors for there in (True, False)]
        part = SHARE * self._budget / PARTS
        tried = []
        for way in ways:
            before = self.spent, len(self.found)
            self._collect_by(way, part)
            tried.append((len(self.found) - before[1] + 0.5, self.spent - before[0]))
        rates = [count / max(time, self._frame_ps) for count, time in tried]
        way = ways[int(np.argmax(rates))]
        while self._left(way[0]) > 0:
            before = self.spent, len(self.found)
            self._collect_by(way, np.inf)
            if before[0] == self.spent:
                return

    def _collect_by(self, way: tuple[float, bool], limit: float) -> None:
        """Collect at a factor from where crossings ended, or from the first structure."""
        factor, there = way
        starts = self._ends() if there else self._prepared.positions[None]
        self.collect(factor, starts, AT_ONCE, limit)

    def _ends(self) -> NDArray[Any]:
        """Last frames of the crossings that lead away from the state of the first structure."""
        ends = np.stack([path.frames[-1] for path in self.found])
        labels = self._prepared.states.label_positions(ends)
        return np.asarray(ends[labels == (-self._home if self._home else 1)])

    def collect(
        self, factor: float, starts: NDArray[Any], most: int, limit: float = np.inf
    ) -> None:
        """Look for crossings at a factor from structures (K, N, 3) in turn.

        Ends with ``most`` crossings or after a simulated time of ``limit`` in ps.
        """
        time = min(limit, self._left(factor))
        if time < self._replicas * self._frame_ps or not len(starts):
            return
        # A liquid may boil at this temperature, so its box stays.
        temperature = self._prepared.temperature * factor
        hot = replace(self._prepared, temperature=temperature, barostat=None)
        before, already, left_out = self.spent, len(self.found), 0
        self._spent.setdefault(factor, 0.0)
        for frames in self._runs(hot, factor, starts, time):
            labels = hot.states.label_positions(frames)
            self.seen |= set(np.unique(labels).tolist()) - {0}
            crossing = first_crossing(labels)
            if crossing is not None:
                path = HotPath(some_frames(frames[crossing]), factor, self.spent)
                left_out += not self._sorted(path, labels[crossing])
            if len(self.found) >= min(already + most, self._wanted):
                break
        self._log(
            f"hot MD at {hot.temperature:.0f} K: {len(self.found) - already} crossings in"
            f" {self.spent - before:.0f} ps"
            + (f"; {left_out} more left out, which turn about {self.bonds}" if left_out else "")
        )

    @property
    def bonds(self) -> str:
        """The bonds about which crossings that were left out turn; atoms count from 0."""
        return self._stiff.text(self._about)

    def _sorted(self, path: HotPath, labels: Labels) -> bool:
        """Keep a crossing between the isomers of the structure, or note what turned."""
        ends = self._stiff.other_isomers(path.frames[[0, -1]])
        if not ends.any():
            self.found.append(path)
            return True
        self._about |= set(np.flatnonzero(ends.any(axis=0)).tolist())
        if self._home and not ends[labels[[0, -1]] == self._home].any():
            self.turned.append(path)
        return False

    def _runs(
        self, hot: Prepared, factor: float, starts: NDArray[Any], time: float
    ) -> Iterator[Frames]:
        """Hot trajectories (F, N, 3); each ends when it enters a state that it did not start from.

        If the start is in neither state they take their full time, to see crossings both ways. All
        end after ``time`` ps in all.
        """
        self._sets += 1
        seed = self._seed + 1000 * (self._sets - 1)
        start = int(hot.states.label_positions(starts[:1])[0])
        before, until = self.spent, self.spent + time
        progress = reporter(self._log, f"ps of hot MD at {hot.temperature:.0f} K")

        def label(positions: NDArray[np.float64]) -> Labels:
            labels = hot.states.label_positions(positions)
            self._spent[factor] += len(positions) * self._frame_ps
            progress(int(self.spent - before), int(time))
            if self.spent >= until:
                return np.ones_like(labels)
            return np.where((labels != start) & (start != 0), labels, np.int8(0))

        longest = max(1, round(time / self._frame_ps / self._replicas)) if start == 0 else None
        longest = longest or max(1, round(time / self._frame_ps))
        engine = make_engine(
            hot,
            self._replicas,
            self._plan,
            seed,
            label,
            longest,
            self._clock,
            scratch=self._scratch,
        )
        numbers = np.arange(self._replicas)
        seeds = shot_seeds(seed, np.full(self._replicas, HOT_STREAM), numbers)
        velocities = normals(seeds, 0, hot.positions.shape) * thermal_velocities(hot)[:, None]
        # The latest structures first: earlier ones have been started from before.
        rows = -1 - numbers % len(starts)
        queue = ShotQueue()
        queue.put(HalfShots(numbers, np.asarray(starts, dtype=np.float64)[rows], velocities))
        for halves in engine.run(queue.take):
            yield from halves.each()


def _nothing(
    prepared: Prepared, heating: tuple[float, ...], budget_ps: float, seen: set[int]
) -> str:
    """Why there is no crossing, and what to do."""
    states = prepared.states
    missing = [name for name, label in (("A", -1), ("B", 1)) if label not in seen]
    names = " and ".join(
        f"{key} ({(states.a if key == 'A' else states.b).name})" for key in missing
    )
    what = (
        f"state {names} was never visited" if missing else "both states were visited, no crossing"
    )
    return (
        f"hot MD found none within {budget_ps:g} ps at {', '.join(f'{f:g}' for f in heating)} times"
        f" {prepared.temperature:.0f} K: {what}; check the states, raise initial.budget or"
        " initial.heating, set initial.method to pull, or give initial.path"
    )


def most_frames(atoms: int) -> int:
    """Frames of a guess that are kept, at most: they are shooting points only."""
    return max(FEWEST_FRAMES, min(MOST_FRAMES, GUESS_BYTES // (12 * atoms)))


def some_frames(frames: Frames) -> Frames:
    """A copy of at most `most_frames` of a guess, both ends included."""
    count = min(len(frames), most_frames(frames.shape[1]))
    rows = np.linspace(0, len(frames) - 1, count).round().astype(np.int64)
    return np.array(frames[rows])


def first_crossing(labels: NDArray[np.int8]) -> slice | None:
    """The first segment of a trajectory from one state to the other, both ends included."""
    found = crossings(labels)
    return found[0] if found else None


def crossings(labels: NDArray[np.int8]) -> list[slice]:
    """All segments of a trajectory from one state to the other, both ends included."""
    inside = np.flatnonzero(labels)
    changes = np.flatnonzero(np.diff(labels[inside]))
    return [slice(int(inside[i]), int(inside[i + 1]) + 1) for i in changes]
