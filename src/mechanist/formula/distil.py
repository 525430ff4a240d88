"""From a network to a formula: search on its q, fit to the shots, choose on held-out chains.

1. Engines of symbolic regression propose expressions that follow the network's q; growth and
   pruning add short, linear and bilinear formulas (`mechanist.formula.search.search`).
2. The constants of the best few of each length are fitted to the outcomes of the training chains
   (`mechanist.formula.fit.refit`).
3. One formula of each length is taken, and the Pareto front and the choice on it follow from the
   loss on held-out chains (`mechanist.formula.choice.pareto`); resamples of the chains vote for
   descriptors, structure and constants (`mechanist.formula.choice.vote`).
4. The constants in the texts come from a last fit to all shots; held-out losses do not.
"""

import numpy as np

from mechanist.arrays import Array, Features, Mask
from mechanist.bookkeeping.journal import Log
from mechanist.errors import MechanistError
from mechanist.formula.choice.baselines import baselines
from mechanist.formula.choice.familiar import best_familiar, sentence
from mechanist.formula.choice.pareto import Scored, mean_and_error, pareto, selection_margin, used
from mechanist.formula.choice.stability import (
    Share,
    best_of_each_length,
    most_stable,
    resampled,
)
from mechanist.formula.choice.vote import beat_constant, verdict, vote
from mechanist.formula.data import FormulaData
from mechanist.formula.expression import nodes, parse
from mechanist.formula.fit.candidate import Candidate, Points, fitted
from mechanist.formula.fit.constants import describe, intervals, rounded
from mechanist.formula.fit.likelihood import point_losses
from mechanist.formula.fit.refit import LARGEST_Q, bounded, refit
from mechanist.formula.result import Distillation, Formula
from mechanist.formula.search.search import search
from mechanist.formula.structure import in_columns
from mechanist.formula.typeset import latex, text
from mechanist.settings.formula import FormulaSettings


def distil(
    data: FormulaData, settings: FormulaSettings, seed: int, threads: int, log: Log
) -> Distillation:
    """Express q as formulas and choose one.

    Parameters
    ----------
    data
        Columns by relevance, held-out chains among the rows.
    settings
        Section ``formula``.
    seed
        The result depends on this, not on ``threads``.
    threads
        Processor cores.
    log
        Takes one line of progress.

    Raises
    ------
    DataError
        If the data are inconsistent or do not suffice.
    MechanistError
        If no candidate could be fitted.
    """
    plain = chosen_inputs(data, settings)
    inputs = plain.with_angles() if "periodic" in settings.forms else plain
    train = points_of(inputs, ~data.held_out)
    held_out = points_of(inputs, data.held_out)
    everything = points_of(inputs, np.ones(len(data), dtype=np.bool_))
    candidates, engines = search(inputs, settings, seed, threads, log)
    limit = max(LARGEST_Q, 3 * data.largest_q)
    refitted = refit(candidates, train, inputs.everywhere, log, limit)
    rivals = best_of_each_length(with_constant(refitted, train), inputs.owners, inputs.preferred)
    rng = np.random.default_rng([seed, 2])
    lengths = len({candidate.nodes for candidate in rivals})
    enough = max(settings.enough, selection_margin(lengths, held_out.outcomes))
    shares = resampled(
        rivals, train, held_out, inputs.owners, settings.tie, enough, rng, inputs.preferred
    )
    votes = vote(rivals, shares, inputs.owners, beat_constant(rivals, held_out))
    winner = rivals[votes.chosen]
    shown = [winner if c.nodes == winner.nodes else c for c in most_stable(rivals, shares)]
    places = {id(candidate): place for place, candidate in enumerate(rivals)}
    familiar = best_familiar(
        rivals, winner, held_out, inputs.owners, inputs.preferred, settings.enough
    )
    kept = [winner] if familiar is None else [winner, familiar.candidate]
    shown += [one for one in kept[1:] if not any(one is other for other in shown)]
    named = None
    formulas: list[Formula] = []
    for scored in pareto(shown, held_out, kept):
        place = places[id(scored.candidate)]
        final = final_fit(scored.candidate, everything, inputs.everywhere, limit)
        share, of_set = shares[place], votes.set_shares[place]
        formulas.append(finish(scored, final, inputs, everything, settings.q_clip, share, of_set))
        if scored.candidate is winner:
            chosen = formulas[-1]
        if familiar is not None and scored.candidate is familiar.candidate:
            named = formulas[-1]
    stable, stability = verdict(chosen.descriptors, chosen.set_share, chosen.chosen_share)
    network, network_error = network_loss(data)
    log(
        f"chosen of {len(formulas)} formulas: {chosen.complexity} nodes, held-out loss "
        f"{chosen.heldout_loss:.4f} (network {network:.4f}): q = {chosen.text}"
    )
    log(stability)
    text_of_named = "" if named is None else named.text
    readability = sentence(familiar, winner, inputs.owners, text_of_named, settings.enough)
    if readability:
        log(readability)
    known = baselines(
        points_of(plain, ~data.held_out), points_of(plain, data.held_out), plain.owners
    )
    return Distillation(
        pareto_front=tuple(formulas),
        chosen=chosen,
        baselines=known,
        network_heldout_loss=network,
        network_heldout_loss_se=network_error,
        backend=engines.label,
        backend_reason=engines.reason,
        stable=stable,
        stability=stability,
        familiar=named,
        readability=readability,
        preferred=inputs.preferred,
    )


def chosen_inputs(data: FormulaData, settings: FormulaSettings) -> FormulaData:
    """The data, checked, with the columns that formulas may use.

    Raises
    ------
    DataError
        If the data are inconsistent or do not suffice.
    MechanistError
        If ``formula.allowed`` names none of their descriptors.
    """
    data.check()
    allowed = [n for n in data.descriptors if settings.allowed is None or n in settings.allowed]
    if not allowed:
        raise MechanistError("formula.allowed", "names none of the descriptors of the data")
    relevant = [name for name in allowed if name not in data.further][: settings.inputs]
    return data.select([*relevant, *data.further])


def network_loss(data: FormulaData) -> tuple[float, float]:
    """Held-out loss of the network and its standard error, in nats per outcome."""
    outcomes = data.outcomes.select(data.held_out)
    return mean_and_error(point_losses(data.q[data.held_out], outcomes), outcomes)


def points_of(data: FormulaData, rows: Mask) -> Points:
    """Inputs and outcomes of some shots; shots that ended in neither state are left out."""
    rows = rows & (data.outcomes.counts > 0)
    return Points(np.asfortranarray(data.values[rows]), data.outcomes.select(rows))


def with_constant(candidates: list[Candidate], train: Points) -> list[Candidate]:
    """The candidates, with a constant among them, shortest first.

    Raises
    ------
    MechanistError
        If all training shots ended in one state.
    """
    if any(not candidate.columns for candidate in candidates):
        return candidates
    constant = fitted(parse("0.1"), train, "grown")
    if constant is None:
        raise MechanistError("formula", "no candidate could be fitted to the shots")
    return [constant, *candidates]


def final_fit(
    candidate: Candidate, everything: Points, everywhere: Features, limit: float
) -> Candidate:
    """The candidate fitted to all shots; as it was if that fails or brings a pole."""
    final = fitted(candidate.expr, everything, candidate.source)
    sound = final is not None and bounded(final.structure.tape, everywhere, final.constants, limit)
    return final if final is not None and sound else candidate


def finish(
    scored: Scored,
    final: Candidate,
    data: FormulaData,
    everything: Points,
    q_clip: float,
    share: Share,
    set_share: float,
) -> Formula:
    """Round the constants of a formula that was fitted to all shots, and write it out."""
    form = final.structure
    errors, half_widths = intervals(final, everything)
    values = rounded(final, errors, everything)
    expr = in_columns(form.fill(values), data.columns)
    written = text(expr, data.descriptors)
    template, constants = describe(
        form, values, half_widths, final.constants, data.columns, data.units
    )
    difference: Array = np.clip(form.tape.value(data.values, values), -q_clip, q_clip)
    difference -= np.clip(data.q, -q_clip, q_clip)
    return Formula(
        text=written,
        latex=latex(parse(written), order=data.descriptors),
        template=template,
        complexity=nodes(parse(written)),
        constants=constants,
        descriptors=used(final, data.owners),
        heldout_loss=scored.loss,
        heldout_loss_se=scored.error,
        excess_loss=scored.excess,
        excess_loss_se=scored.excess_error,
        q_rms=float(np.sqrt(np.mean(difference**2))),
        source=final.source,
        stands_share=share.stands,
        chosen_share=share.chosen,
        set_share=set_share,
    )
