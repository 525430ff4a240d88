"""Copies in one System: all slots move in one call. GPUs, and analytic potentials everywhere."""

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
from mechanist.systems.replicate import replicate


class Stack:
    """R copies stacked into one System; see `mechanist.engine.engine.Mover` and `Pool`.

    Copies that wait are moved as well: they cost as much as the others.
    """

    def __init__(self, prepared: Prepared, slots: int, platform: str, seed: int) -> None:
        self._prepared = prepared
        self._count = slots
        self._kick = half_kick(prepared.masses, prepared.timestep)
        system = replicate(prepared.system, slots)
        self._context = make_context(prepared, system, platform, seed)
        self._integrator = self._context.getIntegrator()
        self._constrained = system.getNumConstraints() > 0
        self._context.setPositions(np.tile(prepared.positions, (slots, 1)))
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
        positions[slots] = shots.positions
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
        if faults:
            raise SamplingError("engine", f"OpenMM failed on all copies: {faults[0]}")

    def reset(self, slots: NDArray[np.int64]) -> None:
        """Put exploded copies back to the start at rest."""
        shape = (self._count, self._prepared.atoms, 3)
        read_state(self._context, self._positions, self._velocities)
        self._positions.reshape(shape)[slots] = self._prepared.positions
        self._velocities.reshape(shape)[slots] = 0
        self._context.setPositions(self._positions)
        self._context.setVelocities(self._velocities)
