"""Input of the engines of the symbolic search, and how its columns are scaled and translated."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array, Features, Q, Rows
from mechanist.errors import DataError
from mechanist.formula.expression import Expr, parse
from mechanist.formula.fit.likelihood import Outcomes
from mechanist.formula.structure import column_symbols, normal
from mechanist.formula.typeset import text


@dataclass(frozen=True)
class Problem:
    """Data that expressions are to follow.

    Parameters
    ----------
    inputs
        (N, P).
    columns
        Text of each input, by which expressions refer to it.
    target
        (N,) q of the network, for engines that minimise squared errors.
    weights
        (N,) weight of each row for them.
    outcomes
        (N,) for engines that maximise a likelihood: expected outcomes by the network's p_B.
    guesses
        Expressions in the columns' texts that a search may start from.
    """

    inputs: Features
    columns: tuple[str, ...]
    target: Q
    weights: Array
    outcomes: Outcomes
    guesses: tuple[str, ...] = ()


def draw(chance: Array, count: int, rng: np.random.Generator) -> Rows:
    """Up to ``count`` distinct rows, sorted, drawn in proportion to ``chance`` (N,)."""
    share = chance / chance.sum()
    count = min(count, int((share > 0).sum()))
    return np.sort(rng.choice(len(chance), size=count, replace=False, p=share))


def scaling(inputs: Features, columns: Sequence[str]) -> tuple[Array, Array]:
    """Scale and shift (P,) of each input; sines and cosines have 1 and 0."""
    scale, shift = np.ones(len(columns)), np.zeros(len(columns))
    for i, column in enumerate(columns):
        if parse(column).is_Symbol and inputs[:, i].std() > 0:
            # Two digits suffice and keep the texts short.
            scale[i] = float(f"{inputs[:, i].std():.2g}")
            shift[i] = float(f"{inputs[:, i].mean():.3g}")
    return scale, shift


def scaled_columns(columns: Sequence[str], scale: Array, shift: Array) -> list[Expr]:
    """Each scaled input as an expression in the columns' own texts."""
    return [(parse(c) - m) / s for c, m, s in zip(columns, shift, scale, strict=True)]


def translate(models: Sequence[str], names: dict[Expr, Expr]) -> tuple[list[str], int]:
    """Texts with an engine's own names replaced, and how many could not be read.

    Parameters
    ----------
    models
        Texts by an engine.
    names
        Replacement of each of its symbols.
    """
    result, dropped = [], 0
    for model in models:
        try:
            expr = parse(model)
            if not expr.free_symbols <= set(names):
                raise DataError("formula", "contains a name that is no column")
            result.append(text(expr.xreplace(names)))
        except DataError:
            dropped += 1
    return result, dropped


def in_symbols(texts: Sequence[str], columns: Sequence[str]) -> list[Expr]:
    """Normal forms in x0, x1, ... of texts in the columns' names."""
    symbols = dict(zip(map(parse, columns), column_symbols(len(columns)), strict=True))
    exprs = [parse(one).xreplace(symbols) for one in texts]
    known = set(symbols.values())
    return [normal(expr) for expr in exprs if expr.free_symbols <= known]
