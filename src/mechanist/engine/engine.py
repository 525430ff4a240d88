"""The engine: half-shots into free slots, one stride forward, finished half-paths out.

Slots are grouped into lanes, each with its own OpenMM context or pool of contexts. With several
lanes, one moves in a thread while the frames of another are analysed, so that a GPU does not wait
for Python.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array, Mask, Rows
from mechanist.bookkeeping.journal import Clock
from mechanist.engine.contexts import device_faults, openmm_faults
from mechanist.engine.half_shots import (
    EXPLODED,
    STOPPED,
    TOO_LONG,
    HalfPaths,
    HalfShots,
    joined,
    no_half_paths,
    some,
)
from mechanist.engine.history import make_history
from mechanist.engine.protocol import Label, NextShots, Pause, Watch
from mechanist.engine.under_way import UnderWay
from mechanist.errors import SamplingError
from mechanist.systems.prepared import Prepared

SPEED_LIMIT = 25.0
"""In thermal speeds of the lightest atom; anything faster has exploded."""


WATCHED = 64
"""Half-shots of a lane over which explosions are counted."""

HOPELESS = 0.9
"""Fraction of these that must not explode."""


class Mover(Protocol):
    """Coordinates of R copies in OpenMM; ``stride`` is the number of MD steps of an advance."""

    stride: int

    @property
    def patience(self) -> int:
        """Half-paths that may wait until they are yielded together."""

    @property
    def slots(self) -> int:
        """The number R of copies."""

    def load(self, slots: Rows, shots: HalfShots) -> None:
        """Put half-shots into slots (K,); the others are unchanged."""

    def advance(self, busy: Mask, now: Array) -> None:
        """Move the ``busy`` (R,) copies by one stride.

        Writes positions into ``now`` (R, N, 3) in nm, NaN where OpenMM failed.
        """

    def reset(self, slots: Rows) -> None:
        """Move exploded copies (K,) to where they affect no others."""

    def state(self, slots: Rows) -> tuple[Array, Array]:
        """Positions and velocities (K, N, 3) of some slots as the integrator stores them."""

    def forces(self, slots: Rows) -> tuple[Array, Array]:
        """Positions in nm and forces in kJ/mol/nm (K, N, 3) of some slots, at the same time."""

    def restore(self, slots: Rows, positions: Array, velocities: Array) -> None:
        """Restore slots from a `state`; no half-kick is applied."""

    def noise(self) -> bytes:
        """State of the random numbers; empty where it is not available or not sufficient."""

    def set_noise(self, noise: bytes) -> None:
        """Restore the random numbers, after `restore`; raises OpenMMException on failure."""


class Lane:
    """The slots of one mover and their half-shots."""

    def __init__(
        self,
        prepared: Prepared,
        mover: Mover,
        label: Label,
        longest: int,
        clock: Clock,
        frames: bool,
        scratch: Path | None,
        every: int,
    ) -> None:
        shape = (mover.slots, prepared.atoms, 3)
        self._prepared, self._mover, self._label = prepared, mover, label
        self._longest, self._clock = longest, clock
        self._history = make_history(mover.slots, prepared.atoms, longest, frames, scratch, every)
        self._every, self._ages = every, np.zeros(mover.slots, dtype=np.int64)
        self._keys = np.zeros(mover.slots, dtype=np.int64)
        self._busy = np.zeros(mover.slots, dtype=np.bool_)
        self._now, self._before = np.zeros(shape), np.zeros(shape)
        self._farthest = farthest(prepared)
        self._ended: list[HalfPaths] = []
        self.steps = 0
        self._lately = np.zeros(2, dtype=np.int64)

    @property
    def slots(self) -> int:
        """Number of half-shots that run at the same time."""
        return len(self._busy)

    @property
    def busy(self) -> bool:
        """Whether any slot runs."""
        return bool(self._busy.any())

    def fill(self, next_shots: NextShots) -> None:
        """Load waiting half-shots into free slots."""
        free = np.flatnonzero(~self._busy)
        while len(free) and (shots := next_shots(len(free))) is not None:
            slots, free = free[: len(shots)], free[len(shots) :]
            with self._clock, device_faults():
                self._mover.load(slots, shots)
            self._now[slots] = shots.positions
            self._keys[slots] = shots.keys
            self._busy[slots] = True

    def move(self) -> None:
        """Move all busy slots by one stride."""
        self._now, self._before = self._before, self._now
        with self._clock, device_faults():
            self._mover.advance(self._busy, self._now)
        self.steps += int(self._busy.sum()) * self._prepared.stride

    def harvest(self, watch: Watch | None) -> HalfPaths | None:
        """Store the new frames; return the half-paths that have ended once there are enough."""
        with np.errstate(invalid="ignore", over="ignore"):
            moved = np.abs(self._now - self._scaled_before()).max(axis=(1, 2))
        exploded = self._busy & ~(moved < self._farthest)
        if exploded.any():
            # Labels need finite positions; the frame itself is lost.
            self._now[exploded] = self._prepared.positions
            with self._clock, device_faults():
                self._mover.reset(np.flatnonzero(exploded))
        self._ages += self._busy
        rows = np.flatnonzero(self._busy)
        labels = self._label(self._now if len(rows) == len(self._busy) else self._now[rows])
        ages = self._ages[rows]
        ends = np.where(ages >= self._longest, TOO_LONG, np.int8(-1))
        inside = labels != 0
        ends[inside] = (labels[inside] + 1) // 2
        ends[exploded[rows]] = EXPLODED
        if watch is not None:
            stopped = watch.look(self._keys[rows], self._now[rows], ages, ends)
            ends[stopped] = STOPPED
        ended = ends >= 0
        keep = self._busy.copy()
        keep[rows] = ended | (ages % self._every == 0)
        self._history.push(self._now, keep)
        if ended.any():
            self._take(rows[ended], ends[ended])
        if self.busy and sum(map(len, self._ended)) < self._mover.patience:
            return None
        batches, self._ended = self._ended, []
        return joined(batches) if batches else None

    def _scaled_before(self) -> Array:
        """Positions one stride ago, scaled with the box, if it changes, to its size of now."""
        if not self._prepared.boxed:
            return self._before
        return self._before * (self._now[:, -1:, :1] / self._before[:, -1:, :1])

    def _take(self, slots: Rows, ends: NDArray[np.int8]) -> None:
        self._check_explosions(ends)
        lengths = self._history.ages[slots]
        self._busy[slots] = False
        frames, steps = self._history.pull(slots), self._ages[slots] * self._prepared.stride
        self._ages[slots] = 0
        self._ended.append(HalfPaths(self._keys[slots], ends, lengths, frames, steps))

    def under_way(self, first_slot: int, number: int) -> UnderWay:
        """What runs between two strides in this lane, of this number and first slot."""
        slots = np.flatnonzero(self._busy)
        positions, velocities = self._mover.state(slots)
        ended = joined([*self._ended, no_half_paths(self._prepared.atoms)])
        return UnderWay(
            first_slot + slots,
            self._keys[slots],
            positions,
            velocities,
            self._ages[slots],
            self._history.ages[slots],
            self._history.peek(slots),
            ended,
            np.full(len(ended), number),
            np.frombuffer(self._mover.noise(), dtype=np.uint8),
        )

    def go_on(self, slots: Rows, begun: UnderWay, rows: Rows) -> None:
        """Continue half-shots, the ``rows`` (K,) of ``begun``, in free slots (K,)."""
        positions = begun.positions[rows]
        self._mover.restore(slots, positions, begun.velocities[rows])
        self._now[slots], self._keys[slots], self._busy[slots] = positions, begun.keys[rows], True
        starts = np.cumsum(begun.lengths) - begun.lengths
        for slot, row in zip(slots.tolist(), rows.tolist(), strict=True):
            start = int(starts[row])
            kept = int(begun.lengths[row])
            self._ages[slot] = begun.ages[row]
            self._history.put_back(slot, begun.frames[start : start + kept], kept)

    def hold_back(self, ended: HalfPaths) -> None:
        """Take over ended half-paths."""
        if len(ended):
            self._ended.append(ended)

    def set_noise(self, noise: bytes) -> None:
        """Continue with these random numbers, where that is possible."""
        with openmm_faults():
            self._mover.set_noise(noise)

    def _check_explosions(self, ends: NDArray[np.int8]) -> None:
        """Stop if nearly all half-shots explode: then something else is wrong.

        Raises
        ------
        SamplingError
            If a fraction `HOPELESS` of the last `WATCHED` half-shots has exploded.
        """
        self._lately += len(ends), int((ends == EXPLODED).sum())
        ended, exploded = self._lately.tolist()
        if ended < WATCHED:
            return
        if exploded >= HOPELESS * ended:
            raise SamplingError(
                "engine",
                f"{exploded} of {ended} half-shots have exploded; is dynamics.timestep too long,"
                " the potential undefined somewhere, a copy larger than its cell (engine.layout:"
                " grid), or the device failing?",
            )
        self._lately[:] = 0


def farthest(prepared: Prepared) -> float:
    """Distance in nm along an axis that no atom travels in one stride."""
    light = prepared.masses[prepared.masses > 0].min()
    speed = SPEED_LIMIT * np.sqrt(prepared.kt / light)
    return float(speed * prepared.timestep * prepared.stride)


class LaneEngine:
    """Half-shots in lanes; see `mechanist.engine.protocol.Engine`.

    Parameters
    ----------
    prepared
        What to move.
    movers
        One for each lane.
    label
        Ends a half-shot; the states of ``prepared`` if None.
    max_frames
        A half-shot with more frames is too long; as in ``prepared`` if None.
    clock
        Adds up the time spent in movers.
    frames
        Whether half-paths have frames; else only their lengths.
    scratch
        Folder for frames of large systems under way.
    every
        Every n-th frame of a half-path is kept, counted from its start, and its last one.
    """

    def __init__(
        self,
        prepared: Prepared,
        movers: Sequence[Mover],
        label: Label | None = None,
        max_frames: int | None = None,
        clock: Clock | None = None,
        frames: bool = True,
        scratch: Path | None = None,
        every: int = 1,
    ) -> None:
        clock = clock or Clock()
        label = label or prepared.states.label_positions
        longest = max_frames or prepared.max_half_frames
        self._lanes = [
            Lane(prepared, mover, label, longest, clock, frames, scratch, every) for mover in movers
        ]
        self._slots = sum(mover.slots for mover in movers)

    @property
    def slots(self) -> int:
        """Number of half-shots that run at the same time."""
        return self._slots

    @property
    def steps(self) -> int:
        """MD steps of half-shots so far."""
        return sum(lane.steps for lane in self._lanes)

    def run(
        self,
        next_shots: NextShots,
        pause: Pause | None = None,
        begun: UnderWay | None = None,
        watch: Watch | None = None,
    ) -> Iterator[HalfPaths]:
        """See `mechanist.engine.protocol.Engine.run`."""
        if begun is not None:
            self._go_on(begun)
        if len(self._lanes) == 1:
            return self._run_alone(self._lanes[0], next_shots, pause, watch)
        return self._run_in_threads(next_shots, pause, watch)

    def _run_alone(
        self, lane: Lane, next_shots: NextShots, pause: Pause | None, watch: Watch | None
    ) -> Iterator[HalfPaths]:
        while True:
            lane.fill(next_shots)
            if not lane.busy:
                return
            if pause is not None and pause.wanted():
                pause.take(self._under_way())
            lane.move()
            ended = lane.harvest(watch)
            if ended is not None:
                yield ended

    def _run_in_threads(
        self, next_shots: NextShots, pause: Pause | None, watch: Watch | None
    ) -> Iterator[HalfPaths]:
        """Lanes in turn, so that the order of results does not depend on timing."""
        idle = deque(self._lanes)
        filled: deque[Lane] = deque()
        moving: deque[tuple[Lane, Future[None]]] = deque()
        with ThreadPoolExecutor(len(self._lanes)) as threads:
            while True:
                for _ in range(len(idle)):
                    lane = idle.popleft()
                    lane.fill(next_shots)
                    (filled if lane.busy else idle).append(lane)
                # For a pause, filled lanes wait for the others; the order of lanes is unchanged.
                wanted = pause is not None and pause.wanted()
                if wanted and pause is not None and filled and not moving:
                    pause.take(self._under_way())
                if not wanted or not moving:
                    moving.extend((lane, threads.submit(lane.move)) for lane in filled)
                    filled.clear()
                if not moving:
                    return
                lane, done = moving.popleft()
                done.result()
                ended = lane.harvest(watch)
                idle.appendleft(lane)
                if ended is not None:
                    yield ended

    def _firsts(self) -> list[int]:
        """First slot of each lane, numbered over all lanes."""
        return [sum(lane.slots for lane in self._lanes[:i]) for i in range(len(self._lanes))]

    def _under_way(self) -> UnderWay:
        """What runs in all lanes."""
        numbered = zip(self._lanes, self._firsts(), range(len(self._lanes)), strict=True)
        parts = [lane.under_way(first, number) for lane, first, number in numbered]
        ended = joined([part.ended for part in parts])
        columns: dict[str, Any] = {
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in vars(parts[0])
            if name not in ("ended", "noise", "frames")
        }
        held = [part.frames for part in parts]
        columns["frames"] = held[0] if len(held) == 1 else np.concatenate([one[:] for one in held])
        # Only Reference exposes it, and there one stream serves all contexts.
        return UnderWay(**columns, ended=ended, noise=parts[0].noise)

    def _go_on(self, begun: UnderWay) -> None:
        """Load what another engine left."""
        if len(begun) and int(begun.slots.max()) >= self._slots:
            raise SamplingError("engine", "has fewer slots than half-shots to continue")
        for number, (lane, first) in enumerate(zip(self._lanes, self._firsts(), strict=True)):
            mine = (begun.slots >= first) & (begun.slots < first + lane.slots)
            rows = np.flatnonzero(mine)
            if len(rows):
                lane.go_on(begun.slots[rows] - first, begun, rows)
            lane.hold_back(some(begun.ended, begun.ended_lanes == number))
        if len(begun.noise):
            self._lanes[0].set_noise(begun.noise.tobytes())
