"""Basis functions of the inputs, which growth may add beside the inputs themselves.

exp and tanh enter with a scale of their own, exp(k x) and tanh(k x + b), so that their argument has
no unit; the fit then adjusts k and b. Fractions and logarithms need none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from mechanist.arrays import Array, Features
from mechanist.formula.expression import Expr, parse
from mechanist.formula.structure import column_symbols
from mechanist.formula.tape import compile_tape

LEAST_SHARE = 0.05
"""A denominator, and the argument of a logarithm or root, must exceed this share of its median size
everywhere."""
LARGEST_SHIFT = 10.0
"""An input whose mean is more standard deviations than this from 0 gets no exp(k x), which would be
a straight line times exp(-10) or exp(10)."""


@dataclass(frozen=True)
class BasisFunctions:
    """Functions of the inputs.

    Parameters
    ----------
    exprs
        S functions of x0, x1, ...
    values
        (N, S) at the points.
    """

    exprs: tuple[Expr, ...]
    values: Array


def basis_functions(
    inputs: Features, columns: Sequence[str], operators: Sequence[str]
) -> BasisFunctions:
    """Functions of ``inputs`` (N, P) that ``operators`` allow and that are defined on the data.

    Columns that are a sine or cosine get none, since functions are not nested.
    """
    symbols = column_symbols(len(columns))
    bare = [i for i, column in enumerate(columns) if parse(column).is_Symbol]
    found: list[Expr] = []
    for i in bare:
        found += _of_one(symbols[i], inputs[:, i], operators)
    if {"log", "div"} <= set(operators):
        import sympy

        positive = [symbols[i] for i in bare if _away_from_zero(inputs[:, i], signed=True)]
        found += [sympy.log(a / b) for a, b in combinations(positive, 2)]
    values = [compile_tape(expr, symbols).value(inputs) for expr in found]
    return BasisFunctions(tuple(found), np.array(values).reshape(len(found), len(inputs)).T)


def _of_one(x: Expr, values: Array, operators: Sequence[str]) -> Iterator[Expr]:
    import sympy

    mean, spread = float(values.mean()), float(values.std())
    if spread == 0:
        return
    k, positive = sympy.Float(1 / spread), _away_from_zero(values, signed=True)
    if "div" in operators and _away_from_zero(values):
        yield 1 / x
    if "log" in operators and positive:
        yield sympy.log(x)
    if "sqrt" in operators and positive:
        yield sympy.sqrt(x)
    if "exp" in operators and abs(mean) < LARGEST_SHIFT * spread:
        yield from (sympy.exp(k * x), sympy.exp(-k * x))
    if "tanh" in operators:
        yield sympy.tanh(k * x - mean / spread)


def _away_from_zero(values: Array, *, signed: bool = False) -> bool:
    """Whether no value is close to 0 or, if ``signed``, negative."""
    same_sign = values.min() > 0 or (values.max() < 0 and not signed)
    sizes = np.abs(values)
    return bool(same_sign and sizes.min() > LEAST_SHARE * np.median(sizes))
