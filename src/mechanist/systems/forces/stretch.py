"""Whether bonds to hydrogen are as stiff as they are: it finds energies and forces in kcal/mol.

The force constant of a bond between hydrogen and C, N or O hardly depends on the molecule: 4.3 to 6
mdyn/A for C-H, 6 to 7 for N-H, 7 to 8 for O-H (Herzberg, Infrared and Raman Spectra, 1945; 1
mdyn/A is 6.02e4 kJ/mol/nm^2). It is lower in strong hydrogen bonds and in bonds that break, so the
median of several counts, and that of C-H where there are any.
"""

import numpy as np

from mechanist.arrays import Array
from mechanist.systems.forces.law import ForceLawError, Forces

USUAL = (1.6e5, 8e5)
"""kJ/mol/nm^2; medians of all molecules lie within, and 4.184 times less or more does not."""

LENGTHS = (0.09, 0.12)
"""nm; of bonds that are neither compressed nor about to break."""

SHIFT = 0.001
"""nm, to both sides along the bond."""

MOST = 8
"""Bonds at most, since each costs two energies."""

HEAVY = ((6,), (7, 8))
"""Atomic numbers of bonded atoms, the first kind that there is."""


def stretch(
    law: Forces, numbers: tuple[int, ...], pairs: list[tuple[int, int]], positions: Array
) -> str | None:
    """What is strange about the bonds to hydrogen under a force law, in words, or None.

    Parameters
    ----------
    law
        The force law.
    numbers
        (N,) atomic numbers.
    pairs
        Bonded atoms.
    positions
        (N, 3) in nm.
    """
    bonds = _bonds(numbers, pairs, positions)
    found = [k for k in (_force_constant(law, bond, positions) for bond in bonds) if k is not None]
    if not found:
        return None
    k = float(np.median(found))
    if USUAL[0] <= k <= USUAL[1]:
        return None
    what = (
        "soft: are energies and forces in kcal/mol?" if k < USUAL[0] else "stiff: are units right?"
    )
    return (
        f"bonds to hydrogen have a force constant of {k:.2g} kJ/mol/nm^2 in the median, those of"
        f" molecules 2.5e5 to 5e5; they are too {what}"
    )


def _bonds(
    numbers: tuple[int, ...], pairs: list[tuple[int, int]], positions: Array
) -> list[tuple[int, int]]:
    """Bonds of hydrogens (second) to be tested."""
    for heavy in HEAVY:
        found = [
            (i, j) if numbers[j] == 1 else (j, i)
            for i, j in pairs
            if (numbers[i] in heavy and numbers[j] == 1)
            or (numbers[j] in heavy and numbers[i] == 1)
        ]
        if found:
            lengths = [float(np.linalg.norm(positions[i] - positions[j])) for i, j in found]
            usual = [b for b, r in zip(found, lengths, strict=True) if LENGTHS[0] < r < LENGTHS[1]]
            return usual[:: max(1, -(-len(usual) // MOST))]
    return []


def _force_constant(law: Forces, bond: tuple[int, int], positions: Array) -> float | None:
    """Second derivative of the energy as the hydrogen moves along its bond, or None."""
    heavy, light = bond
    axis = positions[light] - positions[heavy]
    axis = axis / np.linalg.norm(axis)
    path = np.stack([positions, positions])
    path[0, light] -= SHIFT * axis
    path[1, light] += SHIFT * axis
    try:
        _, forces = law.energy_forces(path)
    except ForceLawError:
        return None
    finally:
        law.forget()
    value = -float((forces[1, light] - forces[0, light]) @ axis) / (2 * SHIFT)
    return value if np.isfinite(value) else None
