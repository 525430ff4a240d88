"""Infrared spectra from dipole moments along motion.

The absorption of classical motion is the power spectrum of the rate of the dipole moment: that of
the dipole times the square of the frequency.
"""

import numpy as np

from mechanist.arrays import Array
from mechanist.trajectory.spectrum import Spectrum, density_of_states

WIDTH = 20.0
"""Standard deviation of the Gaussian that smoothes spectra, in 1/cm."""


def infrared(dipoles: Array, dt_ps: float, width: float = WIDTH) -> Spectrum:
    """Absorption, its sum times the spacing is 1.

    Parameters
    ----------
    dipoles
        (T, 3), in any unit.
    dt_ps
        Time between them.
    width
        Of the Gaussian in 1/cm.
    """
    about = dipoles - dipoles.mean(axis=0)
    raw = density_of_states(about[:, None], np.ones(1), dt_ps, width)
    density = raw.density * raw.wave_numbers**2
    return Spectrum(raw.wave_numbers, density / (density.sum() * raw.wave_numbers[1]))
