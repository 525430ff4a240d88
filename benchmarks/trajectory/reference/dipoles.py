"""Dipole moments along reference motion."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.systems.forces.xtb import Xtb


def xtb_dipoles(numbers: NDArray[np.int64]) -> Callable[[Array], Array]:
    """Function from positions (T, N, 3) in nm to dipole moments (T, 3) in e nm, by GFN2-xTB."""

    def dipoles(positions: Array) -> Array:
        potential = Xtb(numbers)
        made = []
        for x in positions:
            potential(x)
            made.append(potential.dipole)
        return np.array(made)

    return dipoles
