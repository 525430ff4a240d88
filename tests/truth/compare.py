"""Comparison of path ensembles: each gives a number that is standard normal if they are the same.

Paths of one chain are correlated and chains are not, so a mean over paths is a ratio of sums over
units (chains of sampling, walkers of brute force), and its covariance comes from the residuals of
the units (delta method). Distributions are compared in bins, all bins together, by Hotelling's T^2.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from tests.truth.paths import Frames, PathSet

LIMIT = 4.0
"""Standard errors that a comparison may be off: by chance 1 in 16,000 is. The long part makes about
200 comparisons, so a correct code fails one of them with a chance of about 1 %; seeds are fixed."""

BINS = 10


@dataclass(frozen=True)
class Comparison:
    """One quantity: the truth and ours, each with its standard error."""

    quantity: str
    truth: float
    truth_error: float
    ours: float
    error: float

    @property
    def z(self) -> float:
        """Difference in standard errors."""
        return (self.ours - self.truth) / float(np.hypot(self.error, self.truth_error))

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of ours."""
        return self.ours - 1.96 * self.error, self.ours + 1.96 * self.error


@dataclass(frozen=True)
class Observables:
    """What is looked at in the paths of a system.

    Parameters
    ----------
    cell
        From frames (F, N, 3) between the states to the number of a cell, (F,).
    cells
        How many cells.
    crossing
        From P paths (F, N, 3) to one number each, (P,), about where or how it first crosses q = 0.
    """

    cell: Callable[[Frames], NDArray[np.int64]]
    cells: int
    crossing: Callable[[Sequence[Frames]], Array]


@dataclass(frozen=True)
class Mean:
    """Means (K,) over paths, their covariance (K, K), and the units that they come from."""

    value: Array
    covariance: Array
    units: int


def mean(paths: PathSet, numerator: Array, denominator: Array | None = None) -> Mean:
    """Mean of ``numerator`` (P, K) over that of ``denominator`` (P,), which is 1 if not given."""
    below = np.ones(len(numerator)) if denominator is None else denominator
    units = np.unique(paths.unit, return_inverse=True)[1]
    count = int(units.max()) + 1
    top = np.zeros((count, numerator.shape[1]))
    bottom = np.zeros(count)
    np.add.at(top, units, numerator * paths.weight[:, None])
    np.add.at(bottom, units, below * paths.weight)
    value = top.sum(axis=0) / bottom.sum()
    residual = top - value * bottom[:, None]
    covariance = residual.T @ residual / bottom.sum() ** 2 * count / (count - 1)
    return Mean(value, covariance, count)


def known(value: Array) -> Mean:
    """A truth without error."""
    return Mean(value, np.zeros((len(value), len(value))), 10**9)


def together(quantity: str, ours: Mean, truth: Mean) -> Comparison:
    """All of several means at once, as a number that is standard normal if they agree.

    It is the normal quantile of the p-value of T^2: large if they differ, either sign if not.
    """
    from scipy.stats import f, norm

    difference = ours.value - truth.value
    units, size = min(ours.units, truth.units), len(difference)
    square = float(difference @ np.linalg.solve(ours.covariance + truth.covariance, difference))
    scaled = square * (units - size) / (size * (units - 1))
    z = float(norm.isf(max(f.sf(scaled, size, units - size), 1e-300)))
    return Comparison(quantity, 0.0, 0.0, z, 1.0)


def shares(cells: NDArray[np.int64], count: int) -> Array:
    """One-hot rows (F, count - 1) of cell numbers; the last share follows from the others."""
    return (cells[:, None] == np.arange(count - 1)).astype(float)


def quantiles(paths: PathSet, values: Array) -> Array:
    """Inner edges (BINS - 1,) that part the values into bins of equal weight."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(paths.weight[order])
    at = np.searchsorted(reached, reached[-1] * np.arange(1, BINS) / BINS)
    return np.unique(values[order][at])


def mean_length(ours: PathSet, truth: PathSet) -> Comparison:
    """Mean duration in ps."""
    o, t = (mean(p, p.frame * p.steps[:, None].astype(float)) for p in (ours, truth))
    return Comparison(
        "mean path / ps",
        float(t.value[0]),
        float(np.sqrt(t.covariance[0, 0])),
        float(o.value[0]),
        float(np.sqrt(o.covariance[0, 0])),
    )


def median_length(paths: PathSet) -> tuple[float, float]:
    """Median duration in ps, each length spread over its frame, and its standard error."""
    steps = paths.steps
    counts = np.bincount(steps, weights=paths.weight)
    reached = np.concatenate([[0], np.cumsum(counts)]) / counts.sum()
    edge = np.arange(len(reached)) - 0.5
    median = float(np.interp(0.5, reached, edge))
    # The share below the median as a mean over units; its error over the density there.
    low, high = np.interp([0.4, 0.6], reached, edge)
    below = np.clip(median - (steps - 0.5), 0, 1)
    error = np.sqrt(mean(paths, below[:, None]).covariance[0, 0]) * (high - low) / 0.2
    return paths.frame * median, paths.frame * float(error)


def distribution(quantity: str, ours: PathSet, truth: PathSet, o: Array, t: Array) -> Comparison:
    """Distribution of one number a path, in bins that hold equal shares of the truth."""
    edges = quantiles(truth, t)
    rows = [shares(np.searchsorted(edges, v, side="left"), len(edges) + 1) for v in (o, t)]
    return together(quantity, mean(ours, rows[0]), mean(truth, rows[1]))


def frames_in_cells(paths: PathSet, observables: Observables) -> NDArray[np.int64]:
    """(P, cells) frames of each path between the states, by cell."""
    lengths = np.array([len(path) - 2 for path in paths.paths])
    cells = observables.cell(np.concatenate([path[1:-1] for path in paths.paths]))
    flat = np.repeat(np.arange(len(lengths)), lengths) * observables.cells + cells
    counts = np.bincount(flat, minlength=len(lengths) * observables.cells)
    return counts.reshape(-1, observables.cells)


def density(ours: PathSet, truth: PathSet, observables: Observables) -> Comparison:
    """Shares of the frames between the states in each cell; cells under 1 % are put together."""
    tables = [frames_in_cells(paths, observables) for paths in (ours, truth)]
    filled = tables[1].sum(axis=0)
    kept = np.flatnonzero(filled >= 0.01 * filled.sum())
    if len(kept) == np.count_nonzero(filled):
        kept = kept[:-1]
    means = [
        mean(paths, table[:, kept].astype(float), table.sum(axis=1).astype(float))
        for paths, table in zip((ours, truth), tables, strict=True)
    ]
    return together("density of frames, z", *means)


def density_against(ours: PathSet, cell: Callable, solution: Array) -> Comparison:
    """Shares of the frames between the states against a solution (cells,) without error."""
    table = frames_in_cells(ours, Observables(cell, len(solution), lambda _: np.zeros(0)))
    sampled = mean(ours, table[:, :-1].astype(float), table.sum(axis=1).astype(float))
    return together("density of frames, z", sampled, known(solution[:-1]))


def compare(ours: PathSet, truth: PathSet, observables: Observables) -> list[Comparison]:
    """All comparisons of two ensembles; both right and broken code go through this."""
    medians = median_length(truth), median_length(ours)
    crossing = [observables.crossing(paths.paths) for paths in (ours, truth)]
    return [
        mean_length(ours, truth),
        Comparison("median path / ps", *medians[0], *medians[1]),
        distribution("path lengths, z", ours, truth, ours.steps * 1.0, truth.steps * 1.0),
        density(ours, truth, observables),
        distribution("crossing of q = 0, z", ours, truth, *crossing),
    ]


def worst(comparisons: list[Comparison]) -> Comparison:
    """The one that is farthest off."""
    return max(comparisons, key=lambda comparison: abs(comparison.z))
