"""A system that is ready to be sampled, and the files that hold it."""

import io
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.bookkeeping.files import damage_reported, read_json, write_json, write_text
from mechanist.bookkeeping.layout import Layout
from mechanist.errors import DataError
from mechanist.settings.system import GAS_CONSTANT
from mechanist.systems.barostat import Barostat
from mechanist.systems.descriptors.box import BoxVectors, box_of
from mechanist.systems.descriptors.descriptor_set import DescriptorSet
from mechanist.systems.descriptors.states import States
from mechanist.systems.forces.attach import Attached, attach, detached
from mechanist.systems.forces.law_spec import LawSpec
from mechanist.systems.forces.step_time import step_seconds
from mechanist.systems.forces.system_xml import read_system


@dataclass(frozen=True)
class Prepared:
    """Everything that dynamics needs.

    Parameters
    ----------
    name
        Title of the system.
    system
        OpenMM System.
    positions
        (N, 3) starting structure in nm; with a changing box one more row, see
        `mechanist.systems.barostat`.
    masses
        (N,) in dalton, 0 for the row of a box; the integrator does not move a particle of mass 0.
    temperature, friction, timestep
        In K, 1/ps and ps.
    stride
        MD steps between two frames.
    max_half_frames
        A half-shot with more frames than this is too long.
    states
        A and B.
    law
        The force law that is part of the System, or None if all its forces are OpenMM's own.
    barostat
        Moves of the volume within paths; None: it does not change.
    """

    name: str
    system: Any
    positions: Array
    masses: Array
    temperature: float
    friction: float
    timestep: float
    stride: int
    max_half_frames: int
    states: States
    law: Attached | None = None
    barostat: Barostat | None = None

    @property
    def kt(self) -> float:
        """Thermal energy in kJ/mol."""
        return GAS_CONSTANT * self.temperature

    @property
    def atoms(self) -> int:
        """Rows of a frame: its atoms, and the box if it changes."""
        return len(self.masses)

    @property
    def frame_box(self) -> BoxVectors | None:
        """Vectors whose shape the boxes in last rows of frames have; None if there are none."""
        return box_of(self.system) if self.boxed else None

    @property
    def boxed(self) -> bool:
        """Whether each frame has a box of its own, in its last row."""
        return len(self.masses) > int(self.system.getNumParticles())


def masses_of(system: Any) -> Array:
    """Masses (N,) of the particles of an OpenMM System in dalton."""
    from openmm import unit

    count = system.getNumParticles()
    return np.array([system.getParticleMass(i).value_in_unit(unit.dalton) for i in range(count)])


def save(prepared: Prepared, topology: Any, layout: Layout) -> None:
    """Write system.xml, topology.pdb (of an OpenMM Topology) and dynamics.json."""
    import openmm
    from openmm import app, unit

    # A force law is named in dynamics.json, and created in each job.
    system = prepared.system if prepared.law is None else detached(prepared.system)
    write_text(layout.system_xml, openmm.XmlSerializer.serialize(system))
    pdb = io.StringIO()
    app.PDBFile.writeFile(topology, _atoms(prepared) * unit.nanometer, pdb, keepIds=True)
    write_text(layout.topology, pdb.getvalue())
    write_json(
        layout.dynamics,
        {
            "name": prepared.name,
            "temperature": prepared.temperature,
            "kT": prepared.kt,
            "friction": prepared.friction,
            "timestep": prepared.timestep,
            "stride": prepared.stride,
            "max_half_frames": prepared.max_half_frames,
            "atoms": len(_atoms(prepared)),
            "barostat": None if prepared.barostat is None else asdict(prepared.barostat),
            "start": prepared.positions.tolist(),
            "states": prepared.states.to_json(),
            "forces": _named(prepared),
        },
    )


def _atoms(prepared: Prepared) -> Array:
    """The structure without a row of the box."""
    return prepared.positions[:-1] if prepared.boxed else prepared.positions


def _named(prepared: Prepared) -> dict[str, Any] | None:
    """What results hold of a force law: its description, its energy at the structure, its speed."""
    if prepared.law is None:
        return None
    positions = prepared.law.part(prepared.positions)
    energies, _ = prepared.law.energy_forces(positions[None])
    return prepared.law.spec.to_json() | {
        "energy": float(energies[0]),
        "step_seconds": step_seconds(prepared.law.law, positions),
    }


def _law(named: dict[str, Any], start: Array, file: Path) -> Attached:
    """Inverse of `_named`, for the structure (N, 3) in nm."""
    measured = ("energy", "step_seconds")
    description = {key: value for key, value in named.items() if key not in measured}
    spec = LawSpec.from_json(description, file)
    known = start[list(spec.atoms)] if spec.atoms else start
    return Attached(spec, (known, float(named["energy"])))


def load(layout: Layout) -> Prepared:
    """Read what `save` wrote.

    Raises
    ------
    DataError
        If a file is missing or damaged.
    """
    content = read_json(layout.dynamics)
    system = read_system(layout.system_xml)
    masses = masses_of(system)
    with damage_reported(layout.dynamics):
        named = content.get("forces")
        start = np.asarray(content["start"], dtype=np.float64)
        barostat = None if content.get("barostat") is None else Barostat(**content["barostat"])
        if barostat is not None:
            masses = np.append(masses, 0.0)
        law = None if named is None else _law(named, start, layout.dynamics)
        if law is not None:
            attach(system, law)
        prepared = Prepared(
            name=content["name"],
            system=system,
            positions=start,
            masses=masses,
            temperature=content["temperature"],
            friction=content["friction"],
            timestep=content["timestep"],
            stride=content["stride"],
            max_half_frames=content["max_half_frames"],
            states=States.from_json(content["states"]),
            law=law,
            barostat=barostat,
        )
        numbers = (prepared.temperature, prepared.friction, prepared.timestep)
        whole = (prepared.stride, prepared.max_half_frames)
        positive = all(float(x) > 0 for x in numbers) and all(int(n) == n > 0 for n in whole)
    if prepared.positions.shape != (len(masses), 3) or not positive:
        raise DataError(layout.dynamics, f"does not fit {layout.system_xml.name}; delete both")
    return prepared


def load_inputs(layout: Layout) -> DescriptorSet:
    """The descriptors that networks see, which the stage ``describe`` wrote."""
    return _read_descriptors(layout.inputs)


def load_formula_inputs(layout: Layout) -> DescriptorSet:
    """All descriptors that a formula may contain: the inputs, and those for formulas alone."""
    inputs, further = load_inputs(layout), _read_descriptors(layout.formula_inputs)
    new = [d for d in further.descriptors if d not in inputs.descriptors]
    return inputs.of((*inputs.descriptors, *new))


def _read_descriptors(file: Path) -> DescriptorSet:
    content = read_json(file)
    with damage_reported(file):
        return DescriptorSet.from_json(content)
