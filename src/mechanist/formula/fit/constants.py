"""Constants of a finished formula: intervals, rounding, names and units.

Intervals are c +- t s with s from the covariance clustered by chain and t the 97.5 % quantile of
Student's distribution with G - 1 degrees of freedom for G chains (Cameron and Miller, J. Hum.
Resour. 50, 317 (2015)), since few chains underestimate the spread.

Constants are rounded in turn, those of largest possible cost first. Near the best fit the loss
rises by (1/2) d.H d for changes d of the constants, H being the Fisher information. If rounding
changes constant k by d_k, those not yet rounded, f, move to the minimum of this,
d_f = -H_ff^-1 H_fk d_k, so that errors of rounding do not accumulate.
"""

import math
import re
from collections.abc import Mapping, Sequence

import numpy as np

from mechanist.arrays import Array
from mechanist.formula.expression import Expr, inputs, parse, symbol
from mechanist.formula.fit.candidate import Candidate, Points
from mechanist.formula.fit.likelihood import covariance, information, loss
from mechanist.formula.fit.units import constant_units
from mechanist.formula.result import Constant
from mechanist.formula.structure import Structure, column_owners, column_symbols, in_columns
from mechanist.formula.typeset import text

ROUNDING_LOSS = 1e-5
"""Nats per outcome that rounding may cost."""
LETTERS = ("c", "k", "constant_of_formula_")
"""Constants are named after the first of these that no descriptor's name begins with."""


def intervals(candidate: Candidate, points: Points) -> tuple[Array, Array]:
    """Standard errors (K,) and half-widths (K,) of 95 % intervals, clustered by chain."""
    from scipy.special import stdtrit

    spread = covariance(
        candidate.structure.tape, points.columns, candidate.constants, points.outcomes
    )
    errors = np.sqrt(np.maximum(np.diag(spread), 0))
    chains = len(np.unique(points.outcomes.chain))
    freedom = chains - 1 if chains > 1 else max(len(points.outcomes) - 1, 1)
    return errors, np.asarray(errors * stdtrit(freedom, 0.975))


def rounded(candidate: Candidate, errors: Array, points: Points) -> Array:
    """Constants (K,) with the digits that their errors support and the likelihood needs.

    Each has the digits down to the first of its standard error, and at least one of its own. More
    digits are added until rounding costs less than `ROUNDING_LOSS`.
    """
    tape = candidate.structure.tape
    exact = loss(tape.value(points.columns, candidate.constants), points.outcomes)
    curvature = information(tape, points.columns, candidate.constants, points.outcomes)
    for extra in range(12):
        values = _rounded_in_turn(candidate.constants, errors, curvature, extra)
        if loss(tape.value(points.columns, values), points.outcomes) - exact < ROUNDING_LOSS:
            return values
    return candidate.constants


def _rounded_in_turn(constants: Array, errors: Array, curvature: Array, extra: int) -> Array:
    values = constants.copy()
    # The costliest goes first, while most others can still compensate for it.
    steps = [10.0 ** -_digits(v, e, extra) for v, e in zip(constants, errors, strict=True)]
    free = list(np.argsort(-np.diag(curvature) * np.square(steps), kind="stable"))
    while free:
        first = free.pop(0)
        digits = _digits(constants[first], errors[first], extra)
        shift = round(float(values[first]), digits) - values[first]
        values[first] = round(float(values[first]), digits)
        if free:
            inner = np.linalg.pinv(curvature[np.ix_(free, free)], hermitian=True)
            values[free] -= inner @ curvature[free, first] * shift
    return values


def _digits(value: float, error: float, extra: int) -> int:
    """Decimals to keep."""
    own = -math.floor(math.log10(abs(value))) if value else 0
    needed = -math.floor(math.log10(error)) if 0 < error < math.inf else own + 5
    return max(own, needed) + extra


def template(form: Structure, columns: Sequence[str]) -> tuple[str, list[int]]:
    """The text with c0, c1, ... for constants, counted from left to right.

    Returns
    -------
    str, list of int
        The text, and for each name the index of its constant in ``form.constants``.
    """
    # Distinct numbers in place of the constants keep terms in the order of the final text.
    marks = [1000.5 + i for i in range(len(form.constants))]
    filled = in_columns(form.fill(marks), columns)
    found = [float(m) for m in re.findall(r"\b\d{4,}\.5\b", text(filled, _order(columns)))]
    places = [marks.index(mark) for mark in dict.fromkeys(found)]
    taken = {name for column in columns for name in inputs(parse(column))}
    letter = next(s for s in LETTERS if not any(name.startswith(s) for name in taken))
    names = {marks[place]: f"{letter}{i}" for i, place in enumerate(places)}
    return text(filled, _order(columns), names), places


def _order(columns: Sequence[str]) -> tuple[str, ...]:
    """Descriptors in the order of their columns."""
    return tuple(dict.fromkeys(column_owners(columns)))


def describe(
    form: Structure,
    values: Array,
    half_widths: Array,
    fitted: Array,
    columns: Sequence[str],
    units: Mapping[str, str],
) -> tuple[str, tuple[Constant, ...]]:
    """Template of a formula and its constants in the order of the text.

    Parameters
    ----------
    form
        The formula's form.
    values, half_widths, fitted
        (K,) rounded constants, half-widths of their intervals and constants before rounding.
    columns
        Texts of the inputs.
    units
        Unit of each descriptor that is known.
    """
    written, places = template(form, columns)
    unit = _units(form, columns, units)
    names = _names(written, len(places), _order(columns))
    constants = [
        Constant(
            name=names[i],
            value=float(values[k]),
            low=float(fitted[k] - half_widths[k]),
            high=float(fitted[k] + half_widths[k]),
            unit=unit[k],
        )
        for i, k in enumerate(places)
    ]
    return written, tuple(constants)


def _units(form: Structure, columns: Sequence[str], units: Mapping[str, str]) -> list[str | None]:
    """Unit of each constant; a sine or cosine has none, a bare descriptor has its own."""
    known: dict[Expr, str] = {}
    for x, column in zip(column_symbols(len(columns)), columns, strict=True):
        unit = "1" if "(" in column else units.get(column)
        if x in form.expr.free_symbols and unit is None:
            return [None] * len(form.constants)
        known[x] = unit or "1"
    return constant_units(form.expr, form.constants, known)


def _names(template_text: str, count: int, relevance: tuple[str, ...]) -> list[str]:
    """Role of each constant of a template, in words."""
    import sympy

    whole = parse(template_text)
    symbols = _constant_symbols(template_text, count)
    # As in `template`: numbers in place of the constants keep the order of terms.
    marks = {own: sympy.Float(1000.5 + i) for i, own in enumerate(symbols)}
    numbers = {float(mark): own.name for own, mark in marks.items()}
    result = []
    for own in symbols:
        term = next(t for t in sympy.Add.make_args(whole) if own in t.free_symbols)
        rest = term / own
        if term == own:
            result.append("constant term")
        elif rest.free_symbols.isdisjoint(symbols):
            result.append(f"factor of {text(rest, relevance)}")
        else:
            result.append(f"{own} in {text(term.xreplace(marks), relevance, numbers)}")
    return result


def _constant_symbols(template_text: str, count: int) -> list[Expr]:
    letter = next(s for s in LETTERS if re.search(rf"\b{s}0\b", template_text) or not count)
    return [symbol(f"{letter}{i}") for i in range(count)]
