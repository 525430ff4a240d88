"""Descriptors that the search for formulas may use."""

from collections.abc import Sequence

import numpy as np

from mechanist.arrays import Q, Values
from mechanist.bookkeeping.journal import Log
from mechanist.errors import DataError
from mechanist.formula.search.screen import screen
from mechanist.settings.formula import FormulaSettings
from mechanist.systems.descriptors.descriptor_set import DescriptorSet


def allowed_inputs(
    settings: FormulaSettings, ranked: Sequence[str], known: DescriptorSet
) -> list[str]:
    """Descriptors that ``formula.allowed`` admits: ``ranked`` first, then the others of ``known``.

    Raises
    ------
    DataError
        If it names a descriptor that is not among ``known``.
    """
    every = [*ranked, *(name for name in known.names if name not in ranked)]
    if settings.allowed is None:
        return every
    unknown = [name for name in settings.allowed if name not in known.names]
    if unknown:
        raise DataError("config.yaml", f"formula.allowed: {unknown[0]!r}: no such input descriptor")
    return [name for name in every if name in settings.allowed]


def preferred_names(
    settings: FormulaSettings, named: Sequence[str], known: DescriptorSet
) -> list[str]:
    """Descriptors of ``formula.prefer``, or those ``named`` in system.yaml, that ``known`` has.

    Raises
    ------
    DataError
        If ``formula.prefer`` names a descriptor that is not among ``known``.
    """
    if settings.prefer is None:
        return [name for name in named if name in known.names]
    unknown = [name for name in settings.prefer if name not in known.names]
    if unknown:
        raise DataError("config.yaml", f"formula.prefer: {unknown[0]!r}: no such input descriptor")
    return list(settings.prefer)


def formula_names(
    settings: FormulaSettings,
    allowed: Sequence[str],
    always: Sequence[str],
    inputs: DescriptorSet,
    known: DescriptorSet,
    values: Values,
    q: Q,
    rng: np.random.Generator,
    log: Log,
) -> list[str]:
    """Descriptors for the search: the most relevant inputs, and those that add to them.

    Inputs that define the states and preferred ones are always among them: of descriptors that are
    equally good, those that the user thinks in make the better formula.

    Parameters
    ----------
    settings
        Section ``formula``.
    allowed
        Names of `allowed_inputs`, inputs by relevance first.
    always
        Names of the descriptors that define the states, and of preferred ones.
    inputs, known
        Descriptors that the network sees, and those together with ``formula_inputs``.
    values, q
        (N, D) of ``known`` and (N,) by the network, at training points.
    rng
        Draws the points that are used.
    log
        Takes one line.
    """
    relevant = [name for name in allowed if name in inputs.names]
    first = [n for i, n in enumerate(relevant) if i < settings.inputs or n in always]
    further = [name for name in allowed if name not in inputs.names]
    if not further:
        return first
    pool = known.select([*first, *further])
    columns = [known.names.index(name) for name in pool.names]
    features = pool.features(values[:, columns])
    owners, count = pool.owners.tolist(), settings.inputs
    found = screen(features, owners, q, len(first), count, settings.tie, rng)
    more = [pool.names[d] for d in found]
    log(f"of {len(further)} descriptors for formulas alone: {', '.join(more) or 'none'}")
    return [*first, *more]
