"""The models of a folder on disk, each kind in its own files."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mechanist.arrays import Array
from mechanist.bookkeeping.files import damage_reported
from mechanist.bookkeeping.model_files import Tensors, read_model, write_model
from mechanist.errors import DataError
from mechanist.trajectory.forecast.bases import Linear
from mechanist.trajectory.forecast.pose import Pose
from mechanist.trajectory.restore.gap_coordinates import Coordinates, coordinates_of
from mechanist.trajectory.restore.gap_map import GapMap, GapMaps, Known
from mechanist.trajectory.superres import store
from mechanist.trajectory.superres.bridge import Bridge
from mechanist.trajectory.superres.forcefield import KernelForces
from mechanist.trajectory.superres.ridge import Ridge
from mechanist.trajectory.tools.fillers import (
    BridgeFill,
    Filler,
    MapFill,
    RidgeFill,
    hermite_fill,
    spline_fill,
)

if TYPE_CHECKING:
    from mechanist.trajectory.propagator.gicnet import GicnetMotion
    from mechanist.trajectory.propagator.learned import LearnedMotion

FORMAT = 1
PARTS = ("mean", "spread", "weights")
RIDGE = ("reference", "masses", "mean", "scale", "weights")


def files(folder: Path, name: str) -> tuple[Path, Path]:
    """Weights and their description."""
    return folder / f"{name}.safetensors", folder / f"{name}.json"


def save_bridge(bridge: Bridge, folder: Path) -> None:
    """Learned forces."""
    store.save(bridge, *files(folder, "forces"))


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


def load_motion(folder: Path, step_ps: float) -> "LearnedMotion":
    """Motion by the learned forces.

    Raises
    ------
    DataError
        If the folder has none, or they are damaged.
    """
    from mechanist.trajectory.propagator.learned import motion_of

    bridge = load_bridge(folder)
    assert isinstance(bridge.forces, KernelForces)
    return motion_of(bridge.forces, bridge.masses, step_ps)


def save_network(motion: "GicnetMotion", folder: Path) -> None:
    """4-D networks."""
    from mechanist.trajectory.propagator import gicnet_store

    gicnet_store.save(motion, *files(folder, "4d"))


def load_network(folder: Path) -> "GicnetMotion":
    """4-D networks.

    Raises
    ------
    DataError
        If they are missing or damaged.
    """
    from mechanist.trajectory.propagator import gicnet_store

    return gicnet_store.load(*files(folder, "4d"))


def save_maps(maps: GapMaps, folder: Path) -> None:
    """Maps of all kinds of gaps that were used, without residuals."""
    tensors: Tensors = {"reference": maps.reference, "masses": maps.masses}
    for known, one in maps.learned().items():
        name = " ".join(map(str, known))
        tensors |= {f"{name}/{part}": getattr(one, part) for part in PARTS}
    meaning = {"meaning": "linear maps of internal coordinates from the frames around a gap"}
    write_model(*files(folder, "maps"), tensors, FORMAT, meaning)


class StoredMaps:
    """Maps from a folder; see `restore.gap_map.Maps`.

    Parameters
    ----------
    coordinates
        In which gaps are filled.
    maps
        By kind of gap.
    """

    def __init__(self, coordinates: Coordinates, maps: dict[Known, GapMap]) -> None:
        self.coordinates: Coordinates = coordinates
        self._maps = maps

    def places(self, x: Array) -> Array:
        """All places are alike: there are no residuals to draw."""
        return np.zeros(len(x))

    def of(self, known: Known) -> GapMap | None:
        """The map for a kind of gap, if there is one."""
        return self._maps.get(known)


def load_maps(folder: Path) -> StoredMaps:
    """Maps.

    Raises
    ------
    DataError
        If they are missing or damaged.
    """
    weights, card = files(folder, "maps")
    tensors = read_model(weights, card, FORMAT, "set of maps")[1]
    with damage_reported(weights):
        coordinates = coordinates_of(tensors["reference"], tensors["masses"])
        periodic = coordinates.periodic
        maps = {}
        for name in {key.partition("/")[0] for key in tensors if "/" in key}:
            known = tuple(int(one) for one in name.split())
            mean, spread, matrix = (tensors[f"{name}/{part}"] for part in PARTS)
            none = np.zeros((0, 0, len(periodic)))
            maps[known] = GapMap(known, periodic, mean, spread, matrix, none, np.zeros((0, 2)))
    return StoredMaps(coordinates, maps)


def save_ridge(model: Ridge, stride: int, folder: Path) -> None:
    """The ridge of one stride."""
    tensors: Tensors = {name: getattr(model, name) for name in RIDGE}
    head = {"kind": "ridge", "strength": model.strength}
    write_model(*files(folder, f"ridge_{stride}"), tensors, FORMAT, head)


def load_ridge(stride: int, folder: Path) -> Ridge:
    """The ridge of one stride.

    Raises
    ------
    DataError
        If its files are missing or damaged.
    """
    weights, path = files(folder, f"ridge_{stride}")
    card, tensors = read_model(weights, path, FORMAT, "ridge")
    with damage_reported(path):
        reference, masses, mean, scale, matrix = (tensors[name] for name in RIDGE)
        return Ridge(reference, masses, mean, scale, matrix, float(card["strength"]), False)


def save_linear(model: Linear, stride: int, folder: Path) -> None:
    """Linear autoregression of one stride."""
    tensors: Tensors = {"mean": model.mean, "weights": model.weights}
    tensors |= {"reference": model.pose.reference, "masses": model.pose.weights}
    head = {"kind": "linear autoregression", "strength": model.strength}
    write_model(*files(folder, f"forecast_{stride}"), tensors, FORMAT, head)


def load_linear(stride: int, folder: Path) -> Linear:
    """Linear autoregression of one stride.

    Raises
    ------
    DataError
        If its files are missing or damaged.
    """
    weights, path = files(folder, f"forecast_{stride}")
    card, tensors = read_model(weights, path, FORMAT, "forecast")
    with damage_reported(path):
        pose = Pose(tensors["reference"], tensors["masses"])
        return Linear(pose, tensors["mean"], tensors["weights"], float(card["strength"]))


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
        return MapFill(load_maps(folder))
    if kind == "bridge":
        return BridgeFill(load_bridge(folder))
    return RidgeFill(load_ridge(stride, folder))
