"""Lists of arrays that differ in length, as one array and the lengths."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Lengths = NDArray[np.int64]


def packed(arrays: Sequence[NDArray[Any]], empty: NDArray[Any]) -> tuple[Lengths, NDArray[Any]]:
    """Lengths (K,) and all arrays one after the other; ``empty`` gives shape and type of none."""
    lengths = np.fromiter(map(len, arrays), dtype=np.int64, count=len(arrays))
    return lengths, np.concatenate([empty[:0], *arrays])


def unpacked(lengths: Lengths, joined: NDArray[Any]) -> list[NDArray[Any]]:
    """Inverse of `packed`."""
    return list(np.split(joined, np.cumsum(lengths)[:-1])) if len(lengths) else []
