"""Stage ``import``: a results folder of shots that were made elsewhere."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.layout import Layout
from mechanist.errors import DataError
from mechanist.sampling.outside.aimmd import read_aimmd
from mechanist.sampling.outside.infretis import read_infretis
from mechanist.sampling.outside.ops import read_ops
from mechanist.sampling.outside.outside_shots import OutsideShots, checked, in_chains, joined
from mechanist.sampling.outside.shot_tables import read_shot_table, read_structures
from mechanist.sampling.outside.write_run import (
    Imported,
    column_points,
    column_set,
    write_run,
)
from mechanist.settings.config import Config
from mechanist.settings.load import load_system, system_folder
from mechanist.systems.build.prepare import prepare
from mechanist.systems.descriptors.describe import describe, formula_inputs
from mechanist.systems.descriptors.descriptor_set import DescriptorSet
from mechanist.systems.descriptors.states import State, States
from mechanist.systems.prepared import Prepared, load, save

TABLE, OPS, AIMMD, INFRETIS = "table", "OpenPathSampling", "aimmd", "infretis"

TURN = 2 * np.pi + 1e-6
"""Angles beyond this are not in rad."""


@dataclass(frozen=True)
class Source:
    """What is imported.

    Parameters
    ----------
    files
        Tables, storages, training sets, or folders of infretis.
    format
        One of the names above.
    points
        Structures of the rows of each table, or none.
    names
        Of the descriptors, where the files have none.
    angles
        Names of the columns that are angles in rad.
    python
        Interpreter that has OpenPathSampling.
    """

    files: Sequence[Path]
    format: str
    points: Sequence[Path] = ()
    names: tuple[str, ...] = ()
    angles: tuple[str, ...] = ()
    python: str = "python"


def import_(
    config: Config, layout: Layout, source: Source, system: str | None, log: Callable[[str], None]
) -> None:
    """Write the folder of a run with one round; ``system`` is that of the structures.

    Raises
    ------
    DataError
        In one line, if the folder exists, or something in the files is wrong.
    """
    if layout.root.exists() and any(layout.root.iterdir()):
        raise DataError(layout.root, "exists; name another run, or delete it")
    structures = bool(source.points) or source.format == OPS
    if structures and system is None:
        raise DataError(source.files[0], "structures need their system: --system NAME")
    if system is not None and not structures:
        raise DataError(
            source.files[0],
            "has no structures, so --system is of no use; give those of its rows by --points",
        )
    try:
        if system is not None:
            folder = system_folder(system)
            settings = load_system(folder)
            if settings.dynamics.npt == "paths":
                what = f"system {system!r}: npt: paths: structures have no boxes; write npt: start"
                raise DataError(source.files[0], what)
            prepare(settings, folder, layout)
            describe(settings, folder, layout)
            formula_inputs(settings, folder, layout)
        shots, chains = in_chains(
            joined([_read(source, layout, i) for i in range(len(source.files))])
        )
        shots = checked(shots)
        if system is None:
            shots = _of_table(layout, shots, source.angles)
        outcomes = int(np.isin(shots.ends, ["A", "B"]).sum())
        imported = Imported(
            shots.source, source.format, len(shots), outcomes, chains, system, shots.remarks
        )
        write_run(layout, shots, imported)
    except BaseException:
        _remove(layout.root)
        raise
    log(imported.text)


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def _read(source: Source, layout: Layout, number: int) -> OutsideShots:
    file = source.files[number]
    match source.format:
        case "aimmd":
            return read_aimmd(file, source.names)
        case "infretis":
            return read_infretis(file, source.names)
        case "OpenPathSampling":
            prepared = load(layout)
            return read_ops(file, prepared.states, prepared.atoms, source.python)
    if not source.points:
        return read_shot_table(file)
    if len(source.points) != len(source.files):
        raise DataError(
            file, f"{len(source.points)} files of structures for {len(source.files)} tables"
        )
    return read_shot_table(file, read_structures(source.points[number], layout.topology))


def _of_table(layout: Layout, shots: OutsideShots, angles: Sequence[str]) -> OutsideShots:
    """Write the system of a table: points whose coordinates are its columns."""
    assert shots.values is not None
    for name in angles:
        if name not in shots.names:
            known = ", ".join(shots.names)
            raise DataError(shots.source, f"--angles {name}: there is no such column ({known})")
        column = shots.values[:, shots.names.index(name)]
        if np.abs(column).max() > TURN:
            raise DataError(shots.source, f"{name} {np.abs(column).max():g} is no angle in rad")
    columns = column_set(shots.names, set(angles))
    points = column_points(shots.values)
    write_json(layout.inputs, columns.to_json())
    write_json(layout.formula_inputs, DescriptorSet(()).to_json())
    save(*_stand_in(points.shape[1]), layout)
    return replace(shots, points=points)


def _stand_in(count: int) -> tuple[Prepared, Any]:
    """A system of points without forces, of which nothing is known but columns of the table."""
    import openmm
    from openmm import app

    system, topology = openmm.System(), app.Topology()
    residue = topology.addResidue("COL", topology.addChain())
    for number in range(count):
        system.addParticle(1.0)
        topology.addAtom(f"X{number}", None, residue)
    nothing = States(DescriptorSet(()), State("state A", ()), State("state B", ()))
    prepared = Prepared(
        name="imported table",
        system=system,
        positions=np.zeros((count, 3)),
        masses=np.ones(count),
        temperature=300.0,
        friction=1.0,
        timestep=0.001,
        stride=1,
        max_half_frames=1,
        states=nothing,
    )
    return prepared, topology
