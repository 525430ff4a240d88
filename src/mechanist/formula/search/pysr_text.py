"""Expressions as text for PySR, and the hall of fame that it writes.

PySR reads guesses with Julia's parser and accepts only the operators of the search, each with one
or two arguments. Its hall of fame is a CSV file with the columns Complexity, Loss and Equation, one
row for each length, rewritten during the search.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

from mechanist.formula.expression import Expr, split_product

LARGEST_POWER = 4


@dataclass(frozen=True)
class Written:
    """Julia text, and the numbers, inputs and operations that PySR counts in it."""

    text: str
    size: int


def julia_text(expr: Expr, operators: Sequence[str]) -> Written | None:
    """Julia text of an expression, every operation in brackets; None if it needs others.

    Parameters
    ----------
    expr
        In x0, x1, ...
    operators
        Names as in ``formula.operators``.
    """
    try:
        return _write(expr, frozenset(operators))
    except _OtherOperatorError:
        return None


class _OtherOperatorError(Exception):
    """An operation that the search does not have."""


def _write(expr: Expr, known: frozenset[str]) -> Written:
    if expr.is_number:
        return Written(repr(float(expr)), 1)
    if expr.is_Symbol:
        return Written(expr.name, 1)
    if expr.is_Add:
        return _join("add", "+", [_write(part, known) for part in expr.args], known)
    if expr.is_Mul:
        above, below = split_product(expr)
        return _fraction(above, below, known)
    if expr.is_Pow:
        return _power(expr, known)
    return _call(type(expr).__name__, _write(expr.args[0], known), known)


def _join(name: str, sign: str, parts: Sequence[Written], known: frozenset[str]) -> Written:
    if len(parts) > 1 and name not in known:
        raise _OtherOperatorError
    return reduce(lambda a, b: Written(f"({a.text} {sign} {b.text})", a.size + b.size + 1), parts)


def _fraction(above: Sequence[Expr], below: Sequence[Expr], known: frozenset[str]) -> Written:
    top = _join("mul", "*", [_write(part, known) for part in above] or [Written("1.0", 1)], known)
    return _join("div", "/", [top, *(_write(part, known) for part in below)], known)


def _power(expr: Expr, known: frozenset[str]) -> Written:
    base, exponent = expr.args
    if exponent.is_negative:
        return _fraction([], [base**-exponent], known)
    if float(exponent) == 0.5:
        return _call("sqrt", _write(base, known), known)
    if not exponent.is_Integer or exponent > LARGEST_POWER:
        raise _OtherOperatorError
    return _join("mul", "*", [_write(base, known)] * int(exponent), known)


def _call(name: str, argument: Written, known: frozenset[str]) -> Written:
    if name not in known:
        raise _OtherOperatorError
    return Written(f"{name}({argument.text})", argument.size + 1)


def equations(content: str) -> list[str]:
    """Equations of a hall of fame, shortest first, in the text that `expression.parse` reads.

    An incomplete row, left by a PySR that was ended while writing, is ignored.
    """
    rows = csv.DictReader(io.StringIO(content))
    found = [row["Equation"] for row in rows if row.get("Equation")]
    return [one.replace("^", "**") for one in found]


def read_hall_of_fame(folder: Path, run_id: str) -> list[str]:
    """Equations of the hall of fame below a folder; none if there is no such file.

    PySR writes each state twice, so one of the two files is always complete.
    """
    found: dict[str, None] = {}
    for name in ("hall_of_fame.csv", "hall_of_fame.csv.bak"):
        for path in sorted(folder.glob(f"*/{run_id}/{name}")):
            found |= dict.fromkeys(equations(path.read_text(encoding="utf-8", errors="replace")))
    return list(found)
