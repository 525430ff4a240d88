"""The command `mechanist import`: a run of shots that were made elsewhere."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from mechanist.cli.job import log, open_job
from mechanist.cli.names import complete_system

Format = Literal["auto", "table", "ops", "aimmd", "infretis"]


def import_(
    name: Annotated[str, typer.Argument(help="Name of the run, a folder below results/.")],
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Tables (csv, parquet), storages of OpenPathSampling (nc), training sets of aimmd"
            " (h5, npz), or folders of infretis; several of one format are joined.",
        ),
    ],
    system: Annotated[
        str | None,
        typer.Option("--system", help="System of the structures.", autocompletion=complete_system),
    ] = None,
    points: Annotated[
        list[Path] | None,
        typer.Option("--points", help="Structures of a table's rows, any file of mdtraj."),
    ] = None,
    kind: Annotated[Format, typer.Option("--format", help="auto: by the ending.")] = "auto",
    names: Annotated[
        str, typer.Option("--names", help="Descriptors of aimmd or infretis, as phi,psi.")
    ] = "",
    angles: Annotated[
        str, typer.Option("--angles", help="Columns that are angles in rad, as phi,psi.")
    ] = "",
    python: Annotated[
        str,
        typer.Option("--python", help="Interpreter that has OpenPathSampling; default: this one."),
    ] = sys.executable,
    change: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change of a setting, as seed=2 or formula.seconds=60."),
    ] = None,
    validate: Annotated[
        bool,
        typer.Option("--validate", help="Make fresh shots; needs a system and transition paths."),
    ] = False,
) -> None:
    """Make a run of shots from elsewhere: network, relevance, formula, report.

    Shooting points are structures of a system, or rows of descriptors alone.
    """
    from mechanist.bookkeeping.files import write_text
    from mechanist.cli.launch import changed_settings
    from mechanist.stages import import_ as importing

    config: dict[str, Any] = {"system": system or "imported_table", "results": name}
    config |= changed_settings(change or ())
    config["sampling"] = config.get("sampling", {}) | {"workers": 1}
    text = json.dumps(config)
    source = importing.Source(
        files,
        _format(kind, files),
        points or (),
        tuple(filter(None, names.split(","))),
        tuple(filter(None, angles.split(","))),
        python,
    )
    with open_job("import", text, None, {}) as job:
        importing.import_(job.config, job.layout, source, system, job.journal)
        write_text(job.layout.root / "config.json", text + "\n")
    _stages(text, validate)
    print(job.layout.report)


def _format(kind: Format, files: list[Path]) -> str:
    from mechanist.errors import DataError
    from mechanist.stages.import_ import AIMMD, INFRETIS, OPS, TABLE

    if kind != "auto":
        return {"table": TABLE, "ops": OPS, "aimmd": AIMMD, "infretis": INFRETIS}[kind]
    endings = {".csv": TABLE, ".parquet": TABLE, ".nc": OPS, ".db": OPS}
    endings |= {".h5": AIMMD, ".hdf5": AIMMD, ".npz": AIMMD}
    found = {INFRETIS if file.is_dir() else endings.get(file.suffix, "") for file in files}
    if len(found) > 1 or "" in found:
        raise DataError(files[0], "of what format is it? say --format table, ops, aimmd, infretis")
    return found.pop()


def _stages(text: str, validate: bool) -> None:
    """All stages after the shots, in the order of the workflow."""
    from mechanist.cli import stages

    shared: dict[str, Any] = {"config": text, "results": None}
    stages.learn(round_=0, threads=1, **shared)
    stages.assess(round_=0, setup="", **shared)
    stages.relevance(last=0, **shared)
    stages.distil(last=0, threads=1, **shared)
    if validate:
        for by in ("network", "formula"):
            stages.points(last=0, by=by, **shared)
            stages.committor_shots(worker=0, by=by, **shared)
        stages.validate(**shared)
    stages.collect(last=0, **shared)
    stages.report(last=0, **shared)
    stages.seal(**shared)
    log("done")
