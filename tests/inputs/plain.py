"""Plain OpenMM's reading of the files of a case, without the package."""

from pathlib import Path
from typing import Any

import networkx
import numpy as np
import openmm
from openmm import app, unit

from tests.inputs.cases import Files, options_of

MANY = 2000
"""Atoms from which the Reference platform is too slow."""


def read(files: Files) -> tuple[Any, Any]:
    """OpenMM Topology and System of files."""
    options = options_of(files.molecule)
    box = None if files.box is None else [openmm.Vec3(*row) for row in files.box] * unit.nanometer
    topology = str(files.topology)
    if files.column in ("PDB", "mmCIF"):
        pdb = (app.PDBFile if files.column == "PDB" else app.PDBxFile)(str(files.structure))
        return pdb.topology, app.ForceField(*files.forces).createSystem(pdb.topology, **options)
    if files.column == "Amber":
        source = app.AmberPrmtopFile(topology, periodicBoxVectors=box)
        return source.topology, source.createSystem(**options)
    if files.column == "GROMACS":
        source = app.GromacsTopFile(topology, periodicBoxVectors=box)
        return source.topology, source.createSystem(**options)
    if files.column == "CHARMM":
        source = app.CharmmPsfFile(topology, periodicBoxVectors=box)
        parameters = app.CharmmParameterSet(*files.forces)
        return source.topology, source.createSystem(
            parameters, **options, flexibleConstraints=False
        )
    text = Path(topology).read_text(encoding="utf-8")
    pdb = app.PDBFile(str(files.structure))
    return pdb.topology, openmm.XmlSerializer.deserialize(text)


def positions_of(files: Files) -> Any:
    """Positions (N, 3) in nm at which energies are compared, as OpenMM reads them."""
    if files.positions is not None:
        return files.positions
    readers = {".pdb": app.PDBFile, ".cif": app.PDBxFile, ".rst7": app.AmberInpcrdFile}
    readers |= {".gro": app.GromacsGroFile, ".crd": app.CharmmCrdFile}
    found = readers[files.structure.suffix](str(files.structure)).positions
    return np.array(found.value_in_unit(unit.nanometer), dtype=float)


def energy(system: Any, positions: Any, box: Any = None) -> float:
    """kJ/mol on the Reference platform, sites in place; of many atoms on the CPU platform."""
    name = "Reference" if len(positions) < MANY else "CPU"
    platform = openmm.Platform.getPlatformByName(name)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform)
    if box is not None:
        context.setPeriodicBoxVectors(*box)
    context.setPositions(positions)
    context.computeVirtualSites()
    found = context.getState(energy=True).getPotentialEnergy()
    return float(found.value_in_unit(unit.kilojoule_per_mole))


def counts(topology: Any) -> dict[str, int]:
    """Distances, angles and torsions that a new system has as inputs, counted on the graph.

    Of bonded heavy atoms outside water; with hydrogens where there is none of a kind.
    """
    every = networkx.Graph()
    for atom in topology.atoms():
        kinds = sorted(a.element.symbol for a in atom.residue.atoms() if a.element is not None)
        if atom.element is not None and kinds != ["H", "H", "O"]:
            every.add_node(atom.index, light=atom.element.symbol == "H")
    for bond in topology.bonds():
        if bond[0].index in every and bond[1].index in every:
            every.add_edge(bond[0].index, bond[1].index)
    heavy = every.subgraph(i for i, light in every.nodes(data="light") if not light)
    found = [_counts_of(heavy), _counts_of(every)]
    return {kind: number or found[1][kind] for kind, number in found[0].items()}


def _counts_of(graph: Any) -> dict[str, int]:
    degree = np.array([graph.degree[i] for i in graph], dtype=int)
    around = [(graph.degree[i] - 1) * (graph.degree[j] - 1) for i, j in graph.edges]
    # A triangle has no torsion: both ends would be the same atom.
    triangles = sum(networkx.triangles(graph).values())
    return {
        "distance": graph.number_of_edges(),
        "angle": int((degree * (degree - 1) // 2).sum()),
        "torsion": int(sum(around)) - triangles,
    }
