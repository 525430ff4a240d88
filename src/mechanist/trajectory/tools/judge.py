"""Held-out errors of models, with an interval in which those of fresh motion will lie.

Gaps of the last block, in the order of time, are divided into G groups. With the logarithms of the
mean errors of the groups, of mean m and standard deviation s, the error of a fresh stretch as long
as a group lies in

    exp[m +- t(G - 1) s sqrt(1 + 1/G)]

in 95 % of cases (a prediction interval for normal variables; t is Student's quantile).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import DataError
from mechanist.trajectory.tools.fillers import Filler, Sparse
from mechanist.trajectory.trajectory import Trajectory

GROUPS = 8
LEVEL = 0.975

LONG, PIECE = 1000, 125
"""Frames of a block above which pieces of it are judged, and frames of a piece."""

XTC = 1e-3
"""Rounding in nm of positions in xtc files."""

POSITIONS, ROUNDED, MOVING = "x", "x to 0.001 nm", "x, v"
"""What is known of the stored frames: positions, rounded positions, positions and velocities."""


@dataclass(frozen=True)
class Row:
    """Error of a model on the last block: mean distance of atoms from their true positions.

    Parameters
    ----------
    model
        Its kind.
    mean_nm
        Over frames and atoms, in nm.
    low_nm, high_nm
        Interval in which the mean of a fresh stretch as long as a group lies in 95 % of cases.
    p99_nm
        99th percentile of the distance.
    stride, known
        Of frames from one known frame to the next, and what is known of them.
    frames, ps
        Frames or time after which the error was taken.
    straight_nm
        Error of x + v t after that time.
    """

    model: str
    mean_nm: float
    low_nm: float
    high_nm: float
    p99_nm: float
    stride: int = 0
    known: str = ""
    frames: int = 0
    ps: float = 0.0
    straight_nm: float = 0.0

    def text(self) -> str:
        """In nm, with the interval."""
        return f"{self.mean_nm:.2g} nm ({self.low_nm:.2g} to {self.high_nm:.2g})"

    def to_json(self) -> dict[str, Any]:
        """What applies to it."""
        return {name: value for name, value in asdict(self).items() if value not in ("", 0)}


def error_of(away: Array, model: str, **what: Any) -> Row:
    """The row of distances (B, ...) in nm of B gaps in the order of time.

    Raises
    ------
    DataError
        If there are fewer than `GROUPS` gaps.
    """
    from scipy.special import stdtrit

    if len(away) < GROUPS:
        raise DataError("last block", f"{len(away)} gaps; at least {GROUPS} are needed")
    means = np.array([part.mean() for part in np.array_split(away, GROUPS)])
    logs = np.log(np.maximum(means, 1e-12))
    reach = stdtrit(GROUPS - 1, LEVEL) * logs.std(ddof=1) * np.sqrt(1 + 1 / GROUPS)
    low, high = np.exp(logs.mean() - reach), np.exp(logs.mean() + reach)
    mean = float(away.mean())
    ends = min(mean, float(low)), max(mean, float(high))
    return Row(model, mean, *ends, float(np.quantile(away, 0.99)), **what)


def pieces(block: Trajectory, stride: int) -> list[Trajectory]:
    """Parts of a block for one stride, each from one known frame to another one."""
    if len(block) <= LONG:
        return [block[: (len(block) - 1) // stride * stride + 1]]
    length = max(PIECE // stride, 4) * stride + 1
    starts = np.linspace(0, len(block) - length, GROUPS).astype(int)
    return [block[start : start + length] for start in starts.tolist()]


def sparse_of(piece: Trajectory, stride: int, known: str) -> Sparse:
    """Every ``stride``-th frame, with what is known of it."""
    x = piece.positions[::stride]
    x = np.round(x / XTC) * XTC if known == ROUNDED else x
    v = piece.moving()[::stride] if known == MOVING else None
    return Sparse(x, v, stride, piece.dt_ps)


def missing(away: Array, stride: int) -> Array:
    """Distances (B, stride - 1, N) in the gaps, of those (T, N) of all frames."""
    gaps = (len(away) - 1) // stride
    return away[: gaps * stride].reshape(gaps, stride, -1)[:, 1:]


def distances(filler: Filler, block: Trajectory, stride: int, known: str) -> Array:
    """Distances (B, stride - 1, N) in nm of filled frames from the true ones."""
    parts = []
    for piece in pieces(block, stride):
        found = filler(sparse_of(piece, stride, known)).positions
        away = np.sqrt(((found - piece.positions) ** 2).sum(axis=2))
        parts.append(missing(np.where(np.isfinite(away), away, np.inf), stride))
    return np.concatenate(parts)


def judge(fillers: Mapping[str, Filler], block: Trajectory, known: str, stride: int) -> list[Row]:
    """Errors of models of one stride; models that diverge are left out."""
    found = {model: distances(filler, block, stride, known) for model, filler in fillers.items()}
    return [
        error_of(away, model, stride=stride, known=known)
        for model, away in found.items()
        if np.isfinite(away).all()
    ]


def best(rows: Sequence[Row], known: str, stride: int) -> Row | None:
    """The row with the smallest error."""
    fitting = [row for row in rows if (row.known, row.stride) == (known, stride)]
    return min(fitting, key=lambda row: row.mean_nm, default=None)
