"""The Pareto front of formulas by length and held-out loss, and the rule that chooses on it.

Losses of two formulas on the same shots rise and fall together: which shots were hard matters more
than which formula is better. Formulas are therefore compared by the paired difference of their
losses. With l_i the difference (nats) and n_i the outcomes of point i, and points summed over each
of G chains c, since shots of a chain are not independent,

    mean  m = sum_i l_i / sum_i n_i
    error s = sqrt[G/(G-1) sum_c (sum_{i in c} l_i - m n_i)^2] / sum_i n_i

(`mechanist.statistics.clusters`). The choice is the shortest formula whose loss is within one such
error of the best: the one-standard-error rule of Breiman et al. (Classification and Regression
Trees, 1984, section 3.4.3) with the paired error. A difference below ``enough`` never counts,
however many shots resolve it.

The best of many formulas has the lowest loss partly by chance: with few shots one of twenty longer
formulas that add nothing passes the rule more often than not. So a difference must also exceed
`selection_margin`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array, Counts
from mechanist.formula.expression import Expr
from mechanist.formula.fit.candidate import Candidate, Points
from mechanist.formula.fit.likelihood import Outcomes
from mechanist.statistics.clusters import clustered_error

LEVEL = 0.16
"""Chance that a formula is called worse than a longer one that is better by chance alone: that of a
normal deviate above one standard error."""

EXPLAINED = 2
"""Nodes that an unfamiliar descriptor counts for in reading: its name needs an explanation."""


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
        Its loss minus that of the best of the Pareto front, and the standard error of this.
    """

    candidate: Candidate
    loss: float
    error: float
    excess: float
    excess_error: float


def mean_and_error(point_sums: Array, outcomes: Outcomes) -> tuple[float, float]:
    """Mean per outcome and its standard error, see the head of this module.

    Parameters
    ----------
    point_sums
        (N,) summed over the outcomes of each point, for example losses or their differences.
    outcomes
        Of the N points.

    Returns
    -------
    float, float
        The error is that of independent points where it is larger than that of chains, which from a
        handful of chains may be small by chance.
    """
    counts = outcomes.counts
    mean = float(point_sums.sum() / counts.sum())
    residuals = point_sums - mean * counts
    errors = [
        float(clustered_error(residuals, units, counts.sum()))
        for units in (outcomes.clusters, np.arange(len(outcomes)))
    ]
    return mean, max(errors) if len(outcomes) > 1 else 0.0


def representatives(
    nodes: Counts, losses: Array, penalties: Sequence[tuple[int, int, float]], tie: float
) -> list[int]:
    """One candidate of each length, by the training chains alone, shortest first.

    Of formulas whose losses are within ``tie`` of the best of their length, the one of least
    `penalty` is taken: descriptors of the same bond can replace each other, and so can products,
    and the choice between them should not be left to chance.

    Parameters
    ----------
    nodes, losses
        (K,) lengths, and losses on training chains in nats per outcome.
    penalties
        (K) see `penalty`.
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
        result.append(min(ties.tolist(), key=lambda i: penalties[i]))
    return result


def penalty(candidate: Candidate, owners: Sequence[str]) -> tuple[int, int, float]:
    """Sorts formulas of one length that fit equally well; smaller is better.

    Ranks of relevance summed over the descriptors, so fewer and more relevant ones come first; then
    the number of `products`; then the training loss.
    """
    rank = {name: i + 1 for i, name in enumerate(dict.fromkeys(owners))}
    places = sum(rank[name] for name in used(candidate, owners))
    return places, products(candidate.expr), candidate.loss


def products(expr: Expr) -> int:
    """How often inputs are multiplied or divided by each other, or enter a function."""
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
    here = {owners[i] for i in candidate.columns}
    return tuple(name for name in dict.fromkeys(owners) if name in here)


def pareto(
    candidates: Sequence[Candidate], held_out: Points, kept: Sequence[Candidate] = ()
) -> list[Scored]:
    """Every formula that no shorter one beats on held-out chains, and ``kept``, shortest first.

    Excess losses are those above the lowest loss.
    """
    front: list[tuple[Candidate, Array]] = []
    best = np.inf
    for candidate in sorted(candidates, key=lambda c: (c.nodes, c.loss)):
        losses = candidate.losses(held_out)
        better = np.isfinite(losses).all() and losses.sum() < best
        if better or any(candidate is one for one in kept):
            front.append((candidate, losses))
        if better:
            best, least = float(losses.sum()), losses
    result = []
    for candidate, losses in front:
        loss, error = mean_and_error(losses, held_out.outcomes)
        excess, excess_error = mean_and_error(losses - least, held_out.outcomes)
        result.append(Scored(candidate, loss, error, excess, excess_error))
    return result


def weighed_nodes(
    candidate: Candidate, owners: Sequence[str] = (), preferred: Sequence[str] = ()
) -> int:
    """Nodes, and `EXPLAINED` more for every unfamiliar descriptor.

    So an unfamiliar descriptor must save more than the nodes of its own. Without ``preferred`` none
    is unfamiliar.
    """
    return candidate.nodes + EXPLAINED * unfamiliar(candidate, owners, preferred)


def unfamiliar(candidate: Candidate, owners: Sequence[str], preferred: Sequence[str]) -> int:
    """Number of descriptors that are not among ``preferred``; 0 if there are no such."""
    return len(set(used(candidate, owners)) - set(preferred)) if preferred else 0


def reading_length(
    candidate: Candidate, owners: Sequence[str] = (), preferred: Sequence[str] = ()
) -> int:
    """`weighed_nodes` without those of a constant term.

    So a constant term that the shots support is never dropped because it changes little.
    """
    terms = candidate.structure.expr.args if candidate.structure.expr.is_Add else ()
    constant = any(term.free_symbols <= set(candidate.structure.constants) for term in terms)
    return weighed_nodes(candidate, owners, preferred) - 2 * constant


def one_standard_error(excess: Array, error: Array, enough: float = 0.0) -> int:
    """Place of the shortest formula that is as good as the best of the Pareto front.

    Parameters
    ----------
    excess, error
        (F,) how much worse each one is than the best, and the paired standard error of this;
        shortest first.
    enough
        An excess below this does not count, in nats per outcome.
    """
    return int(np.argmax(excess <= np.maximum(error, enough)))


def selection_margin(rivals: int, outcomes: Outcomes) -> float:
    """Difference of held-out losses, in nats per outcome, that the best of many gains by chance.

    If the shorter formula is the truth, the likelihood ratio of a rival to it on held-out outcomes
    has a mean of one, so by Markov's inequality the largest of m ratios exceeds m / `LEVEL` with a
    probability of at most `LEVEL` (Wasserman, Ramdas and Balakrishnan, PNAS 117, 16880 (2020)): the
    margin is ln(m / LEVEL) / n for n outcomes. No error has to be estimated, and shots from given
    points are independent even within a chain.

    Parameters
    ----------
    rivals
        Formulas that are compared.
    outcomes
        Held-out outcomes.
    """
    return math.log(max(rivals, 1) / LEVEL) / outcomes.total
