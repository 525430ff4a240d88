"""Power spectra of velocities: the vibrational density of states."""

from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import DataError

LIGHT = 0.0299792458
"""Speed of light in cm/ps."""

HIGHEST = 4000.0
"""End of the range of wave numbers in 1/cm that spectra are shown and compared in."""


@dataclass(frozen=True)
class Spectrum:
    """A normalised spectrum.

    Parameters
    ----------
    wave_numbers
        (K,) in 1/cm, equally spaced from 0.
    density
        (K,), its sum times the spacing is 1.
    """

    wave_numbers: Array
    density: Array

    def peak(self, low: float, high: float) -> float:
        """Wave number of the highest point in a range, from a parabola through three points.

        Raises
        ------
        DataError
            If no point lies in between.
        """
        inside = np.flatnonzero((self.wave_numbers >= low) & (self.wave_numbers <= high))
        if len(inside) == 0:
            raise DataError("spectrum", f"has no points between {low} and {high}")
        top = int(inside[np.argmax(self.density[inside])])
        if top in (0, len(self.density) - 1):
            return float(self.wave_numbers[top])
        before, here, after = self.density[top - 1 : top + 2]
        bend = before - 2 * here + after
        shift = 0.0 if bend == 0 else 0.5 * (before - after) / bend
        return float(self.wave_numbers[top] + shift * self.wave_numbers[1])


def density_of_states(
    velocities: Array, masses: Array, dt_ps: float, width: float = 10.0
) -> Spectrum:
    """Mass-weighted power spectrum of velocities, smoothed by a Gaussian.

    By the theorem of Wiener and Khinchin it is the Fourier transform of the velocity
    autocorrelation function. A Hann window reduces leakage of strong lines.

    Parameters
    ----------
    velocities
        (T, N, 3) in nm/ps.
    masses
        (N,) in Da.
    dt_ps
        Time between frames.
    width
        Standard deviation of the Gaussian in 1/cm.
    """
    frames = len(velocities)
    window = np.hanning(frames)[:, None, None]
    # Padded fourfold, so that peaks are found between points of the resolution.
    waves = np.fft.rfft(velocities * window, n=4 * frames, axis=0)
    power = np.einsum("n,knx->k", masses, np.abs(waves) ** 2)
    numbers = np.asarray(np.fft.rfftfreq(4 * frames, dt_ps) / LIGHT, dtype=np.float64)
    spacing = numbers[1]
    reach = int(np.ceil(5 * width / spacing))
    kernel = np.exp(-0.5 * (spacing * np.arange(-reach, reach + 1) / width) ** 2)
    smooth = np.convolve(power, kernel / kernel.sum(), mode="same")
    return Spectrum(numbers, smooth / (smooth.sum() * spacing))
