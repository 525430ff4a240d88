"""Excursions of equilibrium runs that chains may exchange with."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array, FrameSource, Mask, Rows
from mechanist.engine.half_shots import END_NAMES
from mechanist.sampling.excursions.window_weights import WindowSelection, windows_of
from mechanist.sampling.records.stored_frames import view
from mechanist.sampling.records.tables import PathTable
from mechanist.systems.prepared import Prepared

COMMON = 100
"""Excursions of runs that reach a window, or one beyond it, for it to be well sampled."""


@dataclass(frozen=True)
class Reservoir:
    """Excursions of equilibrium runs in one state that stay in well-sampled windows.

    Parameters
    ----------
    state
        ``A`` or ``B``.
    windows
        (W,) windows in which an excursion may have frames to be exchanged.
    excursions
        (K) frames of each, with both ends.
    ends
        (K) states of their two ends.
    candidate_frames
        (K, W) possible shooting points of each in each window.
    runs
        (K,) number of the run that each is from.
    """

    state: str
    windows: Mask
    excursions: Sequence[FrameSource]
    ends: Sequence[tuple[str, str]]
    candidate_frames: Array
    runs: Rows

    def share(self, ends: tuple[str, str]) -> float:
        """B of an excursion with these ends: the fraction of its ends that lie in the state."""
        return ends.count(self.state) / 2


def make_reservoir(
    state: str, runs: PathTable, between: Mask, prepared: Prepared, windows: WindowSelection
) -> Reservoir:
    """Excursions of the runs in one state, with their frames in each window.

    Parameters
    ----------
    state
        ``A`` or ``B``.
    runs, between
        Excursions of all runs, and which of their frames (F,) lie between the states.
    prepared
        The system.
    windows
        Windows along q.
    """
    rows = np.flatnonzero(runs.index["source"] == state)
    window = windows_of(windows.q(view(runs.frames, between)), windows.edges)
    visited = frames_in_windows(runs, between, window, windows.count) > 0
    usable = in_reach(runs, windows.longest)
    counts = frames_in_windows(runs, between & usable, window[usable[between]], windows.count)
    first, lengths = runs.index["first_frame"], runs.index["frames"]
    ends = [
        END_NAMES[(prepared.states.label_positions(view(runs.frames, at)) + 1) // 2]
        for at in (first, first + lengths - 1)
    ]
    return well_sampled(
        state,
        [runs.view(int(row)) for row in rows],
        [(ends[0][row], ends[1][row]) for row in rows],
        visited[rows],
        counts[rows],
        runs.index["chain"][rows],
    )


def well_sampled(
    state: str,
    excursions: Sequence[FrameSource],
    ends: Sequence[tuple[str, str]],
    visited: Mask,
    candidate_frames: Array,
    runs: Rows,
) -> Reservoir:
    """Keep the excursions (K) that stay in windows reached by at least `COMMON` of them.

    ``visited`` (K, W) says in which windows each has frames, ``candidate_frames`` (K, W) how many
    of them are possible shooting points; excursions without any are left out. ``runs`` (K,) are
    the numbers of their runs.
    """
    toward = visited if state == "A" else visited[:, ::-1]
    # An excursion out of A reaches all windows up to its highest, one out of B down to its lowest.
    reached = np.flip(np.maximum.accumulate(np.flip(toward, axis=1), axis=1), axis=1)
    known = reached.sum(axis=0) >= COMMON
    known = known if state == "A" else known[::-1]
    usable = candidate_frames.any(axis=1) & ~visited[:, ~known].any(axis=1)
    rows = np.flatnonzero(usable).tolist()
    found, their_ends = [excursions[i] for i in rows], [ends[i] for i in rows]
    return Reservoir(state, known, found, their_ends, candidate_frames[rows], runs[rows])


def in_reach(table: PathTable, longest: int) -> Mask:
    """Which frames (F,) leave both halves of their path within ``longest`` frames."""
    lengths = np.repeat(table.index["frames"], table.index["frames"])
    number = np.arange(len(table.frames)) - np.repeat(
        table.index["first_frame"], table.index["frames"]
    )
    return np.asarray((number <= longest) & (lengths - 1 - number <= longest))


def frames_in_windows(table: PathTable, use: Mask, window: Rows, windows: int) -> Array:
    """Frames of each path in each of ``windows`` windows, (P, W).

    ``use`` (F,) says which frames to count, ``window`` is the window of each of these.
    """
    cells = table.frame_path[use] * windows + window
    total = np.bincount(cells, minlength=len(table) * windows)
    return total.reshape(len(table), windows).astype(np.float64)
