"""Where the copies lie, and whether they stay there.

Layout ``pairs``: all copies lie on top of each other; only pairs within a copy interact.

Layout ``grid``: each copy lies in its own cell. With the reach L, the largest extent of a copy, and
a margin m, the cutoff of all forces is L + m, so that it removes nothing within a copy.
A cell is a cube of half width L about the copy's origin, and cells are L + 2 m apart, so that atoms
of two copies stay further apart than the cutoff. The spacing is 3 L + 2 m.

With a reaction-field dielectric of 1 such a cutoff adds -q_i q_j / (4 pi eps0 cutoff) to the energy
of each pair, a constant, and nothing to forces (OpenMM User Guide, "Coulomb Interaction With
Cutoff"). GBSAOBCForce adds a constant too, CustomGBForce and CustomNonbondedForce add nothing.

OpenMM's GPU platforms check for NaN when they sort the atoms, which they do only with a cutoff, and
its CPU platform at every step; a NaN stops the whole stack. The grid also costs digits: in single
precision a coordinate of 50 nm has a resolution of 4e-6 nm, which changes the force of a bond
between two heavy atoms by about 1 kJ/mol/nm.
"""

import numpy as np

from mechanist.arrays import Array, Mask, Positions
from mechanist.errors import SystemBuildError

LAYOUTS = ("pairs", "grid")

# How far atoms may move between two calls of `within_reach`, in nm. At 300 K hydrogen moves
# 0.05 nm in 20 fs; a stretched molecule does not grow much faster.
MARGIN = 0.3


def cutoff(reach: float) -> float:
    """Cutoff in nm of all forces in the layout ``grid``."""
    return reach + MARGIN


def spacing(reach: float) -> float:
    """Distance in nm between neighbouring points of the grid."""
    return 3 * reach + 2 * MARGIN


def points(copies: int, reach: float) -> Array:
    """Points of a cubic grid about 0, (R, 3) nm, layer by layer."""
    side = 1
    while side**3 < copies:
        side += 1
    index = np.array(np.unravel_index(np.arange(copies), (side, side, side))).T
    return np.asarray((index - 0.5 * (side - 1)) * spacing(reach), dtype=np.float64)


def check_layout(layout: str) -> None:
    """Refuse a layout that does not exist.

    Raises
    ------
    SystemBuildError
        If ``layout`` is not one of `LAYOUTS`.
    """
    if layout not in LAYOUTS:
        allowed = " or ".join(repr(name) for name in LAYOUTS)
        raise SystemBuildError("engine", f"layout: {layout!r}: must be {allowed}")


def within_reach(positions: Array, origins: Array, reach: float) -> Mask:
    """Whether each copy on the grid is in its cell, no larger than the reach, and undisturbed.

    The forces of a copy that fails may be wrong from now on, so an engine ends or discards it. An
    atom that left its cell by more than the margin may have come near other copies since the last
    call: all copies in its range fail with it. An atom at NaN fails all copies.

    Parameters
    ----------
    positions
        (R, N, 3) nm, as they are in the stacked System.
    origins
        (R, 3) nm: where the centres of the copies belong; `shifts` plus the centre of a molecule
        that does not lie at 0.
    reach
        In nm, as given to `replicate`.

    Returns
    -------
    array
        (R,) bool.
    """
    low, high = _box(positions)
    with np.errstate(invalid="ignore"):
        inside = _small(positions, low, high, reach)
    away = _away(low, high, origins)
    for copy in np.flatnonzero(away > reach + MARGIN):
        gap = np.abs(origins - origins[copy]).max(axis=1) - away[copy]
        inside &= gap > reach + cutoff(reach)
    return np.asarray(inside & (away <= reach))


def centres(positions: Positions) -> Array:
    """Centres (R, 3) of the boxes around copies (R, N, 3), in nm.

    A copy no larger than the reach is in its cell if its centre is half of the reach from the
    origin at most.
    """
    low, high = _box(positions)
    return np.asarray((low + high) / 2, dtype=np.float64)


def escaped(positions: Array, origins: Array, reach: float) -> Mask:
    """Which copies (R,) may have come near others: outside their cell by more than the margin.

    Parameters as of `within_reach`; an atom at NaN may be anywhere.
    """
    return np.asarray(_away(*_box(positions), origins) > reach + MARGIN)


def _away(low: Array, high: Array, origins: Array) -> Array:
    """Largest distance of each copy from its origin along an axis, (R,); infinite for NaN."""
    with np.errstate(invalid="ignore"):
        away = np.maximum(high - origins, origins - low).max(axis=1)
    away[np.isnan(away)] = np.inf
    return np.asarray(away)


def _box(positions: Positions) -> tuple[Array, Array]:
    """Lowest and highest coordinates of each copy, both (R, 3)."""
    # Axis by axis is three times as fast in numpy.
    axes = [positions[:, :, axis] for axis in range(3)]
    low = np.stack([values.min(axis=1) for values in axes], axis=1)
    return low, np.stack([values.max(axis=1) for values in axes], axis=1)


def _small(positions: Array, low: Array, high: Array, reach: float) -> Mask:
    """Whether no two atoms of a copy are further apart than the reach."""
    # The diagonal of the box is never shorter than the extent, and nearly always enough.
    small = np.linalg.norm(high - low, axis=1) <= reach
    for copy in np.flatnonzero(~small & np.isfinite(low + high).all(axis=1)):
        pairs = positions[copy, :, None] - positions[copy, None, :]
        small[copy] = np.square(pairs).sum(axis=2).max() <= reach**2
    return np.asarray(small)
