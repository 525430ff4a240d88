"""The search for candidates: engines propose expressions, growth and pruning complete them.

Both see training chains only, and what they fit is the network's p_B: it has less noise than single
outcomes, so the form changes little from seed to seed.
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
"""Points that growth looks at; it fits thousands of formulas to them."""
KEPT = 12
"""Candidates of each length that are fitted to the outcomes."""
GROWTH = 0.3
"""Share of formula.seconds for growth before and after an engine that starts from guesses."""


def search(
    data: FormulaData, settings: FormulaSettings, seed: int, threads: int, log: Log
) -> tuple[list[Candidate], EngineChoice]:
    """Candidates from engines and from growth, the best few of each length, and which engines.

    Raises
    ------
    MechanistError
        If an engine that is asked for by name cannot run. Where ``auto`` has taken one that fails,
        Operon steps in.
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
    return [c for group in pool.by_nodes.values() for c in group[:KEPT]], engines


def soft_points(data: FormulaData, settings: FormulaSettings) -> tuple[Points, Array]:
    """What the search looks at: inputs, the network's p_B as outcomes, and its q cut to size."""
    rows = ~data.held_out
    columns, q = data.values[rows], data.q[rows]
    if data.frame_values is not None and data.frame_q is not None:
        columns = np.concatenate([columns, data.frame_values])
        q = np.concatenate([q, data.frame_q])
    q = np.clip(q, -settings.q_clip, settings.q_clip)
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
    """One engine after the other, each followed by growth from all that there is."""
    points, q = soft_points(data, settings)
    # p (1 - p) is how much an error of q costs likelihood.
    weights = points.outcomes.n_a * points.outcomes.n_b
    problem = Problem(points.columns, data.columns, q, weights, points.outcomes)
    rng = np.random.default_rng([seed, 1])
    rows = np.sort(rng.choice(len(q), size=min(SEARCH_ROWS, len(q)), replace=False))
    sample = Points(np.asfortranarray(points.columns[rows]), points.outcomes.select(rows))
    functions = basis_functions(sample.columns, data.columns, settings.operators)
    pool = Pool(settings.width, settings.max_nodes)
    for name in engines.names:
        backend = ENGINES[name]()
        begun = time.monotonic()
        if backend.guided:
            if not pool.by_nodes:
                grow(pool, sample, begun + GROWTH * settings.seconds, log, functions)
            problem = replace(problem, guesses=_best(pool, data))
        texts = backend.search(problem, settings, seed, threads, log)
        now = time.monotonic()
        log(f"{name}: {len(texts)} expressions in {now - begun:.0f} s")
        for expr in in_symbols(texts, data.columns):
            pool.offer(shortened(expr, sample, settings.max_nodes), sample, name)
        # The start of a guided engine is not in its time, so growth has a share of its own.
        late = now + GROWTH * settings.seconds if backend.guided else begun + settings.seconds
        grow(pool, sample, late, log, functions)
    return pool


def _best(pool: Pool, data: FormulaData) -> tuple[str, ...]:
    """Text of the best candidate of each length."""
    lengths = sorted(pool.by_nodes)
    return tuple(text(in_columns(pool.by_nodes[n][0].expr, data.columns)) for n in lengths)
