"""What each term of the formula does along the transition paths, in numbers and in words.

q is a sum of terms. All that is said here is measured on the frames of the run's own paths: the
sign of dq/dx of each descriptor x, and the mean change of each term between the ends of the paths.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mechanist.arrays import Array, FrameSource, Mask, Rows, Values
from mechanist.formula.expression import Expr, evaluate, inputs, parse
from mechanist.formula.typeset import latex
from mechanist.report.figures.style import plain_name
from mechanist.sampling.records.stored_frames import view
from mechanist.sampling.records.tables import PathTable
from mechanist.systems.descriptors.descriptor_set import DescriptorSet

MINUS = "\N{MINUS SIGN}"

NEAR, FEWEST = 0.5, 10
"""Frames near the transition state: their |q|, and how many there are at least."""


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
    places
        (3, D) means of the descriptors where paths begin in A, where q is near 0, and where they
        end in B; of torsions those of their directions.
    spread
        (3, D) standard deviations; of torsions that of a normal distribution wrapped around the
        circle, sqrt(-2 ln R) with the mean length R of their directions.
    """

    latex: tuple[str, ...]
    descriptors: tuple[tuple[str, ...], ...]
    names: tuple[str, ...]
    values: Values
    along: Array
    change: Array
    signs: dict[str, int]
    places: Array
    spread: Array


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
    values, of_ends = used.values(frames), used.values(ends)
    middle = values[_near_zero(_broadcast(whole, inside, len(frames)))]
    turning = np.array([d.periodic for d in used.descriptors], dtype=bool)
    of_places = (of_ends[: len(first)], middle, of_ends[len(first) :])
    means = [_mean_and_spread(part, turning) for part in of_places]
    return Terms(
        latex=tuple(latex(parts[i]) for i in order),
        descriptors=tuple(inputs(parts[i]) for i in order),
        names=used.names,
        values=values,
        along=along[:, order],
        change=change[order],
        signs={name: _sign(whole, name, inside, len(frames)) for name in inputs(whole)},
        places=np.stack([mean for mean, _ in means]),
        spread=np.stack([spread for _, spread in means]),
    )


def _near_zero(q: Array) -> Rows:
    """Frames with q within 0.5 of 0, p_B from 0.38 to 0.62, or the nearest if these are few."""
    near = np.flatnonzero(np.abs(q) < NEAR)
    return near if len(near) >= FEWEST else np.argsort(np.abs(q), kind="stable")[:FEWEST]


def _mean_and_spread(values: Values, turning: Mask) -> tuple[Array, Array]:
    """Means and standard deviations (D,) of columns, of those that wrap on the circle."""
    mean, spread = values.mean(axis=0), values.std(axis=0)
    direction = np.exp(1j * values[:, turning]).mean(axis=0)
    mean[turning] = np.angle(direction)
    length = np.clip(np.abs(direction), 1e-12, 1.0)
    spread[turning] = np.sqrt(-2 * np.log(length))
    return mean, spread


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
        f"{verb} {listed([plain_name(name) for name in terms.names if terms.signs[name] == sign])}"
        for sign, verb in verbs.items()
        if any(terms.signs[name] == sign for name in terms.names)
    ]
    told = [f"On the transition paths, q {listed(parts)}."]
    if len(terms.change) == 1:
        told.append(f"From A to B it changes by {signed(terms.change[0])}.")
    else:
        changes = [
            f"the term in {listed([plain_name(name) for name in names])} by {signed(value)}"
            for names, value in zip(terms.descriptors, terms.change, strict=True)
        ]
        total = signed(float(terms.change.sum()))
        told.append(f"From A to B q changes by {total}: {listed(changes)}.")
    return told


def signed(value: float) -> str:
    """A change of q with its sign."""
    # A change that rounds to 0 has no sign.
    return f"{round(value, 1) + 0.0:+.1f}".replace("-", MINUS).replace("+0.0", "0.0")


def listed(words: list[str]) -> str:
    """Words with commas and an and."""
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]
