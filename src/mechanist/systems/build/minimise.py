"""Energy minimisation of a starting structure, so that a crude one does not explode."""

from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import SystemBuildError
from mechanist.systems.forces.platforms import cpu_properties, platform_names

SMALL = 200
"""Atoms up to which Reference is as fast as anything; there all machines agree to the last bit."""

TOLERANCE, STEPS_MAX = 1.0, 2000
"""Of the minimisation: root mean square force in kJ/mol/nm, and iterations."""

ENERGY_MAX = 1e5
"""kJ/mol per atom: more means that atoms lie on top of each other."""


def minimise(system: Any, positions: Any, structure: Path) -> Array:
    """Positions (N, 3) in nm with virtual sites in place, constraints met, energy minimised.

    Raises
    ------
    SystemBuildError
        If the energy is not finite, or stays absurdly high.
    """
    import openmm
    from openmm import unit

    context = openmm.Context(system, openmm.VerletIntegrator(0.001), *platform(system))
    try:
        context.setPositions(positions)
        context.applyConstraints(1e-6)
        context.computeVirtualSites()
        openmm.LocalEnergyMinimizer.minimize(context, TOLERANCE, STEPS_MAX)
        context.computeVirtualSites()
        state = context.getState(positions=True, energy=True)
    except openmm.OpenMMException as error:
        raise SystemBuildError(structure, f"cannot be minimised ({error})") from None
    energy = state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole)
    if not np.isfinite(energy) or energy > ENERGY_MAX * system.getNumParticles():
        raise SystemBuildError(structure, "the energy is not finite; do atoms overlap?")
    return np.array(state.getPositions(asNumpy=True).value_in_unit(unit.nanometer))


def platform(system: Any) -> tuple[Any, dict[str, str]]:
    """Where to minimise, and with how many threads."""
    import openmm

    small = system.getNumParticles() <= SMALL and not system.usesPeriodicBoundaryConditions()
    if small or "CPU" not in platform_names():
        return openmm.Platform.getPlatformByName("Reference"), {}
    return openmm.Platform.getPlatformByName("CPU"), cpu_properties("CPU")
