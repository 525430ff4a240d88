"""The election of a formula: resamples of the held-out chains vote among the rivals."""

from dataclasses import dataclass

import numpy as np

from mechanist.formula.choice.familiar import Familiar, best_familiar
from mechanist.formula.choice.pareto import Scored, pareto, selection_margin
from mechanist.formula.choice.stability import Share, most_stable, resampled
from mechanist.formula.choice.vote import beat_constant, vote
from mechanist.formula.data import FormulaData
from mechanist.formula.fit.candidate import Candidate, Points
from mechanist.settings.formula import FormulaSettings


@dataclass(frozen=True)
class Elected:
    """A formula of the Pareto front with its votes.

    Attributes
    ----------
    scored
        The formula and its held-out loss.
    share, set_share
        Share of the resamples that chose it, and that chose one in its descriptors.
    """

    scored: Scored
    share: Share
    set_share: float


@dataclass(frozen=True)
class Election:
    """The result.

    Attributes
    ----------
    winner
        The chosen formula.
    familiar
        The best one in familiar descriptors; None if there is none.
    front
        The Pareto front, shortest first, both among it.
    """

    winner: Candidate
    familiar: Familiar | None
    front: tuple[Elected, ...]


def elect(
    rivals: list[Candidate],
    train: Points,
    held_out: Points,
    inputs: FormulaData,
    settings: FormulaSettings,
    rng: np.random.Generator,
) -> Election:
    """Choose among candidates that were fitted to the training chains, one of each length."""
    owners, preferred = inputs.owners, inputs.preferred
    lengths = len({candidate.nodes for candidate in rivals})
    enough = max(settings.enough, selection_margin(lengths, held_out.outcomes))
    shares = resampled(rivals, train, held_out, owners, settings.tie, enough, rng, preferred)
    votes = vote(rivals, shares, owners, beat_constant(rivals, held_out))
    winner = rivals[votes.chosen]
    shown = [winner if c.nodes == winner.nodes else c for c in most_stable(rivals, shares)]
    familiar = best_familiar(rivals, winner, held_out, owners, preferred, settings.enough)
    kept = [winner] if familiar is None else [winner, familiar.candidate]
    shown += [one for one in kept[1:] if not any(one is other for other in shown)]
    places = {id(candidate): place for place, candidate in enumerate(rivals)}
    front = []
    for scored in pareto(shown, held_out, kept):
        place = places[id(scored.candidate)]
        front.append(Elected(scored, shares[place], votes.set_shares[place]))
    return Election(winner, familiar, tuple(front))
