"""How often another sample of chains leads to the same formula.

Chains are drawn with replacement, training and held-out ones separately, and the choice is repeated
(bootstrap; Efron and Tibshirani, An Introduction to the Bootstrap, 1993). To refit hundreds of
formulas to each draw would take hours, and one step of Newton's method from the best fit suffices:

    loss = sum_c m_c L_c - (1/2) g.H^-1 g,   g = sum_c m_c g_c

These choices are votes (`mechanist.formula.choice.vote`), so that the formula does not depend on a
few chains that favour one which is hardly better (stability selection; Meinshausen and Buehlmann,
J. R. Stat. Soc. B 72, 417 (2010)).

====== ================================================== =====================
symbol meaning                                            variable
====== ================================================== =====================
m_c    how often chain c was drawn                        ``times``
L_c    loss of the best fit summed over chain c           ``losses``
g_c    gradient of L_c by the constants                   ``rows`` in `_Sums.of`
H      curvature of the whole loss by the constants       ``hessian``
====== ================================================== =====================
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from mechanist.arrays import Array, Counts
from mechanist.formula.choice.pareto import (
    one_standard_error,
    penalty,
    reading_length,
    representatives,
    selection_margin,
    unfamiliar,
    used,
    weighed_nodes,
)
from mechanist.formula.fit.candidate import Candidate, Points
from mechanist.formula.fit.likelihood import curvature, point_losses

RESAMPLES = 200

RIVALS = 6
"""Candidates of each length that are compared."""

FEWEST_CHAINS = 10
"""With fewer chains, points are drawn instead, as if they were independent."""


@dataclass(frozen=True)
class Share:
    """Share of resamples in which a candidate represented its length, and was the choice."""

    stands: float
    chosen: float


def resampled(
    candidates: Sequence[Candidate],
    train: Points,
    held_out: Points,
    owners: Sequence[str],
    tie: float,
    enough: float,
    rng: np.random.Generator,
    preferred: Sequence[str] = (),
) -> list[Share]:
    """Repeat the choice among the same candidates on resampled chains.

    Parameters
    ----------
    candidates
        Fitted to ``train``.
    train, held_out
        Points of training chains and of held-out ones.
    owners
        Descriptor of each column, by relevance.
    tie, enough
        See `mechanist.formula.choice.pareto`, in nats per outcome.
    rng
        Draws the chains.
    preferred
        Familiar descriptors.
    """
    learned = _Sums.of(candidates, train, gradients=True)
    tested = _Sums.of(candidates, held_out, gradients=False)
    nodes = np.array([weighed_nodes(one, owners, preferred) for one in candidates])
    penalties = [penalty(candidate, owners) for candidate in candidates]
    lengths = np.array([reading_length(one, owners, preferred) for one in candidates])
    margin = selection_margin(2, held_out.outcomes)
    strange = np.array([unfamiliar(one, owners, preferred) for one in candidates])
    known = np.flatnonzero((strange == 0) & bool(preferred))
    stands: Counter[int] = Counter()
    chosen: Counter[int] = Counter()
    for _ in range(RESAMPLES):
        losses = learned.drawn(_multiplicity(learned.units, rng))
        front = representatives(nodes, losses, penalties, tie)
        stands.update(front)
        times = _multiplicity(tested.units, rng)
        readable = representatives(nodes[known], losses[known], [penalties[i] for i in known], tie)
        others = [int(known[i]) for i in readable]
        chosen[tested.choice(front, lengths, times, enough, margin, others, strange)] += 1
    every = range(len(candidates))
    return [Share(stands[i] / RESAMPLES, chosen[i] / RESAMPLES) for i in every]


def familiar(candidate: Candidate, owners: Sequence[str], preferred: Sequence[str]) -> bool:
    """Whether a candidate has preferred descriptors alone; a constant has none others."""
    return set(used(candidate, owners)) <= set(preferred)


def best_of_each_length(
    candidates: Sequence[Candidate], owners: Sequence[str] = (), preferred: Sequence[str] = ()
) -> list[Candidate]:
    """The `RIVALS` candidates of each length of least training loss, and as many familiar ones."""
    result = []
    lengths = {id(c): weighed_nodes(c, owners, preferred) for c in candidates}
    ranked = sorted(candidates, key=lambda c: (lengths[id(c)], c.loss))
    for _, group in groupby(ranked, lambda c: lengths[id(c)]):
        best = list(group)
        readable = [c for c in best[RIVALS:] if preferred and familiar(c, owners, preferred)]
        result += [*best[:RIVALS], *readable[:RIVALS]]
    return result


def most_stable(candidates: Sequence[Candidate], shares: Sequence[Share]) -> list[Candidate]:
    """For each length the candidate that represented it most often."""
    ranked = sorted(zip(candidates, shares, strict=True), key=lambda pair: pair[0].nodes)
    groups = groupby(ranked, lambda pair: pair[0].nodes)
    return [max(group, key=lambda pair: pair[1].stands)[0] for _, group in groups]


def _multiplicity(units: int, rng: np.random.Generator) -> Array:
    """How often each unit is drawn, (C,)."""
    return np.bincount(rng.integers(units, size=units), minlength=units).astype(np.float64)


@dataclass(frozen=True)
class _Sums:
    """Sums over chains for K candidates.

    Parameters
    ----------
    losses
        (C, K) of nats.
    counts
        (C,) of outcomes.
    gains
        For each candidate the gradients (C, M) times a root of the inverse curvature, so that half
        the square of a sum of rows is the gain of a step of Newton's method.
    """

    losses: Array
    counts: Array
    gains: tuple[Array, ...]

    @property
    def units(self) -> int:
        """Number of chains, or of points where there are too few chains."""
        return len(self.counts)

    @staticmethod
    def of(candidates: Sequence[Candidate], points: Points, *, gradients: bool) -> "_Sums":
        """Add up the points of each chain."""
        _, member = np.unique(points.outcomes.chain, return_inverse=True)
        if member.max() + 1 < FEWEST_CHAINS:
            member = np.arange(len(member))
        units = int(member.max()) + 1
        losses = np.zeros((units, len(candidates)))
        gains = []
        for k, candidate in enumerate(candidates):
            tape = candidate.structure.tape
            q, jacobian = tape.jacobian(points.columns, candidate.constants)
            losses[:, k] = np.bincount(member, point_losses(q, points.outcomes), units)
            if not gradients:
                continue
            slope, weight = curvature(q, points.outcomes)
            hessian = (jacobian * weight[:, None]).T @ jacobian
            rows = np.zeros((units, jacobian.shape[1]))
            for i, column in enumerate(jacobian.T):
                rows[:, i] = np.bincount(member, column * slope, units)
            values, vectors = np.linalg.eigh(hessian)
            usable = values > 1e-12 * values.max(initial=1e-300)
            root = vectors[:, usable] / np.sqrt(values[usable])
            gains.append(rows @ root)
        counts = np.bincount(member, points.outcomes.counts, units).astype(np.float64)
        return _Sums(losses, counts, tuple(gains))

    def drawn(self, times: Array) -> Array:
        """Losses (K,) of best fit per outcome, for chains drawn ``times`` (C,)."""
        gained = np.array([0.5 * float(((times @ rows) ** 2).sum()) for rows in self.gains])
        return np.asarray((times @ self.losses - gained) / (times @ self.counts))

    def choice(
        self,
        front: Sequence[int],
        lengths: Counts,
        times: Array,
        enough: float,
        margin: float,
        preferred: Sequence[int],
        strange: Counts,
    ) -> int:
        """The shortest of ``front`` that is as good as the best, for chains drawn ``times`` (C,).

        ``lengths`` (K,) are those of `reading_length`. Of two that are equally long, which differ
        by a constant term, the one with the constant is taken if it is better by more than one
        standard error and by more than ``margin``. If the choice is not among ``preferred``, which
        contain the constants, but one of these is as good as the best, the shortest such one takes
        its place; else the one that has fewest ``strange`` descriptors (K,) of those that are no
        longer and as good as the choice.
        """
        ranked = sorted(front, key=lambda i: (int(lengths[i]), i))
        found = ranked[one_standard_error(*self._excess(ranked, times), enough)]
        plainer = [
            i for i in ranked if lengths[i] <= lengths[found] and 0 < strange[i] < strange[found]
        ]
        if plainer:
            excess, error = self._excess(plainer, times, found)
            good = np.flatnonzero(excess <= np.maximum(error, enough)).tolist()
            found = min((plainer[i] for i in good), key=lambda i: int(strange[i]), default=found)
        if preferred and found not in preferred:
            best = ranked[int(np.argmin(times @ self.losses[:, ranked]))]
            others = sorted(preferred, key=lambda i: (int(lengths[i]), i))
            excess, error = self._excess(others, times, best)
            good = np.flatnonzero(excess <= np.maximum(error, enough)).tolist()
            if good:
                ranked = [others[i] for i in good]
                found = ranked[0]
        same = [i for i in ranked if lengths[i] == lengths[found]]
        return same[one_standard_error(*self._excess(same, times), margin)]

    def _excess(
        self, places: Sequence[int], times: Array, best: int | None = None
    ) -> tuple[Array, Array]:
        """Loss of each above that of ``best``, or the best of these, and the paired error."""
        total = times @ self.counts
        if best is None:
            best = places[int(np.argmin(times @ self.losses[:, places] / total))]
        apart = self.losses[:, places] - self.losses[:, [best]]
        excess = times @ apart / total
        error = np.sqrt(times @ (apart - self.counts[:, None] * excess) ** 2) / total
        return np.asarray(excess), np.asarray(error)
