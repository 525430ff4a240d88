"""The formula in familiar descriptors, and what other descriptors add to it.

Of formulas that are equal within error one in familiar descriptors is chosen
(`mechanist.formula.choice.stability`). Where that is none, the best familiar one is shown beside
the choice, with the loss by which it is worse: what heights and other helpers add.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mechanist.formula.choice.pareto import (
    mean_and_error,
    one_standard_error,
    reading_length,
    used,
)
from mechanist.formula.choice.stability import familiar
from mechanist.formula.fit.candidate import Candidate, Points


@dataclass(frozen=True)
class Familiar:
    """The best formula in familiar descriptors.

    Parameters
    ----------
    candidate
        The formula, fitted to the training chains.
    excess, error
        Held-out loss above that of the chosen formula, and the paired standard error of this, in
        nats per outcome.
    """

    candidate: Candidate
    excess: float
    error: float


def best_familiar(
    candidates: Sequence[Candidate],
    chosen: Candidate,
    held_out: Points,
    owners: Sequence[str],
    preferred: Sequence[str],
    enough: float,
) -> Familiar | None:
    """The shortest familiar formula that is as good as the best of them; the choice if it is one.

    Parameters
    ----------
    candidates
        Fitted to the training chains.
    chosen
        One of them.
    held_out
        Points of held-out chains.
    owners
        Descriptor of each column.
    preferred
        Familiar descriptors; without any there is no such formula.
    enough
        Excess loss that does not count, in nats per outcome.
    """
    if not preferred:
        return None
    if chosen.columns and familiar(chosen, owners, preferred):
        return Familiar(chosen, 0.0, 0.0)
    losses = {
        id(one): one.losses(held_out)
        for one in candidates
        if one.columns and familiar(one, owners, preferred)
    }
    known = [c for c in candidates if id(c) in losses and np.isfinite(losses[id(c)]).all()]
    if not known:
        return None
    ranked = sorted(known, key=reading_length)
    least = min((losses[id(one)] for one in ranked), key=lambda values: float(values.sum()))
    apart = [mean_and_error(losses[id(one)] - least, held_out.outcomes) for one in ranked]
    excess, error = np.array(apart).T
    found = ranked[one_standard_error(excess, error, enough)]
    above = mean_and_error(losses[id(found)] - chosen.losses(held_out), held_out.outcomes)
    return Familiar(found, *above)


def sentence(
    found: Familiar | None, chosen: Candidate, owners: Sequence[str], text: str, enough: float
) -> str:
    """What the familiar formula says about the choice; empty without familiar descriptors.

    Parameters
    ----------
    found
        The result of `best_familiar`.
    chosen
        The choice.
    owners
        Descriptor of each column.
    text
        Text of the familiar formula.
    enough
        ``formula.enough``.
    """
    if found is None or not chosen.columns:
        return ""
    if found.candidate is chosen:
        return "The formula has familiar descriptors alone."
    others = set(used(chosen, owners)) - set(used(found.candidate, owners))
    near = "within" if found.excess <= enough else "not within"
    return (
        f"In familiar descriptors alone: q = {text}. Its held-out loss is {found.excess:.4f} ±"
        f" {found.error:.4f} nats per outcome above that of the chosen formula, {near}"
        f" formula.enough ({enough:g}); that is what {', '.join(sorted(others))}"
        f" {'adds' if len(others) == 1 else 'add'}."
    )
