"""The models of a folder on disk, each kind in its own files."""

from functools import partial
from pathlib import Path

import numpy as np

from mechanist.bookkeeping.files import damage_reported, receipt
from mechanist.bookkeeping.model_files import Tensors, read_model, write_model
from mechanist.errors import DataError
from mechanist.trajectory.forecast.bases import Linear
from mechanist.trajectory.restore.gap_coordinates import coordinates_of
from mechanist.trajectory.restore.gap_map import GapMap, GapMaps, Maps
from mechanist.trajectory.ridge import LinearMap
from mechanist.trajectory.superres import store
from mechanist.trajectory.superres.bridge import Bridge
from mechanist.trajectory.superres.frame import Pose
from mechanist.trajectory.superres.ridge import Ridge
from mechanist.trajectory.tools.fillers import (
    Filler,
    bridge_fill,
    hermite_fill,
    map_fill,
    ridge_fill,
    spline_fill,
)

FORMAT = 1
PARTS = ("mean", "spread", "weights")
LINEAR = ("reference", "masses", "mean", "scale", "weights")


def files(folder: Path, name: str) -> tuple[Path, Path]:
    """Weights and their description."""
    return folder / f"{name}.safetensors", folder / f"{name}.json"


def clear(folder: Path) -> None:
    """Make the folder, and take away what was learned before: its card no longer holds."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("card", "forces", "4d", "maps", "ridge_*", "forecast_*", "conformations"):
        for suffix in (".json", ".safetensors"):
            for path in folder.glob(name + suffix):
                receipt(path).unlink(missing_ok=True)
                path.unlink()


def load_bridge(folder: Path) -> Bridge:
    """Learned forces.

    Raises
    ------
    DataError
        If the folder has none, or they are damaged.
    """
    weights, card = files(folder, "forces")
    if not weights.is_file():
        raise DataError(folder, "has no learned forces; card.json, warnings says why")
    return store.load(weights, card)


def save_maps(maps: GapMaps, folder: Path) -> None:
    """Maps of all kinds of gaps that were used, without residuals."""
    tensors: Tensors = {"reference": maps.reference, "masses": maps.masses}
    for known, one in maps.found.items():
        if one is not None:
            parts = (one.linear.mean, one.linear.scale, one.linear.weights)
            names = (f"{' '.join(map(str, known))}/{part}" for part in PARTS)
            tensors |= dict(zip(names, parts, strict=True))
    meaning = {"meaning": "linear maps of internal coordinates from the frames around a gap"}
    write_model(*files(folder, "maps"), tensors, FORMAT, meaning)


def load_maps(folder: Path) -> Maps:
    """Maps.

    Raises
    ------
    DataError
        If they are missing or damaged.
    """
    weights, card = files(folder, "maps")
    tensors = read_model(weights, card, FORMAT, "set of maps")[1]
    with damage_reported(weights):
        maps = Maps(coordinates_of(tensors["reference"], tensors["masses"]))
        for name in {key.partition("/")[0] for key in tensors if "/" in key}:
            known = tuple(int(one) for one in name.split())
            linear = LinearMap(*(tensors[f"{name}/{part}"] for part in PARTS))
            maps.found[known] = GapMap(known, maps.coordinates.periodic, linear)
    return maps


def save_linear(model: Ridge | Linear, name: str, folder: Path) -> None:
    """A linear map of one stride in a common orientation."""
    pose, linear = model.pose, model.linear
    parts = (pose.reference, pose.weights, linear.mean, linear.scale, linear.weights)
    tensors = dict(zip(LINEAR, parts, strict=True))
    meaning = {"meaning": "linear map of Cartesian coordinates in a common orientation"}
    write_model(*files(folder, name), tensors, FORMAT, meaning)


def load_linear(name: str, folder: Path) -> tuple[Pose, LinearMap]:
    """The parts of such a map.

    Raises
    ------
    DataError
        If its files are missing or damaged.
    """
    weights, path = files(folder, name)
    tensors = read_model(weights, path, FORMAT, "linear map")[1]
    with damage_reported(path):
        # Older forecasts have no scale.
        one = {"scale": np.ones_like(tensors["mean"])} | tensors
        reference, masses, *linear = (one[part] for part in LINEAR)
        return Pose(reference, masses), LinearMap(*linear)


def load_filler(kind: str, stride: int, folder: Path) -> Filler:
    """The model of a kind and a stride.

    Raises
    ------
    DataError
        If its files are missing or damaged.
    """
    if kind == "spline":
        return spline_fill
    if kind == "hermite":
        return hermite_fill
    if kind == "map":
        return partial(map_fill, load_maps(folder))
    if kind == "bridge":
        return partial(bridge_fill, load_bridge(folder))
    return partial(ridge_fill, Ridge(*load_linear(f"ridge_{stride}", folder)))
