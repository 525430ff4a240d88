"""Free energies F = -kT ln rho from equilibrium weights."""

from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array, Q, Weights
from mechanist.statistics.intervals import TWO_SIDED


def profile(values: Array, weights: Weights, edges: Array, kt: float) -> Array:
    """Free energy -kT ln(density) in each bin, lowest 0.

    Parameters
    ----------
    values
        (F,) the coordinate of each frame.
    weights
        (F,) of the frames.
    edges
        (B + 1,) of the bins.
    kt
        kT in kJ/mol.

    Returns
    -------
    ndarray
        (B,) in kJ/mol, infinite in empty bins.
    """
    sums, _ = np.histogram(values, edges, weights=weights)
    with np.errstate(divide="ignore"):
        return lowest_zero(-kt * np.log(sums / np.diff(edges)))


def surface(x: Array, y: Array, weights: Weights, edges: tuple[Array, Array], kt: float) -> Array:
    """Free energy (X, Y) over two coordinates in kJ/mol, lowest 0, infinite in empty bins."""
    sums, _, _ = np.histogram2d(x, y, edges, weights=weights)
    area = np.outer(np.diff(edges[0]), np.diff(edges[1]))
    with np.errstate(divide="ignore"):
        return lowest_zero(-kt * np.log(sums / area))


def lowest_zero(energy: Array) -> Array:
    """Energies minus the lowest finite one; infinite ones stay infinite."""
    known = energy[np.isfinite(energy)]
    return energy - known.min() if len(known) else energy


@dataclass(frozen=True)
class Profile:
    """Free energy along q at the centres of windows, (B,) each; energies in kJ/mol."""

    q: Q
    energy: Array
    low: Array
    high: Array


def profile_along_q(edges: Array, mass: Weights, masses: Weights, kt: float) -> Profile:
    """Free energy along q with its 95 % interval, in the windows that are not empty.

    The outermost windows are left out, because they contain everything beyond them.

    Parameters
    ----------
    edges
        (W + 1,) of the windows.
    mass, masses
        (W,) probability of each window, and (S, W) in bootstrap samples.
    kt
        kT in kJ/mol.
    """
    centres = 0.5 * (edges[1:] + edges[:-1])
    energy = np.full(len(mass), np.inf)
    energy[1:-1] = profile(centres[1:-1], mass[1:-1], edges[1:-1], kt)
    rows = np.flatnonzero(np.isfinite(energy))
    width = np.array([_half_width(masses[:, i], kt) for i in rows])
    energy = energy[rows]
    return Profile(centres[rows], energy, energy - width, energy + width)


def _half_width(masses: Weights, kt: float) -> float:
    """Half width of the interval of -kT ln(mass), from its bootstrap samples (S,)."""
    logs = np.log(masses[masses > 0])
    return float(TWO_SIDED * kt * logs.std(ddof=1)) if len(logs) > 1 else np.nan
