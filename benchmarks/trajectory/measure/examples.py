"""What the figures of table T1 show: a bond while gaps are filled, and spectra."""

from typing import Any

import numpy as np

from benchmarks.trajectory.measure.rows import learning_windows, spectrum_of, tiled
from benchmarks.trajectory.measure.sizes import GAPS, Size
from benchmarks.trajectory.names import BRIDGE, HERMITE, RIDGE
from mechanist.trajectory.dataset import by_time, windows
from mechanist.trajectory.spectrum import HIGHEST
from mechanist.trajectory.superres.bridge import Bridge
from mechanist.trajectory.superres.polynomials import hermite
from mechanist.trajectory.superres.ridge import fit_ridge
from mechanist.trajectory.trajectory import Trajectory

BOND_GAP, SPECTRUM_GAP = 40, 20
"""Missing frames of the gaps that are shown."""

SHOWN = 4
"""Gaps along which the bond is shown."""


def examples(trajectory: Trajectory, bridge: Bridge, size: Size) -> dict[str, Any]:
    """Curves for the figures.

    Returns
    -------
    dict
        ``bond``: times in fs and lengths in Angstrom of the bond of the last hydrogen by model;
        ``spectrum``: wave numbers in 1/cm and densities by model. The truth is called ``true``.
    """
    dataset = by_time(trajectory, max(GAPS) + 2, size.validate, size.test)
    test = windows(dataset.test, BOND_GAP)
    few = test.rows(slice(SHOWN))
    hydrogen = int(np.flatnonzero(trajectory.numbers == 1)[-1])
    away = trajectory.positions[0] - trajectory.positions[0, hydrogen]
    heavy = np.where(trajectory.numbers > 1, np.linalg.norm(away, axis=1), np.inf)
    atom = int(np.argmin(heavy))
    bond: dict[str, Any] = {"gap": BOND_GAP}
    for name, filled in (
        ("true", None),
        (HERMITE, hermite(few.ends)),
        (BRIDGE, bridge(few.ends)),
    ):
        x = tiled(few, filled)[0]
        bond[name] = (10 * np.linalg.norm(x[:, atom] - x[:, hydrogen], axis=1)).tolist()
    bond["time"] = (1000 * few.dt_ps * np.arange(len(bond["true"]))).tolist()
    return {"bond": bond, "spectrum": _spectra(trajectory, bridge, size)}


def _spectra(trajectory: Trajectory, bridge: Bridge, size: Size) -> dict[str, Any]:
    dataset = by_time(trajectory, max(GAPS) + 2, size.validate, size.test)
    test = windows(dataset.test, SPECTRUM_GAP)
    ridge = fit_ridge(*learning_windows(dataset, SPECTRUM_GAP, size.gaps), trajectory.masses)
    result: dict[str, Any] = {"gap": SPECTRUM_GAP}
    models = {
        "true": None,
        HERMITE: hermite(test.ends),
        RIDGE: ridge(test.ends),
        BRIDGE: bridge(test.ends),
    }
    for name, filled in models.items():
        spectrum = spectrum_of(test, filled, trajectory.masses)
        inside = spectrum.wave_numbers <= HIGHEST
        result[name] = spectrum.density[inside].tolist()
        result["wave_numbers"] = spectrum.wave_numbers[inside].tolist()
    return result
