"""Training of the ensemble: binomial loss, bootstrap over chains, early stopping out of bag.

Each member draws as many chains as there are, with replacement; shots of a chain drawn twice count
twice (Efron, Ann. Statist. 7, 1 (1979), with chains as units because shots of a chain are
correlated). The chains that a member did not draw decide at which epoch its weights are taken, and
which weight decay all members have: networks with each candidate are trained side by side
(`mechanist.committor.fit`).

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
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array, Rows
from mechanist.committor.data import ShotData
from mechanist.committor.ensemble import HIDDEN, Batch, sparse_linear
from mechanist.committor.fit import TrainingRecord, fit
from mechanist.committor.network import Committor
from mechanist.committor.sparse import wanted
from mechanist.errors import DataError
from mechanist.settings.learn import LearnSettings

Log = Callable[[str], None]


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
    parameters, record = fit(shots, settings, rng)
    if warm is not None:
        like = _batch(data, drawn, warm.mean, warm.scale, settings)
        others, other = fit(like, settings, rng, origin=warm)
        gain = record.loss - other.loss
        if gain > 0:
            return _model(feature_names, warm.mean, warm.scale, others), replace(
                other, warm_gain=gain
            )
        record = replace(record, warm_gain=gain)
    if wanted(float((data.n_a + data.n_b).sum()), len(mean)):
        start = sparse_linear(shots, settings.members)
        others, _ = fit(shots, settings, rng, start)
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
