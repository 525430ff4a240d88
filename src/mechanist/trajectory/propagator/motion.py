"""Results of propagators."""

from collections.abc import Callable
from dataclasses import dataclass

from mechanist.arrays import Array


@dataclass(frozen=True)
class Motion:
    """B origins at T times.

    Parameters
    ----------
    positions, velocities
        (B, T, N, 3) in nm and nm/ps.
    """

    positions: Array
    velocities: Array


Propagator = Callable[[Array, Array, Array], Motion]
"""Positions and velocities (B, N, 3) and times (T,) in ps to the states at these times."""


@dataclass(frozen=True)
class Chain:
    """B replicas at K times.

    Parameters
    ----------
    dt_ps
        Between two stored frames.
    positions, velocities
        (B, K, N, 3) in nm and nm/ps.
    energy
        (B, K) kinetic plus learned potential energy in kJ/mol.
    """

    dt_ps: float
    positions: Array
    velocities: Array
    energy: Array
