"""Stage ``collect``: all shots, all transition paths and the final model in one place."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mechanist.arrays import Frames
from mechanist.bookkeeping.files import atomic, copy
from mechanist.bookkeeping.layout import Layout
from mechanist.sampling.records.tables import (
    PATH_COLUMNS,
    SHOT_COLUMNS,
    Table,
    join,
    read_notes,
    read_stored,
    read_table,
    write_frames,
    write_table,
)
from mechanist.sampling.records.thinning import NOTE, thinning_of
from mechanist.settings.config import Config
from mechanist.systems.prepared import load


def collect(config: Config, layout: Layout, last: int) -> None:
    """Join rounds 0 to ``last``; only paths that count are kept, job by job to save memory."""
    prepared = load(layout)
    jobs = [
        layout.round(number).worker(worker)
        for number in range(last + 1)
        for worker in range(config.sampling.workers)
    ]
    write_table(layout.shots, join([read_table(f.shots, SHOT_COLUMNS) for f in jobs]), SHOT_COLUMNS)

    notes = read_notes(jobs[0].index)
    thinning = thinning_of(notes, jobs[0].index)
    waters = None if thinning is None else thinning.waters
    atoms = prepared.atoms if waters is None else len(waters.kept_atoms)
    kept: list[Table] = []

    def frames() -> Iterator[Frames]:
        for files in jobs:
            paths = read_stored(files.paths, files.index, atoms)
            rows = paths.index["weight"] > 0
            kept.append({name: column[rows] for name, column in paths.index.items()})
            yield paths.frames[np.repeat(rows, paths.index["frames"])]

    write_frames(layout.paths.paths, frames())
    index = join(kept)
    index["first_frame"] = np.cumsum(index["frames"]) - index["frames"]
    write_table(layout.paths.index, index, PATH_COLUMNS, {k: notes[k] for k in notes if k == NOTE})

    source, target = layout.round(last), layout.committor
    for origin, place in ((source.model, target.model), (source.model_card, target.model_card)):
        copy(origin, place)
    place = layout.paths.folder / "topology.pdb"
    if waters is None:
        copy(layout.topology, place)
    else:
        with atomic(place) as temporary:
            write_part(layout.topology, waters.kept_atoms, temporary)


def write_part(topology: Path, atoms: np.ndarray, out: Path) -> None:
    """Write some atoms of a topology, as the frames beside it hold them."""
    import mdtraj

    mdtraj.load(str(topology)).atom_slice(atoms).save_pdb(str(out))
