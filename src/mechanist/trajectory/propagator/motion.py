"""Interface of propagators, and their result."""

from dataclasses import dataclass
from typing import Protocol

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


class Propagator(Protocol):
    """Maps states to states at other times, in any order."""

    def __call__(self, x0: Array, v0: Array, times: Array) -> Motion:
        """States at ``times`` in ps, (T,), after positions and velocities (B, N, 3)."""
        ...
