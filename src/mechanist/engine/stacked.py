"""Copies in one System, moved in one call: on GPUs, and analytic potentials everywhere."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mechanist.arrays import Array, Mask, Positions, Rows
from mechanist.engine.contexts import (
    CONSTRAINT_TOLERANCE,
    explosions,
    half_kick,
    has_virtual_sites,
    make_context,
    read_forces,
    read_positions,
    read_state,
)
from mechanist.engine.half_shots import HalfShots
from mechanist.errors import SamplingError
from mechanist.systems.prepared import Prepared
from mechanist.systems.replicate import (
    analytic,
    anchored,
    default_reach,
    replicate,
    shifts,
    why_not,
    within_reach,
)

WANDERING = 3.0
"""Cells of copies whose forces depend on absolute coordinates reach so many times as far from the
origin of these coordinates as the starting structure does."""


@dataclass(frozen=True)
class Copies:
    """A System of R copies, their origins (R, 3) in nm, and their largest extent in nm.

    ``reach`` is None where copies cannot interact.
    """

    system: Any
    origins: Array
    reach: float | None


def stacked(prepared: Prepared, count: int, layout: str) -> Copies:
    """Stack copies of a system.

    Raises
    ------
    SystemBuildError
        If it cannot be stacked in this layout.
    """
    system = prepared.system
    reach = _reach(prepared) if layout == "grid" else None
    whole = replicate(system, count, layout, reach)
    return Copies(whole, shifts(system, count, layout, reach), reach)


def refusal(system: Any, layout: str) -> str | None:
    """Why copies of a System should not be moved in a layout, or None.

    A particle in a potential may go anywhere, but in the layout ``grid`` only as far as its cell.
    """
    reason = why_not(system, layout)
    if reason is None and layout == "grid" and analytic(system):
        return "particles in a potential may leave their cells, and do not interact anyway"
    return reason


def _reach(prepared: Prepared) -> float:
    """Half width of a cell in nm, which also is the largest extent of a copy."""
    reach = default_reach(prepared.system, prepared.positions)
    if not anchored(prepared.system):
        return reach
    # Such a copy stays where its forces put it, which may be far from the centre of its cell.
    return max(reach, WANDERING * float(np.abs(prepared.positions).max()))


class Stack:
    """R copies stacked into one System; see `mechanist.engine.engine.Mover`.

    Idle copies are moved as well; they cost as much as the others.

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
        self.stride = prepared.stride
        self._reference = platform == "Reference"
        # These check for NaN: the CPU platform always, GPUs when they sort atoms under a cutoff.
        self._stops = platform == "CPU" or (platform != "Reference" and layout == "grid")
        self._kick = half_kick(prepared.masses, prepared.timestep)
        copies = stacked(prepared, slots, layout)
        system, self._centres, self._reach = copies.system, copies.origins, copies.reach
        self._free = self._reach is not None and not anchored(prepared.system)
        centre = prepared.positions.mean(axis=0) if self._free else np.zeros(3)
        self._shift = (self._centres - centre)[:, None]
        self._context = make_context(prepared, system, platform, seed)
        self._integrator = self._context.getIntegrator()
        self._constrained = system.getNumConstraints() > 0
        self._sites = has_virtual_sites(system)
        self._context.setPositions((prepared.positions + self._shift).reshape(-1, 3))
        size = (slots * prepared.atoms, 3)
        self._positions, self._velocities, self._forces = (np.empty(size) for _ in range(3))

    @property
    def slots(self) -> int:
        """Number of copies."""
        return self._count

    @property
    def patience(self) -> int:
        """One: idle copies cost as much as the others."""
        return 1

    def load(self, slots: Rows, shots: HalfShots) -> None:
        """Load positions and velocities, minus half a kick (see `contexts`)."""
        shape = (self._count, self._prepared.atoms, 3)
        self._place(slots, shots.positions)
        read_forces(self._context, self._forces)
        kicks = self._kick * self._forces.reshape(shape)[slots]
        self._velocities.reshape(shape)[slots] = shots.velocities - kicks
        self._context.setVelocities(self._velocities)
        if self._constrained:
            self._context.applyVelocityConstraints(CONSTRAINT_TOLERANCE)

    def _place(self, slots: Rows, positions: Positions) -> None:
        """Read the state and set the positions of some copies; the caller sets the velocities."""
        read_state(self._context, self._positions, self._velocities)
        if self._free:
            # Paths drift through space from shot to shot, so each starts at the centre of its cell.
            centres = positions.mean(axis=1)
            self._shift[slots] = (self._centres[slots] - centres)[:, None]
        shape = (self._count, self._prepared.atoms, 3)
        self._positions.reshape(shape)[slots] = positions + self._shift[slots]
        self._context.setPositions(self._positions)
        if self._sites:
            self._context.computeVirtualSites()

    def state(self, slots: Rows) -> tuple[Array, Array]:
        """See `mechanist.engine.engine.Mover`."""
        shape = (self._count, self._prepared.atoms, 3)
        read_state(self._context, self._positions, self._velocities)
        positions = self._positions.reshape(shape)[slots] - self._shift[slots]
        return positions, self._velocities.reshape(shape)[slots]

    def forces(self, slots: Rows) -> tuple[Array, Array]:
        """See `mechanist.engine.engine.Mover`."""
        shape = (self._count, self._prepared.atoms, 3)
        read_positions(self._context, self._positions)
        read_forces(self._context, self._forces)
        positions = self._positions.reshape(shape)[slots] - self._shift[slots]
        return positions, self._forces.reshape(shape)[slots]

    def restore(self, slots: Rows, positions: Array, velocities: Array) -> None:
        """See `mechanist.engine.engine.Mover`."""
        shape = (self._count, self._prepared.atoms, 3)
        self._place(slots, positions)
        self._velocities.reshape(shape)[slots] = velocities
        self._context.setVelocities(self._velocities)

    def noise(self) -> bytes:
        """See `mechanist.engine.engine.Mover`; a grid restores positions with rounding."""
        exact = self._reference and self._reach is None
        return self._context.createCheckpoint() if exact else b""

    def set_noise(self, noise: bytes) -> None:
        """See `mechanist.engine.engine.Mover`."""
        self._context.loadCheckpoint(noise)

    def advance(self, busy: Mask, now: Array) -> None:
        """Move all copies by one stride."""
        exploded = self._step(now)
        if self._reach is not None:
            lost = ~within_reach(now, self._centres, self._reach)
            now -= self._shift
            # Near another copy forces would be wrong, so there is no result.
            now[lost] = np.nan
            self.reset(np.flatnonzero(lost & ~busy))
        now[exploded] = np.nan

    def _step(self, now: Array) -> Rows:
        """Move all copies, in coordinates of the stack; return those that have exploded.

        Some platforms stop the whole stack at a NaN. Then the other copies repeat this stride with
        other noise, which does not depend on their first attempt.
        """
        positions = now.reshape(-1, 3)
        if self._stops:
            read_state(self._context, self._positions, self._velocities)
        with explosions() as faults:
            self._integrator.step(self.stride)
            read_positions(self._context, positions)
        if not faults:
            return np.empty(0, dtype=np.int64)
        with explosions():
            read_positions(self._context, positions)
        exploded = np.flatnonzero(~np.isfinite(now).all(axis=(1, 2)))
        if not self._stops or len(exploded) == 0:
            raise SamplingError("engine", f"OpenMM failed on all copies: {faults[0]}")
        self._restore(exploded)
        with explosions() as faults:
            self._integrator.step(self.stride)
            read_positions(self._context, positions)
        if faults:
            raise SamplingError("engine", f"OpenMM failed on all copies, twice: {faults[0]}")
        return exploded

    def _restore(self, exploded: Rows) -> None:
        """Return to the saved state, with exploded copies at the starting structure at rest."""
        shape = (self._count, self._prepared.atoms, 3)
        self._positions.reshape(shape)[exploded] = self._prepared.positions + self._shift[exploded]
        self._velocities.reshape(shape)[exploded] = 0
        self._context.setPositions(self._positions)
        self._context.setVelocities(self._velocities)

    def reset(self, slots: Rows) -> None:
        """Return exploded copies to the starting structure at rest."""
        if len(slots) == 0:
            return
        read_state(self._context, self._positions, self._velocities)
        self._restore(slots)
