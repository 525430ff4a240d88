"""A pool of contexts, advanced in turn: for molecules on CPUs and periodic systems.

An idle context costs nothing, so only slots with a half-shot are advanced. Here alone the box may
change: each context has its own.
"""

import json
from collections.abc import Sequence

import numpy as np

from mechanist.arrays import Array, Mask, Rows
from mechanist.engine.contexts import (
    CONSTRAINT_TOLERANCE,
    explosions,
    half_kick,
    has_virtual_sites,
    is_explosion,
    make_context,
    read_forces,
    read_positions,
    read_state,
    set_positions,
    set_velocities,
)
from mechanist.engine.half_shots import HalfShots
from mechanist.engine.volume_moves import VolumeMoves
from mechanist.systems.prepared import Prepared


class Pool:
    """One context per slot; see `mechanist.engine.engine.Mover`.

    Parameters
    ----------
    prepared
        What to move.
    slots
        Number of contexts.
    platform
        OpenMM platform.
    seed
        Seeds of the noise of each slot, or that of the first, from which the others count up. On
        Reference all contexts of a process share one stream of random numbers, seeded by the
        context created last.
    """

    def __init__(
        self, prepared: Prepared, slots: int, platform: str, seed: int | Sequence[int]
    ) -> None:
        seeds = range(seed, seed + slots) if isinstance(seed, int) else seed
        self.stride = prepared.stride
        self._reference = platform == "Reference"
        self._law, self._rows = prepared.law, prepared.atoms
        self._kick = half_kick(prepared.masses, prepared.timestep)
        self._sites = has_virtual_sites(prepared.system)
        self._contexts = [make_context(prepared, prepared.system, platform, one) for one in seeds]
        self._integrators = [context.getIntegrator() for context in self._contexts]
        self._volume = (
            None
            if prepared.barostat is None
            else VolumeMoves(
                prepared.barostat, self._contexts[0], prepared.kt, prepared.timestep, seeds[0]
            )
        )
        # Slots whose half-shot exploded before its first step: their contexts hold parts of the one
        # before.
        self._failed = np.zeros(slots, dtype=np.bool_)

    @property
    def slots(self) -> int:
        """Number of contexts."""
        return len(self._contexts)

    @property
    def patience(self) -> int:
        """An eighth of the slots: idle contexts are free, and Python is faster on many at once."""
        return self.slots // 8

    def load(self, slots: Rows, shots: HalfShots) -> None:
        """Load positions and velocities, minus half a kick (see `contexts`)."""
        forces = np.empty(shots.positions.shape[1:])
        before = None
        rows = zip(slots.tolist(), shots.positions, shots.velocities, strict=True)
        for slot, positions, velocities in rows:
            context = self._contexts[slot]
            with explosions() as faults:
                set_positions(context, positions.astype(np.float64))
                if self._sites:
                    context.computeVirtualSites()
                # The half-shots of one shot are neighbours and share their forces.
                if before is None or not np.array_equal(before, positions):
                    self._forget()
                    read_forces(context, forces)
                    before = positions
                set_velocities(context, velocities - self._kick * forces)
                context.applyVelocityConstraints(CONSTRAINT_TOLERANCE)
            self._failed[slot] = bool(faults)

    def advance(self, busy: Mask, now: Array) -> None:
        """Move every busy copy by one stride."""
        import openmm

        now[busy & self._failed] = np.nan
        for slot in np.flatnonzero(busy & ~self._failed).tolist():
            self._forget()
            context = self._contexts[slot]
            try:
                if self._volume is not None:
                    self._volume.maybe(context)
                self._integrators[slot].step(self.stride)
                if self._volume is not None:
                    self._volume.maybe(context)
                read_positions(context, now[slot])
            except openmm.OpenMMException as error:
                if not is_explosion(str(error)):
                    raise
                now[slot] = np.nan

    def _forget(self) -> None:
        """Let the force law forget the last replica, so that results do not depend on pauses."""
        if self._law is not None:
            self._law.forget()

    def state(self, slots: Rows) -> tuple[Array, Array]:
        """See `mechanist.engine.engine.Mover`."""
        shape = (len(slots), self._rows, 3)
        positions, velocities = np.empty(shape), np.empty(shape)
        for row, slot in enumerate(slots.tolist()):
            if self._failed[slot]:
                positions[row] = velocities[row] = np.nan
            else:
                read_state(self._contexts[slot], positions[row], velocities[row])
        return positions, velocities

    def forces(self, slots: Rows) -> tuple[Array, Array]:
        """See `mechanist.engine.engine.Mover`."""
        shape = (len(slots), self._rows, 3)
        positions, forces = np.empty(shape), np.empty(shape)
        for row, slot in enumerate(slots.tolist()):
            read_positions(self._contexts[slot], positions[row])
            read_forces(self._contexts[slot], forces[row])
        return positions, forces

    def restore(self, slots: Rows, positions: Array, velocities: Array) -> None:
        """See `mechanist.engine.engine.Mover`."""
        self._failed[slots] = ~np.isfinite(positions).all(axis=(1, 2))
        for row, slot in enumerate(slots.tolist()):
            if self._failed[slot]:
                continue
            set_positions(self._contexts[slot], positions[row])
            set_velocities(self._contexts[slot], velocities[row])

    def noise(self) -> bytes:
        """See `mechanist.engine.engine.Mover`."""
        if not self._reference:
            return b""
        of_openmm: bytes = self._contexts[0].createCheckpoint()
        if self._volume is None:
            return of_openmm
        return json.dumps(self._volume.state()).encode() + b"\n" + of_openmm

    def set_noise(self, noise: bytes) -> None:
        """See `mechanist.engine.engine.Mover`."""
        if self._volume is not None:
            line, _, noise = noise.partition(b"\n")
            self._volume.set_state(json.loads(line))
        self._contexts[0].loadCheckpoint(noise)

    def reset(self, slots: Rows) -> None:
        """Do nothing: contexts are independent, and the next half-shot sets the state."""
