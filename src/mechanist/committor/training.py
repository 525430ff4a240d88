"""Training of the ensemble: binomial loss, bootstrap over chains, early stopping out of bag.

Each member draws as many chains as there are, with replacement; shots of a chain drawn twice count
twice (Efron's bootstrap, with chains as units because shots of a chain are correlated). The chains
that a member did not draw tell which of its weights to keep, and how strong the weight decay of all
members must be: networks with each candidate are trained side by side. The decay matters more than
the shape of the network, and no single value serves: a model potential with a few inputs wants a
twentieth of what a molecule with a hundred correlated inputs wants. Best decay against the number N
of shots, measured on alanine dipeptide with 1,000 to 49,000 shots: about N**(-1/2). With two inputs
the value that suits a hundred leaves p_B far from 1/2 too close to it (model potentials, 4,500 and
10,500 shots: out-of-bag loss higher by 0.001 to 0.003, a bias of 0.6 in q at |q| = 2.5, which a
tenth of the decay halves); hence the square root of the number of inputs below a hundred.

Where outcomes are few for the inputs, as many networks again begin at sparse linear models, and the
ensemble is made of both kinds: each is wrong in its own way, and how far they differ tells how far
off they may be. Measured on 1,000 shots of LiCl in water with 221 inputs (two runs, three seeds):
loss on fresh shots 0.53 to 0.68 of the first kind, 0.51 to 0.54 of the second, 0.50 to 0.58 of
both; 90 % intervals hold 86 to 100, 70 to 80 and 92 to 100 % of the points.

AdamW: Loshchilov and Hutter, arXiv 1711.05101.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil, cos, pi
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.committor.data import ShotData
from mechanist.committor.ensemble import (
    Shots,
    Start,
    begin_sparse,
    descend,
    initial,
    losses,
    shrink,
)
from mechanist.committor.network import Committor
from mechanist.committor.sparse import wanted
from mechanist.errors import DataError
from mechanist.settings.learn import LearnSettings

if TYPE_CHECKING:
    pass

Log = Callable[[str], None]

REFERENCE_SHOTS = 50_000
REFERENCE_INPUTS = 100
"""Shots and inputs (or more of these) at which the weight decay is as in the settings."""

LARGEST_SHRINKAGE = 0.1
"""Learning rate times weight decay at most: what a step takes off a weight."""

LEAST_EPOCHS = 8
LEAST_BATCHES = 25
"""Gradient steps an epoch at least, so that few shots do not mean few steps."""

WATCHED_SHOTS = 6000
"""Shots that are looked at after each epoch; the choice of the weight decay looks at all."""

WARM_UP = 0.1
"""Part of the steps in which the learning rate rises; then it falls as a cosine."""


@dataclass(frozen=True)
class TrainingRecord:
    """Mean loss over members in nats per outcome, one entry an epoch, and what was chosen.

    Attributes
    ----------
    train, out_of_bag
        On chains that a member drew and did not draw, with the weight decay that was kept.
    best_epoch
        Epoch of the weights of each member.
    weight_decay
        The candidate of the settings that was kept.
    inputs
        How many inputs each further member uses that began at a sparse linear model; None: there
        are no such members.
    """

    train: list[float]
    out_of_bag: list[float]
    best_epoch: list[int]
    weight_decay: float
    inputs: list[int] | None = None


def bootstrap(chain: NDArray[np.int64], members: int, rng: np.random.Generator) -> Array:
    """How often each member sees each shot, (M, N); every member leaves at least one chain out.

    Raises
    ------
    DataError
        If there are fewer than two chains.
    """
    chains, index = np.unique(chain, return_inverse=True)
    count = len(chains)
    if count < 2:
        raise DataError("learn", "training needs shots of at least two chains")
    draws = np.empty((members, count))
    for member in range(members):
        draws[member] = np.bincount(rng.integers(count, size=count), minlength=count)
        if (draws[member] > 0).all():
            draws[member, rng.integers(count)] = 0
    return np.asarray(draws[:, index])


def train(
    data: ShotData,
    settings: LearnSettings,
    feature_names: tuple[str, ...],
    rng: np.random.Generator,
    threads: int,
    log: Log,
) -> tuple[Committor, TrainingRecord]:
    """Train an ensemble.

    Parameters
    ----------
    data
        Shots of training chains only.
    settings, feature_names
        Section ``learn``, and names of the features.
    rng
        Source of all random numbers, torch's included.
    threads, log
        CPU threads, part of what makes a result reproducible to the last digit; called with one
        line at the end. With other jobs on the same cores one thread is much the fastest.

    Returns
    -------
    Committor, TrainingRecord
        For each member the weights of its best epoch.

    Raises
    ------
    DataError
        If there are fewer than two chains with outcomes, or a feature is not finite.
    """
    import torch

    torch.set_num_threads(threads)
    data = data.subset(data.n_a + data.n_b > 0)
    seen = bootstrap(data.chain, settings.members, rng)
    mean, scale = _normalisation(data.features)
    shots = Shots(
        torch.as_tensor((data.features - mean) / scale, dtype=torch.float32),
        torch.as_tensor(np.stack([data.n_a, data.n_b]), dtype=torch.float32),
        torch.as_tensor(np.tile(seen, (len(settings.weight_decay), 1)), dtype=torch.float32),
    )
    parameters, record = _fit(shots, settings, rng)
    if wanted(float((data.n_a + data.n_b).sum()), len(mean)):
        start = begin_sparse(shots, settings.members)
        others, _ = _fit(shots, settings, rng, start)
        parameters = [np.concatenate(both) for both in zip(parameters, others, strict=True)]
        record = replace(record, inputs=(start.weights != 0).sum(dim=1).tolist())
    layers = tuple(zip(parameters[1::2], (b[:, 0] for b in parameters[2::2]), strict=True))
    log(
        f"trained {settings.members} members, weight decay {record.weight_decay:g},"
        f" out-of-bag loss {min(record.out_of_bag):.4f}" + _used(record)
    )
    return Committor(feature_names, mean, scale, layers, parameters[0][:, :, 0]), record


def _normalisation(features: Array) -> tuple[Array, Array]:
    """Mean and scale (P,) of the inputs."""
    if not np.isfinite(features).all():
        raise DataError("learn", "a descriptor of a shooting point is not a finite number")
    mean, scale = features.mean(axis=0), features.std(axis=0)
    # A constant input carries nothing; dividing it by its rounding noise would.
    return mean, np.where(scale > 1e-6 * np.maximum(1, np.abs(mean)), scale, 1.0)


def _used(record: TrainingRecord) -> str:
    if record.inputs is None:
        return ""
    low, high = min(record.inputs), max(record.inputs)
    return f"; shots are few, so {len(record.inputs)} more use {low} to {high} inputs each"


def _schedule(settings: LearnSettings, shots: int) -> tuple[int, int]:
    """Shots a gradient step, and epochs."""
    batch = max(1, min(settings.batch, shots // LEAST_BATCHES))
    wanted = ceil(settings.steps / ceil(shots / batch))
    return batch, min(settings.epochs_max, max(LEAST_EPOCHS, wanted))


def _decays(settings: LearnSettings, shots: int, inputs: int) -> list[float]:
    """Weight decay of each candidate for this number of shots and of inputs."""
    factor = (REFERENCE_SHOTS / shots * min(1.0, inputs / REFERENCE_INPUTS)) ** 0.5
    most = LARGEST_SHRINKAGE / settings.learning_rate
    return [min(most, decay * factor) for decay in settings.weight_decay]


def _fit(
    shots: Shots,
    settings: LearnSettings,
    rng: np.random.Generator,
    start: Start | None = None,
) -> tuple[list[Array], TrainingRecord]:
    """Run all epochs of the schedule; the best weights of each member, and how it went."""
    import torch

    parameters = initial(settings, shots.inputs.shape[1], rng, start)
    best = [parameter.detach().clone() for parameter in parameters]
    batch, epochs = _schedule(settings, len(shots))
    total = epochs * ceil(len(shots) / batch)
    decays = _decays(settings, *shots.inputs.shape)
    decay = torch.tensor(decays).repeat_interleave(settings.members)[:, None, None]
    optimizer = torch.optim.Adam(parameters, lr=settings.learning_rate)
    watched = shots.rows(torch.as_tensor(rng.permutation(len(shots))[:WATCHED_SHOTS]))
    # A linear model that was fitted may be the best one already.
    known = np.full(len(shots.seen), np.inf) if start is None else losses(parameters, watched)[1]
    lowest, best_epoch = known, np.zeros(len(shots.seen), dtype=int)
    curves, step = [], 0
    for epoch in range(epochs):
        order = torch.as_tensor(rng.permutation(len(shots)))
        for rows in torch.split(order, batch):
            rate = settings.learning_rate * _rate(step / total)
            step += 1
            shrink(parameters, 1 - rate * decay)
            descend(optimizer, rate, parameters, shots.rows(rows))
        inside, outside = losses(parameters, watched)
        curves.append((inside, outside))
        better = outside < lowest
        lowest, best_epoch = np.where(better, outside, lowest), np.where(better, epoch, best_epoch)
        chosen = torch.as_tensor(better)
        for kept, parameter in zip(best, parameters, strict=True):
            kept[chosen] = parameter.detach()[chosen]
    by_decay = losses(best, shots)[1].reshape(len(decays), -1).mean(axis=1)
    winner = int(np.argmin(by_decay))
    own = slice(winner * settings.members, (winner + 1) * settings.members)
    train_curve, bag_curve = np.array(curves)[:, :, own].mean(axis=2).T.tolist()
    record = TrainingRecord(
        train_curve,
        bag_curve,
        best_epoch[own].tolist(),
        settings.weight_decay[winner],
    )
    return [kept[own].numpy().astype(np.float64) for kept in best], record


def _rate(progress: float) -> float:
    """Factor on the learning rate, from 0 to 1 and back."""
    if progress < WARM_UP:
        return (progress + 1e-3) / (WARM_UP + 1e-3)
    return 0.5 * (1 + cos(pi * (progress - WARM_UP) / (1 - WARM_UP)))
