"""The search for candidates: engines propose expressions, growth and pruning add to them.

Both use training chains only and fit the network's p_B, which has less noise than single outcomes,
so that the form depends little on the seed.
"""

import time
from dataclasses import dataclass, replace

import numpy as np

from mechanist.arrays import Array
from mechanist.bookkeeping.journal import Log
from mechanist.errors import MechanistError
from mechanist.formula.data import FormulaData
from mechanist.formula.expression import nodes
from mechanist.formula.fit.candidate import Candidate, Points, fitted
from mechanist.formula.fit.likelihood import Outcomes, point_losses
from mechanist.formula.search.basis import BasisFunctions, angle_columns, basis_functions
from mechanist.formula.search.engines import ENGINES, EngineChoice, choose_engines
from mechanist.formula.search.forms import phased
from mechanist.formula.search.growth import (
    SETTLED,
    Pool,
    grow,
    grow_channels,
    grow_sums,
    prunings,
    shortened,
)
from mechanist.formula.search.problem import Problem, in_symbols
from mechanist.formula.search.twins import in_familiar, twins
from mechanist.formula.structure import column_symbols, in_columns, normal
from mechanist.formula.typeset import text
from mechanist.settings.formula import FormulaSettings
from mechanist.statistics.logistic import q_to_p

SEARCH_ROWS = 3000
"""Points in growth, which fits thousands of formulas to them; their p_B has no noise of counts."""
FUNCTIONS = {
    "saturating": ("tanh",),
    "ratio": ("div",),
    "exponential": ("exp",),
    "logarithm": ("log", "div"),
}
"""Operations of the forms of formula.forms."""
REFITTED, FAMILIAR = 8, 4
"""Candidates of each length that are returned, to be refitted to the outcomes, and further ones in
familiar descriptors."""
BEFORE, AFTER = 0.4, 0.3
"""Shares of formula.seconds for growth before and after an engine. Of an engine that starts from
guesses, that time does not count."""
DROPPED = 2
"""Nodes by which a formula may be shorter with its twins written in familiar descriptors."""
EXTENDED_AFTER = 4
"""Candidates that growth extends after an engine, in units of ``formula.width``."""


def search(
    data: FormulaData, settings: FormulaSettings, seed: int, threads: int, log: Log
) -> tuple[list[Candidate], EngineChoice]:
    """Candidates from engines and from growth, the best few of each length, and which engines.

    Raises
    ------
    MechanistError
        If an engine that is asked for by name cannot run; one that ``auto`` adds is left out.
    """
    engines = choose_engines(settings.backend)
    condition = " if needed" if engines.if_needed else ""
    log(f"search by {engines.label}{condition} ({engines.reason})")
    state = _started(data, settings, seed)
    state.grow_first(log)
    used: list[str] = []
    reason = engines.reason
    for name in engines.names:
        optional = name in engines.if_needed
        if optional:
            needed, why = state.needs(name)
            log(why)
            reason = f"auto: {why}; {engines.reason.removeprefix('auto: ')}"
            if not needed:
                continue
        try:
            state.ask(name, seed, threads, log)
            used.append(name)
        except MechanistError as error:
            if not optional:
                raise
            reason = f"auto: {name} failed: {error.what}"
            log(reason)
    state.offer_familiar()
    state.grow_familiar(log)
    return state.best(REFITTED), EngineChoice(tuple(used), reason)


def soft_points(data: FormulaData, settings: FormulaSettings) -> tuple[Points, Array]:
    """Training points with the network's p_B as outcomes, and the network's clipped q."""
    rows = ~data.held_out
    columns, q = data.values[rows], np.clip(data.q[rows], -settings.q_clip, settings.q_clip)
    p = q_to_p(q)
    outcomes = Outcomes(2 * (1 - p), 2 * p, np.zeros(len(q), dtype=np.int64))
    return Points(np.asfortranarray(columns), outcomes), q


def _started(data: FormulaData, settings: FormulaSettings, seed: int) -> "_Search":
    points, q = soft_points(data, settings)
    # An error of q raises the loss in proportion to p (1 - p).
    weights = np.asarray(points.outcomes.n_a * points.outcomes.n_b, dtype=np.float64)
    plain = [i for i in range(len(data.columns)) if i not in angle_columns(data.columns)]
    names = tuple(data.columns[i] for i in plain)
    problem = Problem(points.columns[:, plain], names, q, weights, points.outcomes)
    rng = np.random.default_rng([seed, 1])
    rows = np.sort(rng.choice(len(q), size=min(SEARCH_ROWS, len(q)), replace=False))
    sample = Points(np.asfortranarray(points.columns[rows]), points.outcomes.select(rows))
    operations, waves = _functions(settings), "periodic" in settings.forms
    functions = basis_functions(sample.columns, data.columns, operations, waves=waves)
    pool, familiar, rewritten = (Pool(settings.width, settings.max_nodes) for _ in range(3))
    begun = time.process_time()
    return _Search(
        data, settings, problem, sample, functions, pool, familiar, rewritten, begun=begun
    )


@dataclass(frozen=True)
class _Search:
    """A search under way.

    Parameters
    ----------
    data, settings
        What is searched.
    problem
        What engines see: columns that are no bare angles.
    sample
        What growth fits to.
    functions
        What growth may add.
    pool, familiar, rewritten
        Candidates so far, those in familiar descriptors that were grown apart, and those with
        familiar descriptors in place of twins, which need not be better than others.
    begun
        On `time.process_time`, so that a busy machine does not change what is found.
    """

    data: FormulaData
    settings: FormulaSettings
    problem: Problem
    sample: Points
    functions: BasisFunctions
    pool: Pool
    familiar: Pool
    rewritten: Pool
    begun: float

    def best(self, count: int) -> list[Candidate]:
        """The best few of each length, and of familiar and rewritten ones."""
        pools = ((self.pool, count), (self.familiar, FAMILIAR), (self.rewritten, FAMILIAR))
        found = [
            one for pool, most in pools for group in pool.by_nodes.values() for one in group[:most]
        ]
        return list({one.structure.key: one for one in reversed(found)}.values())[::-1]

    def grow_first(self, log: Log) -> None:
        """Growth that starts from nothing."""
        deadline = self.begun + BEFORE * self.settings.seconds
        if "channels" in self.settings.forms:
            grow_channels(self.pool, self.sample, deadline, self.functions)
        if self.functions.saturating:
            grow_sums(self.pool, self.sample, deadline, self.functions)
        grow(self.pool, self.sample, deadline, log, self.functions)

    def grow_familiar(self, log: Log) -> None:
        """Growth in familiar descriptors alone, where others might drive them out."""
        data, functions = self.data, self.functions
        symbols = column_symbols(len(data.columns))
        home = {x for x, o in zip(symbols, data.owners, strict=True) if o in data.preferred}
        if not home or len(home) == len(symbols):
            return
        deadline = time.process_time() + AFTER * self.settings.seconds
        own = functions.within(home, len(symbols))
        grow(self.familiar, self.sample, deadline, log, own, EXTENDED_AFTER)

    def ask(self, name: str, seed: int, threads: int, log: Log) -> None:
        """Search with an engine, and grow from all candidates.

        Raises
        ------
        MechanistError
            If the engine cannot run.
        """
        engine, asked, settings = ENGINES[name](), time.monotonic(), self.settings
        if engine.guided:
            problem, limits = replace(self.problem, guesses=self._guesses()), settings
        else:
            left = (1 - AFTER) * settings.seconds - (time.process_time() - self.begun)
            problem = self.problem
            limits = settings.model_copy(update={"seconds": max(left, 1e-300)})
        texts = engine.search(problem, limits, seed, threads, log)
        log(f"{name}: {len(texts)} expressions in {time.monotonic() - asked:.0f} s")
        for expr in in_symbols(texts, self.data.columns):
            short = shortened(expr, self.sample, settings.max_nodes)
            self.pool.offer(short, self.sample, name)
        deadline = time.process_time() + AFTER * settings.seconds
        grow(self.pool, self.sample, deadline, log, self.functions, EXTENDED_AFTER)

    def _guesses(self) -> tuple[str, ...]:
        """Text of the best candidate of each length."""
        best = [self.pool.by_nodes[n][0].expr for n in sorted(self.pool.by_nodes)]
        return tuple(text(in_columns(expr, self.data.columns)) for expr in best)

    def offer_familiar(self) -> None:
        """Offer the best candidates with familiar descriptors in place of their twins."""
        data, columns = self.data, self.sample.columns
        known = twins(columns, self.functions.linear, data.owners, data.preferred)
        for one in self.best(REFITTED) if known else ():
            expr = in_familiar(one.expr, known)
            if expr is None:
                continue
            # A twin may stand for some of its combination alone.
            for short in prunings(expr, self.sample):
                if nodes(short) < one.nodes - DROPPED:
                    break
                for form in (short, normal(phased(short, self.functions.phases))):
                    self.rewritten.offer(form, self.sample, one.source)

    def needs(self, name: str) -> tuple[bool, str]:
        """Whether the best formula so far is not good enough, and a sentence that says so."""
        excess, enough = excess_over_network(self.pool, self.data), self.settings.enough
        where = f"{abs(excess):.4f} nats per outcome {'above' if excess > 0 else 'below'}"
        needed = excess > enough
        return needed, (
            f"{name} {'searches, too' if needed else 'left out'}: the best formula without it is"
            f" {where} the network on held-out chains, formula.enough is {enough:g}"
        )


def excess_over_network(pool: Pool, data: FormulaData) -> float:
    """Held-out loss of the best candidate, refitted to outcomes, above that of the network.

    In nats per outcome; infinite if none can be fitted.
    """
    ends = data.outcomes
    train = ~data.held_out & (ends.counts > 0)
    test = data.held_out & (ends.counts > 0)
    known = Points(np.asfortranarray(data.values[train]), ends.select(train))
    unknown = Points(np.asfortranarray(data.values[test]), ends.select(test))
    best = np.inf
    for group in pool.by_nodes.values():
        refit = fitted(group[0].expr, known, group[0].source, SETTLED)
        losses = None if refit is None else refit.losses(unknown)
        if losses is not None and np.isfinite(losses).all():
            best = min(best, float(losses.sum()))
    network = float(point_losses(data.q[test], unknown.outcomes).sum())
    return (best - network) / unknown.outcomes.total


def _functions(settings: FormulaSettings) -> tuple[str, ...]:
    """Operations that growth may use."""
    of_forms = [name for form in settings.forms for name in FUNCTIONS.get(form, ())]
    return tuple(dict.fromkeys([*settings.operators, *of_forms]))
