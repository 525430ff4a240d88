"""Replicas under a force law that computes many at once, integrated here as OpenMM would.

One step of LangevinMiddleIntegrator (Zhang et al., J. Phys. Chem. A 123, 6056 (2019)), without
constraints:

    v <- v + dt F(x) / m
    x <- x + dt v / 2
    v <- a v + sqrt((1 - a^2) kT / m) R        a = exp(-friction dt), R standard normal
    x <- x + dt v / 2

Velocities are half a step behind the positions, as in OpenMM (see `contexts`). Only replicas with a
half-shot are computed, so idle slots cost nothing.

    symbol     here
    x, v       _positions (R, N, 3) in nm, _velocities (R, N, 3) in nm/ps
    dt / m     _kick (N, 1); 0 for particles without mass, which do not move
    a          _keep
    sqrt(...)  _spread (N, 1) in nm/ps
"""

import json

import numpy as np

from mechanist.arrays import Array, Mask, Rows
from mechanist.engine.contexts import half_kick
from mechanist.engine.half_shots import HalfShots
from mechanist.errors import SystemBuildError
from mechanist.systems.prepared import Prepared

BATCHED = "batched"
"""Layout of replicas that a force law computes together."""


def refusal_of_batches(prepared: Prepared) -> str | None:
    """Why a system cannot be moved in this layout, or None."""
    if prepared.law is None:
        return "has no force law (molecule.forces), so OpenMM computes its forces"
    if not prepared.law.whole:
        return "has a force law for a part only (molecule.forces.atoms), OpenMM computes the rest"
    if prepared.system.getNumConstraints() > 0:
        return "has constraints, which this layout does not keep"
    return None


class Batched:
    """R replicas of a system under a force law; see `mechanist.engine.engine.Mover`.

    Parameters
    ----------
    prepared
        What to move.
    slots
        Number of replicas.
    seed
        Of the noise of all of them.

    Raises
    ------
    SystemBuildError
        If the system has no force law, or has constraints.
    """

    def __init__(self, prepared: Prepared, slots: int, seed: int) -> None:
        reason = refusal_of_batches(prepared)
        if reason is not None or prepared.law is None:
            raise SystemBuildError("engine", f"layout {BATCHED}: {reason}")
        self.stride = prepared.stride
        self._law = prepared.law
        self._timestep = prepared.timestep
        self._kick = 2 * half_kick(prepared.masses, prepared.timestep)
        self._keep = float(np.exp(-prepared.friction * prepared.timestep))
        variance = (1 - self._keep**2) * prepared.kt * self._kick / prepared.timestep
        self._spread = np.sqrt(variance)
        self._rng = np.random.default_rng(seed)
        self._positions = np.repeat(prepared.positions[None], slots, axis=0)
        self._velocities = np.zeros_like(self._positions)

    @property
    def slots(self) -> int:
        """Number of replicas."""
        return len(self._positions)

    @property
    def patience(self) -> int:
        """An eighth of the slots: idle ones are free, and Python is faster on many at once."""
        return max(1, self.slots // 8)

    def load(self, slots: Rows, shots: HalfShots) -> None:
        """Load positions and velocities, minus half a kick (see `contexts`)."""
        self._positions[slots] = shots.positions
        forces = self._law.each(self._positions[slots])
        self._velocities[slots] = shots.velocities - 0.5 * self._kick * forces

    def advance(self, busy: Mask, now: Array) -> None:
        """Move every busy replica by one stride; those without forces become NaN."""
        rows = np.flatnonzero(busy)
        x, v = self._positions[rows], self._velocities[rows]
        for _ in range(self.stride):
            v += self._kick * self._law.each(x)
            x += 0.5 * self._timestep * v
            v *= self._keep
            v += self._spread * self._rng.standard_normal(v.shape)
            x += 0.5 * self._timestep * v
        self._positions[rows], self._velocities[rows] = x, v
        now[rows] = x

    def state(self, slots: Rows) -> tuple[Array, Array]:
        """See `mechanist.engine.engine.Mover`."""
        return self._positions[slots], self._velocities[slots]

    def forces(self, slots: Rows) -> tuple[Array, Array]:
        """See `mechanist.engine.engine.Mover`."""
        return self._positions[slots], self._law.each(self._positions[slots])

    def restore(self, slots: Rows, positions: Array, velocities: Array) -> None:
        """See `mechanist.engine.engine.Mover`."""
        self._positions[slots], self._velocities[slots] = positions, velocities

    def noise(self) -> bytes:
        """See `mechanist.engine.engine.Mover`."""
        return json.dumps(self._rng.bit_generator.state).encode()

    def set_noise(self, noise: bytes) -> None:
        """See `mechanist.engine.engine.Mover`."""
        self._rng.bit_generator.state = json.loads(noise)

    def reset(self, slots: Rows) -> None:
        """Do nothing: replicas are independent, and the next half-shot sets the state."""
