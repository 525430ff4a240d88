"""Forecasters on disk.

The base is not written: it is passed again on reading, and only its name is compared.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mechanist.bookkeeping.files import damage_reported
from mechanist.bookkeeping.model_files import read_model, write_model
from mechanist.errors import DataError
from mechanist.trajectory.forecast.bases import Base
from mechanist.trajectory.forecast.corrected import Corrected, Scales
from mechanist.trajectory.forecast.network import Forecast
from mechanist.trajectory.forecast.options import Options
from mechanist.trajectory.forecast.pose import Pose

FORMAT = 1
LARGEST = 1000
"""Largest number of frames of a history, and of blocks."""

OWN = ("reference", "weights", "corrections")
"""Names of arrays that do not belong to the network; those of the network begin with ``net.``."""


def save(model: Corrected, known: int, weights_path: Path, json_path: Path) -> None:
    """Write a forecaster that reads ``known`` frames.

    Raises
    ------
    DataError
        If its network is of another class.
    """
    if not isinstance(model.net, Forecast):
        raise DataError(weights_path, "only networks of the forecaster can be written")
    tensors = {
        f"net.{name}": value.detach().cpu().numpy()
        for name, value in model.net.state_dict().items()
    }
    tensors |= {
        "reference": model.pose.reference,
        "weights": model.pose.weights,
        "corrections": model.scales.corrections,
    }
    write_model(
        weights_path,
        json_path,
        tensors,
        FORMAT,
        {
            "meaning": "corrections of a base; encoder-decoder after the abstract of ASTEROID",
            "units": "reference, corrections and moved in nm",
            "base": type(model.base).__name__,
            "options": asdict(model.net.options),
            "known": known,
            "ahead": model.ahead,
            "moved": model.scales.moved,
        },
    )


def load(weights_path: Path, json_path: Path, base: Base) -> Corrected:
    """Read a forecaster written by `save`.

    Raises
    ------
    DataError
        If a file is missing or damaged, the two do not match, or the base is another.
    """
    card, tensors = read_model(weights_path, json_path, FORMAT, "forecaster's card")
    if card.get("base") != type(base).__name__:
        raise DataError(json_path, f"was trained on the base {str(card.get('base'))[:40]!r}")
    if not all(np.isfinite(value).all() for value in tensors.values()):
        raise DataError(weights_path, "holds numbers that are not finite; delete it")
    with damage_reported(json_path):
        options = Options(**card["options"])
        known, ahead, moved = int(card["known"]), int(card["ahead"]), float(card["moved"])
    if not _small(options, known, tensors):
        raise DataError(weights_path, f"shapes do not fit {json_path.name}; delete both")
    try:
        net = _net(tensors, options, known)
        scales = Scales(moved, tensors["corrections"])
        pose = Pose(tensors["reference"], tensors["weights"], options.aligned)
    except (RuntimeError, KeyError, ValueError, TypeError, ZeroDivisionError):
        raise DataError(weights_path, f"shapes do not fit {json_path.name}; delete both") from None
    if scales.corrections.shape != (options.ahead, len(pose.reference)) or moved <= 0:
        raise DataError(weights_path, f"shapes do not fit {json_path.name}; delete both")
    return Corrected(net, base, pose, scales, options.ahead, ahead)


def _small(options: Options, known: int, tensors: dict[str, Any]) -> bool:
    """Whether a network of these options is as large as the tensors; cards are not trusted."""
    norm, rows = tensors.get("net.norm.weight"), tensors.get("corrections")
    counts = (options.width, options.heads, options.blocks, options.chunk, options.ahead)
    if norm is None or rows is None or not all(type(one) is int and one > 0 for one in counts):
        return False
    fits = norm.shape == (options.width,) and rows.shape[:1] == (options.ahead,)
    return fits and options.chunk <= options.ahead and max(known, options.blocks) <= LARGEST


def _net(tensors: dict[str, Any], options: Options, known: int) -> Forecast:
    own = {
        name.removeprefix("net."): torch.from_numpy(np.array(value))
        for name, value in tensors.items()
        if name not in OWN
    }
    net = Forecast(options, known, own["numbers"], own["hops"])
    net.load_state_dict(own)
    return net
