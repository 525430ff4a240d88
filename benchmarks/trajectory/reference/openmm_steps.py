"""Steps of OpenMM in double precision, with velocities at the times of positions.

OpenMM's own integrators keep velocities half a step before the positions. These do not:

- constant energy: velocity Verlet; with rigid bonds RATTLE (Andersen, J. Comput. Phys. 52, 24
  (1983)), whose velocities fulfil the constraints too;
- Langevin: velocity Verlet between two halves of an exact Ornstein-Uhlenbeck step of the velocities
  (OBABO: Bussi and Parrinello, Phys. Rev. E 75, 056707 (2007)).
"""

from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.trajectory.trajectory import GAS

TOLERANCE = 1e-10
"""Of rigid bonds, in parts of their length."""


def integrator(dt_ps: float, friction: float, temperature: float, seed: int) -> Any:
    """OpenMM integrator with velocities at the times of positions; constraints are kept."""
    from openmm import CustomIntegrator

    made = CustomIntegrator(dt_ps)
    made.setRandomNumberSeed(seed)
    made.setConstraintTolerance(TOLERANCE)
    made.addGlobalVariable("keep", np.exp(-0.5 * friction * dt_ps))
    made.addGlobalVariable("kt", GAS * temperature)
    made.addPerDofVariable("free", 0)
    made.addUpdateContextState()
    _thermostat(made, friction)
    made.addComputePerDof("v", "v + 0.5*dt*f/m")
    made.addComputePerDof("x", "x + dt*v")
    made.addComputePerDof("free", "x")
    made.addConstrainPositions()
    made.addComputePerDof("v", "v + 0.5*dt*f/m + (x - free)/dt")
    made.addConstrainVelocities()
    _thermostat(made, friction)
    return made


def _thermostat(made: Any, friction: float) -> None:
    """Half a step of the thermostat."""
    if friction:
        made.addComputePerDof("v", "keep*v + sqrt((1 - keep^2)*kt/m)*gaussian")
        made.addConstrainVelocities()


def context_of(system: Any, stepper: Any, positions: Array | None = None) -> Any:
    """A context on the Reference platform, with positions (N, 3) in nm if they are given."""
    from openmm import Context, Platform

    context = Context(system, stepper, Platform.getPlatformByName("Reference"))
    if positions is not None:
        context.setPositions(positions)
    return context


def state_of(context: Any) -> tuple[Array, Array, Array, float]:
    """Positions, velocities, forces and potential energy."""
    state = context.getState(positions=True, velocities=True, forces=True, energy=True)
    arrays = (state.getPositions, state.getVelocities, state.getForces)
    x, v, f = (plain(one(asNumpy=True)) for one in arrays)
    return x, v, f, float(plain(state.getPotentialEnergy()))


def plain(quantity: Any) -> Any:
    """The number in OpenMM's own units: nm, ps, kJ/mol."""
    from openmm import unit

    return quantity.value_in_unit_system(unit.md_unit_system)
