"""Shots that will hardly join A and B are stopped at random on their way.

After each frame a shot is given the chance to join A and B
(`mechanist.sampling.early_stop.commitment`). Where
that is small the shot goes on with a chance S < 1 only; S is the smallest that was met on the way.
Nothing is biased by that:

- The way from the old path to the new one now contains S(new), the way back S(old), with the same
  point and the same model of commitment, so that a path is accepted with

      min(1, [sum_old f S(old)] / [sum_new f S(new)]).

- A half-shot whose end was seen is one of S that began, S as it was before its last frame. To learn
  from it with weight 1 / S makes up for those that were stopped (Horvitz and Thompson, J. Am. Stat.
  Assoc. 47, 663 (1952)).

The first shots of a job are followed to their end, and the model of commitment is fitted to them.
Chains that are held out of training are never stopped, so that tests see plain shots.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array, Frames, NamedArrays, Q, Rows
from mechanist.engine.half_shots import IN_B, in_states
from mechanist.sampling.early_stop.commitment import Commitment, fit_commitment, level, survival
from mechanist.sampling.records.packing import packed, unpacked

FLOOR = 0.1
"""Chance to go on at least: no half-shot counts more than ten times."""

LESSONS = 400
"""Half-shots that the model of commitment is fitted to."""

_STATE = ("_last", "_p", "_level", "_seen", "_watched", "_uniform")


class EarlyStop:
    """Watches the shots of some chains; see `mechanist.engine.protocol.Watch`.

    Keys of half-shots are 2 * row and 2 * row + 1, as of `mechanist.sampling.chains.chain.Chains`.

    Parameters
    ----------
    q
        From positions (F, N, 3) in nm to q (F,).
    below
        Chance to join A and B below which shots may be stopped.
    spared
        (C,) chains that are never stopped.
    """

    def __init__(self, q: Callable[[Frames], Q], below: float, spared: NDArray[np.bool_]) -> None:
        count = len(spared)
        self._q, self._below, self._spared = q, below, spared
        self._commitment: Commitment | None = None
        self._lessons: list[Array] = []
        self._ends: list[bool] = []
        self._series: dict[int, list[float]] = {}
        # The last three q of each half, newest first, and its chance to end in B.
        self._last = np.full((count, 2, 3), np.nan)
        self._p = np.full((count, 2), 0.5)
        self._level = np.ones(count)
        self._seen = np.ones((count, 2))
        self._watched = np.zeros(count, dtype=np.bool_)
        self._uniform = np.zeros(count)

    def begin(self, rows: Rows, q: Array, u: Array) -> None:
        """Shots of chains (K,) begin at points with these q (K,); ``u`` (K,) decide."""
        self._last[rows] = np.nan
        self._last[rows, :, 0] = q[:, None]
        self._p[rows], self._level[rows], self._seen[rows] = 0.5, 1.0, 1.0
        self._watched[rows], self._uniform[rows] = False, u
        if self._commitment is None:
            for row, start in zip(rows.tolist(), q.tolist(), strict=True):
                self._series[2 * row], self._series[2 * row + 1] = [start], [start]

    def look(
        self,
        keys: NDArray[np.int64],
        positions: Array,
        ages: NDArray[np.int64],
        ends: NDArray[np.int8],
    ) -> NDArray[np.bool_]:
        """See `mechanist.engine.protocol.Watch`."""
        rows, sides = np.divmod(keys, 2)
        if self._commitment is not None:
            self._watch(rows, ages)
            use = np.flatnonzero(self._watched[rows])
        else:
            use = np.arange(len(rows))
        running = use[ends[use] < 0]
        self._move_on(rows[running], sides[running], positions[running])
        if self._commitment is None:
            self._learn(keys, ends)
            return np.zeros(len(keys), dtype=np.bool_)
        decided = use[(ends[use] >= 0) & in_states(ends[use])]
        self._seen[rows[decided], sides[decided]] = self._level[rows[decided]]
        self._p[rows[decided], sides[decided]] = ends[decided] == IN_B
        self._p[rows[running], sides[running]] = self._commitment(
            self._last[rows[running], sides[running]]
        )
        moved = np.unique(rows[use])
        new = level(self._p[moved], self._below, FLOOR)
        self._level[moved] = np.minimum(self._level[moved], new)
        stopped = self._watched & (self._level < self._uniform)
        return np.asarray(stopped[rows] & (ends < 0))

    def _watch(self, rows: Rows, ages: NDArray[np.int64]) -> None:
        """Watch shots whose halves began side by side; what else runs here does not matter."""
        first = rows[ages == 1]
        number, times = np.unique(first, return_counts=True)
        both = number[times == 2]
        self._watched[both] = ~self._spared[both]

    def _move_on(self, rows: Rows, sides: Rows, positions: Array) -> None:
        if len(rows) == 0:
            return
        # As paths are stored, from which the way back is judged.
        q = self._q(positions.astype(np.float32))
        self._last[rows, sides] = np.column_stack([q, self._last[rows, sides, :2]])
        if self._commitment is None:
            for key, value in zip((2 * rows + sides).tolist(), q.tolist(), strict=True):
                self._series[key].append(value)

    def _learn(self, keys: NDArray[np.int64], ends: NDArray[np.int8]) -> None:
        """Take in half-shots that have ended; with enough of them, fit."""
        decided = in_states(ends)
        for row in np.flatnonzero(ends >= 0).tolist():
            series = self._series.pop(int(keys[row]))
            if decided[row] and len(series) > 1:
                self._lessons.append(np.array(series))
                self._ends.append(bool(ends[row] == IN_B))
        if len(self._lessons) >= LESSONS:
            self._commitment = fit_commitment(self._lessons, np.array(self._ends))
            self._series.clear()

    def watched(self, rows: Rows) -> NDArray[np.bool_]:
        """Which shots (K,) might have been stopped."""
        return self._watched[rows]

    def seen(self, rows: Rows) -> Array:
        """Chance (K, 2) to see the end of each half, as it was before its last frame."""
        return np.where(self._watched[rows, None], self._seen[rows], 1.0)

    def ratios(self, rows: Rows, paths: Sequence[Array], points: Rows) -> Array:
        """S(old) / S(new) of chains (K,) whose new paths are complete.

        Parameters
        ----------
        rows
            The chains.
        paths
            (K) q of the frames between the states of the old paths.
        points
            (K,) numbers of the shooting points among these.
        """
        result = np.ones(len(rows))
        if self._commitment is None:
            return result
        for i in np.flatnonzero(self._watched[rows]).tolist():
            old = survival(paths[i], int(points[i]), self._commitment, self._below, FLOOR)
            result[i] = old / self._seen[rows[i]].min()
        return result

    def state(self) -> NamedArrays:
        """All that changes, to go on in another process."""
        lessons = packed(self._lessons, np.empty(0))
        series = packed([np.array(one) for one in self._series.values()], np.empty(0))
        arrays: NamedArrays = {name: getattr(self, name) for name in _STATE}
        fitted = self._commitment
        return arrays | {
            "lesson_lengths": lessons[0],
            "lesson_q": lessons[1],
            "lesson_ends": np.array(self._ends, dtype=np.bool_),
            "series_keys": np.array(list(self._series), dtype=np.int64),
            "series_lengths": series[0],
            "series_q": series[1],
            "scale": np.empty(0) if fitted is None else fitted.scale,
            "coefficients": np.empty(0) if fitted is None else fitted.coefficients,
        }

    def restore(self, state: NamedArrays) -> None:
        """Go on from a `state`."""
        for name in _STATE:
            setattr(self, name, state[name].copy())
        self._lessons = list(unpacked(state["lesson_lengths"], state["lesson_q"]))
        self._ends = state["lesson_ends"].tolist()
        series = unpacked(state["series_lengths"], state["series_q"])
        keys = state["series_keys"].tolist()
        self._series = {key: one.tolist() for key, one in zip(keys, series, strict=True)}
        if len(state["scale"]):
            self._commitment = Commitment(state["scale"], state["coefficients"])
