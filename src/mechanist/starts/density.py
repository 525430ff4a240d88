"""Densities of one descriptor: how much two overlap, and where one is high.

The overlap of two densities p and q is the integral of min(p, q): 0 if they have nothing in common,
1 if they are equal (Inman and Bradley, Commun. Stat. Theory Methods 18, 3851 (1989)). Densities are
histograms smoothed by a Gaussian, on a circle for torsions.
"""

from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array, Mask

BINS = 180
"""Of a histogram; 2 degrees each for a torsion."""

SMOOTH = 3.0
"""Standard deviation of the Gaussian in bins; 6 degrees for a torsion."""

TURN = 2 * np.pi


@dataclass(frozen=True)
class Scale:
    """The axis of a descriptor: from ``low``, ``width`` long, closed to a circle or not."""

    low: float
    width: float
    periodic: bool

    @classmethod
    def of(cls, values: Array, periodic: bool) -> "Scale":
        """That holds ``values`` (F,), with a margin on an open axis for the Gaussian."""
        if periodic:
            return cls(-np.pi, TURN, True)
        low, high = float(values.min()), float(values.max())
        # Values that never vary (a constrained distance) still have a width.
        margin = 0.1 * (high - low) + 1e-4
        return cls(low - margin, high - low + 2 * margin, False)

    def density(self, values: Array) -> Array:
        """Density (BINS,) of ``values`` (F,), in units of one bin."""
        from scipy.ndimage import gaussian_filter1d

        place = (values - self.low) / self.width
        place = np.mod(place, 1.0) if self.periodic else np.clip(place, 0.0, 1.0 - 1e-12)
        counts = np.bincount((place * BINS).astype(int) % BINS, minlength=BINS).astype(float)
        mode = "wrap" if self.periodic else "constant"
        smooth = gaussian_filter1d(counts, SMOOTH, mode=mode)
        return np.asarray(smooth / smooth.sum())

    def centres(self) -> Array:
        """Centres (BINS,) of the bins."""
        return self.low + self.width * (np.arange(BINS) + 0.5) / BINS


def overlap(one: Array, other: Array, periodic: bool) -> float:
    """Overlap, 0 to 1, of the densities of two samples (F,) and (G,) of a descriptor."""
    scale = Scale.of(np.concatenate([one, other]), periodic)
    return float(np.minimum(scale.density(one), scale.density(other)).sum())


def core(values: Array, centre: float, level: float, periodic: bool) -> tuple[float, float]:
    """The interval around a value where the density is at least a share of its highest value.

    Parameters
    ----------
    values
        (F,) of a descriptor.
    centre
        A value inside; from it the density is followed uphill to the next maximum.
    level
        Share of that maximum, 0 to 1; the interval ends where the density falls below it.
    periodic
        Whether the descriptor is an angle in rad on a circle.

    Returns
    -------
    tuple of float
        Ends; on a circle the second is larger, and may be above pi. A density that never falls
        below the level has a whole turn.
    """
    scale = Scale.of(values, periodic)
    heights = scale.density(values)
    peak = _uphill(heights, scale, centre)
    least = level * heights[peak]
    ends = []
    for step in (-1, 1):
        place = peak
        for _ in range(BINS):
            following = place + step
            if not periodic and not 0 <= following < BINS:
                break
            if heights[following % BINS] < least:
                break
            place = following
        ends.append(place)
    bin_width = scale.width / BINS
    low, high = (scale.low + (e + (k == 1)) * bin_width for k, e in enumerate(ends))
    if periodic and high - low >= TURN:
        return -np.pi, np.pi
    return float(low), float(high)


def _uphill(heights: Array, scale: Scale, centre: float) -> int:
    """The bin of the maximum that lies uphill from a value."""
    place = int((centre - scale.low) / scale.width * BINS)
    place = place % BINS if scale.periodic else min(max(place, 0), BINS - 1)
    while True:
        around = [place - 1, place, place + 1]
        if scale.periodic:
            around = [i % BINS for i in around]
        best = max((i for i in around if 0 <= i < BINS), key=lambda i: heights[i])
        if heights[best] <= heights[place]:
            return place
        place = best


def middle(values: Array, periodic: bool) -> float:
    """Median of a sample (F,), on a circle about its mean direction."""
    if not periodic:
        return float(np.median(values))
    mean = float(np.angle(np.exp(1j * values).mean()))
    return float(mean + np.median(np.mod(values - mean + np.pi, TURN) - np.pi))


def inside(values: Array, low: float, high: float, periodic: bool) -> Mask:
    """Whether ``values`` (F,) lie in an interval, which may pass through 180 degrees."""
    if not periodic:
        return np.asarray((values > low) & (values < high))
    above = np.mod(values - low, TURN)
    return np.asarray((above > 0) & (above < high - low))


def distance(one: tuple[float, float], other: tuple[float, float], periodic: bool) -> float:
    """The shorter gap between two intervals; 0 or less if they meet."""
    if not periodic:
        return max(other[0] - one[1], one[0] - other[1])
    # Going up from the end of one to the start of the other, both ways round.
    up = np.mod(other[0] - one[0], TURN) - (one[1] - one[0])
    down = np.mod(one[0] - other[0], TURN) - (other[1] - other[0])
    return float(min(up, down))
