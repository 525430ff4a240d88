"""The committor model: an ensemble of small networks, evaluated with numpy alone.

Shooting jobs evaluate it on every new path; without torch they start a second sooner. The q of a
member is a linear term of the standardised inputs plus a perceptron with SiLU units, x / (1 +
exp(-x)) (Elfwing, Uchibe and Doya, Neural Networks 107, 3 (2018)); q is the mean over members.
"""

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array, Mask
from mechanist.bookkeeping.files import damage_reported
from mechanist.bookkeeping.model_files import Tensors, read_model, write_model
from mechanist.committor.uncertainty import ErrorScale
from mechanist.errors import DataError
from mechanist.statistics.logistic import q_to_p

Single = NDArray[np.float32]

FORMAT = 3
"""Of the files; 1 had tanh units, 2 another scale of the error."""

CHUNK = 1024
"""Frames at once, so that hidden units stay in the cache."""


@dataclass(frozen=True)
class Committor:
    """M networks of the same shape: standardised inputs, SiLU layers, and a linear term.

    Parameters
    ----------
    feature_names
        Names of the P inputs.
    mean, scale
        (P,) of the training data.
    layers
        Weights (M, in, out) and biases (M, out) of each layer; the last has out = 1.
    skip
        (M, P) weights of the linear term.
    density_edges, density
        (K + 1,) and (K,): density of candidate frames in p_B, which flattens the selection.
    error
        Scale of the error of p_B from held-out chains; None if it was not determined.
    """

    feature_names: tuple[str, ...]
    mean: Array
    scale: Array
    layers: tuple[tuple[Array, Array], ...]
    skip: Array
    density_edges: Array | None = None
    density: Array | None = None
    error: ErrorScale | None = None

    @cached_property
    def _single(self) -> tuple[list[tuple[Single, Single]], Single]:
        """Layers and skip in single precision, which gives six digits of q."""
        layers = [
            (weights.astype(np.float32), biases[:, None, :].astype(np.float32))
            for weights, biases in self.layers
        ]
        return layers, self.skip.astype(np.float32)

    def _member_q(self, x: Single) -> Single:
        """Q (M, F) of standardised inputs (F, P)."""
        layers, skip = self._single
        hidden: Any = x
        for i, (weights, biases) in enumerate(layers):
            hidden = hidden @ weights
            hidden += biases
            if i < len(layers) - 1:
                gate = np.tanh(0.5 * hidden)
                gate += 1
                hidden *= gate
                hidden *= 0.5
        return np.asarray(hidden[..., 0] + skip @ x.T)

    def members(self, features: Array) -> Array:
        """Q of every member.

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
            If a q is not finite.
        """
        result = np.empty((len(self.skip), len(features)))
        for start in range(0, len(features), CHUNK):
            rows = slice(start, start + CHUNK)
            x = ((features[rows] - self.mean) / self.scale).astype(np.float32)
            result[:, rows] = self._member_q(x)
        if not np.isfinite(result).all():
            raise DataError("committor model", "returned a non-finite q")
        return result

    def some(self, members: Mask) -> "Committor":
        """Some of the members (M,) alone."""
        layers = tuple((weights[members], biases[members]) for weights, biases in self.layers)
        return replace(self, layers=layers, skip=self.skip[members])

    def q(self, features: Array) -> Array:
        """Reaction coordinate q = ln(p_B / (1 - p_B)) (F,), the mean over members."""
        return np.asarray(self.members(features).mean(axis=0))

    def estimate(self, features: Array) -> tuple[Array, Array]:
        """p_B (F,) and the standard deviation (F,) of its error.

        Raises
        ------
        DataError
            If the model has no scale of its error, or a q is not finite.
        """
        if self.error is None:
            raise DataError("committor model", "has no scale of its error; run the stage learn")
        members = self.members(features)
        p = q_to_p(members.mean(axis=0))
        return p, self.error.sigma(p, members.std(axis=0, ddof=1))

    def q_error(self, features: Array) -> Array:
        """Standard deviation of the error of q, (F,), to first order: that of p_B over p (1 - p).

        Raises
        ------
        DataError
            As `estimate`.
        """
        p, sigma = self.estimate(features)
        return np.asarray(sigma / np.maximum(p * (1 - p), 1e-6))


def save(model: Committor, weights_path: Path, json_path: Path) -> None:
    """Write weights as safetensors and the model card as JSON; each file is complete or absent."""
    card = {
        "meaning": "q = ln(p_B / (1 - p_B)) = mean over members of (skip @ x + layers of x),"
        " x = (feature - mean) / scale; SiLU between layers",
        "features": list(model.feature_names),
        "units": "sine and cosine of torsions, angles in rad, lengths in nm",
        "members": int(model.skip.shape[0]),
        "widths": [int(biases.shape[1]) for _, biases in model.layers],
        "mean": model.mean.tolist(),
        "scale": model.scale.tolist(),
        "error": None if model.error is None else asdict(model.error),
        "error_meaning": "standard deviation of the error of p_B = sqrt((1 + 1/members) * ((p_B *"
        " (1 - p_B) * s)**2 + floor**2) / 2 + bias**2), s = standard deviation of q over members",
    }
    write_model(weights_path, json_path, tensors_of(model), FORMAT, card)


def tensors_of(model: Committor) -> Tensors:
    """Arrays of a model by name, as they are stored."""
    tensors = {"mean": model.mean, "scale": model.scale, "skip": model.skip}
    for i, (weights, biases) in enumerate(model.layers):
        tensors |= {f"weights_{i}": weights, f"biases_{i}": biases}
    if model.density is not None and model.density_edges is not None:
        tensors |= {"density": model.density, "density_edges": model.density_edges}
    return tensors


def load(weights_path: Path, json_path: Path) -> Committor:
    """Read a model.

    Raises
    ------
    DataError
        If a file is missing or damaged, holds NaN, or the two do not belong together.
    """
    card, tensors = read_model(weights_path, json_path, FORMAT, "model card")
    bad = [n for n, tensor in tensors.items() if tensor.dtype.kind != "f" or not _finite(tensor)]
    if bad:
        raise DataError(weights_path, f"{bad[0][:80]} holds numbers that are not finite; delete it")
    with damage_reported(json_path):
        model = _model(card, tensors)
        usable = model.error is None or model.error.usable()
    if not usable:
        raise DataError(json_path, "error: not finite and positive; run the stage again")
    if not _fits(model):
        raise DataError(weights_path, f"shapes do not fit {json_path.name}; delete both")
    return model


def _finite(tensor: NDArray[Any]) -> bool:
    return bool(np.isfinite(tensor).all())


def _model(card: dict[str, Any], tensors: Tensors) -> Committor:
    layers = tuple(
        (tensors[f"weights_{i}"], tensors[f"biases_{i}"]) for i in range(len(card["widths"]))
    )
    error = card.get("error")
    return Committor(
        feature_names=tuple(card["features"]),
        mean=tensors["mean"],
        scale=tensors["scale"],
        layers=layers,
        skip=tensors["skip"],
        density_edges=tensors.get("density_edges"),
        density=tensors.get("density"),
        error=None if error is None else ErrorScale(**error),
    )


def _fits(model: Committor) -> bool:
    """Whether all shapes fit each other."""
    width = len(model.feature_names)
    if model.skip.ndim != 2 or model.mean.shape != (width,) or model.scale.shape != (width,):
        return False
    members = len(model.skip)
    fits = model.skip.shape[1] == width and members > 0
    for weights, biases in model.layers:
        fits &= weights.ndim == 3 and weights.shape[:2] == (members, width)
        fits &= biases.shape == (members, weights.shape[-1])
        width = weights.shape[-1]
    if model.density is not None and model.density_edges is not None:
        fits &= model.density_edges.shape == (len(model.density) + 1,)
    return bool(fits) and width == 1
