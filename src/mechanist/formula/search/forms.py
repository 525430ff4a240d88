"""Forms that a step-by-step search would not reach, fitted as a whole.

- Two channels. With rates exp(l_i(x)) to B by two exits and exp(l_0(x)) to A, p_B/(1 - p_B) is the
  ratio of the sum of the rates to B and the rate to A, so that

      q = ln[exp(l_1) + exp(l_2)] - l_0,

  a smooth maximum: the channel of larger rate decides. With two exits to A it is a smooth minimum,
  -ln[exp(l_1) + exp(l_2)] + l_0. Each l is linear; l_0 and further inputs of l_1 and l_2 are added
  by growth.
- Saturation, q = a tanh(l/a), where q tends to a constant towards both states. l is a formula that
  growth has found.
- The same of some of the terms of a sum, beside the others: q = a tanh((l_1 + l_2)/a) + l_3, and
  q = ln[exp(l_1) + exp(l_2)] + l_3 where each l is a term. Growth finds the sum first, since each
  of its terms gains alone; from there no step of one constant leads to these.
- A phase, b sin(phi) + d cos(phi) = a cos(phi + c), which is shorter.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np

from mechanist.formula.expression import Expr
from mechanist.formula.fit.candidate import Candidate, Points
from mechanist.formula.search.basis import BasisFunctions
from mechanist.formula.structure import column_symbols, normal

STEEP = 2.0
"""First slope of a channel in units of the inverse standard deviation of its input."""
PAIRED = 16
"""Columns whose pairs are tried as channels, the most relevant ones."""
WRAPPED = 9
"""Nodes of the longest formula that is saturated."""
MOST_TERMS = 4
"""Terms of the longest sum of which some are taken together."""
LEVEL = 1.1
"""First guess of the weight of the second of two channels; 1 would be no constant."""
PLATEAU = 3.0
"""First guess of the q at which a formula saturates."""


def channels(points: Points, basis: BasisFunctions) -> Iterator[Expr]:
    """Smooth maxima and minima of every two of the most relevant inputs."""
    import sympy

    symbols = column_symbols(points.columns.shape[1])
    mean, spread = points.columns.mean(axis=0), points.columns.std(axis=0)
    varied = [i for i in basis.linear if spread[i] > 0][:PAIRED]
    # The slope of p_B tells the sign of a channel's slope.
    share = np.asarray(points.outcomes.n_b / points.outcomes.counts)
    for i, j in combinations(varied, 2):
        for sign in (1, -1):
            terms = []
            for k in (i, j):
                up = np.corrcoef(points.columns[:, k], share)[0, 1] >= 0
                slope = STEEP / spread[k] * (1 if up else -1) * sign
                height = sympy.Float(math.exp(-slope * mean[k]))
                terms.append(height * sympy.exp(sympy.Float(slope) * symbols[k]))
            yield normal(sympy.Float(-0.1 * sign) + sign * sympy.log(sympy.Add(*terms)))


def saturated(candidate: Candidate) -> list[Expr]:
    """A tanh(q/a) of a short formula without such functions; none of others."""
    import sympy

    expr = candidate.expr
    if not candidate.columns or candidate.nodes > WRAPPED or expr.has(sympy.tanh, sympy.log):
        return []
    return [normal(sympy.Float(PLATEAU) * sympy.tanh(expr / PLATEAU))]


def parted(candidate: Candidate, most: int = 1) -> list[Expr]:
    """Sums of which some terms saturate together, or are two channels; none of other formulas.

    Of two channels one has a single term, the other up to ``most``.
    """
    import sympy

    expr = candidate.expr
    if not expr.is_Add or expr.has(sympy.tanh, sympy.log, sympy.exp):
        return []
    terms = [term for term in expr.args if term.free_symbols]
    if not 2 <= len(terms) <= MOST_TERMS:
        return []
    found = []
    for count in range(2, len(terms)):
        for some in combinations(terms, count):
            inner = sympy.Add(*some)
            # The constant moves the plateaus apart from the other terms.
            bent = PLATEAU * sympy.tanh((inner + sympy.Float(0.1)) / PLATEAU)
            found.append(normal(expr - inner + bent))
    for one, two in _two_groups(terms, most):
        for sign in (1, -1):
            # Where both are near each other a smooth maximum has half of each slope.
            both = sympy.exp(2 * sign * one) + LEVEL * sympy.exp(2 * sign * two)
            found.append(normal(expr - one - two + sign * sympy.log(both)))
    return found


def _two_groups(terms: Sequence[Expr], most: int) -> Iterator[tuple[Expr, Expr]]:
    """A term, and the sum of up to ``most`` others; every pair of such once."""
    import sympy

    yield from combinations(terms, 2)
    for one in terms:
        others = [term for term in terms if term is not one]
        for count in range(2, most + 1):
            yield from ((one, sympy.Add(*some)) for some in combinations(others, count))


def phased(expr: Expr, pairs: Mapping[Expr, tuple[Expr, Expr]]) -> Expr:
    """An expression with a cos(phi + c) for every b sin(phi) + d cos(phi) in it.

    Parameters
    ----------
    expr
        In x0, x1, ...
    pairs
        For the symbol of each angle those of its sine and cosine.
    """
    import sympy

    if not expr.args:
        return expr
    expr = expr.func(*[phased(part, pairs) for part in expr.args])
    if not expr.is_Add:
        return expr
    for angle, (sine, cosine) in pairs.items():
        terms = {}
        for term in expr.args:
            number, rest = term.as_coeff_Mul()
            if rest in (sine, cosine):
                terms[rest] = (float(number), term)
        if len(terms) == 2:
            (b, first), (d, second) = terms[sine], terms[cosine]
            wave = sympy.cos(angle + sympy.Float(math.atan2(-b, d)))
            expr = expr - first - second + sympy.Float(math.hypot(b, d)) * wave
            if not expr.is_Add:
                return expr
    return expr
