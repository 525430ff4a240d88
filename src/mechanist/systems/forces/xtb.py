"""Energies and forces by GFN2-xTB, through tblite (optional extra ``xtb``).

Bannwarth, Ehlert and Grimme, J. Chem. Theory Comput. 15, 1652 (2019).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.errors import SystemBuildError

BOHR = 0.0529177210903
"""In nm (CODATA 2018)."""

HARTREE = 2625.4996394799
"""In kJ/mol."""

ACCURACY = 0.1
"""Of the self-consistent field; 1 is tblite's default. Total energy drifts less with 0.1."""


class Xtb:
    """Potential of one molecule; the electrons start from those of the call before.

    Parameters
    ----------
    numbers
        (N,) atomic numbers.

    Raises
    ------
    SystemBuildError
        If tblite is not installed.
    """

    level = "GFN2-xTB"

    def __init__(self, numbers: NDArray[np.int64]) -> None:
        try:
            from tblite.interface import Calculator
        except ImportError:
            raise SystemBuildError(
                "tblite", "is not installed; pip install 'tblite>=0.8,<0.9'"
            ) from None
        self._make = Calculator
        self._numbers = np.asarray(numbers)
        self._calculator: Any = None
        self._last: Any = None

    def __call__(self, positions: Array) -> tuple[float, Array]:
        """Energy in kJ/mol and forces (N, 3) in kJ/mol/nm at positions (N, 3) in nm.

        Raises
        ------
        SystemBuildError
            If the field does not converge, as for atoms that lie on each other.
        """
        bohr = positions / BOHR
        try:
            if self._calculator is None:
                self._calculator = self._make("GFN2-xTB", self._numbers, bohr)
                self._calculator.set("verbosity", 0)
                self._calculator.set("accuracy", ACCURACY)
            self._calculator.update(bohr)
            self._last = self._calculator.singlepoint(self._last)
        except RuntimeError as error:
            raise SystemBuildError("tblite", str(error)[:200]) from None
        energy = float(self._last["energy"]) * HARTREE
        return energy, -np.asarray(self._last["gradient"]) * (HARTREE / BOHR)

    @property
    def dipole(self) -> Array:
        """Dipole moment (3,) in e nm of the last positions, at which the energy was asked for."""
        return np.asarray(self._last["dipole"]) * BOHR
