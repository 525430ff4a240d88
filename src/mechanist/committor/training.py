"""Training of the ensemble: binomial loss, bootstrap over chains, early stopping out of bag.

Each member draws as many chains as there are, with replacement; shots of a chain drawn twice count
twice (Efron, Ann. Statist. 7, 1 (1979), with chains as units because shots of a chain are
correlated). The chains that a member did not draw decide at which epoch its weights are taken, and
which weight decay all members have: networks with each candidate are trained side by side. The
decay matters more than the shape of the network, and no single value suits all systems: a model
potential with a few inputs needs a twentieth of the decay of a molecule with a hundred correlated
inputs. The best decay falls with the number N of shots as about N**(-1/2), measured on alanine
dipeptide with 1,000 to 49,000 shots. With two inputs the value that suits a hundred pulls p_B far
from 1/2 too close to 1/2; the best decay falls as about the power 3/4 of the number of inputs.

Three hidden layers, since two smooth a committor that is steep near the states. Measured by the
error of p_B at 60 points of 500 shots each, beyond noise: the potential of Jung et al. with 10,000
shots 0.0256 with layers of 64 and 32, 0.0213 with 64, 64 and 32 (five runs), whose 90 % intervals
hold 83.8 % and 90.0 % (ten runs); alanine dipeptide with 102 inputs 0.035 and 0.030 with 23,000
shots, 0.036 and 0.030 with 48,000, the three layers with a fivefold weight decay, without which
they are no better than two. More or wider layers and longer training are no better.

Where outcomes are few for the number of inputs, as many further networks start from sparse linear
models (`mechanist.committor.sparse`), and the ensemble consists of both kinds. Their errors differ
in kind, so that their spread is a better measure of the error. Measured on 1,000 shots of LiCl in
water with 221 inputs (two runs, three seeds): loss on fresh shots 0.53 to 0.68 for the first kind,
0.51 to 0.54 for the second, 0.50 to 0.58 for both; 90 % intervals hold 86 to 100, 70 to 80 and 92
to 100 % of the points.

Where there is a model of a cheaper force law (``warm``), networks are also trained from its
members, with a weight decay towards their weights instead of zero (L2-SP: Li, Grandvalet and
Davoine, ICML 2018), and with a smaller learning rate. The kind that predicts its out-of-bag chains
better is the ensemble, so that a model of a law that has nothing to do with this one is dropped.

The optimizer is AdamW (Loshchilov and Hutter, arXiv 1711.05101).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil, cos, pi

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array, Rows
from mechanist.committor.adam import Adam
from mechanist.committor.data import ShotData
from mechanist.committor.ensemble import (
    HIDDEN,
    Batch,
    Start,
    freeze_unused,
    given,
    initial,
    loss_of,
    losses,
    shrink,
    sparse_linear,
)
from mechanist.committor.network import Committor
from mechanist.committor.sparse import wanted
from mechanist.errors import DataError
from mechanist.settings.learn import LearnSettings

Log = Callable[[str], None]

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


def bootstrap(chain: NDArray[np.int64], members: int, rng: np.random.Generator) -> Array:
    """How often each member draws each shot, (M, N); every member leaves at least one chain out.

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
    warm: Committor | None = None,
) -> tuple[Committor, TrainingRecord]:
    """Train an ensemble.

    Parameters
    ----------
    data
        Batch of training chains only.
    settings, feature_names
        Section ``learn``, and names of the features.
    rng
        Source of all random numbers, torch's included.
    threads, log
        CPU threads, on which the last digits of the result depend; called with one line at the
        end. With other jobs on the same cores one thread is by far the fastest.
    warm
        A model that networks may start from; trained on none of these shots.

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
    drawn = bootstrap(data.chain, settings.members, rng)
    model, record = _train(data, drawn, settings, feature_names, rng, warm)
    log(
        f"trained {settings.members} members, weight decay {record.weight_decay:g},"
        f" out-of-bag loss {min(record.out_of_bag):.4f}" + _used(record) + _warmth(record)
    )
    return model, record


def train_parts(
    data: ShotData,
    part: Rows,
    settings: LearnSettings,
    feature_names: tuple[str, ...],
    rng: np.random.Generator,
    threads: int,
    warm: Committor | None = None,
) -> dict[int, Committor]:
    """Train an ensemble for each part of the shots, on those of all other parts.

    All are trained side by side; ``part`` (N,) of the shots is not negative where there shall be an
    ensemble. Only inputs of a part, and no outcome, are known to its networks, by mean and scale.
    For the other parameters see `train`.

    Raises
    ------
    DataError
        If there are fewer than two chains with outcomes in the other parts.
    """
    import torch

    torch.set_num_threads(threads)
    use = data.n_a + data.n_b > 0
    data, part = data.subset(use), part[use]
    names = np.unique(part[part >= 0]).tolist()
    drawn = np.full((len(names), settings.members, len(data)), float(HIDDEN))
    for row, name in zip(drawn, names, strict=True):
        row[:, part != name] = bootstrap(data.chain[part != name], settings.members, rng)
    each = settings.model_copy(update={"members": len(names) * settings.members})
    model, _ = _train(data, drawn.reshape(-1, len(data)), each, feature_names, rng, warm)
    # Where there are sparse starts, the members of the second kind follow all of the first.
    kinds = len(model.skip) // each.members
    member = np.tile(np.repeat(names, settings.members), kinds)
    return {name: model.some(member == name) for name in names}


def _train(
    data: ShotData,
    drawn: Array,
    settings: LearnSettings,
    feature_names: tuple[str, ...],
    rng: np.random.Generator,
    warm: Committor | None,
) -> tuple[Committor, TrainingRecord]:
    """Networks that drew shots ``drawn`` (M, N) times."""
    mean, scale = _normalisation(data.features)
    shots = _batch(data, drawn, mean, scale, settings)
    parameters, record = _fit(shots, settings, rng)
    if warm is not None:
        like = _batch(data, drawn, warm.mean, warm.scale, settings)
        others, other = _fit(like, settings, rng, origin=warm)
        gain = record.loss - other.loss
        if gain > 0:
            return _model(feature_names, warm.mean, warm.scale, others), replace(
                other, warm_gain=gain
            )
        record = replace(record, warm_gain=gain)
    if wanted(float((data.n_a + data.n_b).sum()), len(mean)):
        start = sparse_linear(shots, settings.members)
        others, _ = _fit(shots, settings, rng, start)
        parameters = [np.concatenate(both) for both in zip(parameters, others, strict=True)]
        record = replace(record, inputs=(start.weights != 0).sum(dim=1).tolist())
    return _model(feature_names, mean, scale, parameters), record


def _batch(
    data: ShotData, drawn: Array, mean: Array, scale: Array, settings: LearnSettings
) -> Batch:
    """Standardised shots, drawn once for each candidate of the weight decay."""
    import torch

    return Batch(
        torch.as_tensor((data.features - mean) / scale, dtype=torch.float32),
        torch.as_tensor(np.stack([data.n_a, data.n_b]), dtype=torch.float32),
        torch.as_tensor(np.tile(drawn, (len(settings.weight_decay), 1)), dtype=torch.float32),
    )


def _model(
    feature_names: tuple[str, ...], mean: Array, scale: Array, parameters: list[Array]
) -> Committor:
    layers = tuple(zip(parameters[1::2], (b[:, 0] for b in parameters[2::2]), strict=True))
    return Committor(feature_names, mean, scale, layers, parameters[0][:, :, 0])


def _normalisation(features: Array) -> tuple[Array, Array]:
    """Mean and scale (P,) of the inputs."""
    if not np.isfinite(features).all():
        raise DataError("learn", "a descriptor of a shooting point is not a finite number")
    mean, scale = features.mean(axis=0), features.std(axis=0)
    # A constant input must not be scaled up to its rounding noise.
    return mean, np.where(scale > 1e-6 * np.maximum(1, np.abs(mean)), scale, 1.0)


def _warmth(record: TrainingRecord) -> str:
    if record.warm_gain is None:
        return ""
    chosen = "taken" if record.warm_gain > 0 else "dropped"
    return f"; networks from the run to start from are {chosen}, gain {record.warm_gain:+.4f}"


def _used(record: TrainingRecord) -> str:
    if record.inputs is None:
        return ""
    low, high = min(record.inputs), max(record.inputs)
    return f"; shots are few, so {len(record.inputs)} more use {low} to {high} inputs each"


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


def _fit(
    shots: Batch,
    settings: LearnSettings,
    rng: np.random.Generator,
    start: Start | None = None,
    origin: Committor | None = None,
) -> tuple[list[Array], TrainingRecord]:
    """Run all epochs of the schedule; the best weights of each member, and the record."""
    import torch

    if origin is None:
        centre, largest = None, settings.learning_rate
        parameters = initial(settings, shots.inputs.shape[1], rng, start)
    else:
        centre, largest = (
            given(origin, settings.members, len(settings.weight_decay)),
            GENTLE * settings.learning_rate,
        )
        parameters = centre
    optimizer = Adam(parameters)
    parameters = optimizer.parameters
    if start is not None:
        freeze_unused(parameters, start)
    best = [parameter.detach().clone() for parameter in parameters]
    batch, epochs = _schedule(settings, len(shots))
    total = epochs * ceil(len(shots) / batch)
    decays = _decays(settings, *shots.inputs.shape)
    decay = torch.tensor(decays).repeat_interleave(settings.members)[:, None, None]
    watched = shots.rows(torch.as_tensor(rng.permutation(len(shots))[:WATCHED_SHOTS]))
    # The models to start from may themselves be the best ones.
    known = losses(parameters, watched)[1]
    if start is None and origin is None:
        known = np.full(len(shots.drawn), np.inf)
    lowest, best_epoch = known, np.zeros(len(shots.drawn), dtype=int)
    curves, step = [], 0
    for epoch in range(epochs):
        order = torch.as_tensor(rng.permutation(len(shots)))
        for rows in torch.split(order, batch):
            rate = largest * _rate(step / total)
            step += 1
            shrink(parameters, 1 - rate * decay, centre)
            optimizer.descend(loss_of(parameters, shots.rows(rows)), rate)
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
        loss=float(by_decay[winner]),
    )
    return [kept[own].numpy().astype(np.float64) for kept in best], record


def _rate(progress: float) -> float:
    """Factor on the learning rate, from 0 to 1 and back."""
    if progress < WARM_UP:
        return (progress + 1e-3) / (WARM_UP + 1e-3)
    return 0.5 * (1 + cos(pi * (progress - WARM_UP) / (1 - WARM_UP)))
