"""What a force law is: energies and forces of many replicas at once.

A force law is named in system.yaml and made inside the job. Results hold its name, its arguments
and hashes of what it is, never its code or weights.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import SystemBuildError


class ForceLawError(SystemBuildError):
    """A force law that has no result at some positions; the half-shot ends as exploded."""


class Forces(Protocol):
    """Energies and forces of R replicas of N atoms."""

    def energy_forces(self, positions: Array) -> tuple[Array, Array]:
        """Energies (R,) in kJ/mol and forces (R, N, 3) in kJ/mol/nm at (R, N, 3) in nm.

        Raises
        ------
        ForceLawError
            If there is no result, such as a field that does not converge.
        SystemBuildError
            If the force law itself is wrong.
        """

    def forget(self) -> None:
        """Start the next call from nothing: results then depend on its positions alone."""


class ForceLaw(Forces, Protocol):
    """Forces, and how they are computed best."""

    batched: bool
    """Whether many replicas at once cost less than one after the other."""


One = Callable[[Array], tuple[float, Array]]
"""Energy in kJ/mol and forces (N, 3) in kJ/mol/nm at positions (N, 3) in nm."""


class OneByOne:
    """A force law that computes one replica after the other.

    Parameters
    ----------
    one
        Computes a replica.
    forget
        Called before a replica that does not continue the one before.
    """

    batched = False

    def __init__(self, one: One, forget: Callable[[], None] = lambda: None) -> None:
        self._one, self._forget = one, forget

    def energy_forces(self, positions: Array) -> tuple[Array, Array]:
        """See `ForceLaw`."""
        energies, forces = np.empty(len(positions)), np.empty(positions.shape)
        for row, replica in enumerate(positions):
            if row:
                self.forget()
            energies[row], forces[row] = self._one(replica)
        return energies, forces

    def forget(self) -> None:
        """See `ForceLaw`."""
        self._forget()
