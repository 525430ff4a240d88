"""The search for candidates: engines propose expressions, growth and pruning add to them.

Both use training chains only and fit the network's p_B, which has less noise than single outcomes,
so that the form depends little on the seed.
"""

import time
from dataclasses import replace

import numpy as np

from mechanist.arrays import Array
from mechanist.bookkeeping.journal import Log
from mechanist.errors import MechanistError
from mechanist.formula.data import FormulaData
from mechanist.formula.fit.candidate import Candidate, Points
from mechanist.formula.fit.likelihood import Outcomes
from mechanist.formula.search.basis import basis_functions
from mechanist.formula.search.engines import ENGINES, EngineChoice, choose_engines
from mechanist.formula.search.growth import Pool, grow, shortened
from mechanist.formula.search.problem import Problem, in_symbols
from mechanist.formula.structure import in_columns
from mechanist.formula.typeset import text
from mechanist.settings.formula import FormulaSettings
from mechanist.statistics.logistic import q_to_p

SEARCH_ROWS = 10_000
"""Points in growth, which fits thousands of formulas to them."""
REFITTED = 12
"""Candidates of each length that are returned, to be refitted to the outcomes."""
GROWTH = 0.3
"""Share of formula.seconds for growth before and after an engine that starts from guesses."""


def search(
    data: FormulaData, settings: FormulaSettings, seed: int, threads: int, log: Log
) -> tuple[list[Candidate], EngineChoice]:
    """Candidates from engines and from growth, the best few of each length, and which engines.

    Raises
    ------
    MechanistError
        If an engine that is asked for by name cannot run; one that ``auto`` has chosen is replaced
        by Operon.
    """
    engines = choose_engines(settings.backend)
    log(f"search by {engines.label} ({engines.reason})")
    try:
        pool = _explore(engines, data, settings, seed, threads, log)
    except MechanistError as error:
        if settings.backend != "auto" or engines.names == ("operon",):
            raise
        engines = EngineChoice(("operon",), f"auto: {engines.label} failed: {error.what}")
        log(f"search by {engines.label} ({engines.reason})")
        pool = _explore(engines, data, settings, seed, threads, log)
    return [c for group in pool.by_nodes.values() for c in group[:REFITTED]], engines


def soft_points(data: FormulaData, settings: FormulaSettings) -> tuple[Points, Array]:
    """Training points with the network's p_B as outcomes, and the network's clipped q."""
    rows = ~data.held_out
    columns, q = data.values[rows], np.clip(data.q[rows], -settings.q_clip, settings.q_clip)
    p = q_to_p(q)
    outcomes = Outcomes(2 * (1 - p), 2 * p, np.zeros(len(q), dtype=np.int64))
    return Points(np.asfortranarray(columns), outcomes), q


def _explore(
    engines: EngineChoice,
    data: FormulaData,
    settings: FormulaSettings,
    seed: int,
    threads: int,
    log: Log,
) -> Pool:
    """One engine after the other, each followed by growth from all candidates so far."""
    points, q = soft_points(data, settings)
    # An error of q raises the loss in proportion to p (1 - p).
    weights = np.asarray(points.outcomes.n_a * points.outcomes.n_b, dtype=np.float64)
    problem = Problem(points.columns, data.columns, q, weights, points.outcomes)
    rng = np.random.default_rng([seed, 1])
    rows = np.sort(rng.choice(len(q), size=min(SEARCH_ROWS, len(q)), replace=False))
    sample = Points(np.asfortranarray(points.columns[rows]), points.outcomes.select(rows))
    functions = basis_functions(sample.columns, data.columns, settings.operators)
    pool = Pool(settings.width, settings.max_nodes)
    for name in engines.names:
        engine = ENGINES[name]()
        begun = time.monotonic()
        if engine.guided:
            if not pool.by_nodes:
                grow(pool, sample, begun + GROWTH * settings.seconds, log, functions)
            problem = replace(problem, guesses=_best(pool, data))
        texts = engine.search(problem, settings, seed, threads, log)
        now = time.monotonic()
        log(f"{name}: {len(texts)} expressions in {now - begun:.0f} s")
        for expr in in_symbols(texts, data.columns):
            pool.offer(shortened(expr, sample, settings.max_nodes), sample, name)
        # formula.seconds excludes the start of a guided engine, so growth has its own share.
        late = now + GROWTH * settings.seconds if engine.guided else begun + settings.seconds
        grow(pool, sample, late, log, functions)
    return pool


def _best(pool: Pool, data: FormulaData) -> tuple[str, ...]:
    """Text of the best candidate of each length."""
    lengths = sorted(pool.by_nodes)
    return tuple(text(in_columns(pool.by_nodes[n][0].expr, data.columns)) for n in lengths)
