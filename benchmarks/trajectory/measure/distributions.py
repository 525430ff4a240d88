"""Distributions of bonds, angles and speeds in restored frames, beside the true ones."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.trajectory.measure.bonds import bonds
from mechanist.arrays import Array
from mechanist.trajectory.dataset import Windows
from mechanist.trajectory.superres.protocol import Filled, Interpolator


def distributions(
    models: Mapping[str, Interpolator], test: Windows, numbers: NDArray[np.int64]
) -> list[dict[str, Any]]:
    """Distances of the distributions of bonds, angles and speeds from the true ones.

    For every bond, angle and atom the distance of Wasserstein (the area between both cumulative
    distributions), over missing frames only; means over all bonds, angles and atoms.
    """
    bound = bonds(numbers, test.positions[0, 0])
    truth = Filled(test.positions[:, 1:-1], test.velocities[:, 1:-1])
    wanted = _measured(truth, bound)
    rows = []
    for name, model in models.items():
        made = _measured(model(test.ends), bound)
        found = {key: _apart(made[key], wanted[key]) for key in wanted}
        rows.append({"model": name, "condition": test.inner, **found})
    return rows


def _measured(filled: Filled, bound: NDArray[np.int64]) -> dict[str, Array]:
    """Bonds in nm, angles in degrees and speeds in nm/ps, (frames, how many) each."""
    atoms = filled.positions.shape[2]
    x, v = filled.positions.reshape(-1, atoms, 3), filled.velocities.reshape(-1, atoms, 3)
    i, j, k = np.array(angles_of(bound)).T
    one, other = x[:, i] - x[:, j], x[:, k] - x[:, j]
    cosine = (one * other).sum(axis=2)
    cosine /= np.linalg.norm(one, axis=2) * np.linalg.norm(other, axis=2)
    return {
        "bonds": np.linalg.norm(x[:, bound[:, 0]] - x[:, bound[:, 1]], axis=2),
        "angles": np.degrees(np.arccos(np.clip(cosine, -1, 1))),
        "speeds": np.linalg.norm(v, axis=2),
    }


def angles_of(bound: NDArray[np.int64]) -> list[tuple[int, int, int]]:
    """Triples of atoms whose middle one is bound to both others."""
    found = []
    for middle in np.unique(bound):
        pairs = bound[(bound == middle).any(axis=1)]
        ends = sorted(int(pair.sum() - middle) for pair in pairs)
        found += [(i, int(middle), k) for n, i in enumerate(ends) for k in ends[n + 1 :]]
    return found


def _apart(made: Array, wanted: Array) -> float:
    """Mean distance of Wasserstein of two samples of the same size, column by column."""
    return float(np.abs(np.sort(made, axis=0) - np.sort(wanted, axis=0)).mean())
