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
    centres,
    default_reach,
    escaped,
    replicate,
    shifts,
    why_not,
    within_reach,
)

WANDERING = 3.0
"""Cells of copies whose forces depend on absolute coordinates reach so many times as far from the
origin of these coordinates as the starting structure does."""

DRIFT = 1 / 3
"""Largest distance of a copy from the centre of its cell, in reaches; half of one would do."""


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
        # CPU stops at a NaN, GPUs when they sort atoms under a cutoff; on a grid a copy that leaves
        # its cell may come near others. Then the stride is repeated.
        self._repeats = platform == "CPU" or layout == "grid"
        self._kick = half_kick(prepared.masses, prepared.timestep)
        copies = stacked(prepared, slots, layout)
        system, self._centres, self._reach = copies.system, copies.origins, copies.reach
        self._free = self._reach is not None and not anchored(prepared.system)
        centre = centres(prepared.positions[None])[0] if self._free else np.zeros(3)
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
            self._shift[slots] = (self._centres[slots] - centres(positions))[:, None]
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
            drift = centres(now) - self._centres
            now -= self._shift
            # Near another copy forces would be wrong, so there is no result.
            now[lost] = np.nan
            self.reset(np.flatnonzero(lost & ~busy))
            if self._free and not lost.any() and np.abs(drift).max() > DRIFT * self._reach:
                self._recentre(drift)
        now[exploded] = np.nan

    def _recentre(self, drift: Array) -> None:
        """Move all copies back by their ``drift`` (R, 3) from the centres of their cells, in nm.

        Molecules drift through space; no force depends on where they are.
        """
        shape = (self._count, self._prepared.atoms, 3)
        read_positions(self._context, self._positions)
        self._shift -= drift[:, None]
        self._positions.reshape(shape)[:] -= drift[:, None]
        self._context.setPositions(self._positions)

    def _step(self, now: Array) -> Rows:
        """Move all copies, in coordinates of the stack; return those that have exploded.

        Some platforms stop the whole stack at a NaN, and a copy far outside its cell may have come
        near others. Then these repeat this stride without it, with other noise, which does not
        depend on their first attempt.
        """
        if self._repeats:
            read_state(self._context, self._positions, self._velocities)
        fault = self._stride_of_all(now)
        exploded = self._disturbing(now, fault)
        if len(exploded) == 0 and not fault:
            return exploded
        if not self._repeats or len(exploded) == 0:
            raise SamplingError("engine", f"OpenMM failed on all copies: {fault}")
        self._restore(exploded)
        if fault := self._stride_of_all(now):
            raise SamplingError("engine", f"OpenMM failed on all copies, twice: {fault}")
        return exploded

    def _stride_of_all(self, now: Array) -> str:
        """Move all copies; OpenMM's message if it stopped at a NaN."""
        positions = now.reshape(-1, 3)
        with explosions() as faults:
            self._integrator.step(self.stride)
            read_positions(self._context, positions)
        if not faults:
            return ""
        with explosions():
            read_positions(self._context, positions)
        return faults[0]

    def _disturbing(self, now: Array, fault: str) -> Rows:
        """Copies that have stopped the stack or may have changed the forces on others."""
        if self._reach is not None:
            return np.flatnonzero(escaped(now, self._centres, self._reach))
        return np.flatnonzero(~np.isfinite(now).all(axis=(1, 2)) & bool(fault))

    def _restore(self, exploded: Rows) -> None:
        """Return to the saved state, with exploded copies at the starting structure at rest."""
        shape = (self._count, self._prepared.atoms, 3)
        if self._free:
            start = centres(self._prepared.positions[None])
            self._shift[exploded] = (self._centres[exploded] - start)[:, None]
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
