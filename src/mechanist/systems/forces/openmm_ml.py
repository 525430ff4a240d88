"""Potentials of the package openmmml: MACE, AIMNet2, ANI, AceFF and others.

Weights must be on this machine: while a potential is made here, there is no network.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.errors import SystemBuildError
from mechanist.settings.forces import OpenmmMlSettings
from mechanist.systems.forces.law import ForceLawError

NEUTRAL = ("ani", "mace-off", "mace-les-off")
"""Beginnings of names of potentials for neutral molecules without unpaired electrons."""

OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}


class OpenmmMl:
    """Potential of one molecule, in an OpenMM context of its own.

    Parameters
    ----------
    numbers
        (N,) atomic numbers.
    settings
        Name, charge, spin and keyword arguments.

    Raises
    ------
    SystemBuildError
        If openmmml, the potential, its package or its weights are missing.
    """

    def __init__(self, numbers: NDArray[np.int64], settings: OpenmmMlSettings) -> None:
        import openmm

        self._name = settings.openmm_ml
        with offline():
            system = ml_system(numbers, settings)
        reference = openmm.Platform.getPlatformByName("Reference")
        self._context = openmm.Context(system, openmm.VerletIntegrator(0.001), reference)

    def __call__(self, positions: Array) -> tuple[float, Array]:
        """Energy in kJ/mol and forces (N, 3) in kJ/mol/nm at positions (N, 3) in nm.

        Raises
        ------
        ForceLawError
            If the potential raises any error.
        """
        import openmm

        try:
            self._context.setPositions(positions)
            state = self._context.getState(energy=True, forces=True)
        except openmm.OpenMMException as error:
            raise ForceLawError(self._name, str(error)[:200]) from None
        return state.getPotentialEnergy()._value, state.getForces(asNumpy=True)._value


def ml_system(numbers: NDArray[np.int64], settings: OpenmmMlSettings) -> Any:
    """The OpenMM System that openmmml makes.

    Raises
    ------
    SystemBuildError
        As `OpenmmMl`.
    """
    from openmm import app

    name = settings.openmm_ml
    try:
        from openmmml import MLPotential
    except ImportError:
        raise SystemBuildError(
            "openmmml", "is not installed; pip install 'openmmml>=1.8'"
        ) from None
    known = sorted(MLPotential._implFactories)
    if name not in known:
        raise SystemBuildError("openmmml", f"{name!r}: is not one of {', '.join(known)}")
    charged = settings.charge != 0 or settings.multiplicity != 1
    if charged and name.startswith(NEUTRAL):
        raise SystemBuildError(name, "knows neutral molecules without unpaired electrons only")
    topology = app.Topology()
    residue = topology.addResidue("MOL", topology.addChain())
    for number in numbers:
        element = app.Element.getByAtomicNumber(int(number))
        topology.addAtom(element.symbol, element, residue)
    try:
        return MLPotential(name, **settings.arguments).createSystem(
            topology,
            removeCMMotion=False,
            charge=settings.charge,
            multiplicity=settings.multiplicity,
        )
    except Exception as error:
        # Packages of models raise errors of any kind, also where their weights are missing.
        reason = f"{type(error).__name__}: {error}"
        raise SystemBuildError(name, f"cannot be made: {reason[:300]}") from None


def fetch(name: str) -> None:
    """Make a potential of openmmml for a water molecule, which downloads its weights.

    Raises
    ------
    SystemBuildError
        As `OpenmmMl`, or if there is no network.
    """
    ml_system(np.array([8, 1, 1]), OpenmmMlSettings(openmm_ml=name))


@contextmanager
def offline() -> Iterator[None]:
    """No network within: what would be downloaded is missing instead."""

    def refuse(*args: object, **options: object) -> Any:
        raise OSError(
            "its weights are not on this machine, and nothing is downloaded during a run;"
            " mechanist doctor --fetch NAME gets them"
        )

    before = socket.getaddrinfo, {name: os.environ.get(name) for name in OFFLINE}
    socket.getaddrinfo = refuse
    os.environ.update(OFFLINE)
    try:
        yield
    finally:
        socket.getaddrinfo = before[0]
        for name, value in before[1].items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
