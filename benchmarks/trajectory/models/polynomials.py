"""Interpolation without learning: straight lines, cubic splines, quintic polynomials."""

import numpy as np

from mechanist.arrays import Array
from mechanist.trajectory.dataset import Ends
from mechanist.trajectory.superres.protocol import Filled, fractions


def linear(ends: Ends) -> Filled:
    """Straight lines between the ends, with constant velocity."""
    u = fractions(ends)
    away = ends.x1 - ends.x0
    positions = ends.x0[:, None] + u * away[:, None]
    return Filled(positions, np.broadcast_to(away[:, None] / ends.gap_ps, positions.shape).copy())


def hermite_with_accelerations(ends: Ends, accelerations: Array) -> Filled:
    """Quintic polynomials with accelerations (B, 2, N, 3) in nm/ps2 at both ends too."""
    from numpy.polynomial import polynomial

    u, gap = fractions(ends)[:, 0, 0], ends.gap_ps
    # Rows: value, first and second derivative at 0 and at 1 of u**k, k = 0 to 5.
    powers = np.arange(6)
    second = powers * (powers - 1)
    at_0 = [np.eye(6)[0], np.eye(6)[1], 2 * np.eye(6)[2]]
    rows = np.array([*at_0, np.ones(6), powers.astype(float), second.astype(float)])
    a0, a1 = accelerations[:, 0], accelerations[:, 1]
    known = [ends.x0, gap * ends.v0, gap**2 * a0, ends.x1, gap * ends.v1, gap**2 * a1]
    shape = (6, -1)
    terms = np.linalg.solve(rows, np.stack(known).reshape(shape))
    positions = polynomial.polyvander(u, 5) @ terms
    slopes = polynomial.polyvander(u, 4) @ (powers[1:, None] * terms[1:]) / gap
    full = (ends.inner, *ends.x0.shape)
    return Filled(positions.reshape(full).swapaxes(0, 1), slopes.reshape(full).swapaxes(0, 1))


def spline(ends: Ends) -> Filled:
    """A cubic spline through the positions of the ends of successive gaps, without velocities.

    Gaps that are not adjacent belong to different splines.
    """
    from scipy.interpolate import CubicSpline

    follows = (ends.x1[:-1] == ends.x0[1:]).all(axis=(1, 2))
    breaks = np.flatnonzero(~follows) + 1
    positions, velocities = [], []
    for rows in np.split(np.arange(len(ends)), breaks):
        knots = np.concatenate([ends.x0[rows], ends.x1[rows[-1:]]])
        curve = CubicSpline(np.arange(len(knots)) * ends.gap_ps, knots)
        inside = np.arange(len(rows))[:, None] + fractions(ends)[None, :, 0, 0]
        positions.append(curve(inside * ends.gap_ps))
        velocities.append(curve(inside * ends.gap_ps, 1))
    return Filled(np.concatenate(positions), np.concatenate(velocities))
