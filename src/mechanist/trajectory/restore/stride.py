"""How many frames a shooting job may leave out: as many as can be restored within a tolerance."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from mechanist.arrays import Array, Frames
from mechanist.bookkeeping.journal import Journal
from mechanist.errors import DataError
from mechanist.sampling.records.thinning import Thinning
from mechanist.trajectory.restore.restore import audit

MOST = 400
"""Paths of a job that are looked at, at most."""


def strides(most: int) -> list[int]:
    """Strides from 2 up to ``most``, each some four thirds of the one before."""
    result = [most]
    while result[-1] > 2:
        result.append(max(2, 3 * result[-1] // 4))
    return result[::-1]


def lowered(
    thinning: Thinning,
    tolerance: float,
    paths: Sequence[Frames],
    masses: Array,
    log: Journal,
) -> Thinning:
    """The largest stride, up to that of ``thinning``, that restored paths of this job allow.

    The paths are still whole. Maps are learned on every second one and judged on the others; the
    error is taken to grow with the stride.

    Parameters
    ----------
    thinning
        What is asked for.
    tolerance
        In nm; 99 % of restored heavy atoms are to be nearer to where they were.
    paths
        (L, N, 3) each in nm, of the job.
    masses
        (N,) in Da.
    log
        Takes a line of text.

    Returns
    -------
    Thinning
        A stride of 1 where even every second frame is too few.
    """
    every = [path.astype(np.float64) for path in paths]
    every = every[:: max(1, -(-len(every) // MOST))]

    @cache
    def error(stride: int) -> float:
        try:
            return audit(every, stride, Thinning(stride, None).rows, masses)[0].p99
        except DataError:
            # Too few paths, too short ones, or virtual sites: frames are not left out.
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
