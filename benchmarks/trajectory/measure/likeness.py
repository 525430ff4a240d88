"""How alike two spectra are."""

import numpy as np

from mechanist.errors import DataError
from mechanist.trajectory.spectrum import HIGHEST, Spectrum


def similarity(one: Spectrum, other: Spectrum, highest: float = HIGHEST) -> float:
    """Cosine of the angle between two spectra with the same points, up to ``highest`` in 1/cm.

    Raises
    ------
    DataError
        If their points differ.
    """
    if not np.array_equal(one.wave_numbers, other.wave_numbers):
        raise DataError("spectrum", "spectra have different points")
    inside = one.wave_numbers <= highest
    a, b = one.density[inside], other.density[inside]
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))
