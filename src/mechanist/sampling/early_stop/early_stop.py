"""Early stopping: shots that are unlikely to join A and B are stopped at random, without bias.

After each frame the probability that a shot joins A and B is estimated
(`mechanist.sampling.early_stop.commitment`). Where it is below a limit, the shot survives with a
probability S < 1 only; S of a shot is the minimum over its frames. This leaves no bias:

- The probability to generate the new path from the old one has a factor S(new), the reverse one
  S(old), with the same point and the same model of commitment, so a path is accepted with

      min(1, [sum_old f S(old)] / [sum_new f S(new)]).

- The end of a half-shot is observed with probability S, taken before its last frame. Learning from
  it with weight 1 / S corrects for those that were stopped (Horvitz and Thompson, J. Am. Stat.
  Assoc. 47, 663 (1952)).

The first shots of a job run to their end, and the model of commitment is fitted to them. Shots of
chains that are held out of training are never stopped, so that tests need no weights.

================  =================================================
S of each shot    ``_level`` so far; ``_seen`` for each half-shot
S(old) / S(new)   `EarlyStop.ratios`
================  =================================================
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array, Frames, NamedArrays, Q, Rows
from mechanist.engine.half_shots import IN_B, in_states
from mechanist.sampling.early_stop.commitment import Commitment, fit_commitment, level, survival
from mechanist.sampling.records.packing import packed, unpacked

FLOOR = 0.1
"""Smallest probability S: no half-shot has a weight above ten."""

TRAINING_SHOTS = 400
"""Number of half-shots that the model of commitment is fitted to."""

_STATE = ("_last", "_p", "_level", "_seen", "_watched", "_uniform")


class EarlyStop:
    """Watches the shots of some chains; see `mechanist.engine.protocol.Watch`.

    Keys of half-shots are 2 * row and 2 * row + 1, as of `mechanist.sampling.chains.chain.Chains`.

    Parameters
    ----------
    q
        From positions (F, N, 3) in nm to q (F,).
    below
        Probability to join A and B below which shots may be stopped.
    spared
        (C,) chains whose shots are never stopped.
    """

    def __init__(self, q: Callable[[Frames], Q], below: float, spared: NDArray[np.bool_]) -> None:
        count = len(spared)
        self._q, self._below, self._spared = q, below, spared
        self._commitment: Commitment | None = None
        self._training: list[Array] = []
        self._ends: list[bool] = []
        self._series: dict[int, list[float]] = {}
        # The last three q of each half-shot, newest first, and its probability to end in B.
        self._last = np.full((count, 2, 3), np.nan)
        self._p = np.full((count, 2), 0.5)
        self._level = np.ones(count)
        self._seen = np.ones((count, 2))
        self._watched = np.zeros(count, dtype=np.bool_)
        self._uniform = np.zeros(count)

    def begin(self, rows: Rows, q: Array, u: Array) -> None:
        """Shots of chains (K,) start from points with q (K,); uniform numbers u (K,) decide."""
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
        """Watch shots whose two half-shots started together; others are never stopped."""
        first = rows[ages == 1]
        number, times = np.unique(first, return_counts=True)
        both = number[times == 2]
        self._watched[both] = ~self._spared[both]

    def _move_on(self, rows: Rows, sides: Rows, positions: Array) -> None:
        if len(rows) == 0:
            return
        # In the precision of stored paths, for which S(old) is computed.
        q = self._q(positions.astype(np.float32))
        self._last[rows, sides] = np.column_stack([q, self._last[rows, sides, :2]])
        if self._commitment is None:
            for key, value in zip((2 * rows + sides).tolist(), q.tolist(), strict=True):
                self._series[key].append(value)

    def _learn(self, keys: NDArray[np.int64], ends: NDArray[np.int8]) -> None:
        """Add half-shots that have ended; fit once there are enough."""
        decided = in_states(ends)
        for row in np.flatnonzero(ends >= 0).tolist():
            series = self._series.pop(int(keys[row]))
            if decided[row] and len(series) > 1:
                self._training.append(np.array(series))
                self._ends.append(bool(ends[row] == IN_B))
        if len(self._training) >= TRAINING_SHOTS:
            self._commitment = fit_commitment(self._training, np.array(self._ends))
            self._series.clear()

    def watched(self, rows: Rows) -> NDArray[np.bool_]:
        """Which shots (K,) might have been stopped."""
        return self._watched[rows]

    def seen(self, rows: Rows) -> Array:
        """Probability (K, 2) to observe the end of each half-shot: S before its last frame."""
        return np.where(self._watched[rows, None], self._seen[rows], 1.0)

    def ratios(self, rows: Rows, paths: Sequence[Array], points: Rows) -> Array:
        """S(old) / S(new) of chains (K,) with complete new paths.

        Parameters
        ----------
        rows
            The chains.
        paths
            (K) q of the frames of the old paths between the states.
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
        """All that changes, for a checkpoint."""
        training = packed(self._training, np.empty(0))
        series = packed([np.array(one) for one in self._series.values()], np.empty(0))
        arrays: NamedArrays = {name: getattr(self, name) for name in _STATE}
        fitted = self._commitment
        return arrays | {
            "lesson_lengths": training[0],
            "lesson_q": training[1],
            "lesson_ends": np.array(self._ends, dtype=np.bool_),
            "series_keys": np.array(list(self._series), dtype=np.int64),
            "series_lengths": series[0],
            "series_q": series[1],
            "scale": np.empty(0) if fitted is None else fitted.scale,
            "coefficients": np.empty(0) if fitted is None else fitted.coefficients,
        }

    def restore(self, state: NamedArrays) -> None:
        """Continue from a `state`."""
        for name in _STATE:
            setattr(self, name, state[name].copy())
        self._training = list(unpacked(state["lesson_lengths"], state["lesson_q"]))
        self._ends = state["lesson_ends"].tolist()
        series = unpacked(state["series_lengths"], state["series_q"])
        keys = state["series_keys"].tolist()
        self._series = {key: one.tolist() for key, one in zip(keys, series, strict=True)}
        if len(state["scale"]):
            self._commitment = Commitment(state["scale"], state["coefficients"])
