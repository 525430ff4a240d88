"""Formulas grown and pruned one constant at a time, by the likelihood that each step gains.

Steps are those of `mechanist.formula.search.additions`. Constants that contribute little by Wald's
test, c^2 / var(c), are removed again, and forms that no single step leads to are tried as a whole
(`mechanist.formula.search.forms`). The best few formulas of each length go on, so that the Pareto
front is dense where formulas are short; one that a shorter formula equals does not. No random
number enters.
"""

import time
from collections.abc import Iterator
from itertools import chain, islice

import numpy as np

from mechanist.bookkeeping.journal import Log
from mechanist.formula.expression import Expr, nodes
from mechanist.formula.fit.candidate import Candidate, Points, fitted
from mechanist.formula.fit.likelihood import information
from mechanist.formula.search.additions import added_inputs, additions, filled
from mechanist.formula.search.basis import BasisFunctions, no_functions
from mechanist.formula.search.forms import MOST_TERMS, channels, parted, phased, saturated
from mechanist.formula.structure import normal, structure

TRIES = 16
"""Additions tried for each formula."""
SETTLED = 1e-6
"""Nats per outcome to which the search fits; formulas differ by a hundred times as much."""
REMOVALS = 3
"""Removals tried for each formula."""
EXTENDED = 8
"""Candidates that growth extends at most, in units of the width of the pool."""
OF_CHANNELS = 16
"""Candidates that are extended where two channels are grown."""
CHANNELS = 3
"""Best formulas of each length that are extended where two channels are grown."""
SUMS = 3
"""Best linear formulas of each number of inputs that are bent as a whole."""
LEAST_GAIN = 1e-4
"""Nats per outcome by which a formula must be better than all shorter ones to be extended."""


def removals(candidate: Candidate, points: Points, count: int) -> list[Expr]:
    """The formula without one constant, for the ``count`` constants of least Wald statistic."""
    import sympy

    tape, constants = candidate.structure.tape, candidate.constants
    hessian = information(tape, points.columns, constants, points.outcomes)
    variance = np.diag(np.linalg.pinv(hessian, hermitian=True))
    wald = constants**2 / np.maximum(variance, 1e-100)
    result = []
    for k in np.argsort(wald, kind="stable")[:count]:
        expr = filled(candidate.structure, constants, int(k), sympy.Integer(0))
        if expr.free_symbols and not expr.has(sympy.zoo, sympy.nan, sympy.oo):
            result.append(normal(expr))
    return result


def shortened(expr: Expr, points: Points, max_nodes: int) -> Expr:
    """An expression without its least significant constants, until it has ``max_nodes`` nodes."""
    return next(e for e in prunings(expr, points) if nodes(e) <= max_nodes)


def prunings(expr: Expr, points: Points) -> Iterator[Expr]:
    """An expression, and ever shorter ones without its least significant constant."""
    import sympy

    while True:
        yield expr
        if not expr.free_symbols:
            return
        candidate = fitted(expr, points, "", SETTLED)
        shorter = [] if candidate is None else removals(candidate, points, len(candidate.constants))
        # Not every constant can go alone: one in a denominator cannot be zero.
        expr = next((e for e in shorter if nodes(e) < nodes(expr)), sympy.Integer(1))


class Pool:
    """The best ``width`` candidates of each length, and the forms that were tried before."""

    def __init__(self, width: int, max_nodes: int) -> None:
        self.width = width
        self.max_nodes = max_nodes
        self.by_nodes: dict[int, list[Candidate]] = {}
        self.tried: set[Expr] = set()
        self.expanded: set[Expr] = set()
        self.fits = 0
        self.failed = 0

    def offer(self, expr: Expr, points: Points, source: str) -> None:
        """Fit an expression, unless it is too long or its form was tried before, and add it."""
        form, _ = structure(expr, points.columns.shape[1])
        if form.nodes > self.max_nodes or form.key in self.tried:
            return
        self.tried.add(form.key)
        self.fits += 1
        candidate = fitted(expr, points, source, SETTLED)
        if candidate is None:
            self.failed += 1
        else:
            self._add(candidate)

    def merge(self, other: "Pool") -> None:
        """Add the candidates of another pool that were fitted to the same points."""
        for group in other.by_nodes.values():
            for candidate in group:
                if candidate.structure.key not in self.tried:
                    self.tried.add(candidate.structure.key)
                    self._add(candidate)
        self.fits += other.fits
        self.failed += other.failed

    def _add(self, candidate: Candidate) -> None:
        same = self.by_nodes.setdefault(candidate.nodes, [])
        same.append(candidate)
        same.sort(key=lambda c: c.loss)
        del same[self.width :]

    def next(self) -> Candidate | None:
        """The candidate to extend next; None if there is none.

        The best of each length come first, shortest first, then the second best and so on.
        """
        least, found, lowest = np.inf, None, self.width
        for length in sorted(self.by_nodes):
            group = self.by_nodes[length]
            for rank, candidate in enumerate(group[:lowest]):
                if candidate.loss > least - LEAST_GAIN:
                    break
                if candidate.structure.key not in self.expanded:
                    found, lowest = candidate, rank
                    break
            least = min(least, group[0].loss) if group else least
        if found is not None:
            self.expanded.add(found.structure.key)
        return found


def grow(
    pool: Pool,
    points: Points,
    deadline: float,
    log: Log,
    basis: BasisFunctions | None = None,
    extended: float = EXTENDED,
) -> None:
    """Expand the pool until no new form arises, or as many candidates as wanted are extended.

    Parameters
    ----------
    pool
        Where to start; holds the result. A constant and the product with an input are added.
    points
        What to fit to.
    deadline
        On `time.process_time`; growth ends there even if some candidates are not yet expanded.
    log
        Takes one line of progress.
    basis
        Functions of the inputs that may be added.
    extended
        Candidates to extend at most, in units of the width of the pool: the result depends on this,
        and on time only if that is short.
    """
    import sympy

    begun = time.monotonic()
    basis = no_functions(points.columns) if basis is None else basis
    pool.offer(sympy.Float(0.5), points, "grown")
    for expr in basis.seeds(points.columns.shape[1]):
        pool.offer(expr, points, "grown")
    if not _expand(pool, points, deadline, basis, int(extended * pool.width)):
        log("growth stopped at the limit formula.seconds; the Pareto front may be incomplete")
    log(f"growth: {pool.fits} fits, {pool.failed} failed, {time.monotonic() - begun:.0f} s")


def grow_channels(pool: Pool, points: Points, deadline: float, basis: BasisFunctions) -> None:
    """Add forms of two channels, grown apart, where short ones need not beat other forms."""
    apart = Pool(CHANNELS, pool.max_nodes)
    for expr in channels(points, basis):
        if time.process_time() > deadline:
            break
        apart.offer(expr, points, "grown")
    linear = BasisFunctions((), np.empty((len(points.columns), 0)), basis.linear)
    _expand(apart, points, deadline, linear, OF_CHANNELS)
    pool.merge(apart)


def grow_sums(pool: Pool, points: Points, deadline: float, basis: BasisFunctions) -> None:
    """Add linear formulas bent in part, grown apart: other forms of their length may be better."""
    import sympy

    group = [one for one in [fitted(sympy.Float(0.5), points, "grown", SETTLED)] if one is not None]
    for _ in range(MOST_TERMS):
        longer = Pool(SUMS, pool.max_nodes)
        for candidate in group:
            for expr in islice(added_inputs(candidate, points, basis), SUMS):
                longer.offer(expr, points, "grown")
        group = [one for same in longer.by_nodes.values() for one in same]
        for expr in chain.from_iterable(parted(one, MOST_TERMS - 1) for one in group):
            if time.process_time() > deadline:
                return
            pool.offer(expr, points, "grown")


def _expand(
    pool: Pool, points: Points, deadline: float, basis: BasisFunctions, extended: int
) -> bool:
    """Whether the deadline was not reached."""
    for _ in range(extended):
        candidate = pool.next()
        if candidate is None:
            break
        if time.process_time() > deadline:
            return False
        for expr in _next_forms(candidate, points, basis):
            pool.offer(expr, points, "grown")
    return True


def _next_forms(candidate: Candidate, points: Points, basis: BasisFunctions) -> list[Expr]:
    """Forms that a candidate leads to."""
    steps = additions(candidate, points, TRIES, basis)
    steps += [normal(phased(step, basis.phases)) for step in steps if basis.phases]
    if basis.saturating:
        steps += saturated(candidate) + parted(candidate)
    return steps + removals(candidate, points, REMOVALS)
