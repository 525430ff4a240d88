"""A system that is ready to be sampled, as files and as an object."""

import io
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.bookkeeping.files import damage_reported, read_json, write_json, write_text
from mechanist.bookkeeping.layout import Layout
from mechanist.errors import DataError, SystemBuildError
from mechanist.settings.system import GAS_CONSTANT, DynamicsSettings, SystemSettings
from mechanist.systems.build.minimise import relax
from mechanist.systems.build.molecule import build_molecule
from mechanist.systems.build.periodic import from_openmm, to_openmm
from mechanist.systems.descriptors.box import box_of
from mechanist.systems.descriptors.descriptor_set import DescriptorSet
from mechanist.systems.descriptors.resolve import resolve_inputs, resolve_states
from mechanist.systems.descriptors.states import Box, Disc, Interval, State, States
from mechanist.systems.forces.potential import build_potential
from mechanist.systems.forces.system_xml import read_system


@dataclass(frozen=True)
class Prepared:
    """Everything that dynamics needs.

    Parameters
    ----------
    name
        Title.
    system
        OpenMM System.
    positions
        (N, 3) starting structure in nm.
    masses
        (N,) in dalton; 0 marks a particle that the integrator does not move.
    temperature, friction, timestep
        In K, 1/ps, ps.
    stride
        MD steps between frames.
    max_half_frames
        A half-shot with more frames than this is too long.
    states
        A and B.
    """

    name: str
    system: Any
    positions: NDArray[np.float64]
    masses: NDArray[np.float64]
    temperature: float
    friction: float
    timestep: float
    stride: int
    max_half_frames: int
    states: States

    @property
    def kt(self) -> float:
        """Thermal energy in kJ/mol."""
        return GAS_CONSTANT * self.temperature

    @property
    def atoms(self) -> int:
        """Number of atoms."""
        return len(self.masses)


def build_parts(settings: SystemSettings, folder: Path) -> tuple[Any, Array, Any]:
    """Topology, positions (N, 3) in nm and System; topology and System are OpenMM objects."""
    if settings.molecule is not None:
        molecule = build_molecule(settings.molecule, folder)
        return molecule.topology, molecule.positions, molecule.system
    assert settings.potential is not None
    from openmm import unit

    topology, positions, system = build_potential(settings.potential)
    return topology, np.asarray(positions.value_in_unit(unit.nanometer)), system


Settle = Callable[[Any, Array, DynamicsSettings], tuple[Array, Array]]
"""From a System and minimised positions to positions (N, 3) and a box (3, 3) at a pressure, nm."""


def prepared_from(
    settings: SystemSettings, positions: Array, system: Any, states: States
) -> Prepared:
    """A system that was just built, as an object; nothing is written."""
    from openmm import unit

    dynamics = settings.dynamics
    timestep = dynamics.timestep / 1000
    count = system.getNumParticles()
    masses = [system.getParticleMass(i).value_in_unit(unit.dalton) for i in range(count)]
    return Prepared(
        name=settings.name,
        system=system,
        positions=positions,
        masses=np.array(masses),
        temperature=dynamics.temperature,
        friction=dynamics.friction,
        timestep=timestep,
        stride=dynamics.stride,
        max_half_frames=max_half_frames(dynamics),
        states=states,
    )


def max_half_frames(dynamics: DynamicsSettings) -> int:
    """Frames of the longest half-shot."""
    frame = dynamics.timestep / 1000 * dynamics.stride
    count: int = round(dynamics.max_half_path / frame)
    return count


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
        Finds the volume of a system with a pressure.

    Raises
    ------
    SystemBuildError
        If anything in system.yaml cannot be built.
    """
    import mdtraj

    topology, positions, system = build_parts(settings, folder)
    atoms = mdtraj.Topology.from_openmm(topology)
    # Before a long run under a barostat, faults in system.yaml should show.
    states = resolve_states(settings, folder / "system.yaml", atoms, box_of(system))
    if settings.molecule is not None:
        positions = relax(system, positions, folder / settings.molecule.structure)
    if settings.dynamics.pressure is not None:
        if settle is None:
            raise SystemBuildError(folder / "system.yaml", "dynamics.pressure: no barostat is here")
        positions, box = settle(system, positions, settings.dynamics)
        topology.setPeriodicBoxVectors(to_openmm(box))
        states = resolve_states(settings, folder / "system.yaml", atoms, box_of(system))
    write(settings, layout, (topology, positions, system), states)


def write(
    settings: SystemSettings, layout: Layout, parts: tuple[Any, Array, Any], states: States
) -> None:
    """Write system.xml, topology.pdb and dynamics.json of topology, positions (nm) and System."""
    import openmm
    from openmm import app, unit

    topology, positions, system = parts
    dynamics = settings.dynamics
    timestep = dynamics.timestep / 1000
    write_text(layout.system_xml, openmm.XmlSerializer.serialize(system))
    pdb = io.StringIO()
    app.PDBFile.writeFile(topology, positions * unit.nanometer, pdb, keepIds=True)
    write_text(layout.topology, pdb.getvalue())
    write_json(
        layout.dynamics,
        {
            "name": settings.name,
            "temperature": dynamics.temperature,
            "kT": GAS_CONSTANT * dynamics.temperature,
            "friction": dynamics.friction,
            "timestep": timestep,
            "stride": dynamics.stride,
            "max_half_frames": max_half_frames(dynamics),
            "atoms": system.getNumParticles(),
            "start": positions.tolist(),
            "states": states_to_json(states),
        },
    )


def describe(settings: SystemSettings, folder: Path, layout: Layout) -> DescriptorSet:
    """Write inputs.json, the descriptors that networks and formulas see."""
    inputs = _resolve(settings, folder, layout, "inputs")
    write_json(layout.inputs, inputs.to_json())
    return inputs


def describe_formula_inputs(
    settings: SystemSettings, folder: Path, layout: Layout
) -> DescriptorSet:
    """Write formula_inputs.json, the descriptors that formulas may use beside the inputs."""
    further = _resolve(settings, folder, layout, "formula_inputs")
    write_json(layout.formula_inputs, further.to_json())
    return further


def _resolve(
    settings: SystemSettings,
    folder: Path,
    layout: Layout,
    part: Literal["inputs", "formula_inputs"],
) -> DescriptorSet:
    import mdtraj

    topology, _, system = build_parts(settings, folder)
    if settings.dynamics.pressure is not None:
        # The box is that of the run under the barostat.
        box = from_openmm(load(layout).system.getDefaultPeriodicBoxVectors())
        assert box is not None
        system.setDefaultPeriodicBoxVectors(*to_openmm(box))
        topology.setPeriodicBoxVectors(to_openmm(box))
    atoms = mdtraj.Topology.from_openmm(topology)
    return resolve_inputs(settings, folder / "system.yaml", atoms, box_of(system), part)


def load(layout: Layout) -> Prepared:
    """Read what `prepare` wrote.

    Raises
    ------
    DataError
        If a file is missing or damaged.
    """
    from openmm import unit

    content = read_json(layout.dynamics)
    system = read_system(layout.system_xml)
    count = system.getNumParticles()
    masses = [system.getParticleMass(i).value_in_unit(unit.dalton) for i in range(count)]
    with damage_reported(layout.dynamics):
        prepared = Prepared(
            name=content["name"],
            system=system,
            positions=np.asarray(content["start"], dtype=np.float64),
            masses=np.array(masses),
            temperature=content["temperature"],
            friction=content["friction"],
            timestep=content["timestep"],
            stride=content["stride"],
            max_half_frames=content["max_half_frames"],
            states=states_from_json(content["states"]),
        )
        numbers = (prepared.temperature, prepared.friction, prepared.timestep)
        whole = (prepared.stride, prepared.max_half_frames)
        positive = all(float(x) > 0 for x in numbers) and all(int(n) == n > 0 for n in whole)
    if prepared.positions.shape != (count, 3) or not positive:
        raise DataError(layout.dynamics, f"does not fit {layout.system_xml.name}; delete both")
    return prepared


def load_inputs(layout: Layout) -> DescriptorSet:
    """Read what `describe` wrote."""
    return _read_descriptors(layout.inputs)


def load_formula_inputs(layout: Layout) -> DescriptorSet:
    """All descriptors that a formula may hold: the inputs, and what is for formulas alone."""
    inputs, further = load_inputs(layout), _read_descriptors(layout.formula_inputs)
    new = [d for d in further.descriptors if d.name not in inputs.names]
    return DescriptorSet((*inputs.descriptors, *new), inputs.box)


def _read_descriptors(file: Path) -> DescriptorSet:
    content = read_json(file)
    with damage_reported(file):
        return DescriptorSet.from_json(content)


def states_to_json(states: States) -> dict[str, Any]:
    """Plain data of the states; angles in rad, lengths in nm."""
    return {
        "descriptors": states.descriptors.to_json(),
        "A": asdict(states.a),
        "B": asdict(states.b),
    }


def states_from_json(content: dict[str, Any]) -> States:
    """Inverse of `states_to_json`."""

    def state(part: dict[str, Any]) -> State:
        boxes = tuple(
            Box(
                tuple(Interval(**interval) for interval in box["intervals"]),
                tuple(
                    Disc(tuple(d["descriptors"]), tuple(d["centre"]), d["radius"])
                    for d in box["discs"]
                ),
            )
            for box in part["boxes"]
        )
        return State(part["name"], boxes)

    descriptors = DescriptorSet.from_json(content["descriptors"])
    return States(descriptors, state(content["A"]), state(content["B"]))
