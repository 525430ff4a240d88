"""Energy minimisation of a starting structure."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import SystemBuildError
from mechanist.systems.build.identity import check_chirality
from mechanist.systems.build.names import Name
from mechanist.systems.forces.attach import Attached, walled
from mechanist.systems.forces.platforms import (
    GPU_PLATFORMS,
    cpu_properties,
    gpu_device,
    platform_names,
)

SMALL = 200
"""Atoms up to which Reference is fast enough; its results are the same bits on all machines."""

LARGE = 5_000
"""Atoms from which a GPU is tried first."""

TOLERANCE, STEPS_MAX = 1.0, 2000
"""Root mean square force in kJ/mol/nm at which minimisation stops; most iterations."""

LARGE_TOLERANCE, LARGE_STEPS_MAX = 10.0, 200
"""The same of large systems, for which a minimum of the solvent would take half an hour on a core.
OpenMM repeats the iterations with stiffer restraints until the constraints are met."""

ENERGY_MAX = 1e5
"""kJ/mol per atom; more means that atoms overlap."""

CLOSEST = 0.06
"""nm; no bond is shorter, that of H2 is 0.074 nm."""

TRIAL = """
import sys, openmm
system = openmm.XmlSerializer.deserialize(sys.stdin.read())
platform = openmm.Platform.getPlatformByName("Reference")
context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform)
context.setPositions([(0.01 * i, 0, 0) for i in range(system.getNumParticles())])
context.getState(energy=True)
"""
"""A program that makes a context of the System that it reads, and computes an energy."""


def minimise(
    system: Any,
    positions: Any,
    structure: Path,
    topology: Any = None,
    law: Attached | None = None,
    tolerance: float | None = None,
    steps: int | None = None,
) -> Array:
    """Positions (N, 3) in nm at a minimum of the energy, constraints met, virtual sites in place.

    Parameters
    ----------
    system, positions
        What to minimise.
    structure
        The file that messages name.
    topology
        OpenMM Topology, for the handedness of its centres; None: it is not checked.
    law
        The force law in the System, or None.
    tolerance, steps
        In kJ/mol/nm, and steps at most; None: by the number of atoms.

    Raises
    ------
    SystemBuildError
        If the energy is not finite or far too high, or a centre turns into its mirror image.
    """
    import openmm
    from openmm import unit

    there = platform_names() if law is None else ["Reference", "CPU"]
    atoms, periodic = system.getNumParticles(), system.usesPeriodicBoundaryConditions()
    large = atoms >= LARGE
    tolerance = tolerance or (LARGE_TOLERANCE if large else TOLERANCE)
    steps = steps or (LARGE_STEPS_MAX if large else STEPS_MAX)
    fault = ""
    for name in suitable(atoms, periodic, there, gpu_device()):
        try:
            with walled(law):
                state = _minimum(system, positions, name, tolerance, steps)
            break
        except openmm.OpenMMException as error:
            fault = str(error)
    else:
        raise SystemBuildError(
            structure, f"cannot be minimised ({fault}){_overlap(system, positions, topology)}"
        )
    energy = state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole)
    if not np.isfinite(energy) or energy > ENERGY_MAX * system.getNumParticles():
        raise SystemBuildError(
            structure,
            "the minimised energy is not finite or far too high"
            + (_overlap(system, positions, topology) or "; do atoms overlap?"),
        )
    result = np.array(state.getPositions(asNumpy=True).value_in_unit(unit.nanometer))
    if topology is not None:
        check_chirality(topology, np.asarray(positions, dtype=np.float64), result, structure)
    return result


def _overlap(system: Any, positions: Any, topology: Any) -> str:
    """The two closest atoms with mass, if no bond is so short; for the end of a message."""
    from scipy.spatial import cKDTree

    masses = [system.getParticleMass(i)._value for i in range(system.getNumParticles())]
    heavy = np.flatnonzero(np.array(masses) > 0)
    points = np.asarray(positions, dtype=np.float64)[heavy]
    if len(points) < 2 or not np.isfinite(points).all():
        return ""
    distances, others = cKDTree(points).query(points, k=2)
    row = int(distances[:, 1].argmin())
    length = float(distances[row, 1])
    if length > CLOSEST:
        return ""
    # Of two points at the same place either may be the nearest to itself.
    other = next(int(k) for k in others[row] if k != row)
    i, j = sorted((int(heavy[row]), int(heavy[other])))
    names = "" if topology is None else _names(topology, i, j)
    return f": atoms {i} and {j}{names} are {length:.3f} nm apart"


def _names(topology: Any, i: int, j: int) -> str:
    atoms = list(topology.atoms())
    return f", {Name.of(atoms[i])} and {Name.of(atoms[j])},"


def energy_of(system: Any, positions: Array) -> float:
    """Potential energy in kJ/mol at positions (N, 3) in nm."""
    import openmm

    context = openmm.Context(system, openmm.VerletIntegrator(0.001), *platform(system))
    context.setPositions(positions)
    return float(context.getState(energy=True).getPotentialEnergy()._value)


def check_energy(system: Any, positions: Array, structure: Path, topology: Any) -> None:
    """Refuse a structure without an energy, from which no minimiser finds its way.

    Raises
    ------
    SystemBuildError
        Naming ``structure``, its file, and the atoms that lie on each other.
    """
    if not np.isfinite(energy_of(system, positions)):
        why = _overlap(system, positions, topology) or ": does the force field have all parameters?"
        raise SystemBuildError(structure, f"the energy is not a finite number{why}")


def _minimum(system: Any, positions: Any, name: str, tolerance: float, steps: int) -> Any:
    """OpenMM State with positions and energy, by the platform of this name."""
    import openmm

    chosen, properties = openmm.Platform.getPlatformByName(name), cpu_properties(name)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), chosen, properties)
    context.setPositions(positions)
    context.applyConstraints(1e-6)
    context.computeVirtualSites()
    openmm.LocalEnergyMinimizer.minimize(context, tolerance, steps)
    context.computeVirtualSites()
    return context.getState(positions=True, energy=True)


def check_context(system: Any, source: Path) -> None:
    """Make a context, where OpenMM tests all parameters; ``source`` is the file of the forces.

    Raises
    ------
    SystemBuildError
        In the words of OpenMM.
    """
    import openmm

    if any(_corrects_tail(force) for force in system.getForces()):
        fault = _trial(openmm.XmlSerializer.serialize(system))
        if fault:
            raise SystemBuildError(source, f"OpenMM refuses it: {fault}")
    reference = openmm.Platform.getPlatformByName("Reference")
    try:
        openmm.Context(system, openmm.VerletIntegrator(0.001), reference)
    except openmm.OpenMMException as error:
        raise SystemBuildError(source, f"OpenMM refuses it: {error}") from None


def _corrects_tail(force: Any) -> bool:
    """Whether a force is corrected for what lies beyond its cutoff by numerical integration.

    OpenMM integrates in threads; if the integral diverges, they end the process.
    """
    import openmm

    return isinstance(force, openmm.CustomNonbondedForce) and force.getUseLongRangeCorrection()


def _trial(system: str) -> str:
    """What ends a process that makes a context of a serialised System, or an empty text."""
    done = subprocess.run(
        [sys.executable, "-c", TRIAL], input=system, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return ""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return (lines or ["the process ends without a word"])[-1].removeprefix("what():").strip()


def suitable(atoms: int, periodic: bool, there: Sequence[str], gpu: bool) -> list[str]:
    """Platforms for a minimisation in the order in which they are tried.

    Parameters
    ----------
    atoms, periodic
        Of the system.
    there
        Platforms of this machine.
    gpu
        Whether it has a GPU; OpenCL on a processor is slower than the CPU platform.
    """
    if (atoms <= SMALL and not periodic) or "CPU" not in there:
        return ["Reference"]
    fast = [name for name in GPU_PLATFORMS if name in there and gpu and atoms >= LARGE]
    return [*fast, "CPU"]


def platform(system: Any) -> tuple[Any, dict[str, str]]:
    """The platform on processors for the energies of a System, and its properties."""
    import openmm

    atoms, periodic = system.getNumParticles(), system.usesPeriodicBoundaryConditions()
    name = suitable(atoms, periodic, platform_names(), False)[0]
    return openmm.Platform.getPlatformByName(name), cpu_properties(name)
