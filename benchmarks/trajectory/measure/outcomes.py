"""Reliability of the attribution for azobenzene: outcomes of shots, and other rankings."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.trajectory.propagator.learned import LearnedMotion
from mechanist.trajectory.trajectory import Trajectory

UNDECIDED = 20.0
"""Degrees of CNNC from 90 within which a shot is undecided."""


def sides(angles: Array) -> NDArray[np.int64]:
    """Where dihedrals in radians are: -1 cis, 1 trans, 0 in between."""
    limit = np.sin(np.radians(UNDECIDED))
    return np.asarray((-np.cos(angles) > limit).astype(np.int64) - (np.cos(angles) > limit))


def ends_of(motion: LearnedMotion, shot: Trajectory) -> Array:
    """Positions (2, N, 3) at both ends of a shot, followed from its middle frame."""
    middle = len(shot) // 2
    times = np.array([-middle, len(shot) - 1 - middle]) * shot.dt_ps
    made = motion(shot.positions[[middle]], shot.moving()[[middle]], times)
    return np.asarray(made.positions[0])


def agreement(found: Sequence[Array], true: Sequence[Array]) -> dict[str, float]:
    """Of outcomes of shots that forces were not learned from.

    Parameters
    ----------
    found, true
        CNNC in radians at the ends of shots by learned forces and in truth, (2,) each.

    Returns
    -------
    dict
        ``ends``: how many; ``percent`` of them that come to the same side; ``trans``: percent that
        truly come to trans, and ``undecided`` to neither; ``error``: median, in degrees.
    """
    one, other = np.concatenate(found), np.concatenate(true)
    off = np.degrees(np.abs((one - other + np.pi) % (2 * np.pi) - np.pi))
    real = sides(other)
    return {
        "ends": float(len(one)),
        "percent": float(100 * np.mean(sides(one) == real)),
        "trans": float(100 * np.mean(real == 1)),
        "undecided": float(100 * np.mean(real == 0)),
        "error": float(np.median(off)),
    }


def stability(pushes: Sequence[Array], first: tuple[int, int]) -> dict[str, Any]:
    """Of rankings by forces from other shots and from other baselines.

    Parameters
    ----------
    pushes
        Integrated gradients (K,) of the reported ranking, and of others.
    first
        Inputs that come first in the reported ranking.

    Returns
    -------
    dict
        ``rankings``: how many others; ``first``: percent of all in which these inputs come first;
        ``spearman``: mean rank correlation of the others' sizes with the first one's, and
        ``lowest``.
    """
    from scipy.stats import spearmanr

    sizes = [np.abs(one) for one in pushes]
    good = [set(np.argsort(-one)[: len(first)]) == set(first) for one in sizes]
    alike = [float(spearmanr(sizes[0], one).statistic) for one in sizes[1:]]
    return {
        "rankings": len(alike),
        "first": float(100 * np.mean(good)),
        "spearman": float(np.mean(alike)),
        "lowest": min(alike),
    }
