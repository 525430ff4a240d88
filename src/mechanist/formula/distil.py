"""From a network to a formula: search on its q, fit on the shots, choose on held-out chains.

1. A symbolic search (the back end) proposes expressions that follow the network's q.
2. Growth and pruning complete them (`mechanist.formula.grow`), so that short formulas, linear ones
   and products of two inputs are always among the candidates. Both see training chains only, and
   what they fit is the network's p_B: it has less noise than single outcomes, so the form changes
   little from seed to seed.
3. The numbers of the best few of each length are fitted anew to the outcomes of the training
   chains, one formula of each length is taken, and the front and the choice on it follow from the
   loss on held-out chains.
4. The numbers in the texts come from a last fit to all shots; held-out losses do not.
"""

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mechanist.errors import MechanistError
from mechanist.formula.backend import BACKENDS, Log
from mechanist.formula.baselines import baselines
from mechanist.formula.choose import (
    Scored,
    mean_and_error,
    one_standard_error,
    pareto,
    representatives,
    used,
)
from mechanist.formula.constants import describe, in_columns, intervals, order, rounded
from mechanist.formula.data import FormulaData
from mechanist.formula.expression import latex, nodes, parse, text
from mechanist.formula.grow import Candidate, Points, Pool, fitted, grow, shortened
from mechanist.formula.likelihood import Outcomes, point_losses, sigmoid
from mechanist.formula.refit import LARGEST_Q, refit
from mechanist.formula.result import Distillation, Formula
from mechanist.formula.store import load, write
from mechanist.formula.structure import Expr, column_symbols, normal
from mechanist.settings.formula import FormulaSettings

__all__ = ["distil", "load", "write"]

Array = NDArray[np.float64]

SEARCH_ROWS = 10_000
"""Points that growth looks at; it fits thousands of formulas to them."""
KEPT = 12
"""Candidates of each length that are fitted to the outcomes."""


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
    candidates = search(inputs, settings, seed, threads, log)
    limit = max(LARGEST_Q, 3 * float(np.abs(data.q).max()))
    settled = refit(candidates, train, all_rows(inputs), log, limit)
    front = pareto(representatives(settled, inputs.owners, settings.tie), held_out)
    if not front:
        raise MechanistError("formula", "not one candidate could be fitted to the shots")
    formulas = [finish(scored, inputs, everything, settings) for scored in front]
    chosen = formulas[one_standard_error(front, settings.tie)]
    network, network_error = network_loss(data)
    log(
        f"chosen of {len(front)} formulas: {chosen.complexity} nodes, held-out loss "
        f"{chosen.heldout_loss:.4f} (network {network:.4f}): q = {chosen.text}"
    )
    known = baselines(train, held_out, inputs.owners)
    return Distillation(tuple(formulas), chosen, known, network, network_error, settings.backend)


def chosen_inputs(data: FormulaData, settings: FormulaSettings) -> FormulaData:
    """The columns that formulas may use, of data that were checked."""
    data.check()
    allowed = [n for n in data.descriptors if settings.allowed is None or n in settings.allowed]
    if not allowed:
        raise MechanistError("formula.allowed", "names none of the descriptors that the data have")
    return data.select(allowed[: settings.inputs])


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


def soft_points(data: FormulaData, settings: FormulaSettings) -> tuple[Points, Array]:
    """What the search looks at: inputs, the network's p_B as outcomes, and its q cut to size."""
    rows = ~data.held_out
    columns, q = data.values[rows], data.q[rows]
    if data.frame_values is not None and data.frame_q is not None:
        columns = np.concatenate([columns, data.frame_values])
        q = np.concatenate([q, data.frame_q])
    q = np.clip(q, -settings.q_clip, settings.q_clip)
    p = sigmoid(q)
    outcomes = Outcomes(2 * (1 - p), 2 * p, np.zeros(len(q), dtype=np.int64))
    return Points(np.asfortranarray(columns), outcomes), q


def search(
    data: FormulaData, settings: FormulaSettings, seed: int, threads: int, log: Log
) -> list[Candidate]:
    """Candidates from the back end and from growth, the best few of each length."""
    begun = time.monotonic()
    points, q = soft_points(data, settings)
    # p (1 - p) is how much an error of q costs likelihood.
    weights = points.outcomes.n_a * points.outcomes.n_b
    backend = BACKENDS[settings.backend]()
    texts = backend.search(points.columns, data.columns, q, weights, settings, seed, threads, log)
    log(f"{backend.name}: {len(texts)} expressions in {time.monotonic() - begun:.0f} s")
    rng = np.random.default_rng([seed, 1])
    rows = np.sort(rng.choice(len(q), size=min(SEARCH_ROWS, len(q)), replace=False))
    sample = Points(np.asfortranarray(points.columns[rows]), points.outcomes.select(rows))
    pool = Pool(settings.width, settings.max_nodes)
    for expr in in_symbols(texts, data.columns):
        pool.offer(shortened(expr, sample, settings.max_nodes), sample, backend.name)
    grow(pool, sample, begun + settings.seconds, log)
    return [c for group in pool.by_nodes.values() for c in group[:KEPT]]


def in_symbols(texts: Sequence[str], columns: Sequence[str]) -> list[Expr]:
    """Normal forms in x0, x1, ... of texts in the columns' names."""
    symbols = dict(zip(map(parse, columns), column_symbols(len(columns)), strict=True))
    exprs = [parse(one).xreplace(symbols) for one in texts]
    known = set(symbols.values())
    return [normal(expr) for expr in exprs if expr.free_symbols <= known]


def finish(
    scored: Scored, data: FormulaData, everything: Points, settings: FormulaSettings
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
    )
