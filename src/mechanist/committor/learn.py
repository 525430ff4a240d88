"""The committor model of one round: trained, its error scaled, the density of frames noted."""

from dataclasses import asdict, replace

import numpy as np

from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.journal import TRAINING, Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.committor import crossfit
from mechanist.committor.crossfit import CrossFit, cross_fit, folds
from mechanist.committor.data import ShotData
from mechanist.committor.gather import candidate_frames, frame_q, gather_paths, gather_shots
from mechanist.committor.guide import warm_model
from mechanist.committor.network import Committor, save
from mechanist.committor.sensitivity import column_spread, sensitivities
from mechanist.committor.training import train
from mechanist.committor.uncertainty import (
    LESS_DECAY,
    LESS_MEMBERS,
    Unseen,
    disagreement,
    fit_error_scale,
    neighbourhoods,
)
from mechanist.sampling.records.stored_frames import view
from mechanist.sampling.records.tables import PathTable
from mechanist.sampling.streams import shot_seed
from mechanist.settings.config import Config
from mechanist.settings.learn import LearnSettings
from mechanist.statistics.held_out import held_out
from mechanist.statistics.logistic import q_to_p
from mechanist.systems.descriptors.descriptor_set import DescriptorSet
from mechanist.systems.prepared import load, load_inputs

TRAINING_STREAM = 2**33
"""Stream of random numbers of the training; no chain has this number."""

CROSSFIT_STREAM = TRAINING_STREAM + 2**20
"""Stream of random numbers of the networks for cross-fitting; no chain has this number."""

LEAST_NEIGHBOURHOODS = 10
"""Groups of held-out shots in which the error of the model is estimated, at least."""

DENSITY_BINS = 20
DENSITY_FLOOR = 0.02
"""Least density of a bin, as a fraction of a flat one, so that no weight becomes huge."""


def learn(config: Config, layout: Layout, number: int, threads: int, log: Journal) -> None:
    """Train on the shots of rounds 0 to ``number``; write model, crossfit and training.json.

    Chains that are held out are not trained on; they give the scale of the error. Networks for
    cross-fitting predict each of the other chains, see `mechanist.committor.crossfit`.

    Raises
    ------
    DataError
        If there are fewer than two chains with outcomes, or a feature is not finite.
    """
    log.load("torch")
    prepared, inputs = load(layout), load_inputs(layout)
    workers = config.sampling.workers
    data = gather_shots(layout, range(number + 1), workers, inputs, prepared.atoms).data
    apart = held_out(data.chain, config.learn.held_out_every)
    training = data.subset(~apart)
    rng = np.random.default_rng(shot_seed(config.seed, TRAINING_STREAM, number))
    warm = None if config.warm_start is None else warm_model(layout)
    names = inputs.feature_names
    log(f"round {number}: training on {len(training):,} shots, {len(inputs)} descriptors")
    with log.work(TRAINING):
        model, record = train(training, config.learn, names, rng, threads, log, warm)
    chosen = config.learn.model_copy(update={"weight_decay": (record.weight_decay,)})
    with log.work(TRAINING):
        less = less_decayed(training, chosen, names, rng, threads, warm)
    own = np.random.default_rng(shot_seed(config.seed, CROSSFIT_STREAM, number))
    with log.work(TRAINING):
        fitted = cross_fit(data, model, chosen, own, threads, log, warm)
    fitted = with_error(fitted, data, rng, less)
    paths = gather_paths(layout, [number], workers, prepared.atoms)
    files = layout.round(number)
    save(with_density(fitted.model, paths, inputs), files.model, files.model_card)
    crossfit.save(fitted, files.crossfit, files.crossfit_card)
    write_json(files.training, asdict(record))


def less_decayed(
    data: ShotData,
    settings: LearnSettings,
    feature_names: tuple[str, ...],
    rng: np.random.Generator,
    threads: int,
    warm: Committor | None = None,
) -> Committor:
    """A small ensemble with less weight decay, which shows the bias of the model by its own."""
    changes = {
        "members": LESS_MEMBERS,
        "weight_decay": tuple(LESS_DECAY * decay for decay in settings.weight_decay),
    }
    own = settings.model_copy(update=changes)
    return train(data, own, feature_names, rng, threads, lambda _: None, warm)[0]


def with_error(
    fitted: CrossFit, data: ShotData, rng: np.random.Generator, less: Committor
) -> CrossFit:
    """The same with the scale of the error of the model, estimated from shots of unseen chains.

    The common error is at least the difference to the model ``less``, on chains that neither saw.

    Neighbourhoods are small in the inputs that q depends on. There are about as many of them as
    each has outcomes of chains that the same networks predict: fewer would hide errors, more would
    leave few pairs to compare.
    """
    model = fitted.model
    spread = column_spread(data.features)
    weights = sensitivities(data.features, model.q) / np.where(spread > 0, spread, 1.0)
    part = folds(data.chain, fitted.every)
    parts = np.unique(part)
    count = max(LEAST_NEIGHBOURHOODS, int(((data.n_a + data.n_b).sum() / len(parts)) ** 0.5))
    use = weights > 0
    points = (data.features * weights)[:, use] if use.any() else np.zeros((len(data), 1))
    group = neighbourhoods(points, count, rng)
    networks = tuple(len(fitted.network(one).skip) for one in parts.tolist())
    unseen = Unseen(fitted.q(data), np.searchsorted(parts, part), networks)
    scale = fit_error_scale(model.members(data.features), data, group, unseen)
    apart = data.features[held_out(data.chain, fitted.every)]
    bias = max(scale.bias, disagreement(model.q(apart), less.q(apart)))
    scale = replace(scale, bias=bias)
    return replace(fitted, model=replace(model, error=scale))


def with_density(model: Committor, paths: PathTable, inputs: DescriptorSet) -> Committor:
    """The model with the density of candidate frames in its p_B, which flattens the selection."""
    use, weights = candidate_frames(paths)
    if not use.any():
        return model
    p = q_to_p(frame_q(view(paths.frames, use), inputs, model))
    edges = np.linspace(0, 1, DENSITY_BINS + 1)
    density, _ = np.histogram(p, edges, weights=weights[use])
    density = density / density.mean()
    return replace(model, density_edges=edges, density=np.maximum(density, DENSITY_FLOOR))
