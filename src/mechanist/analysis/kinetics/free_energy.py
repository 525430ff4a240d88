"""Free energy along any quantities of frames, from weighted equilibrium frames."""

import numpy as np

from mechanist.arrays import Array


def profile(values: Array, weights: Array, edges: Array, kt: float) -> Array:
    """Free energy -kT ln(density) in each bin, lowest 0.

    Parameters
    ----------
    values
        (F,) the coordinate of each frame.
    weights
        (F,) of the frames.
    edges
        (K + 1,) of the bins.
    kt
        kT in kJ/mol.

    Returns
    -------
    ndarray
        (K,) in kJ/mol, infinite in empty bins.
    """
    sums, _ = np.histogram(values, edges, weights=weights)
    with np.errstate(divide="ignore"):
        return lowest_zero(-kt * np.log(sums / np.diff(edges)))


def surface(x: Array, y: Array, weights: Array, edges: tuple[Array, Array], kt: float) -> Array:
    """Free energy (X, Y) over two coordinates in kJ/mol, lowest 0, infinite where never seen."""
    sums, _, _ = np.histogram2d(x, y, edges, weights=weights)
    area = np.outer(np.diff(edges[0]), np.diff(edges[1]))
    with np.errstate(divide="ignore"):
        return lowest_zero(-kt * np.log(sums / area))


def lowest_zero(energy: Array) -> Array:
    """Energies less the lowest of them; what is infinite stays so."""
    known = energy[np.isfinite(energy)]
    return energy - known.min() if len(known) else energy
