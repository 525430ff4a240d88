"""Steps by which a formula grows, and the likelihood that each would gain.

Every constant c of a formula may come to depend on an input, c -> c + d*x. For the constant term
that adds a linear term, for a coefficient a product of two inputs, and so on. Rao's score test
estimates the gain of each such step without a fit (Rao, Proc. Camb. Phil. Soc. 44, 50 (1948)):

    gain = U^2 / (2 V),   U = -g.z,   V = z.Wz - z.WJ (J.WJ)^-1 J.Wz,   first step d = U / V

Products of two inputs are scored in the same way, and so are functions of inputs
(`mechanist.formula.search.basis`), waves cos(n phi + c) among them. So are inputs within a function
or a denominator, exp(...) -> exp(... + d*x), by the derivative by a constant 0 in that place.

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

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mechanist.arrays import Array
from mechanist.formula.expression import Expr
from mechanist.formula.fit.candidate import Candidate, Points
from mechanist.formula.fit.likelihood import curvature
from mechanist.formula.search.basis import BasisFunctions, no_functions
from mechanist.formula.structure import Structure, column_symbols, normal
from mechanist.formula.tape import compile_tape

PAIRS = 4
"""Products of two inputs tried for each formula; also how many functions of inputs are tried as
factors of its constants, how many as further terms, alone or times an input, and how many inputs
within its functions."""
WAVES = 2
"""Waves tried as factors of the constants of a formula, and how many of two kinds as terms."""


def additions(
    candidate: Candidate, points: Points, count: int, basis: BasisFunctions | None = None
) -> list[Expr]:
    """The steps with the largest estimated gain of likelihood, in normal form.

    These are the ``count`` best of c -> c + d*x, and the `PAIRS` best of q -> q + d*x*y, without
    which two inputs that matter only together would never be found. With functions f of inputs they
    are also the `PAIRS` best of c -> c + d*f, with c -> c/x for their inputs x, and of q -> q + d*f
    and q -> q + d*x*f, the `WAVES` best of c -> c + d*cos(n*phi + e) and of q -> q + x (a +
    b*cos(phi)), and inputs within functions. Functions are not nested.
    """
    basis = no_functions(points.columns) if basis is None else basis
    return list(dict.fromkeys(_steps(candidate, points, count, basis)))


def _steps(
    candidate: Candidate, points: Points, count: int, basis: BasisFunctions
) -> Iterator[Expr]:
    import sympy

    form, whole = candidate.structure, candidate.expr
    q, jacobian = form.tape.jacobian(points.columns, candidate.constants)
    slope, weight = curvature(q, points.outcomes)
    score = Score(jacobian, slope, weight)
    every = column_symbols(points.columns.shape[1])
    symbols, x = [every[i] for i in basis.linear], points.columns[:, list(basis.linear)]

    def extended(k: int, function: Expr) -> Expr:
        number = sympy.Float(float(candidate.constants[k]))
        return normal(filled(form, candidate.constants, k, number + function))

    ones = np.ones((len(x), 1))
    # A phase depends on no input.
    free = [k for k in range(len(form.constants)) if k not in form.phases]
    for k, p, step in score.best(np.hstack([jacobian[:, free], ones]), x, count):
        term = sympy.Float(step) * symbols[p]
        yield extended(free[k], term) if k < len(free) else normal(whole + term)
    for *_, step in score.best(ones, ones, 1):
        yield normal(whole + sympy.Float(step))
    for i, j, step in score.best(x, x, PAIRS, symmetric=True):
        yield normal(whole + sympy.Float(step) * symbols[i] * symbols[j])
    yield from _within(candidate, points, score, symbols, x)
    if not (basis.exprs or basis.waves):
        return
    inside = set().union(*(f.free_symbols for f in form.expr.atoms(sympy.Function)))
    bare = [k for k, constant in enumerate(form.constants) if constant not in inside]
    for k, wave in score.best_waves(jacobian[:, bare], basis, WAVES):
        yield extended(bare[k], wave)
    for _, wave in score.best_waves(ones, basis, WAVES):
        yield normal(whole + wave)
    yield from _lopsided(whole, points, score, basis)
    if not basis.exprs:
        return
    dependent = score.best(jacobian[:, bare], basis.values, PAIRS)
    for k, s, step in dependent:
        yield extended(bare[k], sympy.Float(step) * basis.exprs[s])
    yield from _over(candidate, basis, [(bare[k], basis.exprs[s]) for k, s, _ in dependent])
    factors = (sympy.Integer(1), *symbols)
    for i, s, step in score.best(np.hstack([ones, x]), basis.values, PAIRS):
        yield normal(whole + sympy.Float(step) * factors[i] * basis.exprs[s])


def _lopsided(whole: Expr, points: Points, score: "Score", basis: BasisFunctions) -> Iterator[Expr]:
    """The `WAVES` best of q -> q + x (a + b cos(phi)) with x the sine or cosine of an angle phi.

    With one of its two terms alone such a wave, steeper on one side, may gain little.
    """
    import sympy

    found = []
    for sine, cosine in basis.phases.values():
        for first in (sine, cosine):
            terms = (first, first * cosine)
            columns = [int(x.name[1:]) for x in (first, cosine)]
            x, y = (points.columns[:, i] for i in columns)
            gain, steps = score.together(np.stack([x, x * y], axis=1))
            found.append((gain, terms, steps))
    found.sort(key=lambda one: -one[0])
    for _, terms, steps in found[:WAVES]:
        yield normal(whole + sum(sympy.Float(d) * t for d, t in zip(steps, terms, strict=True)))


def added_inputs(candidate: Candidate, points: Points, basis: BasisFunctions) -> Iterator[Expr]:
    """The steps q -> q + d*x for inputs x, those with the largest estimated gain first."""
    import sympy

    q, jacobian = candidate.structure.tape.jacobian(points.columns, candidate.constants)
    score = Score(jacobian, *curvature(q, points.outcomes))
    every, x = column_symbols(points.columns.shape[1]), points.columns[:, list(basis.linear)]
    for _, i, step in score.best(np.ones((len(x), 1)), x, x.shape[1]):
        yield normal(candidate.expr + sympy.Float(step) * every[basis.linear[i]])


def _over(
    candidate: Candidate, basis: BasisFunctions, dependent: list[tuple[int, Expr]]
) -> Iterator[Expr]:
    """Steps c -> c*m/x for each constant c that depends on some function of an input x of mean m.

    Functions of one input resemble each other, so that 1/x is seldom the best of them; but it
    needs no constant beside it.
    """
    import sympy

    form, fractions = candidate.structure, [e for e in basis.exprs if e.is_Pow and e.exp == -1]
    for k, function in dependent:
        for fraction in fractions:
            if fraction.free_symbols != function.free_symbols:
                continue
            values = basis.values[:, basis.exprs.index(fraction)]
            number = sympy.Float(float(candidate.constants[k] / values.mean()))
            yield normal(filled(form, candidate.constants, k, number * fraction))


def _within(
    candidate: Candidate, points: Points, score: "Score", symbols: list[Expr], x: Array
) -> Iterator[Expr]:
    """The best of f(... + d*x) for functions and denominators f in the formula."""
    import sympy

    places: list[Expr] = []

    def opened(part: Expr) -> Expr:
        if not part.args or not part.free_symbols:
            return part
        inner = [opened(one) for one in part.args]
        if isinstance(part, sympy.exp | sympy.log | sympy.tanh) or (
            part.is_Pow and part.args[1].is_negative
        ):
            places.append(sympy.Symbol(f"open{len(places)}", real=True))
            inner[0] = inner[0] + places[-1]
        return part.func(*inner)

    form = opened(candidate.expr)
    if not places:
        return
    every = column_symbols(points.columns.shape[1])
    tape = compile_tape(form, every, places)
    slopes = tape.jacobian(points.columns, np.zeros(len(places)))[1]
    if not np.isfinite(slopes).all():
        return
    right = np.hstack([np.ones((len(x), 1)), x])
    factors = (sympy.Integer(1), *symbols)
    for k, p, step in score.best(slopes, right, PAIRS):
        zeros = dict.fromkeys(places, sympy.Integer(0))
        yield normal(form.xreplace(zeros | {places[k]: sympy.Float(step) * factors[p]}))


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

    @cached_property
    def _constants(self) -> tuple[Array, Array]:
        """WJ and (J.WJ)^-1 of the constants that are there."""
        weighted = self.jacobian * self.weight[:, None]
        inverse = np.linalg.pinv(self.jacobian.T @ weighted, hermitian=True)
        return weighted, np.asarray(inverse, dtype=np.float64)

    def steps(self, left: Array, right: Array) -> tuple[Array, Array]:
        """Gains (A, B) of products of a column of ``left`` (N, A) and of ``right`` (N, B).

        Also returns the first steps (A, B) of their coefficients; both are 0 for a product that
        is a combination of the derivatives already there.
        """
        score = -(left * self.slope[:, None]).T @ right
        own = (left * left * self.weight[:, None]).T @ (right * right)
        weighted, inverse = self._constants
        cross = np.empty((*score.shape, weighted.shape[1]))
        for k, w in enumerate(weighted.T):
            cross[:, :, k] = (left * w[:, None]).T @ right
        left_over = own - np.einsum("abl,lm,abm->ab", cross, inverse, cross)
        usable = left_over > 1e-6 * own + 1e-12
        step = np.where(usable, score / np.where(usable, left_over, 1.0), 0.0)
        return score * step, step

    def together(self, terms: Array) -> tuple[float, Array]:
        """Gain of terms (N, T) that are added at once, and first steps (T,) of coefficients."""
        weighted, inverse = self._constants
        cross = weighted.T @ terms
        own = (terms * self.weight[:, None]).T @ terms
        score = -terms.T @ self.slope
        steps = np.linalg.pinv(own - cross.T @ inverse @ cross, hermitian=True, rtol=1e-6) @ score
        return float(score @ steps), steps

    def best(
        self, left: Array, right: Array, count: int, *, symmetric: bool = False
    ) -> list[tuple[int, int, float]]:
        """The ``count`` products of a column of ``left`` and one of ``right`` that gain most.

        Returns
        -------
        list of (int, int, float)
            The two columns, and the first step d of the coefficient of their product.
        """
        gain, step = self.steps(left, right)
        if symmetric:
            gain = np.triu(gain)
        order = np.argsort(-gain, axis=None, kind="stable")[:count]
        places = [divmod(int(flat), right.shape[1]) for flat in order]
        return [(a, b, float(step[a, b])) for a, b in places if gain[a, b] > 0]

    def best_waves(self, left: Array, basis: BasisFunctions, count: int) -> list[tuple[int, Expr]]:
        """The ``count`` waves that gain most as additions to a column of ``left``.

        A wave has two constants, a cos(n phi + c) = b sin(n phi) + d cos(n phi), whose gains are
        added as if they were independent.

        Returns
        -------
        list of (int, Expr)
            The column, and the wave with its constants.
        """
        import sympy

        if not basis.waves or not left.shape[1]:
            return []
        (gain_sin, b), (gain_cos, d) = (
            self.steps(left, np.sin(basis.turns)),
            self.steps(left, np.cos(basis.turns)),
        )
        gain = gain_sin + gain_cos
        result = []
        for flat in np.argsort(-gain, axis=None, kind="stable")[:count]:
            k, w = divmod(int(flat), len(basis.waves))
            if gain[k, w] > 0:
                size, shift = math.hypot(b[k, w], d[k, w]), math.atan2(-b[k, w], d[k, w])
                wave = sympy.cos(basis.waves[w] + sympy.Float(shift))
                result.append((k, sympy.Float(size) * wave))
        return result


def filled(form: Structure, constants: Array, k: int, value: Expr) -> Expr:
    """The expression with numbers for all constants and ``value`` for constant ``k``."""
    import sympy

    pairs = {c: sympy.Float(float(v)) for c, v in zip(form.constants, constants, strict=True)}
    pairs[form.constants[k]] = value
    return form.expr.xreplace(pairs)
