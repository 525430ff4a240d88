"""What each term of the formula does along the transition paths, in numbers and in words.

q is a sum of terms. All that is said here is measured on the frames of the run's own paths: the
sign of dq/dx of each descriptor x, and the mean change of each term between the ends of the paths.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mechanist.arrays import Array, FrameSource, Values
from mechanist.formula.expression import Expr, evaluate, inputs, parse
from mechanist.formula.typeset import latex
from mechanist.report.figures.style import plain_name
from mechanist.sampling.records.stored_frames import view
from mechanist.sampling.records.tables import PathTable
from mechanist.systems.descriptors.descriptor_set import DescriptorSet

MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Terms:
    """Terms of the chosen formula on frames of transition paths.

    Parameters
    ----------
    latex
        (T) each term, without the constant one; terms in the same descriptors are one.
    descriptors
        (T) names in each term.
    names
        Descriptors of the formula.
    values
        (F, D) of them, in nm and rad.
    along
        (F, T) each term.
    change
        (T,) mean change of each term from the first to the last frame of a path.
    signs
        For each descriptor 1 where q rises with it at all frames, -1 where it falls, 0 where it
        does both.
    """

    latex: tuple[str, ...]
    descriptors: tuple[tuple[str, ...], ...]
    names: tuple[str, ...]
    values: Values
    along: Array
    change: Array
    signs: dict[str, int]


def make_terms(
    text: str, used: DescriptorSet, table: PathTable, frames: FrameSource
) -> Terms | None:
    """Terms of a formula; None of one without a descriptor, and without a path that counts.

    Parameters
    ----------
    text
        The formula.
    used
        Its descriptors.
    table
        Transition paths.
    frames
        (F, N, 3) the frames of these that figures show.
    """
    import sympy

    whole = parse(text)
    weights = table.index["weight"].astype(np.float64)
    groups: dict[tuple[str, ...], Expr] = {}
    for term in sympy.Add.make_args(whole):
        if inputs(term):
            names = tuple(sorted(inputs(term)))
            groups[names] = groups.get(names, 0) + term
    parts = list(groups.values())
    if not parts or not weights.sum():
        return None
    first = table.index["first_frame"]
    ends = view(table.frames, np.concatenate([first, first + table.index["frames"] - 1]))
    inside, outside = (_columns(used, positions) for positions in (frames, ends))
    along = np.stack([_broadcast(part, inside, len(frames)) for part in parts], axis=1)
    last = np.stack([_broadcast(part, outside, len(ends)) for part in parts], axis=1)
    change = np.average(last[len(first) :] - last[: len(first)], axis=0, weights=weights)
    order = np.argsort(-np.abs(change), kind="stable")
    return Terms(
        latex=tuple(latex(parts[i]) for i in order),
        descriptors=tuple(inputs(parts[i]) for i in order),
        names=used.names,
        values=used.values(frames),
        along=along[:, order],
        change=change[order],
        signs={name: _sign(whole, name, inside, len(frames)) for name in inputs(whole)},
    )


def _columns(used: DescriptorSet, frames: FrameSource) -> dict[str, Array]:
    return dict(zip(used.names, used.values(frames).T, strict=True))


def _broadcast(expr: Expr, values: Mapping[str, Array], count: int) -> Array:
    return np.array(np.broadcast_to(evaluate(expr, values), count), dtype=np.float64)


def _sign(whole: Expr, name: str, values: Mapping[str, Array], count: int) -> int:
    """Sign of the derivative by a descriptor if it is the same at all frames, else 0."""
    symbol: Any = next(one for one in whole.free_symbols if one.name == name)
    slope = _broadcast(whole.diff(symbol), values, count)
    return 1 if (slope > 0).all() else -1 if (slope < 0).all() else 0


def sentences(terms: Terms) -> list[str]:
    """What the formula says, in one or two sentences that hold for all frames examined."""
    verbs = {1: "rises with", -1: "falls with", 0: "rises or falls, depending on where, with"}
    parts = [
        f"{verb} {_listed([plain_name(name) for name in terms.names if terms.signs[name] == sign])}"
        for sign, verb in verbs.items()
        if any(terms.signs[name] == sign for name in terms.names)
    ]
    told = [f"On the transition paths, q {_listed(parts)}."]
    if len(terms.change) == 1:
        told.append(f"From A to B it changes by {_signed(terms.change[0])}.")
    else:
        changes = [
            f"the term in {_listed([plain_name(name) for name in names])} by {_signed(value)}"
            for names, value in zip(terms.descriptors, terms.change, strict=True)
        ]
        total = _signed(float(terms.change.sum()))
        told.append(f"From A to B q changes by {total}: {_listed(changes)}.")
    return told


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", MINUS)


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]
