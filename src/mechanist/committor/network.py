"""The committor model: an ensemble of small networks, evaluated with numpy alone.

Shooting jobs evaluate it on every new path; without torch they start a second sooner and give the
same digits everywhere.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist import __version__
from mechanist.errors import DataError
from mechanist.files import atomic, read_json, write_json

Array = NDArray[np.float64]
FORMAT = 1


@dataclass(frozen=True)
class Committor:
    """M networks of the same shape: standardise, tanh layers, one logit, plus a linear skip.

    Parameters
    ----------
    feature_names
        Names of the P inputs.
    mean, scale
        (P,) of the training data.
    layers
        Weights (M, in, out) and biases (M, out) of each layer; the last has out = 1.
    skip
        (M, P) weights of a linear term from the inputs to the logit.
    density_edges, density
        (K + 1,) and (K,): density of candidate frames in p_B, which flattens the selection.
    """

    feature_names: tuple[str, ...]
    mean: Array
    scale: Array
    layers: tuple[tuple[Array, Array], ...]
    skip: Array
    density_edges: Array | None = None
    density: Array | None = None

    def members(self, features: Array) -> Array:
        """Logit of every member.

        Parameters
        ----------
        features
            (F, P).

        Returns
        -------
        ndarray
            (M, F).

        Raises
        ------
        DataError
            If a logit is not finite.
        """
        x = (features - self.mean) / self.scale
        result = self.skip @ x.T
        hidden: Array = x
        for i, (weights, biases) in enumerate(self.layers):
            hidden = hidden @ weights + biases[:, None, :]
            if i < len(self.layers) - 1:
                hidden = np.tanh(hidden)
        result = result + hidden[..., 0]
        if not np.isfinite(result).all():
            raise DataError("committor model", "gave a q that is not a number")
        return np.asarray(result)

    def q(self, features: Array) -> Array:
        """Reaction coordinate q = ln(p_B / (1 - p_B)) (F,), the mean over members."""
        return np.asarray(self.members(features).mean(axis=0))

    def spread(self, features: Array) -> Array:
        """Standard deviation of q over members, (F,)."""
        return np.asarray(self.members(features).std(axis=0, ddof=1))


def save(model: Committor, weights_path: Path, json_path: Path) -> None:
    """Write the numbers as safetensors and what they mean as JSON."""
    from safetensors.numpy import save_file

    with atomic(weights_path) as temporary:
        save_file(_tensors(model), str(temporary))
    write_json(
        json_path,
        {
            "format": FORMAT,
            "mechanist": __version__,
            "meaning": "q = ln(p_B / (1 - p_B)); mean over members of"
            " skip @ x + tanh layers of x, with x = (feature - mean) / scale",
            "features": list(model.feature_names),
            "units": "sine and cosine of torsions, angles in rad, lengths in nm",
            "members": int(model.skip.shape[0]),
            "widths": [int(biases.shape[1]) for _, biases in model.layers],
            "mean": model.mean.tolist(),
            "scale": model.scale.tolist(),
        },
    )


def _tensors(model: Committor) -> dict[str, NDArray[Any]]:
    tensors = {"mean": model.mean, "scale": model.scale, "skip": model.skip}
    for i, (weights, biases) in enumerate(model.layers):
        tensors |= {f"weights_{i}": weights, f"biases_{i}": biases}
    if model.density is not None and model.density_edges is not None:
        tensors |= {"density": model.density, "density_edges": model.density_edges}
    return {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}


def load(weights_path: Path, json_path: Path) -> Committor:
    """Read a model.

    Raises
    ------
    DataError
        If a file is missing or damaged, or the two do not belong together.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    card = read_json(json_path)
    if not weights_path.is_file():
        raise DataError(weights_path, "the file is missing; run the stage that makes it again")
    try:
        tensors = load_file(str(weights_path))
        model = Committor(
            feature_names=tuple(card["features"]),
            mean=tensors["mean"],
            scale=tensors["scale"],
            layers=tuple(
                (tensors[f"weights_{i}"], tensors[f"biases_{i}"])
                for i in range(len(card["widths"]))
            ),
            skip=tensors["skip"],
            density_edges=tensors.get("density_edges"),
            density=tensors.get("density"),
        )
    except (SafetensorError, OSError, ValueError) as error:
        raise DataError(weights_path, f"damaged ({error}); delete it and run again") from None
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise DataError(json_path, f"does not fit {weights_path.name} ({error})") from None
    _check(model, tensors, weights_path)
    return model


def _check(model: Committor, tensors: dict[str, NDArray[Any]], path: Path) -> None:
    """Shapes fit each other and every number is finite."""
    bad = [name for name, tensor in tensors.items() if not np.isfinite(tensor).all()]
    if bad:
        raise DataError(path, f"{bad[0]} holds numbers that are not finite; delete it")
    inputs = len(model.feature_names)
    fits = model.mean.shape == model.scale.shape == (inputs,)
    fits &= model.skip.ndim == 2 and model.skip.shape[1] == inputs
    width = inputs
    for weights, biases in model.layers:
        fits &= weights.ndim == 3 and weights.shape[1] == width
        fits &= biases.shape == (weights.shape[0], weights.shape[2])
        width = biases.shape[-1]
    if not fits or width != 1:
        raise DataError(path, "shapes do not fit model.json; delete both and run again")
