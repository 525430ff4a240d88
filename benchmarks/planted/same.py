"""Whether two formulas have the same structure: the same terms, whatever their numbers."""

from typing import Any

import sympy

from mechanist.formula.expression import parse


def terms(text: str) -> frozenset[Any]:
    """Terms of a formula, multiplied out, without numbers and without the constant term."""
    expr = sympy.expand(sympy.expand_log(_real(parse(text)), force=True))
    shapes = {_shape(term) for term in sympy.Add.make_args(expr)}
    return frozenset(shape for shape in shapes if shape.free_symbols - {NUMBER})


NUMBER = sympy.Symbol("k")


def _real(expr: Any) -> Any:
    return expr.xreplace({s: sympy.Symbol(s.name, positive=True) for s in expr.free_symbols})


def _shape(expr: Any) -> Any:
    """An expression without factors that are numbers; inside functions they become one symbol."""
    if expr.is_Mul:
        return sympy.Mul(*[_shape(part) for part in expr.args if not part.is_Number])
    if expr.is_Function or expr.is_Pow:
        return expr.func(*[_inside(part) for part in expr.args])
    return expr


def _inside(expr: Any) -> Any:
    if expr.is_Add:
        return sympy.Add(*[NUMBER if part.is_Number else _shape(part) for part in expr.args])
    return expr if expr.is_Integer else _shape(expr)
