"""The choice among formulas by the votes of resamples: descriptors, then structure, then constants.

Each resample of the chains votes for the formula that it would choose
(`mechanist.formula.choice.stability`). Formulas in the same descriptors share most of what they
say, and a plurality among single formulas would split their votes: a constant that a third of the
resamples choose would win over five forms of the truth. So votes are counted for sets of
descriptors first, then for the structures in the winning set, then for the constants of the winning
structure.

A formula without descriptors is no coordinate, and one that does not beat a constant on held-out
chains is none that the data support; neither can win. Where half of the resamples choose a
constant, or no formula that could win has a vote, no formula beats a constant. If the winning set
has fewer than half of the votes, the formula is not stable.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Mask
from mechanist.formula.choice.pareto import used
from mechanist.formula.choice.stability import Share
from mechanist.formula.fit.candidate import Candidate, Points

MAJORITY = 0.5
"""Share of the votes that the descriptors of a stable formula have at least, or a constant, so that
there is no formula."""


@dataclass(frozen=True)
class Vote:
    """The result of a vote among K candidates.

    Parameters
    ----------
    chosen
        Place of the chosen candidate; of a constant where none beats it.
    set_shares
        (K,) share of resamples that chose a formula in the descriptors of each candidate.
    """

    chosen: int
    set_shares: tuple[float, ...]


def vote(
    candidates: Sequence[Candidate], shares: Sequence[Share], owners: Sequence[str], able: Mask
) -> Vote:
    """Count the votes; of equal ones the first candidate wins.

    Parameters
    ----------
    candidates
        Shortest first; at least one without descriptors.
    shares
        Votes of each.
    owners
        Descriptor of each column.
    able
        (K,) which may win, see `beat_constant`.
    """
    sets = [frozenset(used(candidate, owners)) for candidate in candidates]
    keys = [candidate.structure.key for candidate in candidates]
    votes = [share.chosen for share in shares]
    of_sets, of_structures = _sums(sets, votes), _sums(keys, votes)
    set_shares = tuple(of_sets[one] for one in sets)
    possible = [i for i, key in enumerate(keys) if able[i] and of_structures[key] > 0]
    constant: frozenset[str] = frozenset()
    if not possible or of_sets[constant] >= MAJORITY:
        return Vote(sets.index(constant), set_shares)
    best = max(possible, key=lambda i: set_shares[i])
    same_set = [i for i in possible if sets[i] == sets[best]]
    structure = max((keys[i] for i in same_set), key=lambda key: of_structures[key])
    same = [i for i in same_set if keys[i] == structure]
    return Vote(max(same, key=lambda i: votes[i]), set_shares)


def _sums(kinds: Sequence[object], votes: Sequence[float]) -> dict[object, float]:
    """Votes summed over candidates of each kind."""
    result: dict[object, float] = defaultdict(float)
    for kind, count in zip(kinds, votes, strict=True):
        result[kind] += count
    return result


def beat_constant(candidates: Sequence[Candidate], held_out: Points) -> Mask:
    """Which candidates (K,) have descriptors and a lower held-out loss than any constant of them.

    Whether the difference is more than chance is what the votes say.
    """
    losses = np.array([candidate.losses(held_out).sum() for candidate in candidates])
    plain = np.array([not candidate.columns for candidate in candidates])
    return np.asarray(~plain & (losses < losses[plain].min()))


def verdict(descriptors: Sequence[str], set_share: float, chosen_share: float) -> tuple[bool, str]:
    """Whether a formula is stable, and a sentence that says so."""
    if not descriptors:
        return False, (
            "No formula beats a constant on held-out chains: these descriptors do not tell how far"
            " a transition has come."
        )
    if set_share < MAJORITY:
        return False, (
            f"No stable formula: only {set_share:.0%} of the resamples of the chains choose these"
            f" descriptors, and {chosen_share:.0%} this structure. More shots may decide."
        )
    return True, (
        f"{set_share:.0%} of the resamples of the chains choose these descriptors, and"
        f" {chosen_share:.0%} this structure."
    )
