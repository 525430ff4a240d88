"""Energy minimisation of a starting structure."""

from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import SystemBuildError
from mechanist.systems.forces.platforms import cpu_properties, platform_names

SMALL = 200
"""Atoms up to which Reference is fast enough; its results are the same bits on all machines."""

TOLERANCE, STEPS_MAX = 1.0, 2000
"""Root mean square force in kJ/mol/nm at which minimisation stops; most iterations."""

ENERGY_MAX = 1e5
"""kJ/mol per atom; more means that atoms overlap."""


def minimise(system: Any, positions: Any, structure: Path) -> Array:
    """Positions (N, 3) in nm at a minimum of the energy, constraints met, virtual sites in place.

    ``structure`` is the file that messages name.

    Raises
    ------
    SystemBuildError
        If the energy is not finite, or far too high.
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
        raise SystemBuildError(
            structure, "the minimised energy is not finite or far too high; do atoms overlap?"
        )
    return np.array(state.getPositions(asNumpy=True).value_in_unit(unit.nanometer))


def platform(system: Any) -> tuple[Any, dict[str, str]]:
    """The platform for the minimisation, and its properties."""
    import openmm

    small = system.getNumParticles() <= SMALL and not system.usesPeriodicBoundaryConditions()
    if small or "CPU" not in platform_names():
        return openmm.Platform.getPlatformByName("Reference"), {}
    return openmm.Platform.getPlatformByName("CPU"), cpu_properties("CPU")
