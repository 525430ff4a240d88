"""How many shots it takes until nothing of the guess is left in the paths.

Every first path was made by a two-way shot from a frame of the guess, which is the only frame that
it shares with it. A chain has forgotten the guess once its current path holds that frame no longer.
An accepted shot makes every frame anew but the one that it was shot from, so that is when a shot
from another frame is first accepted. This is the decorrelation that the path sampling literature
counts (no frame in common with the first path), for the guess.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Frames
from mechanist.sampling.records.tables import Table


def shots_to_forget(
    shots: Table, points: Frames, guessed: Mapping[int, Frames]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
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
    made = np.full(len(guessed), -1, dtype=np.int64)
    accepted = made.copy()
    for i, chain in enumerate(sorted(guessed)):
        rows = np.flatnonzero(shots["chain"] == chain)
        rows = rows[np.argsort(shots["move"][rows])]
        taken = np.flatnonzero(shots["accepted"][rows])
        new = [not np.array_equal(points[rows[k]], guessed[chain]) for k in taken]
        if any(new):
            first = int(np.argmax(new))
            made[i], accepted[i] = taken[first] + 1, first + 1
    return made, accepted


def forgetting(made: NDArray[np.int64], accepted: NDArray[np.int64]) -> dict[str, Any]:
    """What the report says: chains, those that have forgotten, and medians over these."""
    known = made > 0
    return {
        "chains": len(made),
        "forgotten": int(known.sum()),
        "shots": float(np.median(made[known])) if known.any() else None,
        "shots_most": int(made[known].max()) if known.any() else None,
        "accepted": float(np.median(accepted[known])) if known.any() else None,
    }
