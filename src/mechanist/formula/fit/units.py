"""Units of the constants in a formula, from the units of its inputs.

q has no unit, the terms of a sum share one, the arguments of exp, log and tanh have none, and those
of sin and cos are in rad. Each
constant's unit is nm^a rad^b with unknown a and b, so every rule is a linear equation in these; a
constant has a unit where the equations determine it.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from mechanist.arrays import Array
from mechanist.formula.expression import Expr

BASES = ("nm", "rad")


def constant_units(
    expr: Expr, constants: Sequence[Expr], inputs: Mapping[Expr, str]
) -> list[str | None]:
    """Unit of each constant: ``"1"`` for none, ``"nm^-1 rad^2"``, or None if undetermined.

    Parameters
    ----------
    expr
        A formula in ``constants`` and the symbols of ``inputs``.
    constants
        Its K free numbers.
    inputs
        Unit of each other symbol: ``nm``, ``nm^3``, ``rad`` or ``1``.
    """
    known = {symbol: [_power(unit, base) for base in BASES] for symbol, unit in inputs.items()}
    place = {constant: i for i, constant in enumerate(constants)}
    rules: list[Array] = []
    rules.append(_dimension(expr, place, known, rules))
    powers = np.full((len(constants), len(BASES)), np.nan)
    for b in range(len(BASES)):
        rows = np.array(rules)
        system, wanted = rows[:, : len(constants)], -rows[:, len(constants) + b]
        solution = np.linalg.lstsq(system, wanted, rcond=None)[0]
        if np.abs(system @ solution - wanted).max(initial=0) > 1e-6:
            return [None] * len(constants)
        _, sizes, rows_of = np.linalg.svd(system)
        rank = int((sizes > 1e-9).sum())
        fixed = np.abs(rows_of[rank:]).max(axis=0, initial=0) < 1e-9
        powers[fixed, b] = solution[fixed]
    return [_write(row) for row in powers]


def _power(unit: str, base: str) -> float:
    """Power of a base in the unit of an input."""
    name, _, power = unit.partition("^")
    return float(power or 1) if name == base else 0.0


def _dimension(
    expr: Expr, place: Mapping[Expr, int], known: Mapping[Expr, list[float]], rules: list[Array]
) -> Array:
    """Dimension as a row: coefficients of the constants' unknown powers, then known powers."""
    size = len(place) + len(BASES)
    if expr in place:
        row = np.zeros(size)
        row[place[expr]] = 1.0
        return row
    if expr in known:
        return np.array([0.0] * len(place) + known[expr])
    if expr.is_number:
        return np.zeros(size)
    parts = [_dimension(part, place, known, rules) for part in expr.args]
    if expr.is_Add:
        rules.extend(part - parts[0] for part in parts[1:])
        return parts[0]
    if expr.is_Mul:
        return np.asarray(np.sum(parts, axis=0))
    if expr.is_Pow:
        return parts[0] * float(expr.args[1])
    argument = parts[0].copy()
    if type(expr).__name__ in ("sin", "cos"):
        argument[len(place) + BASES.index("rad")] -= 1
    rules.append(argument)
    return np.zeros(size)


def _write(powers: Array) -> str | None:
    if not np.isfinite(powers).all():
        return None
    parts = [
        base if power == 1 else f"{base}^{power:g}"
        for base, power in zip(BASES, np.round(powers, 6), strict=True)
        if power != 0
    ]
    return " ".join(parts) or "1"
