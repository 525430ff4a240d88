"""Whether two formulas have the same structure: the same terms, whatever their numbers."""

from typing import Any

import sympy

from mechanist.formula.expression import parse

NUMBER = sympy.Symbol("k")


def terms(text: str) -> frozenset[Any]:
    """Terms of a formula, multiplied out, without the numbers that they begin with.

    The constant term is one of them. Numbers inside functions and under fraction bars do not count
    either, but signs in an exponential and all numbers in a sine or cosine do: exp(-x) is no
    exp(x), and sin(2*x) is no sin(x).
    """
    expr = sympy.expand(sympy.expand_log(_real(parse(text)), force=True))
    return frozenset(_shape(term) for term in sympy.Add.make_args(expr) if term != 0)


def _real(expr: Any) -> Any:
    return expr.xreplace({s: sympy.Symbol(s.name, positive=True) for s in expr.free_symbols})


def _shape(expr: Any) -> Any:
    """An expression without factors that are numbers; inside functions they become one symbol."""
    if expr.is_number:
        return sympy.Integer(1)
    if expr.is_Mul:
        return sympy.Mul(*[_shape(part) for part in expr.args if not part.is_number])
    if isinstance(expr, sympy.sin | sympy.cos):
        return expr
    if isinstance(expr, sympy.exp):
        sign = -1 if expr.args[0].could_extract_minus_sign() else 1
        return sympy.exp(sign * _inside(expr.args[0]))
    if expr.is_Pow:
        return _inside(expr.args[0]) ** expr.args[1]
    if expr.is_Function:
        return expr.func(*[_inside(part) for part in expr.args])
    return expr


def _inside(expr: Any) -> Any:
    if expr.is_Add:
        return sympy.Add(*[NUMBER if part.is_number else _shape(part) for part in expr.args])
    return _shape(expr)
