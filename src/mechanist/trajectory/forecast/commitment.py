"""Where a running half-shot will end: p(B | history), from features of the history.

A logistic head on a feature vector z, standardised on what it learned from:

    q = ln p/(1 - p) = s (w.z + c) + t.

Weights w and c minimise the negative log-likelihood of the outcomes with a quadratic penalty on w
(Newton's method; the penalty is the one that is best in cross-validation over groups, such as
chains). Slope s and shift t are Platt's calibration (Advances in Large Margin Classifiers, 61
(1999)), fitted to what each fold says of the group that it has not seen; 1 and 0 are calibrated.
Features may be those of a forecaster's encoder, or descriptors of the last frames one after the
other (`flattened`). Arrays in and out; it knows nothing of how shots are made.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mechanist import __version__
from mechanist.errors import DataError
from mechanist.files import read_json, sound, write_json

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

FORMAT = 1
PENALTIES = tuple(10.0**k for k in range(-6, 3))
"""Of the squared weights, per outcome."""

FOLDS = 5
LARGEST = 30.0
"""Of |q|, so that no outcome has probability 0."""

STEPS = 60
"""Of Newton's method at most."""


@dataclass(frozen=True)
class Head:
    """A fitted head.

    Parameters
    ----------
    mean, scale
        (F,) of the features.
    weights
        (F,) of standardised features.
    constant
        Added to them.
    slope, shift
        Of the calibration.
    penalty
        That was kept.
    heldout
        Loss in nats per outcome over groups that were not seen, calibrated; ln 2 knows nothing.
    """

    mean: Array
    scale: Array
    weights: Array
    constant: float
    slope: float
    shift: float
    penalty: float
    heldout: float

    def logit(self, features: Array) -> Array:
        """Ln p/(1 - p) (B,) of features (B, F).

        Raises
        ------
        DataError
            If features have another number, or are not finite.
        """
        if features.ndim != 2 or features.shape[1] != len(self.mean):
            raise DataError("features", f"are {features.shape}, not (B, {len(self.mean)})")
        if not np.isfinite(features).all():
            raise DataError("features", "hold numbers that are not finite")
        raw = (features - self.mean) / self.scale @ self.weights + self.constant
        return np.asarray(np.clip(self.slope * raw + self.shift, -LARGEST, LARGEST))

    def __call__(self, features: Array) -> Array:
        """Probability (B,) of ending in B."""
        return sigmoid(self.logit(features))


def sigmoid(q: Array) -> Array:
    """1 / (1 + exp(-q)) without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * q)))


def loss(q: Array, ended_in_b: Array) -> float:
    """Mean negative log-likelihood in nats per outcome (B,), 1 for B and 0 for A."""
    return float(np.mean(np.logaddexp(0, q) - ended_in_b * q))


def flattened(values: Array) -> Array:
    """Descriptors (B, K, D) of the last K frames as features (B, K D).

    Values at the last frame, then what each frame before is away from it: differences carry
    velocities.
    """
    last = values[:, -1]
    away = values[:, :-1] - values[:, -1:]
    return np.concatenate([last, away.reshape(len(values), -1)], axis=1)


def fit_head(features: Array, ended_in_b: Array, groups: Rows | None = None) -> Head:
    """Fit by maximum likelihood.

    Parameters
    ----------
    features
        (B, F) of histories.
    ended_in_b
        (B,) 1 if the shot ended in B, 0 if in A.
    groups
        (B,) which outcomes belong together, such as halves of shots of one chain; each outcome by
        itself if None.

    Returns
    -------
    Head
        The head.

    Raises
    ------
    DataError
        If shapes do not fit, numbers are not finite, outcomes are not 0 or 1 or all the same, or
        there are fewer groups than two.
    """
    y = np.asarray(ended_in_b, dtype=np.float64)
    groups = np.arange(len(y)) if groups is None else groups
    _check(features, y, groups)
    folds = np.unique(groups, return_inverse=True)[1] % FOLDS
    mean, scale = features.mean(axis=0), features.std(axis=0)
    scale = np.where(scale > 1e-12 * max(scale.max(), 1e-300), scale, 1.0)
    z = np.concatenate([(features - mean) / scale, np.ones((len(y), 1))], axis=1)
    unseen = [_unseen(z, y, folds, penalty) for penalty in PENALTIES]
    best = int(np.argmin([loss(q, y) for q in unseen]))
    solved = maximum(z, y, PENALTIES[best])
    slope, shift = maximum(np.stack([unseen[best], np.ones(len(y))], axis=1), y, 0.0)
    calibrated = np.clip(slope * unseen[best] + shift, -LARGEST, LARGEST)
    return Head(
        mean,
        scale,
        solved[:-1],
        float(solved[-1]),
        float(slope),
        float(shift),
        PENALTIES[best],
        loss(calibrated, y),
    )


def _check(features: Array, y: Array, groups: Rows) -> None:
    if features.ndim != 2 or not len(features) == len(y) == len(groups):
        raise DataError("features", f"are {features.shape} for {len(y)} outcomes")
    if not np.isfinite(features).all():
        raise DataError("features", "hold numbers that are not finite")
    if not np.isin(y, (0.0, 1.0)).all() or y.min() == y.max():
        raise DataError("outcomes", "must be 0 for A and 1 for B, and both must occur")
    if len(np.unique(groups)) < 2:
        raise DataError("outcomes", "are all of one group; none is left to judge by")


def _unseen(z: Array, y: Array, folds: Rows, penalty: float) -> Array:
    """Logits of each fold from the others."""
    q = np.zeros(len(y))
    for fold in np.unique(folds):
        out = folds == fold
        if y[~out].min() < y[~out].max():
            q[out] = z[out] @ maximum(z[~out], y[~out], penalty)
    return np.clip(q, -LARGEST, LARGEST)


def maximum(z: Array, y: Array, penalty: float) -> Array:
    """Weights (F,) of the greatest likelihood; the last column of ``z`` has no penalty.

    Newton's method with halved steps where one does not lower the loss.
    """
    ridge = np.full(z.shape[1], penalty)
    ridge[-1] = 0.0
    w = np.zeros(z.shape[1])

    def cost(one: Array) -> float:
        return loss(z @ one, y) + 0.5 * float(ridge @ one**2)

    now = cost(w)
    for _ in range(STEPS):
        p = sigmoid(z @ w)
        slope = z.T @ (p - y) / len(y) + ridge * w
        bend = (z.T * (p * (1 - p))) @ z / len(y) + np.diag(ridge + 1e-12)
        step = np.linalg.solve(bend, slope)
        size = 1.0
        while cost(w - size * step) > now and size > 1e-6:
            size /= 2
        w = w - size * step
        before, now = now, cost(w)
        # Outcomes that a plane tells apart have no finite maximum.
        if before - now < 1e-12 or np.abs(z @ w).max() > LARGEST:
            break
    return w


def early(p: Array, wrong: float) -> Rows:
    """What histories are taken to end in: 1 (B) or -1 (A) where the other has less than ``wrong``.

    0 where nothing can be said yet. In the mean over decisions at most this share is wrong, if the
    probabilities (B,) are calibrated.
    """
    return np.where(p > 1 - wrong, 1, np.where(p < wrong, -1, 0)).astype(np.int64)


def save(head: Head, path: Path) -> None:
    """Write a head as JSON."""
    plain = {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in asdict(head).items()
    }
    write_json(path, {"format": FORMAT, "mechanist": __version__, **plain})


def load(path: Path) -> Head:
    """Read a head that `save` has written.

    Raises
    ------
    DataError
        If the file is missing or damaged, or is something else.
    """
    card = read_json(path)
    if not isinstance(card, dict) or card.get("format") != FORMAT:
        raise DataError(path, f"not a commitment head of format {FORMAT}")
    with sound(path):
        arrays = [np.array(card[name], dtype=np.float64) for name in ("mean", "scale", "weights")]
        rest = ("constant", "slope", "shift", "penalty", "heldout")
        numbers = [float(card[name]) for name in rest]
    fits = arrays[0].ndim == 1 and arrays[0].shape == arrays[1].shape == arrays[2].shape
    if not fits or not all(np.isfinite(one).all() for one in (*arrays, np.array(numbers))):
        raise DataError(path, "numbers do not fit together, or are not finite; delete it")
    return Head(arrays[0], arrays[1], arrays[2], *numbers)
