"""Points for validation, the predictions there, and the fresh shots.

Points are frames on paths of held-out chains from which no shot was made before, so that no outcome
from them has trained a network, chosen a formula or fitted its constants.

One set of points is spread over the network's p_B. It does not depend on the formula, so that it
tests both, and any other formula. A second set is the formula's own: spread over its p_B, and on
its surface q = 0.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from mechanist.arrays import Array, Counts, FrameSource, Mask, Probabilities, Q, Rows
from mechanist.bookkeeping.files import damage_reported, read_json
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.gather import candidate_frames
from mechanist.sampling.committor_shots import COMMITTOR_COLUMNS
from mechanist.sampling.records.stored_frames import open_frames, pieces, view
from mechanist.sampling.records.tables import PathTable, join, read_table
from mechanist.statistics.held_out import held_out
from mechanist.statistics.logistic import q_to_p

NETWORK, FORMULA = "network", "formula"
"""What a set of points was chosen by."""

P_RANGE = (0.02, 0.98)
"""Predicted p_B of points; shots from points outside would nearly all end in one state."""

SURFACE = 0.2
"""Points count as on the surface q = 0 if |q| is smaller: p_B from 0.45 to 0.55."""


def candidates(paths: PathTable, held_out_every: int, shot_from: Collection[bytes]) -> FrameSource:
    """Frames (F, N, 3) between the states on paths of held-out chains that were never shot from.

    Outcomes of shots from a frame have trained the network, or chosen the formula and fitted its
    constants. Frames are told by `fingerprints`.
    """
    use, _ = candidate_frames(paths)
    chains = np.repeat(paths.index["chain"], paths.index["frames"])
    frames = view(paths.frames, use & held_out(chains, held_out_every))
    fresh: Mask = np.array([one not in shot_from for one in fingerprints(frames)], dtype=bool)
    return view(frames, fresh)


def fingerprints(frames: FrameSource) -> list[bytes]:
    """Hash of the positions of each frame (F, N, 3) as they are stored, in single precision."""
    return [
        blake2b(one.tobytes(), digest_size=16).digest()
        for piece in pieces(frames)
        for one in np.ascontiguousarray(piece, dtype=np.float32)
    ]


def shooting_points(layout: Layout, rounds: Sequence[int], workers: int, atoms: int) -> set[bytes]:
    """`fingerprints` of all shooting points of some rounds."""
    found: set[bytes] = set()
    for number in rounds:
        for worker in range(workers):
            points = open_frames(layout.round(number).worker(worker).points, atoms)
            found.update(fingerprints(points))
    return found


def network_points(p: Probabilities, rng: np.random.Generator, points: int) -> Rows:
    """Rows of candidate frames spread evenly over the network's p_B (F,), see `spread_points`.

    Fewer than ``points``, or none, where there are no more frames; `why_fewer` says so.
    """
    try:
        return spread_points(p, rng, points)
    except ValueError:
        return np.empty(0, dtype=np.int64)


def why_fewer(found: int, wanted: int, frames: int) -> str:
    """Why there are fewer points than wanted, and what to set; empty if there are not."""
    if found >= wanted:
        return ""
    return (
        f"validation.points: {found} of {wanted}: held-out chains have {frames:,} frames between"
        " the states; sample more (sampling.first_round, sampling.rounds_max)"
    )


def formula_points(q: Q, rng: np.random.Generator, points: int, surface: int) -> tuple[Rows, Rows]:
    """Points at which a formula is tested.

    Parameters
    ----------
    q
        (F,) of the formula at candidate frames.
    rng
        Source of random numbers.
    points, surface
        How many to choose over its p_B, and on its surface q = 0.

    Returns
    -------
    tuple of ndarray
        Rows spread evenly over p_B, and rows on the surface; fewer if q has fewer different values
        there.
    """
    try:
        spread = spread_points(q_to_p(q), rng, points)
    except ValueError:
        spread = np.empty(0, dtype=np.int64)
    _, rows = np.unique(q, return_index=True)
    near = rows[np.abs(q[rows]) < SURFACE]
    chosen = rng.permutation(near)[:surface]
    return spread, np.sort(chosen)


def spread_points(p: Probabilities, rng: np.random.Generator, points: int) -> Rows:
    """Choose frames spread evenly over predicted p_B in `P_RANGE`.

    Parameters
    ----------
    p
        (F,) predicted p_B of candidate frames. Frames with exactly the same value are taken for
        copies of one configuration.
    rng
        Source of random numbers.
    points
        How many to choose.

    Returns
    -------
    ndarray
        Rows of frames without repeats, in ascending p_B; fewer than ``points`` only if there are
        fewer frames. Every bin of width 0.96 / ``points`` gives one frame before any gives two,
        and so on.

    Raises
    ------
    ValueError
        If no frame lies in the range.
    """
    low, high = P_RANGE
    values, rows = np.unique(p, return_index=True)
    inside = (values >= low) & (values <= high)
    values, rows = values[inside], rows[inside]
    if not len(rows):
        raise ValueError(f"no frame has a predicted p_B from {low} to {high}")
    bins = np.minimum(((values - low) / (high - low) * points).astype(np.int64), points - 1)
    shuffled = rng.permutation(len(rows))
    order = shuffled[np.argsort(bins[shuffled], kind="stable")]
    counts = np.bincount(bins, minlength=points)
    # Rank of each frame in the random order of its bin: all first ones precede all second ones.
    rank = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    ranked = order[np.lexsort((rng.random(len(order)), rank))]
    return np.asarray(rows[np.sort(ranked[:points])], dtype=np.int64)


@dataclass(frozen=True)
class ValidationPoints:
    """Predictions at P points, made before the shots, and the outcomes of the fresh shots.

    Attributes
    ----------
    p_network, p_error
        (P,) p_B of the network and the standard deviation of its error.
    n, n_b
        (P,) half-shots that ended in a state, and in B.
    too_long
        (P,) half-shots that were too long.
    q_formula, on_surface
        (P,) q of the formula, and which points were chosen on its surface; None where the network
        chose the points.
    """

    p_network: Probabilities
    p_error: Array
    n: Counts
    n_b: Counts
    q_formula: Q | None = None
    on_surface: Mask | None = None
    too_long: Counts | None = None


def read_points(layout: Layout, by: str, workers: int) -> ValidationPoints:
    """Read the predictions of the stage ``points`` and the shots of all jobs.

    Raises
    ------
    DataError
        If a file is missing or damaged.
    """
    files = layout.fresh(by)
    names = ["p_network", "p_error", *(("q_formula", "on_surface") if by == FORMULA else ())]
    content = read_json(files.predictions)
    with damage_reported(files.predictions):
        found = {name: np.array(content[name], dtype=np.float64) for name in names}
    shots = join([read_table(files.shots(worker), COMMITTOR_COLUMNS) for worker in range(workers)])
    points = len(found["p_network"])
    in_a, in_b, too_long = (
        np.bincount(shots["point"][shots["end"] == end].astype(np.int64), minlength=points)
        for end in ("A", "B", "too_long")
    )
    return ValidationPoints(
        found["p_network"],
        found["p_error"],
        in_a + in_b,
        in_b,
        found.get("q_formula"),
        found["on_surface"].astype(np.bool_) if by == FORMULA else None,
        too_long,
    )
