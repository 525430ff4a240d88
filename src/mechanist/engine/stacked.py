"""Engine for systems whose copies fit into one System: all slots move in one call."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from mechanist.engine.contexts import (
    half_kick,
    make_context,
    openmm_faults,
    read_forces,
    read_positions,
    read_velocities,
)
from mechanist.engine.protocol import (
    EXPLODED,
    REASON_OF_LABEL,
    TOO_LONG,
    HalfPath,
    HalfShot,
    Label,
)
from mechanist.errors import SamplingError
from mechanist.systems.prepared import Prepared
from mechanist.systems.replicate import replicate

IDLE = -1


class StackedEngine:
    """Many copies in one context; see `PoolEngine` for the parameters."""

    def __init__(
        self,
        prepared: Prepared,
        slots: int,
        platform: str,
        seed: int,
        label: Label | None = None,
        max_frames: int | None = None,
    ) -> None:
        self._prepared = prepared
        self._label = label or prepared.states.label_positions
        self._max_frames = max_frames or prepared.max_half_frames
        self._count = slots
        system = replicate(prepared.system, slots)
        self._context = make_context(prepared, system, platform, seed)
        self._integrator = self._context.getIntegrator()
        self._masses = np.tile(prepared.masses, slots)
        self._context.setPositions(np.tile(prepared.positions, (slots, 1)))

    @property
    def slots(self) -> int:
        """How many half-shots run at the same time."""
        return self._count

    def run(self, next_shot: Callable[[], HalfShot | None]) -> Iterator[HalfPath]:
        """See `mechanist.engine.protocol.Engine.run`."""
        keys = np.full(self._count, IDLE)
        frames: list[list[NDArray[np.float32]]] = [[] for _ in range(self._count)]
        while True:
            self._fill(keys, frames, next_shot)
            busy = np.flatnonzero(keys != IDLE)
            if len(busy) == 0:
                return
            now, exploded = self._advance()
            labels = self._label(now[busy])
            single = now.astype(np.float32)
            for slot, label in zip(busy.tolist(), labels, strict=True):
                frames[slot].append(single[slot])
                reason = self._reason(int(label), bool(exploded[slot]), len(frames[slot]))
                if reason is not None:
                    steps = len(frames[slot]) * self._prepared.stride
                    key, keys[slot] = int(keys[slot]), IDLE
                    yield HalfPath(key, np.array(frames[slot]), reason, steps)

    def _reason(self, label: int, exploded: bool, count: int) -> str | None:
        if exploded:
            return EXPLODED
        if label:
            return REASON_OF_LABEL[label]
        return TOO_LONG if count >= self._max_frames else None

    def _fill(
        self,
        keys: NDArray[np.int64],
        frames: list[list[NDArray[np.float32]]],
        next_shot: Callable[[], HalfShot | None],
    ) -> None:
        """Load new half-shots into idle slots, leaving the others as they are."""
        loaded: list[tuple[int, HalfShot]] = []
        for slot in np.flatnonzero(keys == IDLE).tolist():
            shot = next_shot()
            if shot is None:
                break
            keys[slot], frames[slot] = shot.key, []
            loaded.append((slot, shot))
        if not loaded:
            return
        size = self._prepared.atoms
        positions, velocities, forces = (np.empty((self._count * size, 3)) for _ in range(3))
        read_positions(self._context, positions)
        read_velocities(self._context, velocities)
        for start, shot in loaded:
            positions[start * size : (start + 1) * size] = shot.positions
        self._context.setPositions(positions)
        read_forces(self._context, forces)
        kick = half_kick(forces, self._masses, self._prepared.timestep)
        for start, shot in loaded:
            rows = slice(start * size, (start + 1) * size)
            velocities[rows] = shot.velocities - kick[rows]
        self._context.setVelocities(velocities)

    def _advance(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Move all copies by one stride; give positions (R, N, 3) and which have exploded."""
        size = self._prepared.atoms
        positions = np.empty((self._count * size, 3))
        with openmm_faults() as faults:
            self._integrator.step(self._prepared.stride)
            read_positions(self._context, positions)
        if faults:
            raise SamplingError("engine", f"OpenMM failed on all copies: {faults[0]}")
        now = positions.reshape(self._count, size, 3)
        exploded = ~np.isfinite(now.sum(axis=(1, 2)))
        if exploded.any():
            self._reset(now, exploded)
        return now, exploded

    def _reset(self, now: NDArray[np.float64], exploded: NDArray[np.bool_]) -> None:
        """Put exploded copies back to the start at rest, so that they harm nobody."""
        velocities = np.empty((now.shape[0] * now.shape[1], 3))
        read_velocities(self._context, velocities)
        now[exploded] = self._prepared.positions
        velocities.reshape(now.shape)[exploded] = 0
        self._context.setPositions(now.reshape(-1, 3))
        self._context.setVelocities(velocities)
