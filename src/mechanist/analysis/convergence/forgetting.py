"""After how many shots nothing of the guess is left in the paths.

Every first path was made by a two-way shot from a frame of the guess, which is the only frame that
it shares with it. A chain has forgotten the guess once its current path no longer holds that frame.
An accepted shot replaces every frame but its shooting point, so that is when a shot from another
frame is first accepted. It is the decorrelation of the path sampling literature (no frame in common
with the first path; Swenson, Prinz, Noe, Chodera, Bolhuis, J. Chem. Theory Comput. 15, 813 (2019)),
for the guess.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mechanist.arrays import Frames, FrameSource, Rows
from mechanist.bookkeeping.layout import Layout
from mechanist.sampling.families import read_families
from mechanist.sampling.records.stored_frames import join_frames, open_frames
from mechanist.sampling.records.tables import (
    SHOT_COLUMNS,
    Table,
    join,
    read_paths,
    read_table,
)


def guess_forgotten(layout: Layout, workers: int, atoms: int) -> dict[str, Any]:
    """What assessment.json of round 0 says of the guess; see `forgetting`."""
    jobs = [layout.round(0).worker(worker) for worker in range(workers)]
    shots = join([read_table(files.shots, SHOT_COLUMNS) for files in jobs])
    points = join_frames([open_frames(files.points, atoms) for files in jobs], atoms)
    first = read_paths(layout.initial.paths, layout.initial.index, atoms)
    chains = np.unique(shots["chain"]).astype(np.int64)
    rows = read_families(layout).first_path(chains)
    guessed = {}
    for chain, row in zip(chains.tolist(), rows.tolist(), strict=True):
        guessed[chain] = first.path(row)[int(first.index["shooting_frame"][row])]
    return forgetting(*shots_to_forget(shots, points, guessed))


def shots_to_forget(
    shots: Table, points: FrameSource, guessed: Mapping[int, Frames]
) -> tuple[Rows, Rows]:
    """Shots, and accepted shots, after which each chain has forgotten the guess.

    Parameters
    ----------
    shots
        Table with `mechanist.sampling.records.tables.SHOT_COLUMNS` of the first round.
    points
        (S, N, 3) in nm, the point of each shot.
    guessed
        For each chain the frame (N, 3) of the guess that its first path holds.

    Returns
    -------
    ndarray, ndarray
        (C,) each, by chain; -1 for a chain that has not forgotten it.
    """
    needed = np.full(len(guessed), -1, dtype=np.int64)
    accepted = needed.copy()
    for i, chain in enumerate(sorted(guessed)):
        rows = np.flatnonzero(shots["chain"] == chain)
        rows = rows[np.argsort(shots["move"][rows])]
        taken = np.flatnonzero(shots["accepted"][rows])
        new = [not np.array_equal(points[rows[k]], guessed[chain]) for k in taken]
        if any(new):
            first = int(np.argmax(new))
            needed[i], accepted[i] = taken[first] + 1, first + 1
    return needed, accepted


def forgetting(needed: Rows, accepted: Rows) -> dict[str, Any]:
    """Number of chains, of those that have forgotten the guess, and medians over these."""
    known = needed > 0
    return {
        "chains": len(needed),
        "forgotten": int(known.sum()),
        "shots": float(np.median(needed[known])) if known.any() else None,
        "shots_most": int(needed[known].max()) if known.any() else None,
        "accepted": float(np.median(accepted[known])) if known.any() else None,
    }
