"""From a network to a formula: search on its q, fit on the shots, choose on held-out chains.

1. A symbolic search (the back end) proposes expressions that follow the network's q.
2. Growth and pruning complete them, so that short formulas, linear ones and products of two inputs
   are always among the candidates (`mechanist.formula.search.search`).
3. The numbers of the best few of each length are fitted anew to the outcomes of the training
   chains, one formula of each length is taken, and the front and the choice on it follow from the
   loss on held-out chains; what most resamples of the chains choose is taken
   (`mechanist.formula.choice.stability`).
4. The numbers in the texts come from a last fit to all shots; held-out losses do not.
"""

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.errors import MechanistError
from mechanist.formula.choice.baselines import baselines
from mechanist.formula.choice.choose import (
    Scored,
    luck,
    mean_and_error,
    pareto,
    used,
)
from mechanist.formula.choice.stability import Share, best_of_each_length, resampled, steadiest
from mechanist.formula.data import FormulaData
from mechanist.formula.expression import latex, nodes, parse, text
from mechanist.formula.fit.constants import describe, in_columns, intervals, order, rounded
from mechanist.formula.fit.likelihood import point_losses
from mechanist.formula.fit.refit import LARGEST_Q, refit
from mechanist.formula.result import Distillation, Formula
from mechanist.formula.search.backend import Log
from mechanist.formula.search.grow import Points, fitted
from mechanist.formula.search.search import search
from mechanist.formula.store import load, write
from mechanist.settings.formula import FormulaSettings

__all__ = ["distil", "load", "write"]


def distil(
    data: FormulaData, settings: FormulaSettings, seed: int, threads: int, log: Log
) -> Distillation:
    """Find formulas for q and choose one.

    Parameters
    ----------
    data
        Columns by relevance.
    settings
        Section ``formula``.
    seed
        The result depends on this, not on ``threads``.
    threads
        Processor cores.
    log
        Takes one line of progress.

    Raises
    ------
    DataError
        If the data do not fit together.
    MechanistError
        If not one candidate could be fitted.
    """
    inputs = chosen_inputs(data, settings)
    train = points_of(inputs, ~data.held_out)
    held_out = points_of(inputs, data.held_out)
    everything = points_of(inputs, np.ones(len(data), dtype=np.bool_))
    candidates, engines = search(inputs, settings, seed, threads, log)
    limit = max(LARGEST_Q, 3 * float(np.abs(data.q).max()))
    settled = refit(candidates, train, all_rows(inputs), log, limit)
    rng = np.random.default_rng([seed, 2])
    rivals = best_of_each_length(settled)
    lengths = len({candidate.nodes for candidate in rivals})
    enough = max(settings.enough, luck(lengths, held_out.outcomes))
    shares = resampled(rivals, train, held_out, inputs.owners, settings.tie, enough, rng)
    front = pareto(steadiest(rivals, shares), held_out)
    if not front:
        raise MechanistError("formula", "not one candidate could be fitted to the shots")
    found = [shares[rivals.index(scored.candidate)] for scored in front]
    formulas = [
        finish(scored, inputs, everything, settings, share)
        for scored, share in zip(front, found, strict=True)
    ]
    chosen = max(formulas, key=lambda formula: formula.chosen_share)
    network, network_error = network_loss(data)
    log(
        f"chosen of {len(front)} formulas: {chosen.complexity} nodes, held-out loss "
        f"{chosen.heldout_loss:.4f} (network {network:.4f}), the choice in "
        f"{chosen.chosen_share:.0%} of resamples: q = {chosen.text}"
    )
    known = baselines(train, held_out, inputs.owners)
    return Distillation(
        tuple(formulas), chosen, known, network, network_error, engines.label, engines.reason
    )


def chosen_inputs(data: FormulaData, settings: FormulaSettings) -> FormulaData:
    """The columns that formulas may use, of data that were checked."""
    data.check()
    allowed = [n for n in data.descriptors if settings.allowed is None or n in settings.allowed]
    if not allowed:
        raise MechanistError("formula.allowed", "names none of the descriptors that the data have")
    relevant = [name for name in allowed if name not in data.further][: settings.inputs]
    return data.select([*relevant, *data.further])


def all_rows(data: FormulaData) -> Array:
    """Inputs (F, P) at shooting points and further frames."""
    frames = [] if data.frame_values is None else [data.frame_values]
    return np.asfortranarray(np.concatenate([data.values, *frames]))


def network_loss(data: FormulaData) -> tuple[float, float]:
    """Held-out loss of the network and its standard error, in nats per outcome."""
    outcomes = data.outcomes.select(data.held_out)
    return mean_and_error(point_losses(data.q[data.held_out], outcomes), outcomes)


def points_of(data: FormulaData, rows: NDArray[np.bool_]) -> Points:
    """Inputs and outcomes of some shots; those that ended in neither state do not count."""
    rows = rows & (np.asarray(data.n_a + data.n_b) > 0)
    return Points(np.asfortranarray(data.values[rows]), data.outcomes.select(rows))


def finish(
    scored: Scored, data: FormulaData, everything: Points, settings: FormulaSettings, share: Share
) -> Formula:
    """Fit to all shots, round, and write out."""
    candidate = scored.candidate
    final = fitted(candidate.expr, everything, candidate.source) or candidate
    form = final.structure
    errors, half_widths = intervals(final, everything)
    values = rounded(final, errors, everything)
    expr = in_columns(form.fill(values), data.columns)
    written = text(expr, order(data.columns))
    template, constants = describe(
        form, values, half_widths, final.constants, data.columns, data.units
    )
    cut = settings.q_clip
    distance = np.clip(form.tape.value(data.values, values), -cut, cut) - np.clip(data.q, -cut, cut)
    return Formula(
        text=written,
        latex=latex(parse(written), order=order(data.columns)),
        template=template,
        complexity=nodes(parse(written)),
        constants=constants,
        descriptors=used(final, data.owners),
        heldout_loss=scored.loss,
        heldout_loss_se=scored.error,
        excess_loss=scored.excess,
        excess_loss_se=scored.excess_error,
        q_rms=float(np.sqrt(np.mean(distance**2))),
        source=final.source,
        stands_share=share.stands,
        chosen_share=share.chosen,
    )
