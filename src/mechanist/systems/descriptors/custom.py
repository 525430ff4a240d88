"""Custom descriptors: functions in descriptors.py, or variables in plumed.dat, beside system.yaml.

A function takes positions (F, N, 3) in nm and returns (F,) numbers; a second parameter, if it has
one, is the box. It may have an attribute ``unit``: nm, rad or 1. The file is code, see
`mechanist.systems.user_code`.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.bookkeeping.files import sha256
from mechanist.errors import SystemBuildError
from mechanist.settings.descriptors import CustomSettings, PlumedSettings
from mechanist.settings.load import key_error
from mechanist.systems.descriptors import plumed_file
from mechanist.systems.user_code import check_file, load_function

FILE = "descriptors.py"
CUSTOM = "custom"
UNITS = ("nm", "rad", "1")


@dataclass(frozen=True)
class Custom:
    """A function of positions in a file.

    Parameters
    ----------
    file
        Path of descriptors.py or plumed.dat.
    function
        Name of the function, or of PLUMED's variable.
    unit
        ``nm``, ``rad`` or ``1``.
    periodic
        Whether the values are periodic in 2 pi.
    sha256
        Hash of the file when the system was prepared.
    masses
        (N,) in dalton, for PLUMED; empty for a function.
    """

    file: str
    function: str
    unit: str
    periodic: bool
    sha256: str
    masses: tuple[float, ...] = ()

    @property
    def of_plumed(self) -> bool:
        """Whether PLUMED computes it."""
        return Path(self.file).name == plumed_file.FILE

    def values(self, positions: Array, box: Array | None) -> Array:
        """Values (F,) of positions (F, N, 3) in nm.

        Raises
        ------
        DataError
            If the file has changed since the system was prepared.
        SystemBuildError
            If the function fails or does not return (F,) finite numbers.
        """
        if self.of_plumed:
            masses = np.array(self.masses)
            key = (self.file, self.function, self.sha256)
            result = plumed_file.values(*key, positions, box, masses)
        else:
            result = self._of_function(positions, box)
        if result.shape != (len(positions),):
            raise SystemBuildError(
                self.file,
                f"{self.function}: returns shape {result.shape} for positions of shape"
                f" {positions.shape}; must be ({len(positions)},), one number per frame",
            )
        # Exploded frames have NaN positions; any other NaN is a fault of the function.
        if not np.isfinite(result[np.isfinite(positions).all(axis=(1, 2))]).all():
            raise SystemBuildError(self.file, f"{self.function}: returned a non-finite value")
        return result

    def _of_function(self, positions: Array, box: Array | None) -> Array:
        function, wants_box = _function(self.file, self.function, self.sha256)
        arguments = (positions, box) if wants_box else (positions,)
        try:
            return np.asarray(function(*arguments), dtype=np.float64)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise SystemBuildError(self.file, f"{self.function}: raised {reason[:200]}") from None

    def to_json(self) -> dict[str, Any]:
        """Plain data for a JSON file."""
        return asdict(self)


def custom_from_json(content: dict[str, Any] | None) -> Custom | None:
    """Inverse of `Custom.to_json`; None of None.

    Raises
    ------
    DataError
        If the file is missing or has changed.
    """
    if content is None:
        return None
    custom = Custom(**content | {"masses": tuple(content.get("masses", ()))})
    check_file(Path(custom.file), custom.sha256)
    return custom


def find_custom(system_file: Path, key: str, settings: CustomSettings) -> Custom:
    """The function that a descriptor of system.yaml names.

    Parameters
    ----------
    system_file
        Path of system.yaml; descriptors.py lies beside it.
    key
        Key of the descriptor, for messages.
    settings
        The descriptor.

    Raises
    ------
    SystemBuildError
        If there is no such file or function, it does not load, or its unit is not allowed.
    """
    path = system_file.parent / FILE
    if not path.is_file():
        raise key_error(system_file, key, f"{settings.function!r}: there is no {FILE}")
    name, digest = str(path.resolve()), sha256(path)
    function = load_function(name, settings.function, digest)
    unit = settings.unit or getattr(function, "unit", "1")
    if unit not in UNITS:
        raise SystemBuildError(
            path, f"{settings.function}: unit {unit!r}: must be one of {', '.join(UNITS)}"
        )
    return Custom(name, settings.function, unit, settings.periodic, digest)


def find_variable(
    system_file: Path, key: str, settings: PlumedSettings, masses: tuple[float, ...]
) -> Custom:
    """The variable of PLUMED that a descriptor of system.yaml names.

    Parameters
    ----------
    system_file, key, settings
        As of `find_custom`.
    masses
        (N,) of the atoms in dalton.

    Raises
    ------
    SystemBuildError
        If there is no plumed.dat or no kernel, or PLUMED refuses the file or the variable.
    """
    path = system_file.parent / plumed_file.FILE
    if not path.is_file():
        raise key_error(system_file, key, f"{settings.plumed!r}: there is no {plumed_file.FILE}")
    name, digest = str(path.resolve()), sha256(path)
    plumed_file.variable(name, settings.plumed, len(masses), digest)
    return Custom(name, settings.plumed, settings.unit, settings.periodic, digest, masses)


def _function(file: str, name: str, digest: str) -> tuple[Callable[..., Any], bool]:
    """A function, and whether it takes the box as its second argument."""
    function = load_function(file, name, digest)
    code = getattr(function, "__code__", None)
    return function, code is not None and code.co_argcount >= 2
