"""Functions of the inputs, which growth may add beside the inputs themselves.

exp and tanh enter with a scale of their own, exp(k x) and tanh(k x + b), so that their argument has
no unit; the fit then adjusts k and b. Fractions and logarithms need none. An angle phi enters as a
wave cos(n phi + c) with n = 1, 2, 3.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
FOLDS = (1, 2, 3)
"""n of a wave cos(n phi + c)."""


@dataclass(frozen=True)
class BasisFunctions:
    """Functions of the inputs.

    Parameters
    ----------
    exprs
        S functions of x0, x1, ...
    values
        (N, S) at the points.
    linear
        Columns that may stand outside functions: all but angles.
    waves
        W arguments n*phi of waves.
    turns
        (N, W) values of these arguments.
    phases
        For the symbol of each angle those of its sine and cosine.
    """

    exprs: tuple[Expr, ...]
    values: Array
    linear: tuple[int, ...]
    waves: tuple[Expr, ...] = ()
    turns: Array = field(default_factory=lambda: np.empty((0, 0)))
    phases: Mapping[Expr, tuple[Expr, Expr]] = field(default_factory=dict)

    @property
    def saturating(self) -> bool:
        """Whether tanh is among the functions."""
        return any(type(expr).__name__ == "tanh" for expr in self.exprs)

    def within(self, symbols: Collection[Expr], columns: int) -> "BasisFunctions":
        """Those that are functions of some ``symbols`` alone, of ``columns`` inputs."""
        every = column_symbols(columns)
        kept = [k for k, e in enumerate(self.exprs) if e.free_symbols <= set(symbols)]
        turning = [k for k, e in enumerate(self.waves) if e.free_symbols <= set(symbols)]
        return BasisFunctions(
            tuple(self.exprs[k] for k in kept),
            self.values[:, kept],
            tuple(i for i in self.linear if every[i] in symbols),
            tuple(self.waves[k] for k in turning),
            self.turns[:, turning],
            {x: pair for x, pair in self.phases.items() if x in symbols},
        )

    def seeds(self, columns: int) -> Iterator[Expr]:
        """Formulas with one of ``columns`` inputs or one function."""
        import sympy

        symbols, half = column_symbols(columns), sympy.Float(0.5)
        yield from (half * symbols[i] for i in self.linear)
        yield from (half * expr for expr in self.exprs)
        yield from (half * sympy.cos(turn + half) for turn in self.waves)


def no_functions(inputs: Features) -> BasisFunctions:
    """No functions of inputs (N, P)."""
    return BasisFunctions((), np.empty((len(inputs), 0)), tuple(range(inputs.shape[1])))


def basis_functions(
    inputs: Features, columns: Sequence[str], operators: Sequence[str], *, waves: bool = False
) -> BasisFunctions:
    """Functions of ``inputs`` (N, P) that ``operators`` allow and that are defined on the data.

    A column that is a sine or cosine gets those without a pole alone, exp and tanh. An angle, which
    has columns for its sine and cosine, too, gets nothing but waves, if these are wanted.
    """
    symbols = column_symbols(len(columns))
    angles = angle_columns(columns)
    found: list[Expr] = []
    bare = []
    for i, column in enumerate(columns):
        if i in angles:
            continue
        trigonometric = not parse(column).is_Symbol
        allowed = [o for o in operators if not trigonometric or o in ("exp", "tanh")]
        found += _of_one(symbols[i], inputs[:, i], allowed)
        if not trigonometric:
            bare.append(i)
    if {"log", "div"} <= set(operators):
        import sympy

        positive = [symbols[i] for i in bare if _away_from_zero(inputs[:, i], signed=True)]
        found += [sympy.log(a / b) for a, b in combinations(positive, 2)]
    values = [compile_tape(expr, symbols).value(inputs) for expr in found]
    places = [(n, i) for i in angles for n in FOLDS] if waves else []
    turns = [n * inputs[:, i] for n, i in places]
    return BasisFunctions(
        tuple(found),
        np.array(values).reshape(len(found), len(inputs)).T,
        tuple(i for i in range(len(columns)) if i not in angles),
        tuple(n * symbols[i] for n, i in places),
        np.array(turns).reshape(len(places), len(inputs)).T,
        _phases(columns, angles) if waves else {},
    )


def _phases(columns: Sequence[str], angles: Sequence[int]) -> dict[Expr, tuple[Expr, Expr]]:
    symbols = column_symbols(len(columns))
    places = {
        i: (columns.index(f"sin({columns[i]})"), columns.index(f"cos({columns[i]})"))
        for i in angles
    }
    return {symbols[i]: (symbols[s], symbols[c]) for i, (s, c) in places.items()}


def angle_columns(columns: Sequence[str]) -> tuple[int, ...]:
    """Columns that are an angle itself beside those that are its sine and cosine."""
    return tuple(i for i, column in enumerate(columns) if f"sin({column})" in columns)


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
