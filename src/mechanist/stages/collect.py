"""Stage ``collect``: all shots, all transition paths and the final model in one place."""

from collections.abc import Iterator

import numpy as np

from mechanist.files import copy
from mechanist.layout import Layout
from mechanist.sampling.records import (
    PATH_COLUMNS,
    SHOT_COLUMNS,
    Frames,
    Table,
    join,
    read_paths,
    read_table,
    write_frames,
    write_table,
)
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

    kept: list[Table] = []

    def frames() -> Iterator[Frames]:
        for files in jobs:
            paths = read_paths(files.paths, files.index, prepared.atoms)
            rows = paths.index["weight"] > 0
            kept.append({name: column[rows] for name, column in paths.index.items()})
            yield paths.frames[np.repeat(rows, paths.index["frames"])]

    write_frames(layout.paths.paths, frames())
    index = join(kept)
    index["first_frame"] = np.cumsum(index["frames"]) - index["frames"]
    write_table(layout.paths.index, index, PATH_COLUMNS)

    source, target = layout.round(last), layout.committor
    for origin, place in ((source.model, target.model), (source.model_card, target.model_card)):
        copy(origin, place)
    copy(layout.topology, layout.paths.folder / "topology.pdb")
