"""Our model: forces learned from the accelerations of a trajectory, and bridges over the gaps."""

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.errors import DataError
from mechanist.trajectory.dataset import Dataset
from mechanist.trajectory.superres.bridge import Bridge
from mechanist.trajectory.superres.forcefield import KernelForces, fit_forces, known_forces
from mechanist.trajectory.superres.likelihood import likely_metric

LAGS = 64
"""Frames over which the memory of the error is looked for."""

JUDGED = 1200
"""Frames of the validation block on which the error of the forces is measured."""


def learn_bridge(dataset: Dataset, permutations: NDArray[np.int64], geometries: int) -> Bridge:
    """Learn forces from the training block, and the size and memory of their error from the next.

    Where every step is stored nothing but positions is used; see `forcefield.known_forces`. Scales
    of inverse distances are those of `likelihood.likely_metric`. Bridges take steps of the time
    between frames.

    Parameters
    ----------
    dataset
        Trajectories at constant energy.
    permutations
        (G, N) of like atoms.
    geometries
        How many to learn from, evenly spaced in time.

    Returns
    -------
    Bridge
        The model.

    Raises
    ------
    DataError
        If there are fewer frames than ``geometries``, a validation block is too short, or forces
        are not known.
    """
    parts = [known_forces(one) for one in dataset.train]
    x, f = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    if len(x) < geometries:
        raise DataError("trajectory", f"{len(x)} frames; {geometries} are to be learned from")
    rows = np.linspace(0, len(x) - 1, geometries).round().astype(np.int64)
    metric = likely_metric(x[rows], f[rows], permutations)
    forces = fit_forces(x[rows], f[rows], permutations, metric)
    return judged(forces, dataset)


def judged(forces: KernelForces, dataset: Dataset) -> Bridge:
    """A bridge with the error of its forces as measured on the validation block.

    Raises
    ------
    DataError
        If the block is too short.
    """
    block = dataset.validate[0]
    if len(block) < 2 * LAGS:
        raise DataError("trajectory", f"validation block of {len(block)} frames; {2 * LAGS} needed")
    x, truth = known_forces(block[:JUDGED])
    wrong = forces(x) - truth
    errors = np.sqrt((wrong**2).mean(axis=(0, 2)))
    return Bridge(forces, block.masses, errors, memory_of(wrong) * block.dt_ps)


def memory_of(wrong: Array) -> float:
    """Frames after which the autocorrelation of errors (T, N, 3) has fallen to exp(-1/2).

    At least one, at most `LAGS`. A Gaussian of this width is the covariance that bridges use.
    """
    series = wrong.reshape(len(wrong), -1) / wrong.std()
    square = (series**2).mean()
    for lag in range(1, LAGS):
        alike = (series[:-lag] * series[lag:]).mean() / square
        if alike < np.exp(-0.5):
            return float(lag)
    return float(LAGS)
