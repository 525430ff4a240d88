"""From system.yaml to a system that is ready to be sampled."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.bookkeeping.layout import Layout
from mechanist.settings.load import SYSTEM_FILE, key_error
from mechanist.settings.system import DynamicsSettings, SystemSettings
from mechanist.systems.build.minimise import minimise
from mechanist.systems.build.molecule import build_molecule
from mechanist.systems.build.periodic import to_openmm
from mechanist.systems.descriptors.box import box_of
from mechanist.systems.descriptors.labels import topology_of
from mechanist.systems.descriptors.resolve import resolve_states
from mechanist.systems.descriptors.states import States
from mechanist.systems.forces.attach import Attached
from mechanist.systems.forces.potential import build_potential
from mechanist.systems.prepared import Prepared, masses_of, save

Settle = Callable[[Any, Array, DynamicsSettings], tuple[Array, Array]]
"""From a System and minimised positions to positions (N, 3) and a box (3, 3) at a pressure, nm."""


def prepare(
    settings: SystemSettings, folder: Path, layout: Layout, settle: Settle | None = None
) -> None:
    """Write system.xml, topology.pdb and dynamics.json of a system.

    Parameters
    ----------
    settings, folder
        Of the system.
    layout
        Where the files go.
    settle
        Finds the volume of a system with a pressure, see `mechanist.engine.volume`.

    Raises
    ------
    SystemBuildError
        If something in system.yaml cannot be built.
    """
    file = folder / SYSTEM_FILE
    topology, positions, system, law = build_parts(settings, folder)
    atoms = topology_of(topology)
    # Faults in system.yaml must show before a long run under a barostat.
    states = resolve_states(settings, file, atoms, box_of(system))
    if settings.molecule is not None:
        structure = folder / settings.molecule.structure
        positions = minimise(system, positions, structure, topology, law)
    if settings.dynamics.pressure is not None:
        if settle is None:
            raise key_error(file, "dynamics.pressure", "no barostat is available here")
        positions, box = settle(system, positions, settings.dynamics)
        topology.setPeriodicBoxVectors(to_openmm(box))
        states = resolve_states(settings, file, atoms, box_of(system))
    save(prepared_from(settings, positions, system, states, law), topology, layout)


def build_parts(settings: SystemSettings, folder: Path) -> tuple[Any, Array, Any, Attached | None]:
    """OpenMM Topology, positions (N, 3) in nm, OpenMM System, and the force law in it."""
    if settings.molecule is not None:
        molecule = build_molecule(settings.molecule, folder)
        return molecule.topology, molecule.positions, molecule.system, molecule.law
    assert settings.potential is not None
    from openmm import unit

    topology, positions, system = build_potential(settings.potential)
    return topology, np.asarray(positions.value_in_unit(unit.nanometer)), system, None


def prepared_from(
    settings: SystemSettings,
    positions: Array,
    system: Any,
    states: States,
    law: Attached | None = None,
) -> Prepared:
    """A system that was just built, as an object; nothing is written."""
    dynamics = settings.dynamics
    timestep = dynamics.timestep / 1000
    return Prepared(
        name=settings.name,
        system=system,
        positions=positions,
        masses=masses_of(system),
        temperature=dynamics.temperature,
        friction=dynamics.friction,
        timestep=timestep,
        stride=dynamics.stride,
        max_half_frames=round(dynamics.max_half_path / (timestep * dynamics.stride)),
        states=states,
        law=law,
    )
