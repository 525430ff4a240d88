"""Force laws of ASE: any of its calculators.

Larsen et al., J. Phys. Condens. Matter 29, 273002 (2017).
"""

import importlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.errors import SystemBuildError
from mechanist.settings.forces import AseSettings
from mechanist.systems.forces.law import ForceLawError

ANGSTROM = 0.1
"""nm."""


class AseCalculator:
    """Potential of one set of atoms.

    Parameters
    ----------
    numbers
        (N,) atomic numbers.
    settings
        Module, class and keyword arguments.

    Raises
    ------
    SystemBuildError
        If ASE, the module or the class is missing, or it refuses the arguments.
    """

    def __init__(self, numbers: NDArray[np.int64], settings: AseSettings) -> None:
        try:
            from ase import Atoms, units
        except ImportError:
            raise SystemBuildError("ase", "is not installed; pip install 'ase>=3.26'") from None
        self._atoms = Atoms(numbers=numbers, positions=np.zeros((len(numbers), 3)))
        self._atoms.info.update(settings.info)
        self._atoms.calc = _calculator(settings)
        self._name = settings.ase
        self._energy = units.kJ / units.mol

    def __call__(self, positions: Array) -> tuple[float, Array]:
        """Energy in kJ/mol and forces (N, 3) in kJ/mol/nm at positions (N, 3) in nm.

        Raises
        ------
        ForceLawError
            If the calculator raises any error.
        """
        self._atoms.set_positions(positions / ANGSTROM)
        try:
            energy = float(self._atoms.get_potential_energy())
            forces = np.asarray(self._atoms.get_forces(), dtype=np.float64)
        except Exception as error:
            # Calculators raise errors of any kind, their own among them.
            reason = f"{type(error).__name__}: {error}"
            raise ForceLawError(self._name, f"raised {reason[:200]}") from None
        return energy / self._energy, forces / self._energy / ANGSTROM


def _calculator(settings: AseSettings) -> Any:
    module, _, name = settings.ase.partition(":")
    try:
        found = importlib.import_module(module)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise SystemBuildError(settings.ase, f"cannot be imported: {reason[:200]}") from None
    if not isinstance(getattr(found, name, None), type):
        raise SystemBuildError(settings.ase, f"{module} has no class {name}")
    try:
        made = getattr(found, name)(**settings.arguments)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise SystemBuildError(settings.ase, f"arguments: {reason[:200]}") from None
    if not hasattr(made, "get_potential_energy"):
        raise SystemBuildError(settings.ase, "is not a calculator of ASE")
    return made
