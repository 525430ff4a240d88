"""Mutated structures and topologies: refused in one line, or with the energy of plain OpenMM."""

import contextlib
import math
import shutil
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mdtraj
import networkx
import numpy as np
import openmm
from openmm import app, unit

from mechanist.errors import MechanistError
from mechanist.settings.molecule import MoleculeSettings
from mechanist.systems.build.minimise import minimise
from mechanist.systems.build.molecule import build_molecule
from tests.fuzz.mutations import MUTATIONS, mutated

DATA = Path(__file__).resolve().parents[1] / "data" / "dipeptide"
PME = {"nonbonded": "PME", "cutoff": "0.9 nm"}
SETS: dict[str, dict[str, Any]] = {
    "PDB": {"structure": "x.pdb", "force_field": ["dipeptide.xml"], **PME},
    "mmCIF": {"structure": "x.cif", "force_field": ["dipeptide.xml"], **PME},
    "Amber": {"structure": "x.rst7", "topology": "x.prmtop", **PME},
    "Amber, PDB": {"structure": "x.pdb", "topology": "x.prmtop", **PME},
    "GROMACS": {"structure": "x.gro", "topology": "x.top", **PME},
    "CHARMM": {
        **{"structure": "x.crd", "topology": "x.psf", "force_field": ["x.prm"], **PME},
        "box": ["2.4 nm", "2.3 nm", "2.5 nm"],
    },
    "System XML": {"structure": "x.pdb", "topology": "system.xml"},
}
"""Alanine dipeptide, two ions and three waters in a box, in each format."""

CLOSE = 1e-4
"""Relative difference of energies, of at least 1 kJ/mol."""


@dataclass
class Found:
    """Outcomes, and inputs that should have had another one."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def files_of(name: str) -> list[str]:
    """Files of a set."""
    settings = SETS[name]
    names = [settings["structure"], settings.get("topology"), *settings.get("force_field", [])]
    return [one for one in names if one is not None and one != "dipeptide.xml"]


def energy(system: Any, positions: Any, box: Any) -> float:
    """kJ/mol, sites in place."""
    platform = openmm.Platform.getPlatformByName("Reference")
    if box is not None:
        # Before there is a context, which chooses the grid of PME for its box.
        system.setDefaultPeriodicBoxVectors(*box)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform)
    context.setPositions(positions)
    context.computeVirtualSites()
    return float(context.getState(energy=True).getPotentialEnergy()._value)


def own(name: str, folder: Path) -> tuple[float, Any]:
    """Energy and positions of what the package builds.

    A structure whose energy is not finite is minimised, which must refuse it.
    """
    molecule = build_molecule(MoleculeSettings.model_validate(SETS[name]), folder)
    found = energy(molecule.system, molecule.positions, None)
    if not math.isfinite(found):
        minimise(molecule.system, molecule.positions, folder, molecule.topology)
    return found, molecule.positions


def plain(name: str, folder: Path, positions: Any = None) -> float:
    """Energy of what plain OpenMM reads, in the box of the structure or else of the topology.

    With ``positions`` at these, if they are those of the file but for vectors of the box: molecules
    that a box has cut are made whole.
    """
    settings = SETS[name]
    options = {"nonbondedMethod": app.PME, "nonbondedCutoff": 0.9 * unit.nanometer}
    options |= {"constraints": app.HBonds, "removeCMMotion": False}
    structure = folder / settings["structure"]
    topology = str(folder / settings.get("topology", ""))
    readers = {".pdb": app.PDBFile, ".cif": app.PDBxFile, ".rst7": app.AmberInpcrdFile}
    readers |= {".gro": _Gro, ".crd": app.CharmmCrdFile}
    source = readers[structure.suffix](str(structure))
    box = _box(source, structure.suffix)
    if name == "CHARMM":
        box = [openmm.Vec3(2.4, 0, 0), openmm.Vec3(0, 2.3, 0), openmm.Vec3(0, 0, 2.5)]
        box *= unit.nanometer
    if name in ("PDB", "mmCIF"):
        force_field = app.ForceField(str(folder / "dipeptide.xml"))
        system = force_field.createSystem(source.topology, **options)
    elif name.startswith("Amber"):
        prmtop = app.AmberPrmtopFile(topology, periodicBoxVectors=box)
        system = prmtop.createSystem(**options)
    elif name == "GROMACS":
        system = app.GromacsTopFile(topology, periodicBoxVectors=box).createSystem(**options)
        _exclude(system, Path(topology).read_text(encoding="latin-1"))
    elif name == "CHARMM":
        psf = app.CharmmPsfFile(topology, periodicBoxVectors=box)
        parameters = app.CharmmParameterSet(str(folder / "x.prm"))
        system = psf.createSystem(parameters, **options, flexibleConstraints=False)
    else:
        system = openmm.XmlSerializer.deserialize(Path(topology).read_text(encoding="utf-8"))
    if positions is None or box is None:
        return energy(system, source.positions, box)
    vectors = np.array([row.value_in_unit(unit.nanometer) for row in box])
    shifts = (positions - _nanometres(source.positions)) @ np.linalg.inv(vectors)
    if np.abs(shifts - np.round(shifts)).max() > CLOSE:
        return math.nan
    return energy(system, positions, box)


def _exclude(system: Any, text: str) -> None:
    """Leave out pairs up to nrexcl bonds apart that are not under [ pairs ], as GROMACS does.

    OpenMM scales those of three bonds. Only the first molecule is so large.
    """
    sections: dict[str, list[list[str]]] = {}
    current: list[list[str]] = []
    for line in text.split("\n"):
        words = line.partition(";")[0].split()
        if words[:1] == ["["]:
            # Of sections that come again, the first ones belong to the first molecule.
            current = sections.setdefault(words[1], []) if words[1] not in sections else []
        elif words:
            current.append(words)
    bonds = networkx.Graph([sorted(map(int, words[:2])) for words in sections["bonds"]])
    pairs = {tuple(sorted(map(int, words[:2]))) for words in sections.get("pairs", [])}
    nrexcl = int(sections["moleculetype"][0][1])
    (force,) = [f for f in system.getForces() if isinstance(f, openmm.NonbondedForce)]
    for i, reached in networkx.all_pairs_shortest_path_length(bonds, cutoff=nrexcl):
        for j in reached:
            if i < j and (i, j) not in pairs:
                force.addException(i - 1, j - 1, 0, 1, 0, True)


def _nanometres(positions: Any) -> Any:
    if not unit.is_quantity(positions):
        return np.asarray(positions)
    return np.array(positions.value_in_unit(unit.nanometer), dtype=float)


def _box(source: Any, suffix: str) -> Any:
    if suffix in (".pdb", ".cif"):
        return source.topology.getPeriodicBoxVectors()
    return source.boxVectors if suffix in (".rst7", ".gro") else None


class _Gro:
    """A gro file as MDTraj reads it; OpenMM reads three decimals only."""

    def __init__(self, path: str) -> None:
        frame = mdtraj.load(path)
        self.positions = frame.xyz[0].astype(float)
        rows = frame.unitcell_vectors[0].astype(float)
        self.boxVectors = [openmm.Vec3(*row) for row in rows] * unit.nanometer


def equal(one: float, other: float) -> bool:
    """Whether two energies are the same, to the rounding of files."""
    return math.isfinite(one) and abs(one - other) <= CLOSE * max(1.0, abs(other))


def try_one(
    name: str, file: str, kind: str, rng: np.random.Generator, work: Path, found: Found
) -> None:
    """One mutation of one file of a set."""
    content = mutated((DATA / file).read_bytes(), kind, rng)
    for one in (*files_of(name), "dipeptide.xml"):
        shutil.copy(DATA / one, work)
    if name not in _REFERENCE:
        _REFERENCE[name] = own(name, work)[0]
    (work / file).write_bytes(content)
    try:
        value, positions = own(name, work)
    except MechanistError as error:
        found.counts[kind, "refused"] += 1
        if "\n" in str(error):
            found.faults.append(f"{name}, {file}, {kind}: several lines: {error}")
        return
    except Exception as error:
        found.faults.append(f"{name}, {file}, {kind}: {type(error).__name__}: {error}")
        return
    if equal(value, _REFERENCE[name]):
        found.counts[kind, "the same energy"] += 1
        return
    right = math.nan
    if not MUTATIONS[kind].harmless:
        with contextlib.suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            right = plain(name, work)
            if not equal(value, right):
                right = plain(name, work, positions)
    if equal(value, right):
        found.counts[kind, "as plain OpenMM"] += 1
        return
    found.counts[kind, "another energy"] += 1
    found.faults.append(f"{name}, {file}, {kind}: {value:.6g}, not {right:.6g} kJ/mol")


_REFERENCE: dict[str, float] = {}


def fuzz_molecules(number: int, seed: int, work: Path, keep: Path | None = None) -> Found:
    """Mutations in turn over sets, files and kinds; files that make a fault are kept."""
    found = Found()
    pairs = [(name, file) for name in SETS for file in files_of(name)]
    kinds = list(MUTATIONS)
    for k in range(number):
        rng = np.random.default_rng([seed, k])
        (name, file), kind = pairs[k % len(pairs)], kinds[(k // len(pairs)) % len(kinds)]
        before = len(found.faults)
        try_one(name, file, kind, rng, work, found)
        if keep is not None and len(found.faults) > before:
            shutil.copytree(work, keep / f"{k}", dirs_exist_ok=True)
            found.faults[-1] = f"{k}: {found.faults[-1]}"
    return found


def table(found: Found) -> str:
    """Counts by kind of mutation."""
    outcomes = ("refused", "the same energy", "as plain OpenMM", "another energy")
    lines = [f"{'':18}" + "".join(f"{outcome:>17}" for outcome in outcomes)]
    for kind in MUTATIONS:
        lines.append(f"{kind:18}" + "".join(f"{found.counts[kind, o]:17}" for o in outcomes))
    return "\n".join(lines)
