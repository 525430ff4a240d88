"""Long forecasts: bond lengths, deviation from the truth, and spectra."""

from dataclasses import dataclass

import numpy as np

from benchmarks.trajectory.measure.likeness import similarity
from mechanist.arrays import Array, Rows
from mechanist.trajectory.spectrum import Spectrum, density_of_states

MARGIN = 0.02
"""By which the range of a bond in the training block is widened on either side, in parts."""

HIGHEST = 3000.0
"""End in 1/cm of the range in which spectra are compared; those of 5 fs fold at 3336."""

WIDTH = 30.0
"""Standard deviation in 1/cm of the smoothing of spectra of 1 ps."""


def lengths(x: Array, bound: Rows) -> Array:
    """Lengths (..., M) in nm of bonds (M, 2) in positions (..., N, 3)."""
    return np.asarray(np.linalg.norm(x[..., bound[:, 0], :] - x[..., bound[:, 1], :], axis=-1))


@dataclass(frozen=True)
class Band:
    """The range of bond lengths that occurs.

    Parameters
    ----------
    bound
        (M, 2) bonds.
    low, high
        (M,) in nm.
    """

    bound: Rows
    low: Array
    high: Array

    def share(self, x: Array) -> Array:
        """Share of the bonds within the band at each frame, (H,) of positions (B, H, N, 3)."""
        found = lengths(x, self.bound)
        return np.asarray(((found >= self.low) & (found <= self.high)).mean(axis=(0, 2)))


def band_of(x: Array, bound: Rows) -> Band:
    """From the shortest to the longest that a bond is in frames (T, N, 3), widened a little."""
    found = lengths(x, bound)
    low, high = found.min(axis=0), found.max(axis=0)
    return Band(bound, (1 - MARGIN) * low, (1 + MARGIN) * high)


def rmsd(made: Array, truth: Array) -> Array:
    """Root mean square distance (H,) in nm at each frame, over windows and atoms."""
    return np.asarray(np.sqrt(((made - truth) ** 2).sum(-1).mean(axis=(0, 2))))


def spectrum_of(x: Array, masses: Array, spacing_ps: float) -> Spectrum:
    """Mean density of states of windows (B, H, N, 3), velocities by central differences."""
    speed = (x[:, 2:] - x[:, :-2]) / (2 * spacing_ps)
    parts = [density_of_states(one, masses, spacing_ps, WIDTH) for one in speed]
    return Spectrum(parts[0].wave_numbers, np.mean([part.density for part in parts], axis=0))


def likeness(
    made: Array, truth: Array, masses: Array, spacing_ps: float, highest: float = HIGHEST
) -> float:
    """Cosine similarity of both densities of states; 0 if one stands still or has no numbers."""
    if not np.isfinite(made).all() or np.ptp(made, axis=1).max() == 0:
        return 0.0
    spectra = [spectrum_of(x, masses, spacing_ps) for x in (made, truth)]
    return similarity(spectra[0], spectra[1], highest)
