"""Arrays for checkpoints: lists of arrays of different lengths, and named arrays with prefixes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import NamedArrays

Lengths = NDArray[np.int64]


def packed(arrays: Sequence[NDArray[Any]], empty: NDArray[Any]) -> tuple[Lengths, NDArray[Any]]:
    """Lengths (K,) and the arrays joined; ``empty`` gives shape and type where there are none."""
    lengths = np.fromiter(map(len, arrays), dtype=np.int64, count=len(arrays))
    return lengths, np.concatenate([empty[:0], *arrays])


def unpacked(lengths: Lengths, joined: NDArray[Any]) -> list[NDArray[Any]]:
    """Inverse of `packed`."""
    return list(np.split(joined, np.cumsum(lengths)[:-1])) if len(lengths) else []


def prefixed(prefix: str, arrays: NamedArrays) -> NamedArrays:
    """Arrays with a prefix before their names."""
    return {f"{prefix}.{name}": array for name, array in arrays.items()}


def under(prefix: str, arrays: Mapping[str, Any]) -> NamedArrays:
    """Inverse of `prefixed`; arrays without the prefix are left out."""
    cut = len(prefix) + 1
    return {name[cut:]: a for name, a in arrays.items() if name.startswith(f"{prefix}.")}
