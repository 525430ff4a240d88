"""The front of formulas and the choice on it, by held-out chains.

Losses of two formulas on the same shots rise and fall together: which shots happened to be hard
matters more than which formula is better. The standard error of one loss is therefore useless for
comparing them. What counts is the error of their difference, shot by shot, summed over each chain
first because shots of a chain are not independent. The choice is the shortest formula whose loss is
within one such error of the best (the one-standard-error rule of Breiman et al., Classification and
Regression Trees, 1984, section 3.4.3, with the paired error). A difference below ``enough`` counts
as none, however many shots there are to prove it: what is gained is less than a reader loses.

The best of many is also the luckiest of many: with few shots one of twenty longer formulas that add
nothing passes the rule more often than not. So a difference must also be more than `luck`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.formula.fit.likelihood import Outcomes, cluster_sums, point_losses
from mechanist.formula.search.grow import Candidate, Points

Expr = Any

LEVEL = 0.16
"""Chance that a formula is called worse than a longer one which is better by luck alone: as large
as the chance that a normal deviate is above one standard error."""


@dataclass(frozen=True)
class Scored:
    """A candidate with its loss on held-out chains, in nats per outcome.

    Parameters
    ----------
    candidate
        The formula, fitted to the training chains.
    loss, error
        Held-out loss and its standard error.
    excess, excess_error
        How much worse it is than the best of the front, and the standard error of this.
    """

    candidate: Candidate
    loss: float
    error: float
    excess: float
    excess_error: float


def mean_and_error(point_sums: Array, outcomes: Outcomes) -> tuple[float, float]:
    """Mean per outcome of numbers that are summed over each point's outcomes, and its error.

    The linearised ratio estimator with chains as the independent units, or with points if that
    error is the larger one: from a handful of chains alone it may come out small by chance.

    Parameters
    ----------
    point_sums
        (N,) for example losses, or differences of losses.
    outcomes
        Of the N points.
    """
    counts = outcomes.n_a + outcomes.n_b
    mean = float(point_sums.sum() / counts.sum())
    residuals = point_sums - mean * counts
    by_chain = cluster_sums(residuals[:, None], outcomes.chain)[:, 0]
    squares = [
        float((units**2).sum()) * len(units) / max(len(units) - 1, 1)
        for units in (by_chain, residuals)
    ]
    return mean, float(np.sqrt(max(squares)) / counts.sum())


def candidate_losses(candidate: Candidate, points: Points) -> Array:
    """Loss (N,) of each point under a candidate."""
    q = candidate.structure.tape.value(points.columns, candidate.constants)
    return point_losses(q, points.outcomes)


def representatives(
    nodes: NDArray[np.int64], losses: Array, merits: Sequence[tuple[int, int, float]], tie: float
) -> list[int]:
    """One candidate for each length, by the training chains alone, shortest first.

    Of formulas whose losses are within ``tie`` of the best of the length, the one in the fewer and
    more relevant descriptors is taken, and of those the one with the fewest products of inputs:
    descriptors about the same bond can stand in for each other, so can products, and the pick
    between them should not be left to chance.

    Parameters
    ----------
    nodes, losses
        (K,) lengths and losses on training chains, in nats per outcome.
    merits
        (K) see `merit`.
    tie
        Nats per outcome.

    Returns
    -------
    list of int
        Places of the candidates.
    """
    result = []
    for length in np.unique(nodes).tolist():
        group = np.flatnonzero(nodes == length)
        ties = group[losses[group] <= losses[group].min() + tie]
        result.append(min(ties.tolist(), key=lambda i: merits[i]))
    return result


def merit(candidate: Candidate, owners: Sequence[str]) -> tuple[int, int, float]:
    """The smaller the better, of formulas of one length that fit as well; see `representatives`."""
    rank = {name: i + 1 for i, name in enumerate(dict.fromkeys(owners))}
    places = sum(rank[name] for name in used(candidate, owners))
    return places, products(candidate.expr), candidate.loss


def products(expr: Expr) -> int:
    """How often inputs are multiplied with or divided by each other, or enter a function."""
    if not expr.args or not expr.free_symbols:
        return 0
    below = sum(products(part) for part in expr.args)
    if expr.is_Add:
        return below
    if expr.is_Mul:
        return below + sum(1 for part in expr.args if part.free_symbols) - 1
    return below + 1


def used(candidate: Candidate, owners: Sequence[str]) -> tuple[str, ...]:
    """Descriptors in a candidate, by relevance."""
    columns = {int(s.name[1:]) for s in candidate.structure.expr.free_symbols if s.name[0] == "x"}
    return tuple(dict.fromkeys(owners[i] for i in sorted(columns)))


def pareto(candidates: Sequence[Candidate], held_out: Points) -> list[Scored]:
    """The front: every formula that no shorter one beats on held-out chains, shortest first."""
    front: list[tuple[Candidate, Array]] = []
    best = np.inf
    for candidate in sorted(candidates, key=lambda c: (c.nodes, c.loss)):
        losses = candidate_losses(candidate, held_out)
        if np.isfinite(losses).all() and losses.sum() < best:
            best = float(losses.sum())
            front.append((candidate, losses))
    result = []
    for candidate, losses in front:
        loss, error = mean_and_error(losses, held_out.outcomes)
        excess, excess_error = mean_and_error(losses - front[-1][1], held_out.outcomes)
        result.append(Scored(candidate, loss, error, excess, excess_error))
    return result


def reading_length(candidate: Candidate) -> int:
    """Nodes without those of a constant term, which costs a reader nothing.

    So a constant that the shots speak for is never dropped because it changes little.
    """
    terms = candidate.structure.expr.args if candidate.structure.expr.is_Add else ()
    constant = any(term.free_symbols <= set(candidate.structure.constants) for term in terms)
    return candidate.nodes - 2 * constant


def one_standard_error(excess: Array, error: Array, enough: float = 0.0) -> int:
    """Place of the shortest formula that is as good as the best of the front.

    Parameters
    ----------
    excess, error
        (F,) how much worse each one is than the best, and the paired standard error of this;
        shortest first.
    enough
        An excess below this counts as none, in nats per outcome.
    """
    return int(np.argmax(excess <= np.maximum(error, enough)))


def luck(rivals: int, outcomes: Outcomes) -> float:
    """Difference of held-out losses, in nats per outcome, that luck alone explains.

    If the shorter formula is the truth, the likelihood ratio of a rival to it on outcomes that
    chose nothing has a mean of one, so the largest of m ratios is above m / `LEVEL` with a chance
    of at most `LEVEL` (Wasserman, Ramdas and Balakrishnan, PNAS 117, 16880 (2020)). This needs no
    estimate of an error, and shots from given points are independent whatever their chains are.

    Parameters
    ----------
    rivals
        Formulas that are compared.
    outcomes
        Held-out outcomes.
    """
    return math.log(max(rivals, 1) / LEVEL) / float(outcomes.n_a.sum() + outcomes.n_b.sum())
