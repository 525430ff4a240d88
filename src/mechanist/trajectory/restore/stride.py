"""The stride with which a shooting job stores frames, such that paths can be restored."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from mechanist.arrays import Array, FrameSource
from mechanist.bookkeeping.journal import Journal
from mechanist.errors import DataError
from mechanist.sampling.records.thinning import Thinning
from mechanist.trajectory.restore.restore import audit

MOST = 400
"""Largest number of paths of a job that are examined."""


def strides(most: int) -> list[int]:
    """Strides from 2 up to ``most``, each about four thirds of the one before."""
    result = [most]
    while result[-1] > 2:
        result.append(max(2, 3 * result[-1] // 4))
    return result[::-1]


def lowered(
    thinning: Thinning,
    tolerance: float,
    paths: Sequence[FrameSource],
    masses: Array,
    log: Journal,
) -> Thinning:
    """The largest stride, up to that of ``thinning``, at which paths can be restored.

    Maps are learned on every second path and tested on the others; the error is assumed to grow
    with the stride.

    Parameters
    ----------
    thinning
        The stride of the settings.
    tolerance
        In nm, within which 99 % of restored heavy atoms must lie.
    paths
        (L, N, 3) each in nm, all frames of the paths of the job.
    masses
        (N,) in Da.
    log
        Takes a line of text.

    Returns
    -------
    Thinning
        A stride of 1 where even a stride of 2 is too large.
    """
    some = paths[:: max(1, -(-len(paths) // MOST))]
    every = [path[:].astype(np.float64) for path in some]

    @cache
    def error(stride: int) -> float:
        try:
            return audit(every, stride, Thinning(stride, None).rows, masses)[0].p99
        except DataError:
            # Too few or too short paths, or virtual sites: all frames are stored.
            return np.inf

    wanted = strides(thinning.every)
    kept = bisect_right(wanted, tolerance, key=error)
    if kept == 0:
        log(f"all frames are stored: of one in 2, less than 99 % come back within {tolerance} nm")
        return replace(thinning, every=1)
    stride = wanted[kept - 1]
    found = error(stride)
    log(
        f"one frame in {stride} is stored (in {thinning.every} asked for): restored, 99 % of heavy"
        f" atoms lie within {found:.4f} nm of where they were; {tolerance} nm allowed"
    )
    return replace(thinning, every=stride, p99=found)
