"""Our model: forces learned from the accelerations of a trajectory, and bridges over the gaps."""

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.errors import DataError
from mechanist.systems.forces.kernel import KernelForces
from mechanist.trajectory.dataset import Dataset
from mechanist.trajectory.superres.bridge import Bridge
from mechanist.trajectory.superres.forcefield import fit_forces, known_forces
from mechanist.trajectory.superres.likelihood import likely_metric

LAGS = 64
"""Largest correlation time of the error, in frames."""

JUDGED = 1200
"""Largest number of validation frames on which the error of the forces is measured."""


def learn_bridge(dataset: Dataset, permutations: NDArray[np.int64], geometries: int) -> Bridge:
    """Learn forces on the training block, and the statistics of their error on the next one.

    Where every step is stored only positions are used; see `forcefield.known_forces`. Scales of
    inverse distances are those of `likelihood.likely_metric`. Bridges integrate with the time
    between frames as the step.

    Parameters
    ----------
    dataset
        Trajectories at constant energy.
    permutations
        (G, N) of like atoms.
    geometries
        Number of training geometries, evenly spaced in time.

    Returns
    -------
    Bridge
        The model.

    Raises
    ------
    DataError
        If there are fewer frames than ``geometries``, the validation block is too short, or forces
        are unknown.
    """
    x, f = known_forces(dataset.train)
    if len(x) < geometries:
        raise DataError("trajectory", f"{len(x)} frames are fewer than {geometries} geometries")
    rows = np.linspace(0, len(x) - 1, geometries).round().astype(np.int64)
    metric = likely_metric(x[rows], f[rows], permutations)
    forces = fit_forces(x[rows], f[rows], permutations, metric)
    return bridge_of(forces, dataset)


def bridge_of(forces: KernelForces, dataset: Dataset) -> Bridge:
    """A bridge with the error of its forces measured on the validation block.

    Raises
    ------
    DataError
        If the block is too short.
    """
    block = dataset.validate
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
