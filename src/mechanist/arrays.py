"""Role names of arrays: what the numbers are, and how the axes run.

F frames, N atoms, D descriptors, P features, S shots, W windows, B bins.
"""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
"""Numbers for which none of the names below says more."""

Frames = NDArray[np.float32]
"""(F, N, 3) positions in nm, one frame after the other, as they are stored."""


class FrameSource(Protocol):
    """Frames in memory or on disk: an array, or `records.stored_frames.StoredFrames`."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(F, N, 3)."""

    def __len__(self) -> int: ...

    def __getitem__(self, key: Any, /) -> Any:
        """Frames as an array, of a number, a slice, a mask or rows."""


Positions = NDArray[np.floating[Any]]
"""(N, 3) or (F, N, 3) positions in nm, of any precision."""

Velocities = NDArray[np.float64]
"""(N, 3) or (R, N, 3) in nm/ps."""

Values = NDArray[np.float64]
"""(F, D) values of descriptors, in nm, rad or without unit."""

Features = NDArray[np.float64]
"""(F, P) what networks and formulas see: a dihedral is a sine and a cosine."""

Q = NDArray[np.float64]
"""(F,) the reaction coordinate q = ln p_B / (1 - p_B)."""

Probabilities = NDArray[np.float64]
"""(F,) or (S,) between 0 and 1, most often p_B."""

LogWeights = NDArray[np.float64]
"""Natural logarithms of weights, up to a common constant."""

Weights = NDArray[np.float64]
"""Statistical weights, one for each frame, path or excursion."""

Labels = NDArray[np.int8]
"""(F,) state of each frame: -1 A, +1 B, 0 neither."""

Mask = NDArray[np.bool_]
"""Which entries are meant."""

Rows = NDArray[np.int64]
"""Numbers of rows, frames, chains or atoms."""

Counts = NDArray[np.int64]
"""How often something was seen."""

Ends = NDArray[np.int64] | NDArray[np.float64]
"""(S,) half-shots of each shot that ended in a state; not whole where some of them stand for others
that were stopped early."""

NamedArrays = dict[str, NDArray[Any]]
"""Arrays by name, as a checkpoint stores them."""
