"""Energies and forces by GFN2-xTB and GFN1-xTB, through tblite.

Bannwarth, Ehlert and Grimme, J. Chem. Theory Comput. 15, 1652 (2019); Grimme, Bannwarth and
Shushkov, J. Chem. Theory Comput. 13, 1989 (2017); ALPB: Ehlert, Stahn, Spicher and Grimme, J. Chem.
Theory Comput. 17, 4250 (2021).
"""

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.errors import SystemBuildError
from mechanist.settings.forces import XtbSettings
from mechanist.systems.forces.law import ForceLawError

BOHR = 0.0529177210903
"""In nm (CODATA 2018)."""

HARTREE = 2625.4996394799
"""In kJ/mol."""

ACCURACY = 0.1
"""Of the self-consistent field; 1 is tblite's default. Total energy drifts less with 0.1."""

METHODS = {"gfn2-xtb": "GFN2-xTB", "gfn1-xtb": "GFN1-xTB"}
"""Names in tblite."""

THREADS = "OMP_NUM_THREADS"

TOO_CLOSE = "interatomic distances"
"""In what tblite says of positions rather than of the molecule."""


class Xtb:
    """Potential of one molecule; the electrons start from those of the call before.

    Parameters
    ----------
    numbers
        (N,) atomic numbers.
    settings
        Method, charge, spin and solvent.

    Raises
    ------
    SystemBuildError
        If tblite is not installed.
    """

    level = METHODS["gfn2-xtb"]

    def __init__(self, numbers: NDArray[np.int64], settings: XtbSettings | None = None) -> None:
        self._make = _calculator()
        self._numbers = np.asarray(numbers)
        self._settings = settings or XtbSettings(xtb="gfn2-xtb", accuracy=ACCURACY)
        self.level = METHODS[self._settings.xtb]
        self._calculator: Any = None
        self._last: Any = None

    def __call__(self, positions: Array) -> tuple[float, Array]:
        """Energy in kJ/mol and forces (N, 3) in kJ/mol/nm at positions (N, 3) in nm.

        Raises
        ------
        SystemBuildError
            If tblite refuses the elements, the charge, the spin or the solvent.
        ForceLawError
            If the field does not converge, as for atoms that lie on each other.
        """
        bohr = positions / BOHR
        if self._calculator is None:
            self._calculator = self._made(bohr)
        self._last = self._result(bohr)
        energy = float(self._last["energy"]) * HARTREE
        return energy, -np.asarray(self._last["gradient"]) * (HARTREE / BOHR)

    def _result(self, bohr: Array) -> Any:
        """What tblite finds; after a failure once more, from the electrons of free atoms."""
        begun, self._last = self._last, None
        try:
            self._calculator.update(bohr)
            return self._calculator.singlepoint(begun)
        except RuntimeError as error:
            if begun is not None:
                return self._result(bohr)
            raise ForceLawError("tblite", str(error)[:200]) from None

    def forget(self) -> None:
        """Let the electrons of the next call start from those of free atoms."""
        self._last = None

    def _made(self, bohr: Array) -> Any:
        """A calculator of tblite for this molecule."""
        settings = self._settings
        try:
            made = self._make(
                self.level, self._numbers, bohr, settings.charge, settings.multiplicity - 1
            )
            made.set("verbosity", 0)
            made.set("accuracy", settings.accuracy)
            if settings.solvent is not None:
                made.add("alpb-solvation", settings.solvent)
        except RuntimeError as error:
            kind = ForceLawError if TOO_CLOSE in str(error) else SystemBuildError
            raise kind("tblite", str(error)[:200]) from None
        return made

    @property
    def dipole(self) -> Array:
        """Dipole moment (3,) in e nm of the last positions, at which the energy was asked for."""
        return np.asarray(self._last["dipole"]) * BOHR


def _calculator() -> Any:
    """The class of tblite, whose OpenMP takes one thread unless the environment says otherwise.

    OpenMP reads the environment when it is loaded. Jobs run side by side, and more threads are
    slower for small molecules.
    """
    given = os.environ.get(THREADS)
    os.environ[THREADS] = given or "1"
    try:
        from tblite.interface import Calculator
    except ImportError:
        raise SystemBuildError(
            "tblite", "is not installed; pip install 'tblite>=0.8,<0.9'"
        ) from None
    finally:
        if given is None:
            del os.environ[THREADS]
    return Calculator
