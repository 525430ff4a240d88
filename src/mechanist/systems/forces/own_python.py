"""A force law of one's own: a function in a Python file beside system.yaml."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.errors import SystemBuildError
from mechanist.settings.forces import PythonSettings
from mechanist.systems.forces.law import ForceLawError
from mechanist.systems.user_code import load_function


class OwnPython:
    """Energies and forces of R replicas from one call of a function.

    The file is code and runs with the rights of the user.

    Parameters
    ----------
    file, digest
        The file and its hash.
    settings
        Name of the function and its keyword arguments.
    numbers
        (N,) atomic numbers; the function gets them as ``numbers`` if it has such a parameter.

    Raises
    ------
    SystemBuildError
        If the file does not load or has no such function.
    """

    batched = True

    def __init__(
        self, file: str, digest: str, settings: PythonSettings, numbers: NDArray[np.int64]
    ) -> None:
        self._file, self._name = file, settings.function
        function = load_function(file, settings.function, digest)
        arguments: dict[str, Any] = dict(settings.arguments)
        code = getattr(function, "__code__", None)
        if code is not None and "numbers" in code.co_varnames[: code.co_argcount]:
            arguments["numbers"] = numbers
        self._function: Callable[..., Any] = partial(function, **arguments)

    def energy_forces(self, positions: Array) -> tuple[Array, Array]:
        """See `mechanist.systems.forces.law.ForceLaw`."""
        try:
            result = self._function(positions.copy())
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise ForceLawError(self._file, f"{self._name}: raised {reason[:200]}") from None
        if not isinstance(result, tuple) or len(result) != 2:
            raise SystemBuildError(
                self._file, f"{self._name}: must return two arrays: energies and forces"
            )
        energies, forces = (self._array(part) for part in result)
        for what, found, shape in (
            ("energies", energies, positions.shape[:1]),
            ("forces", forces, positions.shape),
        ):
            if found.shape != shape:
                raise SystemBuildError(
                    self._file,
                    f"{self._name}: returns {what} of shape {found.shape} for positions of shape"
                    f" {positions.shape}; must be {shape}",
                )
        return energies, forces

    def _array(self, part: Any) -> Array:
        try:
            return np.asarray(part, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise SystemBuildError(
                self._file, f"{self._name}: must return numbers: {error}"
            ) from None

    def forget(self) -> None:
        """Do nothing: a function has no memory that matters."""
