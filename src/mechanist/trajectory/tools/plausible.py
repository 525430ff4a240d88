"""Whether positions and velocities of a file can be what they are taken for.

Numbers do not carry units, and files are joined, turned around or fitted to a reference; a model of
such a file would be wrong without a word.
"""

from pathlib import Path

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import DataError

SHORTEST, LONGEST = 0.05, 0.9
"""Range in nm of the distance between the two closest atoms; H2 0.074, O-H in Angstrom 0.96."""

JUMP = 5.0
"""Largest third difference of frames in units of their 90th percentile; usual are 1.1 to 2."""

FEW = 50
"""Frames below which differences are not compared."""

PARTS, PART = 8, 100
"""Parts of a trajectory whose steps are compared, and frames of a part at least."""

UNEVEN = 2.5
"""Largest ratio of the mean steps of two parts."""

ALIKE = 0.7
"""Correlation of steps with velocities from which on their ratio says something."""

IN_STEP = 0.9
"""Correlation of changes of energy with the work of forces from which on their ratio matters."""

SMOOTH = 0.5
"""Correlation of a step with the next one, below which steps say nothing of velocities: between two
frames a vibration has made a sixth of its period and more."""

RATIO = 2.0
"""Largest ratio of both."""


def check_positions(path: Path, x: Array) -> None:
    """Refuse positions (F, N, 3) in nm that are in another unit, or of joined trajectories.

    Raises
    ------
    DataError
        If the closest atoms are too close or too far apart, or the molecule jumps.
    """
    atoms = x.shape[1]
    if atoms > 1:
        i, j = np.triu_indices(atoms, 1)
        apart = np.linalg.norm(x[0, i] - x[0, j], axis=1)
        least = int(apart.argmin())
        if not SHORTEST < apart[least] < LONGEST:
            raise DataError(
                path,
                f"its closest atoms, {i[least] + 1} and {j[least] + 1}, are {apart[least]:.3g} nm"
                " apart in the first frame: its positions are in another unit",
            )
    if len(x) < FEW:
        return
    # Distances from the centre do not change if the molecule is turned or moved.
    extent = np.linalg.norm(x - x.mean(axis=1, keepdims=True), axis=2)
    bends = np.sqrt((np.diff(extent, n=3, axis=0) ** 2).mean(axis=1))
    usual, worst = float(np.quantile(bends, 0.9)), int(bends.argmax())
    if bends[worst] > JUMP * usual > 0:
        raise DataError(
            path,
            f"from frame {worst + 2} to the next the molecule jumps: frames are missing, or"
            " trajectories are joined",
        )
    if len(x) >= PARTS * PART:
        steps = np.sqrt((np.diff(extent, axis=0) ** 2).mean(axis=1))
        means = [float(part.mean()) for part in np.array_split(steps, PARTS)]
        if max(means) > UNEVEN * min(means):
            raise DataError(
                path,
                f"the molecule moves {max(means) / min(means):.1f} times as far from frame to frame"
                f" in one eighth of the file (eighth {np.argmax(means) + 1}) as in another"
                f" ({np.argmin(means) + 1}): frames must be equally spaced",
            )


def check_energies(path: Path, x: Array, forces: Array, energy: Array) -> None:
    """Refuse energies (F,) that change by a multiple of the work of forces (F, N, 3).

    Raises
    ------
    DataError
        If both are proportional, with another factor than 1.
    """
    work = -0.5 * ((forces[1:] + forces[:-1]) * np.diff(x, axis=0)).sum(axis=(1, 2))
    change = np.diff(energy)
    product, square = float(work @ change), float(work @ work)
    follows = product > IN_STEP * np.sqrt(square * float(change @ change))
    if follows and abs(product / square - 1) > 0.1:
        raise DataError(
            path,
            f"its energy changes by {product / square:.3g} times the work of its forces: they are"
            " in different units",
        )


def fit_of_velocities(path: Path, x: Array, v: Array, dt_ps: float) -> float:
    """Correlation of steps of positions with those of velocities, (F, N, 3) in nm and nm/ps.

    It is 1 where frames are too far apart to tell.

    Raises
    ------
    DataError
        If they are proportional, with a factor that no time between frames can explain.
    """
    moved, expected = np.diff(x, axis=0), 0.5 * dt_ps * (v[1:] + v[:-1])
    if len(x) < 4 or (moved[1:] * moved[:-1]).sum() < SMOOTH * (moved[1:] ** 2).sum():
        return 1.0
    product, square = float((moved * expected).sum()), float((expected**2).sum())
    size = np.sqrt(square * float((moved**2).sum()))
    alike = product / size if size > 0 else 0.0
    if alike < -ALIKE:
        raise DataError(path, "its velocities run against its positions: time is reversed")
    if alike > ALIKE and not 1 / RATIO < product / square < RATIO:
        raise DataError(
            path,
            f"its positions move {product / square:.3g} times as far as its velocities say:"
            f" velocities are not in nm/ps, or frames are not {1e3 * dt_ps:g} fs apart",
        )
    return alike
