"""Training sets of aimmd: descriptors, outcomes and weights of shooting points.

Its storage is an HDF5 file in which a group holds the data sets ``descriptors`` (P, D),
``shot_results`` (P, 2) and ``weights`` (P,) of all points in the order in which they were added;
names of the descriptors are not stored. npz files with the same arrays are read as well.
"""

from pathlib import Path
from typing import Any

import numpy as np

from mechanist.errors import DataError
from mechanist.sampling.outside.outside_shots import OutsideShots, pairs
from mechanist.settings.names import checked_name

SETS = ("descriptors", "shot_results")


def read_aimmd(path: Path, names: tuple[str, ...]) -> OutsideShots:
    """Read a training set; without ``names`` descriptors are called d1, d2, ...

    Raises
    ------
    DataError
        In one line, if the file holds none, has other than two states, or shapes do not fit.
    """
    content = _npz(path) if path.suffix == ".npz" else _hdf5(path)
    missing = [name for name in SETS if name not in content]
    if missing:
        raise DataError(path, f"holds no training set of aimmd: there is no {missing[0]}")
    values, results = (np.asarray(content[name], dtype=np.float64) for name in SETS)
    if values.ndim != 2 or results.ndim != 2 or len(values) != len(results):
        raise DataError(path, f"descriptors {values.shape} and shot_results {results.shape}")
    if results.shape[1] != 2:
        raise DataError(path, f"has {results.shape[1]} states; two are needed")
    if names and len(names) != values.shape[1]:
        raise DataError(path, f"has {values.shape[1]} descriptors, {len(names)} names are given")
    bad = np.argwhere(~(np.isfinite(results) & (results >= 0) & (results == np.round(results))))
    if len(bad):
        row, state = (int(number) for number in bad[0])
        raise DataError(
            path, f"row {row + 1}: shot_results {results[row, state]:g} is not a whole number"
        )
    weight = np.asarray(content.get("weights", np.ones(len(values))), dtype=np.float64)
    if weight.shape != (len(values),):
        raise DataError(path, f"weights {weight.shape} for {len(values)} points")
    rows, ends = pairs(*results.astype(np.int64).T)
    try:
        labels = tuple(checked_name(name) for name in names)
    except ValueError as error:
        raise DataError(path, str(error)) from None
    return OutsideShots(
        source=str(path),
        ends=ends,
        chain=None,
        weight=weight[rows],
        accepted=np.zeros(len(rows), dtype=bool),
        names=labels or tuple(f"d{i + 1}" for i in range(values.shape[1])),
        values=values[rows],
    )


def _npz(path: Path) -> dict[str, Any]:
    try:
        with np.load(path, allow_pickle=False) as content:
            return dict(content)
    except (OSError, ValueError) as error:
        raise DataError(path, f"cannot be read: {str(error)[:200]}") from None


def _hdf5(path: Path) -> dict[str, Any]:
    try:
        import h5py
    except ImportError:
        raise DataError(path, "reading HDF5 needs h5py: pip install h5py") from None
    try:
        with h5py.File(path, "r") as file:
            found: list[Any] = []

            def look(_: str, group: Any) -> None:
                if isinstance(group, h5py.Group) and all(name in group for name in SETS):
                    found.append(group)

            file.visititems(look)
            if len(found) > 1:
                raise DataError(path, f"holds {len(found)} training sets: {found[1].name}")
            if not found:
                return {}
            return {name: found[0][name][:] for name in (*SETS, "weights") if name in found[0]}
    except OSError as error:
        raise DataError(path, f"is no HDF5 file: {str(error)[:200]}") from None
