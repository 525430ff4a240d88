"""How soon the chains of the first round have forgotten the guess of a path."""

from typing import Any

import numpy as np

from mechanist.analysis.convergence.forgetting import forgetting, shots_to_forget
from mechanist.bookkeeping.layout import Layout
from mechanist.sampling.records.tables import (
    SHOT_COLUMNS,
    join,
    read_frames,
    read_paths,
    read_table,
)


def guess_forgotten(layout: Layout, workers: int, atoms: int) -> dict[str, Any]:
    """See `mechanist.analysis.convergence.forgetting`; for assessment.json of round 0."""
    jobs = [layout.round(0).worker(worker) for worker in range(workers)]
    shots = join([read_table(files.shots, SHOT_COLUMNS) for files in jobs])
    points = np.concatenate([read_frames(files.points, atoms) for files in jobs])
    first = read_paths(layout.initial.paths, layout.initial.index, atoms)
    guessed = {}
    for chain in np.unique(shots["chain"]).tolist():
        row = chain % len(first)
        guessed[chain] = first.path(row)[int(first.index["shooting_frame"][row])]
    return forgetting(*shots_to_forget(shots, points, guessed))
