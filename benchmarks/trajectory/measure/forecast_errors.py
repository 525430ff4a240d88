"""Errors of forecasts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array


@dataclass(frozen=True)
class Errors:
    """Distances of atoms from their true positions in nm, means over windows and atoms.

    Parameters
    ----------
    ade, fde
        Over all frames, and of the last frame.
    hydrogen, heavy
        Over all frames, of hydrogens and of the others (0 if there are none).
    horizon
        (H,) of each frame.
    """

    ade: float
    fde: float
    hydrogen: float
    heavy: float
    horizon: tuple[float, ...]


def errors(made: Array, truth: Array, numbers: NDArray[np.int64]) -> Errors:
    """Compare forecasts (B, H, N, 3) with the truth; ``numbers`` (N,) are atomic numbers."""
    distance = np.linalg.norm(made - truth, axis=-1)
    light = numbers == 1
    parts = [float(distance[:, :, rows].mean()) if rows.any() else 0.0 for rows in (light, ~light)]
    horizon = distance.mean(axis=(0, 2))
    return Errors(
        float(distance.mean()),
        float(horizon[-1]),
        parts[0],
        parts[1],
        tuple(float(one) for one in horizon),
    )
