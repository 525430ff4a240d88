"""Engine for molecules on CPUs: one context a slot, all frames of one time labelled together.

A context that waits costs nothing on a CPU, so slots are advanced in turn and only if they hold a
half-shot.
"""

from collections.abc import Callable, Iterator

import numpy as np

from mechanist.engine.contexts import (
    CONSTRAINT_TOLERANCE,
    half_kick,
    make_context,
    openmm_faults,
    read_forces,
    read_positions,
)
from mechanist.engine.protocol import (
    EXPLODED,
    REASON_OF_LABEL,
    TOO_LONG,
    HalfPath,
    HalfShot,
    Label,
)
from mechanist.systems.prepared import Prepared


class _Slot:
    """One context and the half-shot that it runs."""

    def __init__(self, prepared: Prepared, platform: str, seed: int) -> None:
        self.context = make_context(prepared, prepared.system, platform, seed)
        self.integrator = self.context.getIntegrator()
        self.key = -1
        self.frames: list[np.ndarray] = []

    def start(self, shot: HalfShot, prepared: Prepared) -> None:
        """Load positions and velocities, with half a kick taken off (see `contexts`)."""
        self.key, self.frames = shot.key, []
        forces = np.empty((prepared.atoms, 3))
        self.context.setPositions(shot.positions.astype(np.float64))
        read_forces(self.context, forces)
        kick = half_kick(forces, prepared.masses, prepared.timestep)
        self.context.setVelocities(shot.velocities - kick)
        self.context.applyVelocityConstraints(CONSTRAINT_TOLERANCE)

    def finite_energy(self) -> bool:
        """Whether the potential energy is a number."""
        with openmm_faults() as faults:
            energy = self.context.getState(energy=True).getPotentialEnergy()
            return bool(np.isfinite(energy._value))
        return not faults


class PoolEngine:
    """A pool of contexts that are advanced in turn by one thread.

    Parameters
    ----------
    prepared
        What to move.
    slots
        Number of contexts.
    platform
        OpenMM platform.
    seed
        Seed of the noise. On the Reference platform all contexts of a process draw from one
        stream, which the last context that was made has seeded.
    label
        Ends a half-shot; the states of ``prepared`` if None.
    max_frames
        A half-shot with more frames is too long; as in ``prepared`` if None.
    """

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
        self._slots = [_Slot(prepared, platform, seed + i) for i in range(slots)]

    @property
    def slots(self) -> int:
        """How many half-shots run at the same time."""
        return len(self._slots)

    def run(self, next_shot: Callable[[], HalfShot | None]) -> Iterator[HalfPath]:
        """See `mechanist.engine.protocol.Engine.run`."""
        free = list(reversed(self._slots))
        busy: list[_Slot] = []
        now = np.empty((len(self._slots), self._prepared.atoms, 3))
        while True:
            while free and (shot := next_shot()) is not None:
                slot = free.pop()
                slot.start(shot, self._prepared)
                busy.append(slot)
            if not busy:
                return
            faulty = self._advance(busy, now)
            labels = self._label(now[: len(busy)])
            waiting: list[_Slot] = []
            for i, slot in enumerate(busy):
                slot.frames.append(now[i].astype(np.float32))
                reason = self._reason(slot, int(labels[i]), bool(faulty[i]))
                if reason is None:
                    waiting.append(slot)
                    continue
                free.append(slot)
                steps = len(slot.frames) * self._prepared.stride
                yield HalfPath(slot.key, np.array(slot.frames), reason, steps)
            busy = waiting

    def _advance(self, busy: list[_Slot], now: np.ndarray) -> np.ndarray:
        """Move every busy slot by one stride; say which have exploded."""
        stride = self._prepared.stride
        faulty = np.zeros(len(busy), dtype=bool)
        for i, slot in enumerate(busy):
            with openmm_faults() as faults:
                slot.integrator.step(stride)
                read_positions(slot.context, now[i])
            faulty[i] = bool(faults)
        faulty |= ~np.isfinite(now[: len(busy)].sum(axis=(1, 2)))
        # An exploded frame must not reach the descriptors; any finite numbers do.
        now[: len(busy)][faulty] = self._prepared.positions
        return faulty

    def _reason(self, slot: _Slot, label: int, faulty: bool) -> str | None:
        if faulty:
            return EXPLODED
        if label:
            return REASON_OF_LABEL[label] if slot.finite_energy() else EXPLODED
        return TOO_LONG if len(slot.frames) >= self._max_frames else None
