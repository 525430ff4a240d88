"""Structure of a formula: its form with free constants in place of numbers, without redundancy.

A search may write 2*(0.5*x0 + 3) + 0.1*x0 for 1.1*x0 + 6. Redundant constants cannot be fitted, so
each formula is brought to a normal form first: like terms merged, factors that are sums scaled to a
leading coefficient of one, and common factors pulled out where that shortens it. Inputs are x0, x1,
... here, one for each column of the data.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from mechanist.arrays import Array
from mechanist.formula.expression import Expr, inputs, nodes, parse
from mechanist.formula.tape import Tape, compile_tape


def column_symbols(count: int) -> tuple[Expr, ...]:
    """Symbols x0, x1, ... of the columns."""
    import sympy

    return tuple(sympy.Symbol(f"x{i}", real=True) for i in range(count))


def column_owners(columns: Sequence[str]) -> tuple[str, ...]:
    """Name of the descriptor in the text of each column, such as phi of ``sin(phi)``."""
    return tuple(inputs(parse(column))[0] for column in columns)


def in_columns(expr: Expr, columns: Sequence[str]) -> Expr:
    """An expression in x0, x1, ... with the columns' own texts for them."""
    texts = zip(column_symbols(len(columns)), columns, strict=True)
    return expr.xreplace({x: parse(column) for x, column in texts})


@dataclass(frozen=True)
class Structure:
    """An expression with symbols ``constants`` in place of its numbers.

    Parameters
    ----------
    expr
        In the symbols of `column_symbols` and ``constants``.
    constants
        Symbols of the free constants.
    columns
        Number of columns of the data.
    """

    expr: Expr
    constants: tuple[Expr, ...]
    columns: int

    @cached_property
    def nodes(self) -> int:
        """Complexity, see `mechanist.formula.expression.nodes`."""
        return nodes(self.expr)

    @cached_property
    def tape(self) -> Tape:
        """For values and derivatives."""
        return compile_tape(self.expr, column_symbols(self.columns), self.constants)

    @cached_property
    def key(self) -> Expr:
        """The same for structures that differ only in the names of constants."""
        import sympy

        blank = sympy.Symbol("c")
        return self.expr.xreplace({c: blank for c in self.constants})

    @cached_property
    def phases(self) -> tuple[int, ...]:
        """Places of the constants that are added within a sine or cosine, defined modulo 2 pi."""
        import sympy

        waves = self.expr.atoms(sympy.sin, sympy.cos)
        terms = {term for wave in waves for term in sympy.Add.make_args(wave.args[0])}
        return tuple(i for i, constant in enumerate(self.constants) if constant in terms)

    def fill(self, values: Sequence[float] | Array) -> Expr:
        """The expression with numbers for the constants."""
        import sympy

        pairs = zip(self.constants, values, strict=True)
        return self.expr.xreplace({c: sympy.Float(float(v)) for c, v in pairs})


def structure(expr: Expr, columns: int) -> tuple[Structure, list[float]]:
    """Replace numbers by constants; also return the numbers.

    Signs, exponents and whole numbers in a sine or cosine, without which it would not be periodic,
    are none.
    """
    import sympy

    constants: list[Expr] = []
    start: list[float] = []

    def walk(part: Expr, *, angle: bool = False) -> Expr:
        if part.is_Number:
            if abs(part) == 1 or (angle and part.is_Integer):
                return part
            constants.append(sympy.Symbol(f"c{len(constants)}", real=True))
            start.append(float(part))
            return constants[-1]
        if not part.args:
            return part
        if part.is_Pow:
            return part.func(walk(part.args[0]), part.args[1])
        angle = angle or isinstance(part, sympy.sin | sympy.cos)
        return part.func(*[walk(argument, angle=angle) for argument in part.args])

    return Structure(walk(expr), tuple(constants), columns), start


def normal(expr: Expr) -> Expr:
    """Normal form: like terms merged, sums as factors scaled, common factors pulled out."""
    return _compact(_scaled(expr))


def _scaled(expr: Expr) -> Expr:
    """Merge like terms and scale sums that are factors, from the leaves up."""
    import sympy

    if not expr.args:
        return expr
    parts = [_scaled(part) for part in expr.args]
    if expr.is_Mul or (expr.is_Pow and parts[1].is_Integer):
        return _scaled_product(expr.func(*parts))
    if isinstance(expr, sympy.exp) and parts[0].is_Add:
        constant, rest = parts[0].as_coeff_Add()
        return sympy.Float(float(sympy.exp(constant))) * sympy.exp(rest)
    if isinstance(expr, sympy.log) and parts[0].is_Add:
        lead, monic = _monic(parts[0])
        if lead > 0 and lead != 1:
            return sympy.Float(math.log(lead)) + expr.func(monic)
    return expr.func(*parts)


def _scaled_product(expr: Expr) -> Expr:
    import sympy

    number, others = expr.as_coeff_Mul()
    plain: list[Expr] = []
    sums: list[Expr] = []
    for factor in sympy.Mul.make_args(others):
        base, exponent = factor.as_base_exp()
        if not (base.is_Add and exponent.is_Integer):
            plain.append(factor)
            continue
        lead, monic = _monic(base)
        number = number * lead**exponent
        (sums if exponent == 1 else plain).append(monic**exponent)
    if len(sums) == 1:
        sums = [sympy.Add(*[number * term for term in sums[0].args])]
        number = sympy.Integer(1)
    return sympy.Mul(number, *plain, *sums)


def _monic(total: Expr) -> tuple[Expr, Expr]:
    """A sum as its leading coefficient and the sum divided by it."""
    import sympy

    pairs = [term.as_coeff_Mul() for term in total.args if not term.is_Number]
    largest = max(abs(coefficient) for coefficient, _ in pairs)
    # The first of the large ones, so that the choice does not depend on the last digit.
    lead = next(coefficient for coefficient, _ in pairs if abs(coefficient) > 0.1 * largest)
    terms = []
    for term in total.args:
        coefficient, rest = term.as_coeff_Mul()
        ratio = coefficient / lead
        terms.append(rest if coefficient == lead else ratio * rest)
    return lead, sympy.Add(*terms)


def _compact(expr: Expr) -> Expr:
    """Pull common factors out of sums where that shortens them."""
    if not expr.args:
        return expr
    expr = expr.func(*[_compact(part) for part in expr.args])
    if not expr.is_Add:
        return expr
    counts: Counter[Expr] = Counter()
    for term in expr.args:
        counts.update({base for base in _bases(term)})
    shared = sorted(
        (base for base in counts if counts[base] > 1),
        key=lambda b: (-counts[b], b.name if b.is_Symbol else str(b)),
    )
    for base in shared:
        inside = [term / base for term in expr.args if base in _bases(term)]
        outside = [term for term in expr.args if base not in _bases(term)]
        grouped = expr.func(*outside, base * _compact(expr.func(*inside)))
        shorter = _compact_outside(grouped, outside)
        if nodes(shorter) < nodes(expr):
            return shorter
    return expr


def _compact_outside(grouped: Expr, outside: list[Expr]) -> Expr:
    """Pull factors out of the terms that the first grouping left."""
    if len(outside) < 2 or not grouped.is_Add:
        return grouped
    rest = grouped.func(*outside)
    return (grouped - rest) + _compact(rest)


def _bases(term: Expr) -> set[Expr]:
    """Factors of a term that may be pulled out: everything with a positive whole exponent."""
    if term.is_Number:
        return set()
    bases = set()
    for factor in term.args if term.is_Mul else (term,):
        base, exponent = factor.as_base_exp()
        if exponent.is_Integer and exponent > 0 and not base.is_Number:
            bases.add(base)
    return bases
