"""Errors of restored frames."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.trajectory.dataset import Windows
from mechanist.trajectory.superres.protocol import Filled


@dataclass(frozen=True)
class Errors:
    """Errors of missing frames; means are over frames, atoms and the three axes.

    Parameters
    ----------
    position, position_hydrogen, position_heavy
        Mean absolute error in nm: of all atoms, of hydrogens, of the others (0 if there are none).
    position_p95, position_p99
        Quantiles over frames and atoms of the distance from the true position, in nm.
    velocity
        Mean absolute error in nm/ps.
    """

    position: float
    position_hydrogen: float
    position_heavy: float
    position_p95: float
    position_p99: float
    velocity: float


def errors(filled: Filled, truth: Windows, numbers: NDArray[np.int64]) -> Errors:
    """Compare restored frames with the true ones.

    Parameters
    ----------
    filled
        Result of a model for ``truth.ends``.
    truth
        Gaps with all frames.
    numbers
        (N,) atomic numbers.
    """
    away = filled.positions - truth.positions[:, 1:-1]
    light = numbers == 1
    distance = np.sqrt((away**2).sum(axis=-1))
    mean = {
        name: float(np.abs(away[:, :, rows]).mean()) if rows.any() else 0.0
        for name, rows in (("hydrogen", light), ("heavy", ~light))
    }
    return Errors(
        float(np.abs(away).mean()),
        mean["hydrogen"],
        mean["heavy"],
        float(np.quantile(distance, 0.95)),
        float(np.quantile(distance, 0.99)),
        float(np.abs(filled.velocities - truth.velocities[:, 1:-1]).mean()),
    )
