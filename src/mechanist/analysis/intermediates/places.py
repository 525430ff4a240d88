"""Places where half-shots end up that are too long: clusters of their last frames.

Features are scaled by the range of all path frames between the states, so that a distance of 1 is
the whole way.
"""

from dataclasses import dataclass

import numpy as np

from mechanist.analysis.intermediates.record import LongRecord
from mechanist.arrays import Array, Features, Rows
from mechanist.systems.descriptors.descriptor_set import Descriptor

NEAR = 0.06
"""Half-shots that end nearer than this belong together; in C components C^(1/2) times as far."""

FAR = 3.0
"""Frames farther than so many times this from a place are not in it."""

COMPONENTS = 3
"""Principal components that are looked at, at most."""

FEWEST, SHARE = 5, 0.05
"""Half-shots within that distance in the middle of a place: so many, and this share of all."""

RANGE = (0.01, 0.99)
"""Quantiles of path frames that their range is taken from."""

INNER = (0.05, 0.95)
"""Quantiles of a place that are told."""

WIDE = 0.5
"""Width of a place, in ranges of the paths, from which on it is told by its ends."""


@dataclass(frozen=True)
class Extent:
    """Where a descriptor is in one place, with its inner 90 %; angles in rad.

    ``width`` is that of the inner 90 % in ranges of the paths.
    """

    descriptor: Descriptor
    centre: float
    low: float
    high: float
    width: float


@dataclass(frozen=True)
class Scale:
    """Range of features (P,) over path frames."""

    low: Array
    width: Array

    @staticmethod
    def of(features: Features) -> "Scale":
        """Of path frames (F, P)."""
        low, high = np.quantile(features, RANGE, axis=0)
        return Scale(low, high - low)

    def scaled(self, features: Features) -> Array:
        """Features (..., P) with range 1; 0 where paths do not vary."""
        varies = self.width > 1e-9
        return np.where(varies, (features - self.low) / np.where(varies, self.width, 1.0), 0.0)


def find_places(scaled: Array) -> Rows:
    """Place (H, K) of each frame of half-shots with scaled positions (H, K, P).

    Places are dense clusters of last frames (DBSCAN; Ester, Kriegel, Sander, Xu, KDD 1996, 226) in
    their first principal components. Any frame belongs to the place that it is nearest to, or to
    none, -1, if it is far from all.
    """
    from scipy.spatial import KDTree
    from sklearn.cluster import DBSCAN

    count, frames, width = scaled.shape
    last = scaled[:, -1]
    centre = last.mean(axis=0)
    # Means hide the fast motion within places, so that what tells places apart comes first.
    means = scaled.mean(axis=1)
    _, _, axes = np.linalg.svd(means - means.mean(axis=0), full_matrices=False)
    axes = axes[:COMPONENTS]
    points = (last - centre) @ axes.T
    near = NEAR * max(1.0, len(axes) ** 0.5)
    found = DBSCAN(eps=near, min_samples=max(FEWEST, round(SHARE * count))).fit(points)
    core = found.core_sample_indices_
    if not len(core):
        return np.full((count, frames), -1, dtype=np.int64)
    every = (scaled.reshape(-1, width) - centre) @ axes.T
    away, nearest = KDTree(points[core]).query(every)
    places = np.where(away <= FAR * near, found.labels_[core][nearest], -1)
    return np.asarray(places.reshape(count, frames), dtype=np.int64)


def extents(record: LongRecord, rows: Rows, scale: Scale) -> list[Extent]:
    """Where each descriptor is in the last frames of some half-shots."""
    result = []
    owners = record.descriptors.owners
    for column, descriptor in enumerate(record.descriptors.descriptors):
        values = record.values[rows, -1, column]
        span = float(np.linalg.norm(scale.width[owners == column]))
        if descriptor.periodic:
            centre = float(np.angle(np.exp(1j * values).mean()))
            # From the centre, so that no place is cut at 180 degrees.
            values = centre + np.angle(np.exp(1j * (values - centre)))
            low, high = (float(v) for v in np.quantile(values, INNER))
            # A chord, as the range of sine and cosine is.
            size = 2 * np.sin(min(high - low, np.pi) / 2)
        else:
            centre = float(values.mean())
            low, high = (float(v) for v in np.quantile(values, INNER))
            size = high - low
        width = float(size) / span if span > 1e-9 else np.inf
        result.append(Extent(descriptor, centre, low, high, width))
    return result
