"""A system that is ready to be sampled, as files and as an object."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.errors import DataError, SystemBuildError
from mechanist.files import atomic, read_json, write_json, write_text
from mechanist.layout import Layout
from mechanist.settings.system import GAS_CONSTANT, SystemSettings
from mechanist.systems.descriptors import DescriptorSet
from mechanist.systems.molecule import build_molecule
from mechanist.systems.potential import build_potential
from mechanist.systems.resolve import resolve_inputs, resolve_states
from mechanist.systems.states import Box, Disc, Interval, State, States


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


def build_parts(settings: SystemSettings, folder: Path) -> tuple[Any, Any, Any]:
    """Topology, positions and System as OpenMM objects."""
    if settings.molecule is not None:
        from openmm import unit

        molecule = build_molecule(settings.molecule, folder)
        return molecule.topology, molecule.positions * unit.nanometer, molecule.system
    assert settings.potential is not None
    return build_potential(settings.potential)


def prepare(settings: SystemSettings, folder: Path, layout: Layout) -> None:
    """Write system.xml, topology.pdb and dynamics.json of a system.

    Raises
    ------
    SystemBuildError
        If anything in system.yaml cannot be built.
    """
    import mdtraj
    import openmm
    from openmm import app, unit

    topology, positions, system = build_parts(settings, folder)
    file = folder / "system.yaml"
    states = resolve_states(settings, file, mdtraj.Topology.from_openmm(topology))
    if settings.molecule is not None:
        positions = _relax(system, positions, folder / settings.molecule.structure)
    dynamics = settings.dynamics
    timestep = dynamics.timestep / 1000
    write_text(layout.system_xml, openmm.XmlSerializer.serialize(system))
    with atomic(layout.topology) as temporary, temporary.open("w") as handle:
        app.PDBFile.writeFile(topology, positions, handle, keepIds=True)
    write_json(
        layout.dynamics,
        {
            "name": settings.name,
            "temperature": dynamics.temperature,
            "kT": GAS_CONSTANT * dynamics.temperature,
            "friction": dynamics.friction,
            "timestep": timestep,
            "stride": dynamics.stride,
            "max_half_frames": round(dynamics.max_half_path / (timestep * dynamics.stride)),
            "atoms": system.getNumParticles(),
            "start": np.asarray(positions.value_in_unit(unit.nanometer)).tolist(),
            "states": states_to_json(states),
        },
    )


def describe(settings: SystemSettings, folder: Path, layout: Layout) -> DescriptorSet:
    """Write inputs.json, the descriptors that networks and formulas see."""
    import mdtraj

    topology, _, _ = build_parts(settings, folder)
    inputs = resolve_inputs(settings, folder / "system.yaml", mdtraj.Topology.from_openmm(topology))
    write_json(layout.inputs, inputs.to_json())
    return inputs


def _relax(system: Any, positions: Any, structure: Path) -> Any:
    """Minimise the energy, so that a crude structure does not explode."""
    import openmm
    from openmm import unit

    integrator = openmm.VerletIntegrator(0.001)
    context = openmm.Context(system, integrator, openmm.Platform.getPlatformByName("Reference"))
    context.setPositions(positions)
    context.applyConstraints(1e-6)
    openmm.LocalEnergyMinimizer.minimize(context, 1.0, 2000)
    state = context.getState(positions=True, energy=True)
    energy = state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole)
    if not np.isfinite(energy):
        raise SystemBuildError(structure, "the energy is not finite; do atoms overlap?")
    return state.getPositions()


def load(layout: Layout) -> Prepared:
    """Read what `prepare` wrote.

    Raises
    ------
    DataError
        If a file is missing or damaged.
    """
    import openmm
    from openmm import unit

    content = read_json(layout.dynamics)
    if not layout.system_xml.is_file():
        raise DataError(layout.system_xml, "the file is missing; run 'mechanist prepare' again")
    try:
        system = openmm.XmlSerializer.deserialize(layout.system_xml.read_text())
        count = system.getNumParticles()
    except (openmm.OpenMMException, UnicodeDecodeError, AttributeError) as error:
        raise DataError(layout.system_xml, f"damaged ({error}); delete it and run again") from None
    masses = [system.getParticleMass(i).value_in_unit(unit.dalton) for i in range(count)]
    try:
        return Prepared(
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
    except (KeyError, TypeError, IndexError) as error:
        raise DataError(layout.dynamics, f"lacks {error}; delete it and run again") from None


def load_inputs(layout: Layout) -> DescriptorSet:
    """Read what `describe` wrote."""
    content = read_json(layout.inputs)
    try:
        return DescriptorSet.from_json(content)
    except (KeyError, TypeError, IndexError) as error:
        raise DataError(layout.inputs, f"lacks {error}; delete it and run again") from None


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
