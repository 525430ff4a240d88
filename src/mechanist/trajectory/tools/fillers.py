"""Models that fill the gaps of a sequence of frames, behind one interface.

| kind | known frames | learned |
|---|---|---|
| spline | positions | nothing |
| map | positions | linear maps of internal coordinates (`restore.gap_map`) |
| hermite | positions and velocities | nothing |
| ridge | positions and velocities | the residual of Hermite polynomials (`superres.ridge`) |
| bridge | positions, velocities if known | forces (`superres.bridge`) |

Where velocities are not known, the bridge takes those for which learned dynamics leads from frame
to frame (`forecast.state`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array, Rows
from mechanist.errors import DataError
from mechanist.trajectory.dataset import Ends
from mechanist.trajectory.forecast.state import fit_velocities
from mechanist.trajectory.forecast.windows import History
from mechanist.trajectory.restore.gap_map import Maps
from mechanist.trajectory.restore.restore import restore
from mechanist.trajectory.superres.bridge import Bridge
from mechanist.trajectory.superres.polynomials import hermite
from mechanist.trajectory.superres.protocol import Filled
from mechanist.trajectory.superres.ridge import Ridge

WINDOW, MARGIN = 12, 3
"""Known frames over which velocities are fitted at once, and how many of them at either end are
fitted again with the next window."""

BATCH = 16
"""Windows at once."""


@dataclass(frozen=True)
class Sparse:
    """Every ``stride``-th frame of a trajectory.

    Parameters
    ----------
    positions
        (K, N, 3) in nm.
    velocities
        (K, N, 3) in nm/ps, or None.
    stride
        Frames from one to the next.
    dt_ps
        Time between frames of the filled trajectory.
    """

    positions: Array
    velocities: Array | None
    stride: int
    dt_ps: float

    @property
    def rows(self) -> Rows:
        """Numbers (K,) of the known frames."""
        return self.stride * np.arange(len(self.positions), dtype=np.int64)

    def ends(self, velocities: Array) -> Ends:
        """The gaps, with velocities (K, N, 3) of the known frames."""
        x, v = self.positions, velocities
        return Ends(x[:-1], v[:-1], x[1:], v[1:], self.stride - 1, self.dt_ps)

    def joined(self, filled: Filled, velocities: Array) -> "Dense":
        """Known and missing frames in the order of time."""
        parts = ((self.positions, filled.positions), (velocities, filled.velocities))
        x, v = (_in_order(known, missing) for known, missing in parts)
        return Dense(x, v)


def _in_order(known: Array, missing: Array) -> Array:
    """All frames (T, N, 3) from known (K, N, 3) and missing ones (K - 1, inner, N, 3)."""
    pairs = np.concatenate([known[:-1, None], missing], axis=1)
    return np.concatenate([pairs.reshape(-1, *known.shape[1:]), known[-1:]])


@dataclass(frozen=True)
class Dense:
    """All frames: positions (T, N, 3) in nm, and velocities in nm/ps or None."""

    positions: Array
    velocities: Array | None


Filler = Callable[[Sparse], Dense]

NEEDS_VELOCITIES = ("hermite", "ridge")

BASELINE = {False: "spline", True: "hermite"}
"""The polynomial that a learned model must be better than, without and with known velocities."""


def spline_fill(sparse: Sparse) -> Dense:
    """A cubic spline through the known positions."""
    return Dense(restore(sparse.positions, sparse.rows, "spline"), None)


def hermite_fill(sparse: Sparse) -> Dense:
    """Cubic Hermite polynomials."""
    assert sparse.velocities is not None
    return sparse.joined(hermite(sparse.ends(sparse.velocities)), sparse.velocities)


def map_fill(maps: Maps, sparse: Sparse) -> Dense:
    """Linear maps of internal coordinates; where there is no map, the spline."""
    return Dense(restore(sparse.positions, sparse.rows, "map", maps), None)


def ridge_fill(ridge: Ridge, sparse: Sparse) -> Dense:
    """A linear map of one stride."""
    assert sparse.velocities is not None
    return sparse.joined(ridge(sparse.ends(sparse.velocities)), sparse.velocities)


def bridge_fill(bridge: Bridge, sparse: Sparse) -> Dense:
    """Learned forces, with fitted velocities where none are known."""
    v = sparse.velocities
    v = fitted_velocities(bridge, sparse) if v is None else v
    return sparse.joined(bridge(sparse.ends(v)), v)


def fitted_velocities(bridge: Bridge, sparse: Sparse) -> Array:
    """Velocities (K, N, 3) in nm/ps of known frames for which learned dynamics joins them.

    Raises
    ------
    DataError
        If there are fewer than four known frames.
    """
    count = len(sparse.positions)
    if count < 4:
        raise DataError("frames", f"{count} known frames; at least 4 are needed without velocities")
    size = min(WINDOW, count)
    step = max(1, size - 2 * MARGIN)
    starts = np.unique([*range(0, count - size, step), count - size])
    result = np.empty_like(sparse.positions)
    with np.errstate(over="ignore", invalid="ignore"):
        for i in range(0, len(starts), BATCH):
            some = starts[i : i + BATCH]
            rows = some[:, None] + np.arange(size)
            history = History(sparse.positions[rows], sparse.stride * sparse.dt_ps)
            fitted = fit_velocities(bridge, history, sparse.stride)
            for start, v in zip(some.tolist(), fitted, strict=True):
                skip = 0 if start == 0 else MARGIN
                result[start + skip : start + size] = v[skip:]
    return result
