"""Importance of descriptors: the likelihood that each adds in a forward selection.

The selection starts with a constant p_B and repeatedly adds the descriptor that lowers the loss
most, given those already chosen. The importance of a descriptor is the decrease of the loss on
held-out shots when it is added, in nats per outcome. By the chain rule of information the
importances of one run add up to the information that the chosen descriptors have about the outcome.
This is the likelihood ranking of reaction coordinates with one, two, three ... variables (Peters
and Trout, J. Chem. Phys. 125, 054108 (2006); Ma and Dinner, J. Phys. Chem. B 109, 6769 (2005)).

Descriptors of a molecule are strongly correlated in pairs (torsions C-N-CA-C and C-N-CA-CB). The
permutation of one input of the network (Breiman, Mach. Learn. 45, 5 (2001)) gives impossible
molecules and splits the importance within a pair arbitrarily; training again without one input
gives both zero, since the other replaces it. Here the better one has the importance of both, and
the other only what it adds. The permutation importance is given beside it as ``marginal``.

Each run draws training chains with replacement (bootstrap), fits response surfaces
(`mechanist.committor.surface`) to the network's p_B, which is less noisy than outcomes, and
compares descriptors on all training chains, drawn or not. Held-out shots only measure importance;
they have no part in the selection. Of equally good descriptors runs choose now one and now the
other, so that they share the mean, with a large spread: stability selection (Meinshausen and
Buehlmann, J. R. Stat. Soc. B 72, 417 (2010)).

Two inputs may be informative together and uninformative alone (q = x y). So where no single
descriptor lowers the loss by much, pairs are tried too, of the descriptors with the largest
permutation importance; the two share the decrease.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.committor.data import ShotData
from mechanist.committor.likelihood import loss_per_outcome
from mechanist.committor.network import Committor
from mechanist.committor.surface import (
    Score,
    cross_entropy,
    fit,
    new_columns,
)
from mechanist.committor.training import bootstrap
from mechanist.errors import DataError
from mechanist.statistics.clusters import clustered_error
from mechanist.statistics.logistic import q_to_p

Owners = NDArray[np.int64]

STEPS = 8
"""Descriptors chosen in a run; on alanine dipeptide the eighth adds under 0.001 nats."""

LEAST_GAIN = 1e-4
"""A run ends when the best descriptor lowers the loss by less, in nats per outcome."""

FIT_SHOTS, DECIDE_SHOTS, PERMUTED_SHOTS = 8000, 6000, 2000
"""Largest numbers of shots in each run, which limit the time."""

FITTED = 6
"""Number of descriptors of best score that are fitted at each step."""

SMALL_GAIN = 2e-3
"""Pairs are tried where no single descriptor lowers the loss by more."""

PAIRED = 6
"""Number of descriptors whose pairs are tried."""

SCORED = 64
"""Descriptors scored with all cross terms at each step; more are first screened without them."""

LARGEST = 4.0
"""Standardised inputs are clipped at this size, lest an outlier dominate their squares."""


@dataclass(frozen=True)
class Relevance:
    """Importance of one descriptor.

    Attributes
    ----------
    descriptor
        Its name.
    importance
        Mean over runs of the decrease of the held-out loss when it was added, nats per outcome.
    spread
        Standard deviation of that over runs and over held-out chains, added in quadrature.
    marginal
        Increase of the held-out loss of the network when it is permuted, nats per outcome.
    """

    descriptor: str
    importance: float
    spread: float
    marginal: float


@dataclass(frozen=True)
class _Sample:
    """Standardised features (N, P) and the p_B to fit or to compare with (N,)."""

    features: Array
    p: Array

    def of(self, columns: NDArray[np.int64]) -> Array:
        return self.features[:, columns]


def relevance(
    model: Committor,
    data: ShotData,
    owners: Owners,
    names: Sequence[str],
    repeats: int,
    rng: np.random.Generator,
    log: Callable[[str], None],
    train_data: ShotData,
) -> list[Relevance]:
    """Rank descriptors.

    Parameters
    ----------
    model, data
        The trained ensemble, and held-out shots, on which importances are measured.
    owners
        (P,) index into ``names`` of the descriptor that each feature belongs to.
    names
        (D,) names of the descriptors.
    repeats
        Runs of the forward selection, each on its own bootstrap over chains.
    rng, log
        Source of all random numbers; called with one line at the end.
    train_data
        Training shots, on which descriptors are chosen.

    Returns
    -------
    list of Relevance
        Most important first; those that add less than `LEAST_GAIN` come last, by ``marginal``: what
        matters only together with two others, as r in x y / r, has a marginal importance alone.

    Raises
    ------
    DataError
        If there are no held-out outcomes, fewer than two training chains, or a NaN.
    """
    data, train_data = (part.subset(part.n_a + part.n_b > 0) for part in (data, train_data))
    if len(data) == 0:
        raise DataError("relevance", "there are no held-out outcomes; use more chains")
    sensitive = np.argsort(-_permuted(model, train_data, owners, rng))
    gains = np.array(
        [_run(model, data, train_data, owners, sensitive, rng) for _ in range(repeats)]
    )
    marginal = np.mean([_permuted(model, data, owners, rng) for _ in range(repeats)], axis=0)
    mean, spread = _summary(gains, data)
    order = np.lexsort((-marginal, -np.where(mean < LEAST_GAIN, 0.0, mean)))
    rows = [
        Relevance(names[d], float(mean[d]), float(spread[d]), float(marginal[d])) for d in order
    ]
    best = ", ".join(f"{row.descriptor} {row.importance:.4f}" for row in rows[:4])
    log(f"importance in nats per outcome: {best}")
    return rows


def _summary(gains: Array, data: ShotData) -> tuple[Array, Array]:
    """Mean and spread (D,) of gains (R, D, N) of every held-out shot in every run."""
    outcomes = float((data.n_a + data.n_b).sum())
    by_run = gains.sum(axis=2) / outcomes
    mean = by_run.mean(axis=0)
    variance = by_run.var(axis=0, ddof=1) if len(by_run) > 1 else np.zeros_like(mean)
    residuals = gains.mean(axis=0) - mean[:, None] * (data.n_a + data.n_b)
    over_chains = np.nan_to_num(clustered_error(residuals.T, data.chain, outcomes))
    return mean, np.sqrt(variance + over_chains**2)


def _run(
    model: Committor,
    data: ShotData,
    train_data: ShotData,
    owners: Owners,
    sensitive: NDArray[np.int64],
    rng: np.random.Generator,
) -> Array:
    """One forward selection: fall of the loss of each held-out shot by descriptor, (D, N)."""
    drawn = bootstrap(train_data.chain, 1, rng)[0]
    inside = np.repeat(np.arange(len(drawn)), drawn.astype(np.int64))
    fitted, decide = (
        _sample(model, train_data.features[rng.permutation(rows)[:most]])
        for rows, most in ((inside, FIT_SHOTS), (np.arange(len(drawn)), DECIDE_SHOTS))
    )
    outcomes = data.n_a + data.n_b
    held = _Sample(_standardised(model, data.features), data.n_b / outcomes)
    return _forward(fitted, decide, held, owners, sensitive.tolist()) * outcomes


def _standardised(model: Committor, features: Array) -> Array:
    return np.clip((features - model.mean) / model.scale, -LARGEST, LARGEST)


def _sample(model: Committor, features: Array) -> _Sample:
    return _Sample(_standardised(model, features), q_to_p(model.q(features)))


def _forward(
    fitted: _Sample, decide: _Sample, held: _Sample, owners: Owners, sensitive: list[int]
) -> Array:
    """Fall of the loss per outcome of each held-out shot by descriptor, (D, N)."""
    gains = np.zeros((int(owners.max()) + 1, len(held.p)))
    features = [np.flatnonzero(owners == d) for d in range(len(gains))]
    surface = _Surface((fitted, decide, held), features)
    while len(surface.chosen) < min(STEPS, len(features)):
        singles = [(d,) for d in surface.shortlist()]
        best = min((surface.tried(trial) for trial in singles), key=lambda trial: trial.loss)
        gain = surface.loss - best.loss
        if gain < SMALL_GAIN:
            pairs = combinations([d for d in sensitive if d in surface.left][:PAIRED], 2)
            together = min(
                (surface.tried(pair) for pair in pairs), key=lambda trial: trial.loss, default=best
            )
            # A pair must beat two steps with what helps best alone.
            if surface.loss - together.loss > 2 * max(gain, LEAST_GAIN):
                best = together
        if surface.loss - best.loss < LEAST_GAIN:
            break
        fall = surface.take(best)
        gains[list(best.descriptors)] = fall / len(best.descriptors)
    return gains


@dataclass(frozen=True)
class _Trial:
    """A fit with some more descriptors."""

    descriptors: tuple[int, ...]
    loss: float
    constants: Array
    q: Array


class _Surface:
    """A response surface that grows descriptor by descriptor, on three samples alike."""

    def __init__(self, samples: tuple[_Sample, ...], features: list[NDArray[np.int64]]) -> None:
        self._samples, self._features = samples, features
        self._columns = [np.ones((len(sample.p), 1)) for sample in samples]
        self._constants, self._q = fit(self._columns[0], samples[0].p, np.zeros(1))
        self.chosen: list[int] = []
        self.loss = float(self._cross_entropy(1, self._constants).mean())
        self._held = self._cross_entropy(2, self._constants)

    @property
    def left(self) -> list[int]:
        """Descriptors that have not been chosen."""
        return [d for d in range(len(self._features)) if d not in self.chosen]

    def shortlist(self) -> list[int]:
        """Those left with the best scores."""
        fitted = self._samples[0]
        score = Score(self._columns[0], self._q, fitted.p)
        return _shortlist(fitted, self._features, self.left, self._inputs(self.chosen), score)

    def tried(self, descriptors: tuple[int, ...]) -> _Trial:
        """Fit with some more descriptors."""
        fitted, decide = (self._wider(i, descriptors) for i in (0, 1))
        start = np.append(self._constants, np.zeros(fitted.shape[1] - len(self._constants)))
        constants, q = fit(fitted, self._samples[0].p, start)
        loss = float(cross_entropy(decide @ constants, self._samples[1].p).mean())
        return _Trial(descriptors, loss, constants, q)

    def take(self, trial: _Trial) -> Array:
        """Add descriptors; give the fall of the loss of each held-out shot."""
        self._columns = [self._wider(i, trial.descriptors) for i in range(3)]
        self._constants, self._q, self.loss = trial.constants, trial.q, trial.loss
        self.chosen += trial.descriptors
        before, self._held = self._held, self._cross_entropy(2, trial.constants)
        return before - self._held

    def _wider(self, i: int, descriptors: tuple[int, ...]) -> Array:
        """Columns of a sample with those of some more descriptors."""
        columns, chosen, sample = self._columns[i], list(self.chosen), self._samples[i]
        for d in descriptors:
            new = new_columns(sample.of(self._inputs(chosen)), sample.of(self._features[d]))
            columns = np.hstack([columns, new])
            chosen.append(d)
        return columns

    def _inputs(self, descriptors: list[int]) -> NDArray[np.int64]:
        """Features of some descriptors, in their order."""
        parts = [self._features[d] for d in descriptors]
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)

    def _cross_entropy(self, i: int, constants: Array) -> Array:
        return cross_entropy(self._columns[i] @ constants, self._samples[i].p)


def _shortlist(
    sample: _Sample,
    features: list[NDArray[np.int64]],
    left: list[int],
    chosen: NDArray[np.int64],
    score: Score,
) -> list[int]:
    """The descriptors of best score, first screened without cross terms if there are many."""
    none = sample.of(chosen[:0])
    for most, partners in ((SCORED, none), (FITTED, sample.of(chosen))):
        if len(left) > most:
            gain = [score.gain(new_columns(partners, sample.of(features[d]))) for d in left]
            left = [left[i] for i in np.argsort(gain)[::-1][:most]]
    return left


def _permuted(model: Committor, data: ShotData, owners: Owners, rng: np.random.Generator) -> Array:
    """Rise of the network's loss (D,) when the features of a descriptor change shots together.

    Breiman, Mach. Learn. 45, 5 (2001).
    """
    rows = rng.permutation(len(data))[:PERMUTED_SHOTS]
    features, n_a, n_b = data.features[rows], data.n_a[rows], data.n_b[rows]
    reference = loss_per_outcome(model.q(features), n_a, n_b)
    rises = np.empty(int(owners.max()) + 1)
    for d in range(len(rises)):
        mixed = features.copy()
        own = np.flatnonzero(owners == d)
        mixed[:, own] = features[rng.permutation(len(rows))][:, own]
        rises[d] = loss_per_outcome(model.q(mixed), n_a, n_b) - reference
    return rises
