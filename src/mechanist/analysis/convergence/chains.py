"""Series along each Markov chain: path lengths, and coordinates of where paths cross q = 0."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.committor.sensitivity import column_spread, sensitivities
from mechanist.sampling.records.tables import PathTable, Table

RESEMBLING = 0.8
"""Correlation of a feature with a coordinate, relative to the largest, from which it is named."""


def chain_series(index: Table, values: Array) -> list[Array]:
    """Series of a property of paths along each Markov chain, one entry a move.

    Parameters
    ----------
    index
        Table with `mechanist.sampling.records.tables.PATH_COLUMNS`, P rows.
    values
        (P,) or (P, K), the property of each path.

    Returns
    -------
    list of ndarray
        One (moves,) or (moves, K) array a chain. A path is repeated for as many moves as it was
        the current one, so that rejected moves count; paths of weight 0 (burn-in) are left out.
    """
    order = np.lexsort((index["move"], index["round"], index["chain"]))
    chains = np.asarray(index["chain"])[order]
    weights = np.asarray(index["weight"], dtype=np.int64)[order]
    groups = np.split(np.arange(len(chains)), np.flatnonzero(chains[1:] != chains[:-1]) + 1)
    series = [np.repeat(values[order[rows]], weights[rows], axis=0) for rows in groups]
    return [chain for chain in series if len(chain)]


def counted_chains(index: Table) -> NDArray[np.int64]:
    """Numbers of the chains that `chain_series` gives, in its order."""
    return np.unique(index["chain"][index["weight"] > 0]).astype(np.int64)


def crossing_frames(paths: PathTable, q: Array) -> NDArray[np.int64]:
    """Where each path, followed from A to B, first crosses q = 0.

    Parameters
    ----------
    paths
        P paths with F frames in all.
    q
        (F,) reaction coordinate of every frame.

    Returns
    -------
    ndarray
        (P,) rows of frames: of the two frames around the first change of sign the one with smaller
        |q|. Of a path whose q never changes sign (the model is still poor), the frame of smallest
        |q|.
    """
    result = np.empty(len(paths), dtype=np.int64)
    for i in range(len(paths)):
        start = int(paths.index["first_frame"][i])
        rows = np.arange(start, start + int(paths.index["frames"][i]))
        along = q[rows]
        # Paths are stored in either direction; the ensemble is symmetric in time.
        if along[0] > along[-1]:
            rows, along = rows[::-1], along[::-1]
        changes = np.flatnonzero((along[:-1] < 0) & (along[1:] >= 0))
        if len(changes):
            pair = slice(changes[0], changes[0] + 2)
            rows, along = rows[pair], along[pair]
        result[i] = rows[np.argmin(np.abs(along))]
    return result


def principal_components(
    features: Array, components: int = 2, sensitivity: Array | None = None
) -> Array:
    """Projection of standardised features on their first principal components.

    Parameters
    ----------
    features
        (P, K); columns that do not vary are left out.
    components
        Largest number of components.
    sensitivity
        (K,) factors on the standardised columns, see `mechanist.committor.sensitivity`; all
        equal if None.

    Returns
    -------
    ndarray
        (P, C) with C at most ``components``; C is 0 if nothing varies.
    """
    spread = column_spread(features)
    weights = np.ones(len(spread)) if sensitivity is None else sensitivity
    varies = (spread > 0) & (weights > 0)
    scaled = (features[:, varies] - features[:, varies].mean(axis=0)) / spread[varies]
    scaled = scaled * weights[varies]
    if not scaled.size:
        return np.zeros((len(features), 0))
    _, vectors = np.linalg.eigh(scaled.T @ scaled)
    return np.asarray(scaled @ vectors[:, ::-1][:, :components])


def crossing_coordinates(
    crossing: Array, q: Callable[[Array], Array], components: int = 2
) -> Array:
    """Where each path crosses q = 0, in the few coordinates that q depends on.

    Chains are compared by these. Features are weighted by how much q depends on them before the
    principal components are taken. Otherwise a methyl group that rotates slowly and has no part in
    the reaction would dominate the comparison.

    Parameters
    ----------
    crossing
        (P, K) features of the frames that `crossing_frames` names, one a path.
    q
        Reaction coordinate (F,) of features (F, K).
    components
        Largest number of coordinates.

    Returns
    -------
    ndarray
        (P, C).
    """
    return principal_components(crossing, components, sensitivities(crossing, q))


def resembling(
    features: Array, coordinates: Array, names: Sequence[str], most: int = 2
) -> tuple[str, ...]:
    """For each coordinate (P, C) the names of the features (P, K) that follow it most closely.

    Up to ``most`` whose correlation is at least `RESEMBLING` of the largest, joined by commas;
    empty if no feature varies.
    """
    x, y = (one - one.mean(axis=0) for one in (features, coordinates))
    scale = np.linalg.norm(x, axis=0)[:, None] * np.linalg.norm(y, axis=0)
    strength = np.abs(x.T @ y) / np.where(scale > 0, scale, np.inf)
    result = []
    for column in strength.T:
        best = np.argsort(-column)[:most].tolist()
        close = [i for i in best if column[i] > 0 and column[i] >= RESEMBLING * column[best[0]]]
        result.append(", ".join(names[i] for i in close))
    return tuple(result)
