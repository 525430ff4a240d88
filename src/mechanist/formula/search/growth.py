"""Formulas grown and pruned one constant at a time, by the likelihood that each step gains.

Every constant c of a formula may come to depend on an input, c -> c + d*x. For the constant term
that adds a linear term, for a coefficient a product of two inputs, and so on. Rao's score test
estimates the gain of each such step without a fit (Rao, Proc. Camb. Phil. Soc. 44, 50 (1948)):

    gain = U^2 / (2 V),   U = -g.z,   V = z.Wz - z.WJ (J.WJ)^-1 J.Wz,   first step d = U / V

Products of two inputs are scored in the same way, and so are functions of inputs where they are
allowed (`mechanist.formula.search.basis`). Constants that contribute little by Wald's test,
c^2 / var(c), are removed again. The best few formulas of each length go on, so that the Pareto
front is dense where formulas are short; no random number enters.

====== ======================================= ==============
symbol meaning                                 variable
====== ======================================= ==============
J      derivatives (N, K) of q by constants    ``jacobian``
g      slope (N,) of the loss by q             ``slope``
W      curvature (N,) of the loss by q         ``weight``
z      J_c x, derivative (N,) of q by d        ``left * right``
U      score of the step                       ``score``
V      its variance given the other constants  ``left_over``
====== ======================================= ==============
"""

import time
from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array
from mechanist.bookkeeping.journal import Log
from mechanist.formula.expression import Expr, nodes
from mechanist.formula.fit.candidate import Candidate, Points, fitted
from mechanist.formula.fit.likelihood import curvature, information
from mechanist.formula.search.basis import BasisFunctions
from mechanist.formula.structure import Structure, column_symbols, normal, structure

TRIES = 16
"""Additions tried for each formula."""
PAIRS = 4
"""Products of two inputs tried for each formula; also how many functions of inputs are tried as
factors of its constants, and how many as further terms, alone or times an input."""
SETTLED = 1e-6
"""Nats per outcome to which the search fits; formulas differ by a hundred times as much."""
REMOVALS = 3
"""Removals tried for each formula."""


def additions(
    candidate: Candidate, points: Points, count: int, basis: BasisFunctions | None = None
) -> list[Expr]:
    """The steps with the largest estimated gain of likelihood, in normal form.

    These are the ``count`` best of c -> c + d*x, and the `PAIRS` best of q -> q + d*x*y, without
    which two inputs that matter only together would never be found. With functions f of inputs they
    are also the `PAIRS` best of c -> c + d*f, and of q -> q + d*f and q -> q + d*x*f.
    """
    import sympy

    form, x = candidate.structure, points.columns
    q, jacobian = form.tape.jacobian(x, candidate.constants)
    slope, weight = curvature(q, points.outcomes)
    score = Score(jacobian, slope, weight)
    symbols, whole = column_symbols(x.shape[1]), candidate.expr

    def extended(k: int, step: float, function: Expr) -> Expr:
        number = sympy.Float(float(candidate.constants[k])) + sympy.Float(step) * function
        return normal(_filled(form, candidate.constants, k, number))

    result = [extended(k, step, symbols[p]) for k, p, step in score.best(jacobian, x, count)]
    for i, j, step in score.best(x, x, PAIRS, symmetric=True):
        result.append(normal(whole + sympy.Float(step) * symbols[i] * symbols[j]))
    if basis is None or not basis.exprs:
        return result
    within = set().union(*(f.free_symbols for f in form.expr.atoms(sympy.Function)))
    # Functions are not nested.
    bare = [k for k, constant in enumerate(form.constants) if constant not in within]
    for k, s, step in score.best(jacobian[:, bare], basis.values, PAIRS):
        result.append(extended(bare[k], step, basis.exprs[s]))
    factors = (sympy.Integer(1), *symbols)
    for i, s, step in score.best(np.column_stack([np.ones(len(x)), x]), basis.values, PAIRS):
        result.append(normal(whole + sympy.Float(step) * factors[i] * basis.exprs[s]))
    return result


@dataclass(frozen=True)
class Score:
    """Rao's score test at a fitted formula.

    Parameters
    ----------
    jacobian
        (N, K) derivatives of q by the constants.
    slope, weight
        (N,) slope and curvature of the loss by q.
    """

    jacobian: Array
    slope: Array
    weight: Array

    def best(
        self, left: Array, right: Array, count: int, *, symmetric: bool = False
    ) -> list[tuple[int, int, float]]:
        """The ``count`` products of a column of ``left`` and one of ``right`` that gain most.

        Returns
        -------
        list of (int, int, float)
            The two columns, and the first step d of the coefficient of their product.
        """
        score = -(left * self.slope[:, None]).T @ right
        own = (left * left * self.weight[:, None]).T @ (right * right)
        weighted = self.jacobian * self.weight[:, None]
        cross = np.empty((*score.shape, weighted.shape[1]))
        for k, w in enumerate(weighted.T):
            cross[:, :, k] = (left * w[:, None]).T @ right
        inverse = np.linalg.pinv(self.jacobian.T @ weighted, hermitian=True)
        left_over = own - np.einsum("abl,lm,abm->ab", cross, inverse, cross)
        usable = left_over > 1e-6 * own + 1e-12
        if symmetric:
            usable &= np.triu(np.ones(usable.shape, dtype=np.bool_))
        gain = np.where(usable, score**2 / np.where(usable, left_over, 1.0), 0.0)
        order = np.argsort(-gain, axis=None, kind="stable")[:count]
        places = [divmod(int(flat), right.shape[1]) for flat in order]
        return [(a, b, float(score[a, b] / left_over[a, b])) for a, b in places if gain[a, b] > 0]


def removals(candidate: Candidate, points: Points, count: int) -> list[Expr]:
    """The formula without one constant, for the ``count`` constants of least Wald statistic."""
    import sympy

    tape, constants = candidate.structure.tape, candidate.constants
    hessian = information(tape, points.columns, constants, points.outcomes)
    variance = np.diag(np.linalg.pinv(hessian, hermitian=True))
    wald = constants**2 / np.maximum(variance, 1e-100)
    result = []
    for k in np.argsort(wald, kind="stable")[:count]:
        expr = _filled(candidate.structure, constants, int(k), sympy.Integer(0))
        if expr.free_symbols and not expr.has(sympy.zoo, sympy.nan, sympy.oo):
            result.append(normal(expr))
    return result


def shortened(expr: Expr, points: Points, max_nodes: int) -> Expr:
    """An expression without its least significant constants, until it has ``max_nodes`` nodes."""
    import sympy

    while nodes(expr) > max_nodes:
        candidate = fitted(expr, points, "", SETTLED)
        shorter = [] if candidate is None else removals(candidate, points, len(candidate.constants))
        # Not every constant can go alone: one in a denominator cannot be zero.
        expr = next((e for e in shorter if nodes(e) < nodes(expr)), sympy.Integer(1))
    return expr


def _filled(form: Structure, constants: Array, k: int, value: Expr) -> Expr:
    """The expression with numbers for all constants and ``value`` for constant ``k``."""
    import sympy

    pairs = {c: sympy.Float(float(v)) for c, v in zip(form.constants, constants, strict=True)}
    pairs[form.constants[k]] = value
    return form.expr.xreplace(pairs)


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
            return
        same = self.by_nodes.setdefault(candidate.nodes, [])
        same.append(candidate)
        same.sort(key=lambda c: c.loss)
        del same[self.width :]

    def next(self) -> Candidate | None:
        """The shortest candidate that was not yet expanded; None if there is none."""
        for length in sorted(self.by_nodes):
            for candidate in self.by_nodes[length]:
                if candidate.structure.key not in self.expanded:
                    self.expanded.add(candidate.structure.key)
                    return candidate
        return None


def grow(
    pool: Pool, points: Points, deadline: float, log: Log, basis: BasisFunctions | None = None
) -> None:
    """Expand the pool until no new form arises.

    Parameters
    ----------
    pool
        Where to start; holds the result. A constant and the product with an input are added.
    points
        What to fit to.
    deadline
        On `time.monotonic`; growth ends there even if some candidates are not yet expanded.
    log
        Takes one line of progress.
    basis
        Functions of the inputs that may be added.
    """
    import sympy

    begun = time.monotonic()
    pool.offer(sympy.Float(0.5), points, "grown")
    for x in (*column_symbols(points.columns.shape[1]), *(basis.exprs if basis else ())):
        pool.offer(sympy.Float(0.5) * x, points, "grown")
    while (candidate := pool.next()) is not None:
        if time.monotonic() > deadline:
            log("growth stopped at the limit formula.seconds; the Pareto front may be incomplete")
            break
        for expr in additions(candidate, points, TRIES, basis):
            pool.offer(expr, points, "grown")
        for expr in removals(candidate, points, REMOVALS):
            pool.offer(expr, points, "grown")
    log(f"growth: {pool.fits} fits, {pool.failed} failed, {time.monotonic() - begun:.0f} s")
