"""Copies in one System: all slots move in one call. GPUs, and analytic potentials everywhere."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.engine.contexts import (
    CONSTRAINT_TOLERANCE,
    half_kick,
    make_context,
    openmm_faults,
    read_forces,
    read_positions,
    read_state,
)
from mechanist.engine.protocol import HalfShots
from mechanist.errors import SamplingError
from mechanist.systems.prepared import Prepared
from mechanist.systems.replicate import anchored, default_reach, replicate, shifts, within_reach


@dataclass(frozen=True)
class Copies:
    """A System of R copies, their places (R, 3) in nm, and how large they may become in nm.

    ``reach`` is None where copies cannot meet.
    """

    system: Any
    places: NDArray[np.float64]
    reach: float | None


def stacked(prepared: Prepared, count: int, layout: str) -> Copies:
    """Stack copies of a system.

    Raises
    ------
    SystemBuildError
        If it cannot be stacked in this layout.
    """
    system = prepared.system
    reach = default_reach(system, prepared.positions) if layout == "grid" else None
    whole = replicate(system, count, layout, reach)
    return Copies(whole, shifts(system, count, layout, reach), reach)


class Stack:
    """R copies stacked into one System; see `mechanist.engine.engine.Mover`.

    Copies that wait are moved as well: they cost as much as the others.

    Parameters
    ----------
    prepared
        What to move.
    slots
        Number of copies.
    platform
        OpenMM platform.
    layout
        How they are stacked, see `mechanist.systems.replicate`.
    seed
        Seed of the noise.
    """

    def __init__(
        self, prepared: Prepared, slots: int, platform: str, layout: str, seed: int
    ) -> None:
        self._prepared = prepared
        self._count = slots
        self._kick = half_kick(prepared.masses, prepared.timestep)
        copies = stacked(prepared, slots, layout)
        system, self._places, self._reach = copies.system, copies.places, copies.reach
        self._free = self._reach is not None and not anchored(prepared.system)
        centre = prepared.positions.mean(axis=0) if self._free else np.zeros(3)
        self._origin = (self._places - centre)[:, None]
        self._context = make_context(prepared, system, platform, seed)
        self._integrator = self._context.getIntegrator()
        self._constrained = system.getNumConstraints() > 0
        self._context.setPositions((prepared.positions + self._origin).reshape(-1, 3))
        size = (slots * prepared.atoms, 3)
        self._positions, self._velocities, self._forces = (np.empty(size) for _ in range(3))

    @property
    def slots(self) -> int:
        """Number of copies."""
        return self._count

    @property
    def patience(self) -> int:
        """None: copies that wait cost as much as the others."""
        return 1

    def load(self, slots: NDArray[np.int64], shots: HalfShots) -> None:
        """Load positions and velocities, with half a kick taken off (see `contexts`)."""
        shape = (self._count, self._prepared.atoms, 3)
        positions, velocities = self._positions.reshape(shape), self._velocities.reshape(shape)
        read_state(self._context, self._positions, self._velocities)
        if self._free:
            # Paths drift through space from shot to shot; each begins in the middle of its cell.
            centres = shots.positions.mean(axis=1)
            self._origin[slots] = (self._places[slots] - centres)[:, None]
        positions[slots] = shots.positions + self._origin[slots]
        self._context.setPositions(self._positions)
        read_forces(self._context, self._forces)
        velocities[slots] = shots.velocities - self._kick * self._forces.reshape(shape)[slots]
        self._context.setVelocities(self._velocities)
        if self._constrained:
            self._context.applyVelocityConstraints(CONSTRAINT_TOLERANCE)

    def advance(self, busy: NDArray[np.bool_], now: NDArray[np.float64]) -> None:
        """Move all copies by one stride."""
        with openmm_faults() as faults:
            self._integrator.step(self._prepared.stride)
            read_positions(self._context, now.reshape(-1, 3))
            if self._reach is not None:
                lost = ~within_reach(now, self._places, self._reach)
                now -= self._origin
                # Near another copy forces would be wrong: no result is better than that.
                now[lost] = np.nan
                self.reset(np.flatnonzero(lost & ~busy))
        if faults:
            raise SamplingError("engine", f"OpenMM failed on all copies: {faults[0]}")

    def reset(self, slots: NDArray[np.int64]) -> None:
        """Put exploded copies back to the start at rest."""
        if len(slots) == 0:
            return
        shape = (self._count, self._prepared.atoms, 3)
        read_state(self._context, self._positions, self._velocities)
        self._positions.reshape(shape)[slots] = self._prepared.positions + self._origin[slots]
        self._velocities.reshape(shape)[slots] = 0
        self._context.setPositions(self._positions)
        self._context.setVelocities(self._velocities)
