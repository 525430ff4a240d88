"""Files of a results folder: the table at the end of the report."""

from dataclasses import dataclass
from pathlib import Path

from mechanist.bookkeeping.layout import Layout
from mechanist.report.status import counted

FILES = {
    "summary.json": "the answer, its numbers with intervals, versions, hardware, seed",
    "summary.md": "the same in short, for the terminal",
    "report.html": "this page",
    "formula.json": "the chosen formula: text, LaTeX, constants with intervals, losses",
    "formula.py": "the chosen formula as a Python file, from positions; needs numpy only",
    "formula.plumed": "the same as PLUMED input",
    "formula_openmm.xml": "the same as an OpenMM force whose energy is q",
    "formulas.csv": "Pareto front of formulas: length, held-out loss, text, LaTeX",
    "relevance.csv": "inputs by relevance, with spread",
    "committor/model.safetensors": "weights of the network ensemble",
    "committor/model.json": "names, units and normalisation of its inputs",
    "committor/network.py": "the network in Python with numpy, and as an OpenMM force",
    "committor/network.plumed": "the same as PLUMED input",
    "shots.parquet": "all shots: origin, predicted p_B, outcome",
    "paths/paths.trr": "all transition paths of the ensemble, one after the other",
    "paths/paths.parquet": "first frame, length and weight of each path",
    "paths/topology.pdb": "topology of the paths for VMD or mdtraj",
    "validation.csv": "fresh shots beside the predictions of network and formula",
    "validation/formula.csv": "fresh shots from points chosen by the formula",
    "validation/front.csv": "error of every formula of the Pareto front on fresh shots",
    "validation/verdict.json": "errors of network and formula on fresh shots, with intervals",
    "kinetics.json": "rates, passage times and the free energy difference, with intervals",
    "channels.json": "groups of transition paths by where they run, with their shares",
    "kinetics/free_energy.csv": "free energy along q with its interval",
    "kinetics/frames.trr": "structures of all regions; weighted, an equilibrium ensemble",
    "kinetics/frames.parquet": "the weights of these structures",
    "compare": "guided against uniform selection (`mechanist compare`)",
    "system": "System, topology, states, inputs and the starting structure",
    "rounds": "each round: shots, points, paths, model, assessment.json, manifest.json",
    "manifest.json": "hash of every file, for `mechanist verify`",
    "benchmarks": "time and memory of every job, and what its time was spent on",
    "logs": "messages of every job",
}
"""Path below the results folder, and its content."""


@dataclass(frozen=True)
class Entry:
    """One line of the table; ``size`` is empty for a missing file."""

    path: str
    meaning: str
    size: str


def _size(path: Path) -> str:
    if path.is_dir():
        count = sum(1 for file in path.rglob("*") if file.is_file())
        return counted(count, "file")
    size = float(path.stat().st_size)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"


def files_of_run(layout: Layout) -> list[Entry]:
    """Every file that a run may write, with its size if it exists."""
    entries = []
    for name, meaning in FILES.items():
        path = layout.root / name
        # The page lists itself before it is written.
        there = path.exists() and path != layout.report
        size = _size(path) if there else ("" if path != layout.report else "this page")
        entries.append(Entry(name + ("/" if path.is_dir() else ""), meaning, size))
    return entries
