"""From system.yaml to a system that is ready to be sampled."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.bookkeeping.layout import Layout
from mechanist.settings.load import SYSTEM_FILE, key_error
from mechanist.settings.system import DynamicsSettings, SystemSettings
from mechanist.systems.barostat import Barostat, chance_of_attempt, with_box
from mechanist.systems.build.minimise import minimise
from mechanist.systems.build.molecule import build_molecule
from mechanist.systems.build.periodic import to_openmm
from mechanist.systems.descriptors.box import box_of
from mechanist.systems.descriptors.labels import topology_of
from mechanist.systems.descriptors.resolve import check_groups, resolve_states
from mechanist.systems.descriptors.states import States
from mechanist.systems.forces.attach import Attached
from mechanist.systems.forces.potential import build_potential
from mechanist.systems.prepared import Prepared, masses_of, save


@dataclass(frozen=True)
class Settled:
    """A system at a pressure.

    Parameters
    ----------
    positions, box
        (N, 3) and (3, 3) in nm.
    change
        Largest change of the volume in a move within paths in nm^3; 0 if there are none.
    """

    positions: Array
    box: Array
    change: float = 0.0


Settle = Callable[[Any, Array, DynamicsSettings], Settled]
"""From a System and minimised positions to a pressure."""

TRIED_CHANGE = 0.003
"""Size of volume moves as a share of the volume where none has been found, as in a check."""


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
    if settings.dynamics.npt == "paths" and law is not None:
        what = '"paths": force laws (molecule.forces) have a fixed box; write npt: start'
        raise key_error(file, "dynamics.npt", what)
    atoms, change = topology_of(topology), 0.0
    # Faults in system.yaml must show before a long run under a barostat.
    states = resolve_states(settings, file, atoms, box_of(system))
    check_groups(states.descriptors, positions, file)
    if settings.molecule is not None:
        structure = folder / settings.molecule.structure
        positions = minimise(system, positions, structure, topology, law)
    if settings.dynamics.pressure is not None:
        if settle is None:
            raise key_error(file, "dynamics.pressure", "no barostat is available here")
        settled = settle(system, positions, settings.dynamics)
        positions, change = settled.positions, settled.change
        topology.setPeriodicBoxVectors(to_openmm(settled.box))
        states = resolve_states(settings, file, atoms, box_of(system))
    prepared = prepared_from(settings, positions, system, states, law, change)
    save(prepared, topology, layout)


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
    change: float = 0.0,
) -> Prepared:
    """A system that was just built, as an object; nothing is written."""
    dynamics = settings.dynamics
    masses, box, barostat = masses_of(system), box_of(system), None
    if dynamics.npt == "paths" and box is not None and dynamics.pressure is not None:
        change = change or TRIED_CHANGE * float(np.linalg.det(np.array(box)))
        barostat = Barostat(dynamics.pressure, change, chance_of_attempt(dynamics.stride))
        positions, masses = np.asarray(with_box(positions, box)), np.append(masses, 0.0)
    timestep = dynamics.timestep / 1000
    return Prepared(
        name=settings.name,
        system=system,
        positions=positions,
        masses=masses,
        temperature=dynamics.temperature,
        friction=dynamics.friction,
        timestep=timestep,
        stride=dynamics.stride,
        max_half_frames=round(dynamics.max_half_path / (timestep * dynamics.stride)),
        states=states,
        law=law,
        barostat=barostat,
    )
