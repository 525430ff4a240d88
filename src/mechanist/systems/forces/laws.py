"""From the description of a force law to the law itself."""

import numpy as np
from numpy.typing import NDArray

from mechanist.errors import SystemBuildError
from mechanist.settings.forces import (
    AseSettings,
    ElectronsSettings,
    LawSettings,
    LearnedSettings,
    OpenmmMlSettings,
    TorchSettings,
    XtbSettings,
)
from mechanist.systems.forces.law import ForceLaw, OneByOne


def make_law(settings: LawSettings, numbers: NDArray[np.int64], file: str, digest: str) -> ForceLaw:
    """A force law for atoms with these atomic numbers (N,); see `LawSpec`.

    Raises
    ------
    SystemBuildError
        If it cannot be made on this machine, or not for this molecule.
    """
    if isinstance(settings, ElectronsSettings):
        check_electrons(settings, numbers)
    if isinstance(settings, XtbSettings):
        from mechanist.systems.forces.xtb import Xtb

        xtb = Xtb(numbers, settings)
        return OneByOne(xtb, xtb.forget)
    if isinstance(settings, AseSettings):
        from mechanist.systems.forces.ase_calculator import AseCalculator

        return OneByOne(AseCalculator(numbers, settings))
    if isinstance(settings, OpenmmMlSettings):
        from mechanist.systems.forces.openmm_ml import OpenmmMl

        return OneByOne(OpenmmMl(numbers, settings))
    if isinstance(settings, TorchSettings):
        from mechanist.systems.forces.torch_module import TorchModule

        return TorchModule(file, digest)
    if isinstance(settings, LearnedSettings):
        from mechanist.systems.forces.learned import Learned

        return Learned(file, numbers)
    from mechanist.systems.forces.own_python import OwnPython

    return OwnPython(file, digest, settings, numbers)


def check_electrons(settings: ElectronsSettings, numbers: NDArray[np.int64]) -> None:
    """Refuse a charge and a multiplicity that no number of electrons has.

    Raises
    ------
    SystemBuildError
        If they do not fit each other or the atoms.
    """
    electrons = int(numbers.sum()) - settings.charge
    unpaired = settings.multiplicity - 1
    where = "charge and multiplicity"
    if electrons < 0:
        raise SystemBuildError(
            where,
            f"charge {settings.charge}: the atoms have only {numbers.sum()} electrons",
        )
    if unpaired > electrons or (electrons - unpaired) % 2:
        kind = "odd" if electrons % 2 else "even"
        raise SystemBuildError(
            where,
            f"{electrons} electrons (charge {settings.charge}) are an {kind}"
            f" number, which multiplicity {settings.multiplicity} does not allow; is charge right?",
        )
