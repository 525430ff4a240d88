"""Formula text: parsed without executing it, evaluated, and measured by its nodes.

A formula is text in named descriptors, for example ``0.26 + 8.4*sin(phi) + 4.2*sin(theta)``:
lengths in nm, angles in rad, q without a unit.
"""

import ast
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import DataError
from mechanist.formula.tape import compile_tape
from mechanist.settings.names import FUNCTIONS

Expr = Any
"""A sympy expression: sympy has no type hints, and is imported only when needed."""

MAX_TEXT = 20_000
MAX_EXPONENT = 16


def parse(text: str) -> Expr:
    """Read formula text as a sympy expression; nothing in the text is ever executed.

    Numbers, names, ``+ - * / **``, signs and calls of `FUNCTIONS` are allowed, and exponents must
    be numbers of at most `MAX_EXPONENT`. Numbers are evaluated as floats, never exactly, so that no
    short text can produce a huge one.

    Raises
    ------
    DataError
        If the text contains anything else or has no finite real value.
    """
    import sympy

    if len(text) > MAX_TEXT:
        raise DataError("formula", f"longer than {MAX_TEXT} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval")
        expr = _read(tree.body)
    except (SyntaxError, RecursionError, ValueError, TypeError, MemoryError, ArithmeticError):
        raise DataError("formula", f"cannot read {text[:80]!r}; it is not a formula") from None
    if expr.has(sympy.zoo, sympy.nan, sympy.oo, -sympy.oo, sympy.I):
        raise DataError("formula", f"{text[:80]!r} has no finite real value")
    return expr


def _read(node: ast.expr) -> Expr:
    """One node of Python's syntax tree as a sympy expression."""
    import sympy

    match node:
        case ast.Constant(value=bool() | complex() | str() | bytes() | None):
            raise DataError("formula", f"{node.value!r} is not a real number")
        case ast.Constant(value=int() as value):
            return sympy.Integer(value)
        case ast.Constant(value=float() as value):
            if not math.isfinite(value):
                raise DataError("formula", "a number is too large")
            return sympy.Float(value)
        case ast.Name(id=name):
            return symbol(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_read(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _read(operand)
        case ast.BinOp(left=left, op=operation, right=right):
            return _combine(operation, _read(left), _read(right))
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in FUNCTIONS:
            inner = _read(argument)
            if inner.is_number:
                return sympy.Float(getattr(math, name)(float(inner)))
            return getattr(sympy, name)(inner)
    raise DataError(
        "formula",
        f"{ast.unparse(node)[:80]!r} is not allowed; use numbers, names, + - * / ** and "
        + ", ".join(FUNCTIONS),
    )


def _combine(operation: ast.operator, left: Expr, right: Expr) -> Expr:
    import sympy

    match operation:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div():
            return left / right
        case ast.Pow():
            if not right.is_number or not right.is_real or abs(right) > MAX_EXPONENT:
                raise DataError(
                    "formula", f"an exponent must be a number of at most {MAX_EXPONENT} in size"
                )
            if left.is_number:
                return sympy.Float(float(left) ** float(right))
            # 2.0 and 0.5 become an integer and a square root.
            twice = 2 * float(right)
            return left ** (sympy.Rational(int(twice), 2) if twice.is_integer() else right)
    raise DataError("formula", "the only operations are + - * / **")


def symbol(name: str) -> Expr:
    """The sympy symbol of a descriptor."""
    import sympy

    return sympy.Symbol(name, real=True)


def evaluate(formula: str | Expr, values: Mapping[str, Array]) -> Array:
    """Evaluate a formula.

    Parameters
    ----------
    formula
        Text or sympy expression.
    values
        For each descriptor (F,) in nm or rad.

    Returns
    -------
    ndarray
        (F,).

    Raises
    ------
    DataError
        If a descriptor of the formula is not among ``values``.
    """
    expr = parse(formula) if isinstance(formula, str) else formula
    names = inputs(expr)
    missing = [name for name in names if name not in values]
    if missing:
        raise DataError("formula", f"descriptor {missing[0]!r} is missing")
    frames = len(next(iter(values.values()))) if values else 1
    columns = np.empty((frames, len(names)), order="F")
    for i, name in enumerate(names):
        columns[:, i] = values[name]
    return compile_tape(expr, [symbol(name) for name in names]).value(columns)


def inputs(expr: Expr) -> tuple[str, ...]:
    """Names of the descriptors in an expression, in alphabetical order."""
    return tuple(sorted(s.name for s in expr.free_symbols))


def nodes(expr: Expr) -> int:
    """Complexity: number of constants, inputs, operations and functions.

    A descriptor is one node, and so is its bare sine or cosine; each number with its sign is one
    node; a sum or product of n parts adds n - 1 operations; a division is one operation; a bare
    minus sign is part of a subtraction and adds nothing; ``x**2`` is three (base, operation,
    exponent); a function is one beside its argument. So ``0.26 + 8.4*sin(phi)`` has five.
    """
    if expr.is_number or expr.is_Symbol:
        return 1
    if expr.is_Add:
        return sum(nodes(part) for part in expr.args) + len(expr.args) - 1
    if expr.is_Mul:
        return _product_nodes(expr)
    if expr.is_Pow:
        base, exponent = expr.args
        if exponent.is_negative:
            return 2 + nodes(base**-exponent)
        return nodes(base) + (1 if float(exponent) == 0.5 else 2)
    argument = expr.args[0]
    if argument.is_Symbol and type(expr).__name__ in ("sin", "cos"):
        return 1
    return 1 + nodes(argument)


def _product_nodes(expr: Expr) -> int:
    above, below = split_product(expr)
    parts = [part for part in above if part != -1] or ([above[0]] if not below else [1])
    count = sum(1 if part == 1 else nodes(part) for part in parts)
    return count + sum(nodes(part) for part in below) + len(parts) + len(below) - 1


def split_product(expr: Expr) -> tuple[list[Expr], list[Expr]]:
    """Factors of a product above and below its fraction bar, the number first."""
    above: list[Expr] = []
    below: list[Expr] = []
    for factor in expr.args:
        if factor.is_Pow and factor.args[1].is_negative:
            below.append(factor.args[0] ** -factor.args[1])
        else:
            above.append(factor)
    return above, below
