"""Short dynamics of a mover: whether many copies move as one alone does, and how fast.

A layout is refused if copies explode, or if their forces F differ from the forces F' on one copy
alone, on the Reference platform in double precision, by more than single precision explains:

    rms(F - F') > TOLERANCE * (rms(F') + kT / l).

Both are taken at the positions that the mover returns, so that coordinates rounded far from 0, in
the layout ``grid``, are not counted. l is what the lightest atom travels in a stride at thermal
speed; a force of kT / l matters even where F' vanishes. In single precision (CPU and OpenCL,
potentials and alanine dipeptide in all layouts) the ratio of the two sides was below 0.1.
"""

import time
from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array, Positions
from mechanist.engine.contexts import make_context, read_forces, set_positions
from mechanist.engine.engine import Mover, farthest
from mechanist.engine.half_shots import HalfShots
from mechanist.systems.prepared import Prepared

TOLERANCE = 1e-3

COMPARED = 8
"""Copies whose forces are compared, spread over the stack."""

EXPLODED_MOST = 0.01
"""Largest fraction of copies that may explode."""

REFERENCE = "Reference"


@dataclass(frozen=True)
class Alone:
    """Forces on one copy in a context of its own, on Reference."""

    prepared: Prepared

    def forces(self, positions: Positions) -> Array:
        """Forces (K, N, 3) in kJ/mol/nm at positions (K, N, 3) in nm."""
        context = make_context(self.prepared, self.prepared.system, REFERENCE, 1)
        out = np.empty(positions.shape)
        for one, forces in zip(positions, out, strict=True):
            set_positions(context, one)
            read_forces(context, forces)
        return out


def wrong_forces(alone: Alone, mover: Mover) -> str:
    """Why the forces of a mover on its copies are wrong where they are now; empty if they are not.

    Particles of mass 0 are left out: they do not move, and the forces on virtual sites act on
    others.
    """
    prepared = alone.prepared
    slots = np.unique(np.linspace(0, mover.slots - 1, COMPARED).astype(np.int64))
    positions, forces = mover.forces(slots)
    finite = np.isfinite(positions).all(axis=(1, 2))
    moving = prepared.masses > 0
    if not finite.any():
        return "no copy has finite coordinates"
    expected = alone.forces(positions[finite])[:, moving]
    off = forces[finite][:, moving] - expected
    light = prepared.masses[moving].min()
    length = np.sqrt(prepared.kt / light) * prepared.timestep * prepared.stride
    scale = float(np.sqrt(np.square(expected).mean()) + prepared.kt / length)
    worst = float(np.sqrt(np.square(off).mean(axis=(1, 2))).max()) / scale
    # A force that is not finite is wrong too.
    if worst <= TOLERANCE:
        return ""
    return (
        f"forces on its copies differ from those on one copy alone by {worst:.2g} of their size;"
        f" more than {TOLERANCE:g} is not rounding"
    )


class ShortRun:
    """All copies of a mover from the starting structure, with thermal velocities.

    Parameters
    ----------
    prepared
        What is moved.
    mover
        Its slots must be free.
    """

    def __init__(self, prepared: Prepared, mover: Mover) -> None:
        self._prepared, self._mover = prepared, mover
        shape = (mover.slots, prepared.atoms, 3)
        self._now, self._before = np.empty(shape), np.empty(shape)
        self._busy = np.ones(mover.slots, dtype=np.bool_)
        self._exploded = np.zeros(mover.slots, dtype=np.bool_)
        self._steps = 0
        self._load()

    def _load(self) -> None:
        prepared, slots = self._prepared, np.arange(self._mover.slots)
        masses = prepared.masses[:, None]
        speeds = np.sqrt(np.divide(prepared.kt, masses, out=0 * masses, where=masses > 0))
        rng = np.random.default_rng(1)
        self._now[:] = prepared.positions
        velocities = rng.standard_normal(self._now.shape) * speeds
        self._mover.load(slots, HalfShots(slots, self._now.copy(), velocities))

    def advance(self) -> float:
        """Move all copies by one stride of the mover; return the seconds that it took."""
        self._now, self._before = self._before, self._now
        begin = time.perf_counter()
        self._mover.advance(self._busy, self._now)
        seconds = time.perf_counter() - begin
        self._steps += self._mover.stride
        with np.errstate(invalid="ignore", over="ignore"):
            moved = np.abs(self._now - self._before).max(axis=(1, 2))
        exploded = ~(moved < farthest(self._prepared))
        if exploded.any():
            self._exploded |= exploded
            self._now[exploded] = self._prepared.positions
            self._mover.reset(np.flatnonzero(exploded))
        return seconds

    def fault(self) -> str:
        """Why the dynamics so far are not usable; empty if they are."""
        count, copies = int(self._exploded.sum()), self._mover.slots
        if count <= EXPLODED_MOST * copies:
            return ""
        return f"{count:,} of {copies:,} copies exploded within {self._steps} MD steps"
