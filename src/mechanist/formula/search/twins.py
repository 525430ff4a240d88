"""Twins of familiar descriptors, written as the familiar ones.

The torsions C-N-CA-C and C-N-CA-CB differ by a constant, so the sine of one is a combination of
sine and cosine of the other. A column x that the columns z of a familiar descriptor determine,

    x = b_0 + sum_k b_k z_k   up to `UNEXPLAINED` of its variance,

is replaced by this combination, and the formula is offered to the search again.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from mechanist.arrays import Features
from mechanist.formula.expression import Expr
from mechanist.formula.structure import column_symbols, normal

UNEXPLAINED = 0.1
"""The height of the oxygen of an amide over the next plane is the sine of psi but for 4 to 7 % of
its variance. What is written so is fitted again, and has to be as good as before."""


def twins(
    values: Features, linear: Sequence[int], owners: Sequence[str], preferred: Sequence[str]
) -> dict[Expr, Expr]:
    """For the symbols of columns that have a familiar twin, the combination to write instead.

    Parameters
    ----------
    values
        (N, P) at some points.
    linear
        Columns that are no bare angles.
    owners
        Descriptor of each column.
    preferred
        Familiar descriptors.
    """
    import sympy

    symbols = column_symbols(values.shape[1])
    own = {name: [k for k in linear if owners[k] == name] for name in preferred}
    result: dict[Expr, Expr] = {}
    for i in linear:
        x = values[:, i] - values[:, i].mean()
        if owners[i] in preferred or not x.any():
            continue
        least = UNEXPLAINED
        for places in filter(None, own.values()):
            z = values[:, places] - values[:, places].mean(axis=0)
            slopes = np.linalg.lstsq(z, x, rcond=None)[0]
            left = float(((x - z @ slopes) ** 2).sum() / (x**2).sum())
            if left < least:
                least = left
                constant = values[:, i].mean() - values[:, places].mean(axis=0) @ slopes
                terms = (sympy.Float(b) * symbols[k] for b, k in zip(slopes, places, strict=True))
                result[symbols[i]] = sympy.Add(sympy.Float(constant), *terms)
    return result


def in_familiar(expr: Expr, known: Mapping[Expr, Expr]) -> Expr | None:
    """An expression with combinations for twins; None if it has none."""
    if not expr.free_symbols & set(known):
        return None
    return normal(expr.xreplace(dict(known)))
