"""From outcomes of shots to a formula: what a run does with its shots, with the same functions."""

import numpy as np

from mechanist.arrays import Array
from mechanist.committor.data import ShotData
from mechanist.committor.relevance import relevance
from mechanist.committor.training import train
from mechanist.formula.data import FormulaData
from mechanist.formula.distil import distil
from mechanist.formula.result import Distillation
from mechanist.settings.config import Config
from mechanist.statistics.held_out import held_out
from mechanist.systems.descriptors.descriptor_set import DescriptorSet


def learned(
    inputs: DescriptorSet, values: Array, shots: ShotData, settings: Config, threads: int
) -> tuple[FormulaData, Distillation]:
    """Train a network, rank the inputs, distil a formula.

    Parameters
    ----------
    inputs, values
        Descriptors and their values (N, D) at the points.
    shots
        Of these points.
    settings
        Sections ``seed``, ``learn`` and ``formula`` are read.
    threads
        Processor cores.
    """
    data = formula_data(inputs, values, shots, settings, threads)
    return data, distil(data, settings.formula, settings.seed, threads, quiet)


def formula_data(
    inputs: DescriptorSet, values: Array, shots: ShotData, settings: Config, threads: int
) -> FormulaData:
    """What a formula is distilled from; arguments are those of `learned`."""
    rng = np.random.default_rng(settings.seed)
    apart = held_out(shots.chain, settings.learn.held_out_every)
    known, rest = shots.subset(~apart), shots.subset(apart)
    model, _ = train(known, settings.learn, inputs.feature_names, rng, threads, quiet)
    repeats = settings.learn.relevance_repeats
    ranked = relevance(model, rest, inputs.owners, inputs.names, repeats, rng, quiet, known)
    chosen = inputs.select([row.descriptor for row in ranked][: settings.formula.inputs])
    rows = [inputs.names.index(name) for name in chosen.names]
    return FormulaData(
        columns=chosen.feature_names,
        values=chosen.features(values[:, rows]),
        q=model.q(shots.features),
        n_a=shots.n_a,
        n_b=shots.n_b,
        chain=shots.chain,
        held_out=apart,
        units={d.name: d.unit for d in chosen.descriptors},
    )


def quiet(_: str) -> None:
    """Say nothing."""
