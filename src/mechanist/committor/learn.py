"""The committor model of one round: trained, its error scaled, the density of frames noted."""

from dataclasses import replace

import numpy as np

from mechanist.arrays import Mask
from mechanist.committor.data import ShotData
from mechanist.committor.gather import candidate_frames, frame_q
from mechanist.committor.network import Committor
from mechanist.committor.sensitivity import column_spread, sensitivities
from mechanist.committor.training import Log, TrainingRecord, train
from mechanist.committor.uncertainty import fit_error_scale, neighbourhoods
from mechanist.sampling.records.tables import PathTable
from mechanist.settings.learn import LearnSettings
from mechanist.statistics.logistic import q_to_p
from mechanist.systems.descriptors.descriptor_set import DescriptorSet

LEAST_NEIGHBOURHOODS = 10
"""Groups of held-out shots in which the error of the model is estimated, at least."""

DENSITY_BINS = 20
DENSITY_FLOOR = 0.02
"""Least density of a bin, as a fraction of a flat one, so that no weight becomes huge."""


def learn(
    data: ShotData,
    apart: Mask,
    settings: LearnSettings,
    feature_names: tuple[str, ...],
    rng: np.random.Generator,
    threads: int,
    log: Log,
) -> tuple[Committor, TrainingRecord]:
    """Train on the chains that are not held out, and scale the error by those that are.

    Parameters
    ----------
    data, apart
        All shots so far, S of them, and which of them (S,) are of held-out chains.
    settings, feature_names, rng, threads, log
        As for `mechanist.committor.training.train`.

    Raises
    ------
    DataError
        If there are fewer than two chains with outcomes, or a feature is not finite.
    """
    model, record = train(data.subset(~apart), settings, feature_names, rng, threads, log)
    return _with_error(model, data.subset(apart), rng), record


def _with_error(model: Committor, data: ShotData, rng: np.random.Generator) -> Committor:
    """The model with the scale of its error, estimated from shots of held-out chains.

    Neighbourhoods are small in the inputs that q depends on. There are about as many of them as
    each has outcomes: fewer would hide errors, more would leave few pairs to compare.
    """
    spread = column_spread(data.features)
    weights = sensitivities(data.features, model.q) / np.where(spread > 0, spread, 1.0)
    count = max(LEAST_NEIGHBOURHOODS, int((data.n_a + data.n_b).sum() ** 0.5))
    use = weights > 0
    points = (data.features * weights)[:, use] if use.any() else np.zeros((len(data), 1))
    group = neighbourhoods(points, count, rng) if len(data) else np.empty(0, dtype=np.int64)
    return replace(model, error=fit_error_scale(model.members(data.features), data, group))


def with_density(model: Committor, paths: PathTable, inputs: DescriptorSet) -> Committor:
    """The model with the density of candidate frames in its p_B, which flattens the selection."""
    use, weights = candidate_frames(paths)
    if not use.any():
        return model
    p = q_to_p(frame_q(paths.frames[use], inputs, model))
    edges = np.linspace(0, 1, DENSITY_BINS + 1)
    density, _ = np.histogram(p, edges, weights=weights[use])
    density = density / density.mean()
    return replace(model, density_edges=edges, density=np.maximum(density, DENSITY_FLOOR))
