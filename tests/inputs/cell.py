"""One cell of the matrix: files of a case through `new` and a round of Snakemake."""

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openmm
import pyarrow.parquet as pq
import yaml

from mechanist.bookkeeping.layout import Layout
from mechanist.errors import MechanistError
from mechanist.settings.load import load_system
from mechanist.systems.build.new import Sources, new
from mechanist.systems.build.prepare import prepare
from mechanist.systems.descriptors.describe import describe
from tests.conftest import REPOSITORY
from tests.inputs.cases import Files
from tests.inputs.plain import counts, energy, positions_of, read

CLOSE = 1e-4
"""Largest relative difference of energies."""

SMALL: dict[str, Any] = {
    "seed": 1,
    "engine": {"platform": "CPU"},
    "initial": {"method": "pull", "paths": 2, "guesses": 2},
    "sampling": {"workers": 1, "chains": 4, "first_round": 16, "round_max": 16, "rounds_max": 1},
    "learn": {"members": 2, "hidden": [4], "epochs_max": 3, "relevance_repeats": 1},
    "formula": {"backend": "operon"},
}
WIDTH = 2.0
"""Degrees on both sides of the starting angle that belong to neither state."""


@dataclass(frozen=True)
class Cell:
    """What a cell showed; ``fault`` is empty if all is as it should be."""

    case: str
    column: str
    fault: str = ""
    atoms: int = 0
    energy: float = 0.0
    difference: float = 0.0
    inputs: int = 0
    shots: int = 0


def examine(name: str, files: Files, work: Path, rounds: bool = True) -> Cell:
    """Energies, inputs and, with ``rounds``, a round of Snakemake."""
    results = work / "results" / "cell"
    try:
        folder = _new(files, work)
        if not rounds:
            settings, layout = load_system(folder), Layout(results)
            prepare(settings, folder, layout)
            describe(settings, folder, layout)
            return compare(name, files, results)
    except MechanistError as error:
        return Cell(name, files.column, str(error))
    done = _snakemake(work)
    if done.returncode:
        lines = (done.stdout + done.stderr).splitlines()
        said = [line for line in lines if "mechanist: error" in line or line.startswith("Error")]
        return Cell(name, files.column, " / ".join(said[:2]) or "\n".join(lines[-15:]))
    return compare(name, files, results)


def _new(files: Files, work: Path) -> Path:
    """The folder of the system, with the settings of the files and states about an angle."""
    (work / "systems").mkdir(parents=True)
    folder = new("cell", Sources(files.structure, files.topology, files.forces), work)
    path = folder / "system.yaml"
    system = yaml.safe_load(path.read_text(encoding="utf-8"))
    system["molecule"] |= files.molecule
    if files.molecule.get("nonbonded") and files.box is not None:
        system["molecule"]["box"] = [[f"{x!r} nm" for x in row] for row in files.box]
    atoms, angle = _bend(files)
    limits = ["0 deg", f"{angle - WIDTH:.3f} deg"], [f"{angle + WIDTH:.3f} deg", "180 deg"]
    system["descriptors"] = {"bend": {"angle": atoms}}
    system["states"] = {
        key: {"name": key, "box": {"bend": box}} for key, box in zip("AB", limits, strict=True)
    }
    system["inputs"] = [one for one in system["inputs"] if not isinstance(one, str)]
    system["dynamics"] |= {"timestep": "1 fs", "stride": 2, "max_half_path": "1 ps"}
    path.write_text(yaml.safe_dump(system), encoding="utf-8")
    config = SMALL | {"system": "cell"}
    (work / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return folder


def _bend(files: Files) -> tuple[list[int], float]:
    """An angle of three heavy atoms, and its value in degrees."""
    topology, _ = read(files)
    x = positions_of(files)
    around: dict[int, list[int]] = {}
    for bond in topology.bonds():
        for one, other in ((bond[0], bond[1]), (bond[1], bond[0])):
            if other.element is not None and other.element.symbol != "H":
                around.setdefault(one.index, []).append(other.index)
    elements = {a.index: a.element for a in topology.atoms()}
    middle, ends = next(
        (i, sorted(others)[:2])
        for i, others in sorted(around.items())
        if len(others) >= 2 and elements[i] is not None and elements[i].symbol == "C"
    )
    a, b = (x[end] - x[middle] for end in ends)
    cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    return [ends[0], middle, ends[1]], float(np.degrees(np.arccos(cosine)))


def _snakemake(work: Path) -> subprocess.CompletedProcess[str]:
    """One round, as a user would run it."""
    programs = Path(sys.executable).parent
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    options = ["--snakefile", str(REPOSITORY / "Snakefile"), "--cores", "1"]
    options += ["--profile", str(REPOSITORY / "profiles" / "default")]
    return subprocess.run(
        ["snakemake", *options, "results/cell/rounds/000/assessment.json"],
        cwd=work,
        env=os.environ | {"PATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def compare(name: str, files: Files, results: Path) -> Cell:
    """The files of a run against plain OpenMM's reading."""
    topology, plain = read(files)
    text = (results / "system" / "system.xml").read_text(encoding="utf-8")
    system = openmm.XmlSerializer.deserialize(text)
    start = json.loads((results / "system" / "dynamics.json").read_text(encoding="utf-8"))["start"]
    differences = []
    for positions in (positions_of(files), np.array(start)):
        right, found = energy(plain, positions, files.box), energy(system, positions, files.box)
        differences.append(abs(found - right) / max(1.0, abs(right)))
    inputs = json.loads((results / "system" / "inputs.json").read_text(encoding="utf-8"))
    kinds = Counter(one["kind"] for one in inputs["descriptors"])
    names = [one["name"] for one in inputs["descriptors"]]
    expected = counts(topology)
    table = results / "rounds" / "000" / "worker_000" / "shots.parquet"
    shots = pq.read_table(table).num_rows if table.is_file() else 0
    faults = []
    if max(differences) > CLOSE:
        faults.append(f"energies differ by {max(differences):.1e}")
    if any(kinds[kind] != number for kind, number in expected.items()):
        faults.append(f"inputs {dict(kinds)}, not {expected}")
    if len(set(names)) < len(names):
        faults.append("names of inputs repeat")
    if table.parent.is_dir() and not shots:
        faults.append("no shot")
    return Cell(
        *(name, files.column, "; ".join(faults), system.getNumParticles(), right, max(differences)),
        *(len(names), shots),
    )
