r"""Whether half-shots that are too long dwell in a state, or cross a flat stretch.

A state is metastable if it is left much later than it is forgotten where in it the system was. So
two times are compared. The escape time of half-shots that have lasted for T/2, where T is the
longest half-shot, is

    t_esc = X / E,

for the E half-shots that then ended in A or B and the time X that all of them ran between T/2 and
T, with the interval of a Poisson rate (Garwood, Biometrika 28, 437 (1936)). The memory of positions
z(t), scaled by the spread of the paths, is the integral of their autocorrelation

    t_mem = integral_0^inf <(z(0) - m) (z(t) - m)> / <(z - m)^2> dt

over the frames of the second half. In a well of depth h kT the ratio of the two grows as exp(h).
Overdamped motion on a flat stretch of length L has the slowest rates D (n pi / L)^2 with n = 1, 2
between absorbing ends, and n = 1/2, 3/2 if one end is closed by a barrier, so that there

    t_esc / t_mem = (2^2 - 1^2) / 1^2 = 3,    or    (9/4 - 1/4) / (1/4) = 8,

whatever L and the diffusion constant D are.

    symbol       variable          meaning
    T            longest           limit on half-shots, ps
    E            ended             half-shots that ended after T/2
    X            exposure          time in ps that half-shots ran after T/2
    t_mem        memory            ps
"""

from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array, Rows
from mechanist.sampling.records.tables import Table

METASTABLE = 16.0
"""Ratio of escape time and memory from which on a place is a state: twice that of a flat stretch
with a closed end. A well between parabolic barriers of height h kT reaches it at h = 1.6, one with
one such barrier at h = 0.9 (Kramers: pi e^h and 2 pi e^h)."""

NOISE = 0.05
"""Correlation below which it is no longer told from noise."""

LEVEL = 0.95
"""Of the interval of the escape time."""


@dataclass(frozen=True)
class Escape:
    """Time in ps to leave, of half-shots that have lasted for half of the limit.

    ``high`` is infinite, and ``time`` too, if none has left.
    """

    time: float
    low: float
    high: float


def escape_time(shots: Table, step: float, longest: float) -> Escape | None:
    """Of all half-shots of a table with `SHOT_COLUMNS`; None if none has lasted that long.

    Parameters
    ----------
    shots
        The table.
    step, longest
        Time of an MD step, and the limit on half-shots, in ps.
    """
    from scipy.special import gammaincinv

    sides = ("backward", "forward")
    lasted = step * np.concatenate([shots[f"steps_{side}"] for side in sides]).astype(np.float64)
    end = np.concatenate([shots[f"end_{side}"] for side in sides])
    after = lasted - 0.5 * longest
    late = after > 0
    if not late.any():
        return None
    exposure = float(after[late].sum())
    ended = int(np.isin(end[late], ["A", "B"]).sum())
    tail = 0.5 * (1 - LEVEL)
    most = float(gammaincinv(ended + 1, 1 - tail))
    least = float(gammaincinv(ended, tail)) if ended else 0.0
    return Escape(
        exposure / ended if ended else np.inf,
        exposure / most,
        exposure / least if ended else np.inf,
    )


def memory(positions: Array, place: Rows, number: int, interval: float) -> float:
    """Memory in ps of positions in one place.

    What is forgotten between two frames is not resolved: then it is the time in which an
    exponential falls to `NOISE` within the interval. If correlation is left at the longest
    distance, an exponential with the same mean decay is added.

    Parameters
    ----------
    positions, place
        (H, K, C) and (H, K), K frames of H half-shots ``interval`` ps apart, and where each is.
    number
        The place; only pairs of frames of one half-shot that are both there count.
    interval
        In ps.
    """
    here = place == number
    off = positions - positions[here].mean(axis=0)
    variance = float((off[here] ** 2).sum(axis=1).mean())
    total = 0.5
    if variance <= 0:
        return total * interval
    lags = positions.shape[1] - 1
    for lag in range(1, lags + 1):
        both = here[:, :-lag] & here[:, lag:]
        if not both.any():
            break
        products = (off[:, :-lag] * off[:, lag:]).sum(axis=2)[both]
        correlation = float(products.mean()) / variance
        if correlation < NOISE:
            return (total if lag > 1 else float(1 / -np.log(NOISE))) * interval
        total += correlation
        if lag == lags:
            total += correlation * lag / float(-np.log(min(correlation, 0.999)))
    return total * interval


def merged(positions: Array, place: Rows, interval: float) -> Rows:
    """Places (H, K), those joined between which half-shots change too soon for states.

    See `memory`. Two places are one if the time until a half-shot changes from one to the other is
    less than `METASTABLE` times its memory.
    """
    place = place.copy()
    while True:
        numbers = np.unique(place[place >= 0]).tolist()
        worst: tuple[float, int, int] | None = None
        for one in numbers:
            kept = memory(positions, place, one, interval)
            stays = float((place[:, :-1] == one).sum()) * interval
            for other in numbers:
                moves = int(((place[:, :-1] == one) & (place[:, 1:] == other)).sum())
                if other == one or moves == 0:
                    continue
                ratio = stays / moves / kept
                if ratio < METASTABLE and (worst is None or ratio < worst[0]):
                    worst = (ratio, one, other)
        if worst is None:
            return place
        place[place == worst[1]] = worst[2]
