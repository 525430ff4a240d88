"""Checks of a molecule that need no dynamics."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import MechanistError
from mechanist.settings.system import DynamicsSettings
from mechanist.systems.build.minimise import energy_of
from mechanist.systems.build.molecule import Molecule
from mechanist.systems.build.periodic import density
from mechanist.systems.build.radii import bonded_pairs
from mechanist.systems.descriptors.box import box_of
from mechanist.systems.forces.system_xml import parse_system
from mechanist.systems.prepared import masses_of

ERROR, WARNING = "error", "warning"

FREE_STEP, CONSTRAINED_STEP = 1.05, 2.5
"""fs; longest time step for a hydrogen of 1.008 dalton on a flexible and on a fixed bond.

Both grow with the square root of the mass. For 3 dalton the second is 4.3 fs (Hopkins et al., J.
Chem. Theory Comput. 11, 1864 (2015) use 4 fs).
"""

HYDROGEN = 1.008
DENSITY = (0.85, 1.25)
"""g/cm^3; usual range for a box of water."""


READ_BACK = 1e-5
"""Relative difference of energies that single precision of sums on the CPU explains."""

DROPLET = 5
"""Waters from which a box is expected; a crystal structure may keep a few."""


@dataclass(frozen=True)
class Finding:
    """An error, or a warning about what may go wrong."""

    level: str
    what: str


def findings(molecule: Molecule, topology: Any, dynamics: DynamicsSettings) -> list[Finding]:
    """What may be wrong with a molecule.

    Parameters
    ----------
    molecule
        As built.
    topology
        Its mdtraj Topology.
    dynamics
        For the time step and the pressure.
    """
    found = [Finding(WARNING, note) for note in molecule.notes]
    checks = (
        _charge(molecule.system),
        without_hydrogens(topology),
        _step(molecule.system, topology, dynamics.timestep),
        _density(molecule.system, topology, dynamics),
        _overlap(molecule, topology),
        _water(molecule, topology),
    )
    return found + [finding for finding in checks if finding is not None]


def changed_bonds(molecule: Molecule, topology: Any, after: Array) -> list[Finding]:
    """Bonds that minimisation under a force law breaks or forms, by distances.

    Parameters
    ----------
    molecule
        With positions from before.
    topology
        Its mdtraj Topology.
    after
        (N, 3) in nm.
    """
    if molecule.law is None:
        return []
    law, numbers = molecule.law, list(molecule.law.spec.numbers)
    own = law.spec.atoms or range(len(numbers))
    old, new = (
        {(own[i], own[j]) for i, j in bonded_pairs(numbers, law.part(x))}
        for x in (molecule.positions, after)
    )
    return [
        Finding(WARNING, f"minimisation {what} the bond {topology.atom(i)} - {topology.atom(j)}")
        for what, pairs in (("breaks", old - new), ("forms", new - old))
        for i, j in sorted(pairs)
    ]


def net_charge(system: Any) -> float:
    """Total charge of a System in elementary charges."""
    import openmm
    from openmm import unit

    for force in system.getForces():
        if isinstance(force, openmm.NonbondedForce):
            charges = [
                force.getParticleParameters(i)[0].value_in_unit(unit.elementary_charge)
                for i in range(force.getNumParticles())
            ]
            return float(np.sum(charges))
    return 0.0


def density_of(system: Any) -> float | None:
    """Density in g/cm^3 of a System; None without a box."""
    box = box_of(system)
    return None if box is None else density(float(masses_of(system).sum()), np.asarray(box))


def read_back(system: Any, positions: Array) -> list[Finding]:
    """Whether a System that is written and read as in a run has the same energy."""
    import openmm

    try:
        again = parse_system(openmm.XmlSerializer.serialize(system), Path("system.xml"))
    except MechanistError as error:
        return [Finding(ERROR, f"the system cannot be read back: {error}")]
    old, new = (energy_of(one, positions) for one in (system, again))
    if abs(new - old) <= READ_BACK * max(1.0, abs(old)):
        return []
    return [Finding(ERROR, f"system.xml has an energy of {new:.6g} kJ/mol, not {old:.6g}")]


def _water(molecule: Molecule, topology: Any) -> Finding | None:
    """Water that has no periodic box."""
    waters = sum(residue.is_water for residue in topology.residues)
    if waters < DROPLET or molecule.system.usesPeriodicBoundaryConditions():
        return None
    if molecule.box is None:
        what = "no file has a box; give molecule.box, and nonbonded: PME"
    else:
        what = "the box of the files is not used; write nonbonded: PME to use it"
    return Finding(WARNING, f"{waters:,} waters in vacuum, not periodic: {what}")


def _charge(system: Any) -> Finding | None:
    charge = net_charge(system)
    if abs(charge - round(charge)) > 0.01:
        return Finding(WARNING, f"the total charge is {charge:+.3f} e, not a whole number")
    if round(charge) and system.usesPeriodicBoundaryConditions():
        return Finding(
            WARNING, f"the box has a charge of {round(charge):+d} e; add ions to neutralise it"
        )
    return None


def without_hydrogens(topology: Any) -> Finding | None:
    """Carbon atoms without any hydrogen in an mdtraj Topology."""
    symbols = [atom.element.symbol for atom in topology.atoms if not atom.residue.is_water]
    if "C" in symbols and "H" not in symbols:
        count = sum(symbol == "C" for symbol in symbols)
        return Finding(
            WARNING,
            f"{count} carbon atoms and no hydrogen: are hydrogens missing, or does the force field"
            " use united atoms?",
        )
    return None


def _step(system: Any, topology: Any, timestep: float) -> Finding | None:
    """Whether the time step (fs) is short enough for the hydrogens."""
    from openmm import unit

    fixed = {
        frozenset(system.getConstraintParameters(k)[:2]) for k in range(system.getNumConstraints())
    }
    longest, why = np.inf, ""
    for bond in topology.bonds:
        for atom in (bond[0], bond[1]):
            mass = system.getParticleMass(atom.index).value_in_unit(unit.dalton)
            constrained = frozenset((bond[0].index, bond[1].index)) in fixed
            # Rigid waters have no vibrations.
            if atom.element.symbol != "H" or mass == 0 or (constrained and atom.residue.is_water):
                continue
            usual = CONSTRAINED_STEP if constrained else FREE_STEP
            limit = usual * np.sqrt(mass / HYDROGEN)
            if limit < longest:
                bonds = "fixed" if constrained else "flexible"
                longest, why = limit, f"{bonds} bonds to hydrogens of {mass:.3g} dalton"
    if timestep <= longest:
        return None
    return Finding(
        WARNING,
        f"dynamics.timestep: {timestep:g} fs: {why} need {longest:.2g} fs or less; see"
        " molecule.constraints and molecule.hydrogen_mass",
    )


def _density(system: Any, topology: Any, dynamics: DynamicsSettings) -> Finding | None:
    value = density_of(system)
    waters = any(residue.is_water for residue in topology.residues)
    if value is None or not waters or dynamics.pressure is not None:
        return None
    if DENSITY[0] <= value <= DENSITY[1]:
        return None
    return Finding(
        WARNING,
        f"density {value:.2f} g/cm^3: unusual for water; set dynamics.pressure to correct it",
    )


def _overlap(molecule: Molecule, topology: Any) -> Finding | None:
    """Bonds that are far too long, as in a molecule that was wrapped into a box."""
    atoms = np.array([(bond[0].index, bond[1].index) for bond in topology.bonds])
    if len(atoms) == 0:
        return None
    steps = molecule.positions[atoms[:, 1]] - molecule.positions[atoms[:, 0]]
    lengths = np.sqrt((steps**2).sum(axis=1))
    worst = int(lengths.argmax())
    if lengths[worst] < 0.4:
        return None
    i, j = (topology.atom(int(a)) for a in atoms[worst])
    return Finding(WARNING, f"the bond {i} - {j} is {lengths[worst]:.2f} nm long in the structure")
