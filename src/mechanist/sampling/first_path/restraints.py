"""Harmonic restraints with moving centres: U = 0.5 k (s - s0)^2.

The difference of torsions is taken the shorter way round the circle. Each descriptor has one force,
in a copy of the System; s0 and k are global parameters of the context.
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.engine.contexts import make_context, read_positions, set_positions
from mechanist.systems.descriptors.descriptor_set import Descriptor
from mechanist.systems.descriptors.shapes import Centres
from mechanist.systems.forces.attach import walled
from mechanist.systems.prepared import Prepared


class Restrained:
    """A context with moving restraints.

    Parameters
    ----------
    prepared
        The system.
    descriptors
        D torsions, angles, distances of atoms or centres, differences or coordinates.
    platform, seed
        Of the context.
    """

    def __init__(
        self, prepared: Prepared, descriptors: Sequence[Descriptor], platform: str, seed: int
    ) -> None:
        system = deepcopy(prepared.system)
        periodic = prepared.states.descriptors.box is not None
        self._turns = np.array([d.periodic for d in descriptors], dtype=bool)
        for number, descriptor in enumerate(descriptors):
            system.addForce(_force(descriptor, number, periodic))
        self.context = make_context(prepared, system, platform, seed)
        self._law = prepared.law
        self._shape = prepared.positions.shape

    def place(self, positions: NDArray[Any], seed: int | None = None) -> None:
        """Set positions (N, 3) in nm, and thermal velocities if a seed is given."""
        set_positions(self.context, np.asarray(positions, dtype=np.float64))
        self.context.applyConstraints(1e-6)
        self.context.computeVirtualSites()
        if seed is not None:
            temperature = self.context.getIntegrator().getTemperature()
            self.context.setVelocitiesToTemperature(temperature, 1 + seed % (2**31 - 2))

    def aim(self, centres: Array, stiffness: Array) -> None:
        """Set centres (D,) in rad or nm, and force constants (D,) in kJ/mol per square of those."""
        turned = np.mod(centres + np.pi, 2 * np.pi) - np.pi
        wrapped = np.where(self._turns, turned, centres)
        for number, (centre, k) in enumerate(zip(wrapped, stiffness, strict=True)):
            self.context.setParameter(f"restraint_{number}_at", float(centre))
            self.context.setParameter(f"restraint_{number}_k", float(k))

    def step(self, steps: int) -> Array:
        """Run MD steps; positions (N, 3) in nm. Raises OpenMMException if the system explodes."""
        self.context.getIntegrator().step(steps)
        return self.positions()

    def minimise(self) -> Array:
        """Minimise the energy, restraints included; positions (N, 3) in nm."""
        import openmm

        with walled(self._law):
            openmm.LocalEnergyMinimizer.minimize(self.context, 5.0, 500)
        return self.positions()

    def positions(self) -> Array:
        """Positions (N, 3) in nm."""
        result = np.empty(self._shape)
        read_positions(self.context, result)
        return result


def _force(descriptor: Descriptor, number: int, periodic: bool) -> Any:
    """The restraint on one descriptor."""
    import openmm

    at, k = f"restraint_{number}_at", f"restraint_{number}_k"
    atoms = list(descriptor.atoms)
    if descriptor.kind == "torsion":
        around = f"0.5*{k}*min(away,{2 * np.pi}-away)^2; away=abs(theta-{at})"
        force = openmm.CustomTorsionForce(around)
        force.addTorsion(*atoms, [])
    elif descriptor.kind == "angle":
        force = openmm.CustomAngleForce(f"0.5*{k}*(theta-{at})^2")
        force.addAngle(*atoms, [])
    elif descriptor.kind == "difference":
        apart = "distance(p1,p2)-distance(p3,p4)"
        force = openmm.CustomCompoundBondForce(4, f"0.5*{k}*({apart}-{at})^2")
        force.addBond(atoms, [])
    elif isinstance(descriptor.shape, Centres):
        force = openmm.CustomCentroidBondForce(2, f"0.5*{k}*(distance(g1,g2)-{at})^2")
        groups = (descriptor.atoms, descriptor.others[0])
        for group, weights in zip(groups, descriptor.shape.weights, strict=True):
            force.addGroup(list(group), list(weights))
        force.addBond([0, 1], [])
    elif descriptor.kind == "distance":
        force = openmm.CustomBondForce(f"0.5*{k}*(r-{at})^2")
        force.addBond(*atoms, [])
    else:
        force = openmm.CustomExternalForce(f"0.5*{k}*({'xyz'[descriptor.axis]}-{at})^2")
        force.addParticle(atoms[0], [])
    if descriptor.kind != "coordinate":
        force.setUsesPeriodicBoundaryConditions(periodic)
    force.addGlobalParameter(at, 0.0)
    force.addGlobalParameter(k, 0.0)
    return force
