"""Peak memory of each stage at N and 10 N frames: ``python -m benchmarks.scale.memory``.

The stages of a run are called as the workflow calls them, each in a process of its own, twice: with
few shots, and with ten times as many. So each has ten times as many frames to write or to read, of
a small molecule, and of 5,000 particles, which stand for a solvated one. Memory is the largest
resident set of the process, as the kernel reports it; libraries take 150 to 600 MB of it.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.scale.folder import REPOSITORY

TIMES = 10
"""Frames of the larger run over those of the smaller."""

HEAD = """# Peak memory at N and 10 N frames

`make bench-memory` writes this table: the largest resident set of each stage. Frames are read and
written in pieces of 16 MB, of which the smaller run fills few.

"""

LIMIT = 1.5
"""Growth of the peak that is allowed."""

HELD = ("assess", "learn", "kinetics", "report")
"""Stages to which the limit applies first."""

PARTICLES = 5_000

RESULTS = Path(__file__).parent / "memory.json"
TABLE = Path(__file__).parent / "memory.md"


@dataclass(frozen=True)
class Case:
    """A system and the sizes of its smaller run.

    Parameters
    ----------
    name
        In tables.
    system
        Folder in systems/.
    change
        Changes its system.yaml.
    shots, run_frames, excursions
        Two-way shots of the round, frames of an equilibrium run, shots for the rates.
    """

    name: str
    system: str
    change: Callable[[dict[str, Any]], None]
    shots: int
    run_frames: int
    excursions: int


def _fine(settings: dict[str, Any]) -> None:
    """Frames ten times as close as the default."""
    settings["dynamics"] |= {"stride": 1}


def _many_particles(settings: dict[str, Any]) -> None:
    """The double well of the first of many particles; the others diffuse."""
    del settings["potential"]
    settings["molecule"] = {"structure": "particles.pdb", "topology": "particles.xml"}


def write_particles(folder: Path) -> None:
    """A serialised System of `PARTICLES` particles, and its structure."""
    import openmm
    from openmm import app, unit

    system, topology = openmm.System(), app.Topology()
    well = openmm.CustomExternalForce("5*(x^2-1)^2+0.5*(y^2+z^2)")
    chain = topology.addChain()
    for number in range(PARTICLES):
        element = app.Element.getBySymbol("Ar" if number else "H")
        system.addParticle(element.mass)
        topology.addAtom(element.symbol, element, topology.addResidue("UNK", chain))
    well.addParticle(0, [])
    system.addForce(well)
    places = np.stack(np.meshgrid(*3 * [np.arange(20)], indexing="ij"), axis=-1).reshape(-1, 3)
    positions = 0.5 * places[:PARTICLES] - [1, 0, 0]
    text = openmm.XmlSerializer.serialize(system)
    (folder / "particles.xml").write_text(text, encoding="utf-8")
    with (folder / "particles.pdb").open("w", encoding="utf-8") as handle:
        app.PDBFile.writeFile(topology, positions * unit.nanometer, handle)


CASES = (
    Case("alanine dipeptide, 22 atoms", "alanine_dipeptide", _fine, 200, 5_000, 200),
    Case("5,000 particles", "double_well", _many_particles, 40, 200, 100),
)


def write_system(case: Case, folder: Path) -> Path:
    """A copy of the system with its changes."""
    copy = folder / "systems" / case.system
    shutil.copytree(REPOSITORY / "systems" / case.system, copy)
    file = copy / "system.yaml"
    settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    case.change(settings)
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    if "molecule" in settings and settings["molecule"]["structure"] == "particles.pdb":
        write_particles(copy)
    return copy


def config_of(case: Case, system: Path, times: int) -> str:
    """Settings of a run, as JSON."""
    run = times * case.run_frames
    return json.dumps(
        {
            "system": str(system),
            "engine": {"platform": "Reference"},
            "sampling": {
                "workers": 1,
                "chains": 6,
                "first_round": times * case.shots,
                "round_max": times * case.shots,
                "burn_in": 1,
            },
            "learn": {"members": 2, "epochs_max": 20},
            "kinetics": {
                "runs": 4,
                "run_frames": run,
                "run_frames_max": run,
                "shots": times * case.excursions,
                "windows": 4,
                "bootstrap": 20,
            },
        }
    )


STAGES = (
    ("prepare",),
    ("describe",),
    ("formula-inputs",),
    ("initial",),
    ("shoot", "--round", "0", "--worker", "0"),
    ("learn", "--round", "0"),
    ("assess", "--round", "0"),
    ("equilibrium", "--worker", "0"),
    ("windows", "--last", "0"),
    ("excursions", "--worker", "0"),
    ("kinetics", "--last", "0"),
    ("collect", "--last", "0"),
    ("report", "--last", "0"),
)
FIRST = 3
"""Stages before this one do not know how many frames there are."""


def peak_of(words: list[str], source: Path) -> dict[str, float]:
    """Largest resident set in MB, and processor time in s, of a command."""
    path = [str(source), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path), "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(words, env=environment, stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            said.seek(0)
            text = said.read().decode(errors="replace")[-2000:]
            raise SystemExit(f"{' '.join(words)}: ended with {status}\n{text}")
    return {"mb": usage.ru_maxrss / 1024, "seconds": usage.ru_utime + usage.ru_stime}


def measure(case: Case, times: int, source: Path) -> dict[str, Any]:
    """Peaks of all stages of one run, and the size of its files."""
    program = "from mechanist.cli.main import main; main()"
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        results = folder / "results"
        config = config_of(case, write_system(case, folder), times)
        rows: dict[str, Any] = {}
        for stage in STAGES:
            words = [sys.executable, "-c", program, *stage, "--config", config]
            rows[stage[0]] = peak_of([*words, "--results", str(results)], source)
            print(f"{case.name} x{times} {stage[0]}: {rows[stage[0]]['mb']:.0f} MB", flush=True)
        size = sum(file.stat().st_size for file in results.rglob("*.trr"))
    return {"stages": rows, "trr_mb": size / 1e6}


def growth(row: dict[str, Any], stage: str) -> float:
    """Peak of the larger run over that of the smaller."""
    small, large = (row[size]["stages"][stage]["mb"] for size in ("1", str(TIMES)))
    return float(large / small)


def table(rows: dict[str, Any]) -> str:
    """Markdown."""
    lines = []
    for name, row in rows.items():
        files = [row[size]["trr_mb"] for size in ("1", str(TIMES))]
        lines += [
            f"### {name}",
            "",
            f"Frames on disk: {files[0]:,.0f} MB and {files[1]:,.0f} MB.",
            "",
            "| stage | MB at N frames | MB at 10 N frames | ratio |",
            "|---|---|---|---|",
        ]
        for stage, *_ in STAGES[FIRST:]:
            small, large = (row[size]["stages"][stage]["mb"] for size in ("1", str(TIMES)))
            lines.append(f"| {stage} | {small:,.0f} | {large:,.0f} | {large / small:.2f} |")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Measure, write the table, and say whether the limit holds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", type=Path, default=REPOSITORY / "src")
    parser.add_argument("--case", type=int, help="only this one")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    cases = CASES if arguments.case is None else CASES[arguments.case : arguments.case + 1]
    rows = json.loads(arguments.out.read_text(encoding="utf-8")) if arguments.out.is_file() else {}
    for case in cases:
        rows[case.name] = {str(n): measure(case, n, arguments.source) for n in (1, TIMES)}
        arguments.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    text = HEAD
    if arguments.out == RESULTS:
        TABLE.write_text(text + table(rows), encoding="utf-8")
    print(table(rows))
    failed = [
        f"{name}: {stage}"
        for name, row in rows.items()
        for stage in HELD
        if growth(row, stage) > LIMIT
    ]
    if failed:
        raise SystemExit(f"more than {LIMIT} times the memory: {'; '.join(failed)}")


if __name__ == "__main__":
    main()
