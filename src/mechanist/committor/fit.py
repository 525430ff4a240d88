"""Gradient steps of all networks of an ensemble at once: schedule, weight decay, best epochs.

Networks with each candidate of the weight decay are trained side by side, and each keeps the
weights of the epoch that predicts the shots that it did not draw best. The decay matters more than
the shape of the network, and no single value suits all systems: a model potential with a few inputs
needs a twentieth of the decay of a molecule with a hundred correlated inputs. The best decay falls
with the number N of shots as about N**(-1/2), measured on alanine dipeptide with 1,000 to 49,000
shots. With two inputs the value that suits a hundred pulls p_B far from 1/2 too close to 1/2; the
best decay falls as about the power 3/4 of the number of inputs.

The optimizer is AdamW (Loshchilov and Hutter, arXiv 1711.05101).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, cos, pi
from typing import TYPE_CHECKING

import numpy as np

from mechanist.arrays import Array
from mechanist.committor.ensemble import (
    Batch,
    Start,
    freeze_unused,
    given,
    initial,
    loss_of,
    losses,
    shrink,
)
from mechanist.committor.network import Committor
from mechanist.settings.learn import LearnSettings
from mechanist.statistics.adam import Adam

if TYPE_CHECKING:
    import torch

REFERENCE_SHOTS = 50_000
REFERENCE_INPUTS = 100
"""Batch and inputs (or more of these) at which the weight decay is as in the settings."""

BY_SHOTS, BY_INPUTS = -0.5, 0.75
"""Powers of shots and inputs that the weight decay is proportional to."""

LARGEST_SHRINKAGE = 0.1
"""Largest learning rate times weight decay: the fraction of a weight that a step removes."""

LEAST_EPOCHS = 8
LEAST_BATCHES = 25
"""Least epochs and gradient steps an epoch, so that few shots do not mean few steps."""

WATCHED_SHOTS = 6000
"""Batch that are looked at after each epoch; the choice of the weight decay looks at all."""

GENTLE = 0.2
"""Factor on the learning rate of networks that start from a given model."""

WARM_UP = 0.1
"""Fraction of the steps in which the learning rate rises; then it falls as a cosine."""


@dataclass(frozen=True)
class TrainingRecord:
    """Mean loss over members in nats per outcome, one entry an epoch, and the choices made.

    Attributes
    ----------
    train, out_of_bag
        On chains that a member drew and did not draw, with the chosen weight decay.
    best_epoch
        Epoch of the weights of each member.
    weight_decay
        The chosen candidate of the settings.
    inputs
        Number of inputs of each further member that started from a sparse linear model; None if
        there are no such members.
    loss
        On the out-of-bag chains, at the best epoch of each member.
    warm_gain
        By how much networks that started from a given model predict their out-of-bag chains better
        than others, in nats per outcome; the members are those if it is positive. None without.
    """

    train: list[float]
    out_of_bag: list[float]
    best_epoch: list[int]
    weight_decay: float
    inputs: list[int] | None = None
    loss: float = float("nan")
    warm_gain: float | None = None


class _Best:
    """Weights of the best epoch of each network so far, by its loss on shots that it did not draw.

    With ``lowest`` (G,), the losses of the weights given, these may be the best ones.
    """

    def __init__(self, parameters: Sequence["torch.Tensor"], lowest: Array) -> None:
        self.weights = [parameter.detach().clone() for parameter in parameters]
        self.epoch = np.zeros(len(lowest), dtype=int)
        self._lowest = lowest

    def look(self, parameters: Sequence["torch.Tensor"], loss: Array, epoch: int) -> None:
        """Take the weights of the networks whose loss (G,) is lower than before."""
        import torch

        better = loss < self._lowest
        self._lowest = np.where(better, loss, self._lowest)
        self.epoch = np.where(better, epoch, self.epoch)
        chosen = torch.as_tensor(better)
        for kept, parameter in zip(self.weights, parameters, strict=True):
            kept[chosen] = parameter.detach()[chosen]


def fit(
    shots: Batch,
    settings: LearnSettings,
    rng: np.random.Generator,
    start: Start | None = None,
    origin: Committor | None = None,
) -> tuple[list[Array], TrainingRecord]:
    """Run all epochs of the schedule; the best weights of each member, and the record.

    Parameters
    ----------
    shots
        Inputs, outcomes and draws of members once a candidate of the weight decay.
    settings, rng
        Section ``learn``, and the source of initial weights and of the order of the shots.
    start
        Sparse linear models to start from; inputs that one does not use stay unused.
    origin
        A model to start from, towards whose weights the networks decay.

    Returns
    -------
    list of ndarray, TrainingRecord
        In the order of `mechanist.committor.ensemble.initial`, (M, ...) each.
    """
    import torch

    members, candidates = settings.members, len(settings.weight_decay)
    centre = None if origin is None else given(origin, members, candidates)
    first = initial(settings, shots.inputs.shape[1], rng, start) if centre is None else centre
    largest = settings.learning_rate * (1.0 if origin is None else GENTLE)
    optimizer = Adam(first)
    parameters = optimizer.parameters
    if start is not None:
        freeze_unused(parameters, start)
    batch, epochs = _schedule(settings, len(shots))
    total = epochs * ceil(len(shots) / batch)
    decays = torch.tensor(_decays(settings, *shots.inputs.shape))
    decay = decays.repeat_interleave(members)[:, None, None]
    watched = shots.rows(torch.as_tensor(rng.permutation(len(shots))[:WATCHED_SHOTS]))
    # Models to start from may themselves be the best ones.
    foreign = start is not None or origin is not None
    unknown = np.full(len(shots.drawn), np.inf)
    best = _Best(parameters, losses(parameters, watched)[1] if foreign else unknown)
    curves, step = [], 0
    for epoch in range(epochs):
        order = torch.as_tensor(rng.permutation(len(shots)))
        for rows in torch.split(order, batch):
            rate = largest * _rate(step / total)
            step += 1
            shrink(parameters, 1 - rate * decay, centre)
            optimizer.descend(loss_of(parameters, shots.rows(rows)), rate)
        curves.append(losses(parameters, watched))
        best.look(parameters, curves[-1][1], epoch)
    return _chosen(best, np.array(curves), shots, settings)


def _chosen(
    best: _Best, curves: Array, shots: Batch, settings: LearnSettings
) -> tuple[list[Array], TrainingRecord]:
    """Networks with the best weight decay; ``curves`` are losses (epochs, 2, networks)."""
    members = settings.members
    by_decay = losses(best.weights, shots)[1].reshape(-1, members).mean(axis=1)
    winner = int(np.argmin(by_decay))
    own = slice(winner * members, (winner + 1) * members)
    train_curve, bag_curve = curves[:, :, own].mean(axis=2).T.tolist()
    record = TrainingRecord(
        train_curve,
        bag_curve,
        best.epoch[own].tolist(),
        settings.weight_decay[winner],
        loss=float(by_decay[winner]),
    )
    return [kept[own].numpy().astype(np.float64) for kept in best.weights], record


def _schedule(settings: LearnSettings, shots: int) -> tuple[int, int]:
    """Batch a gradient step, and epochs."""
    batch = max(1, min(settings.batch, shots // LEAST_BATCHES))
    wanted = ceil(settings.steps / ceil(shots / batch))
    return batch, min(settings.epochs_max, max(LEAST_EPOCHS, wanted))


def _decays(settings: LearnSettings, shots: int, inputs: int) -> list[float]:
    """Weight decay of each candidate for this number of shots and of inputs."""
    of_shots = (shots / REFERENCE_SHOTS) ** BY_SHOTS
    factor = of_shots * min(1.0, inputs / REFERENCE_INPUTS) ** BY_INPUTS
    most = LARGEST_SHRINKAGE / settings.learning_rate
    return [min(most, decay * factor) for decay in settings.weight_decay]


def _rate(progress: float) -> float:
    """Factor on the learning rate, from 0 to 1 and back."""
    if progress < WARM_UP:
        return (progress + 1e-3) / (WARM_UP + 1e-3)
    return 0.5 * (1 + cos(pi * (progress - WARM_UP) / (1 - WARM_UP)))
