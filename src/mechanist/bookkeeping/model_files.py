"""A learned model as two files: weights as safetensors, and a model card as JSON."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist import __version__
from mechanist.bookkeeping.files import read_bytes, read_json, sha256, write_bytes, write_json
from mechanist.errors import DataError

Tensors = dict[str, NDArray[Any]]

FORCES_FORMAT = 2
"""Of forces learned from a trajectory; format 1 had another kernel, without scales. Read where they
are learned, and where they are a force law."""

MODELS_FORMAT = 2
"""Of the card of models learned from a trajectory, read in the same places; format 1 did not name
the models of motion."""


def write_model(
    weights_path: Path,
    json_path: Path,
    tensors: Mapping[str, NDArray[Any]],
    number: int,
    card: Mapping[str, Any],
) -> None:
    """Write weights and card, with the number of the format and the hash of the weights."""
    from safetensors.numpy import save as to_bytes

    contiguous = {name: np.ascontiguousarray(value) for name, value in tensors.items()}
    write_bytes(weights_path, to_bytes(contiguous))
    head = {"format": number, "mechanist": __version__}
    write_json(json_path, head | dict(card) | {"sha256": sha256(weights_path)})


def read_model(
    weights_path: Path, json_path: Path, number: int, what: str
) -> tuple[dict[str, Any], Tensors]:
    """Read card and weights that `write_model` has written; ``what`` names the card.

    Raises
    ------
    DataError
        If a file is missing or damaged, the card is of something else, or the two do not belong
        together.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load as from_bytes

    card = read_json(json_path)
    if not isinstance(card, dict) or card.get("format") != number:
        raise DataError(json_path, f"not a {what} of format {number}; run the stage again")
    try:
        tensors = from_bytes(read_bytes(weights_path))
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            weights_path, f"damaged ({str(error)[:120]}); delete it and run again"
        ) from None
    if card.get("sha256") != sha256(weights_path):
        raise DataError(weights_path, f"is not the file that {json_path.name} was written for")
    return card, tensors
