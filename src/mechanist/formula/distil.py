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

from mechanist.arrays import Mask
from mechanist.bookkeeping.journal import Log
from mechanist.errors import MechanistError
from mechanist.formula.choice.baselines import baselines
from mechanist.formula.choice.election import elect
from mechanist.formula.choice.familiar import sentence
from mechanist.formula.choice.pareto import mean_and_error
from mechanist.formula.choice.stability import best_of_each_length
from mechanist.formula.choice.vote import verdict
from mechanist.formula.data import FormulaData
from mechanist.formula.expression import parse
from mechanist.formula.finish import final_fit, finish
from mechanist.formula.fit.candidate import Candidate, Points, fitted
from mechanist.formula.fit.likelihood import point_losses
from mechanist.formula.fit.refit import LARGEST_Q, refit
from mechanist.formula.result import Distillation, Formula
from mechanist.formula.search.search import search
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
    result = elect(rivals, train, held_out, inputs, settings, rng)
    written: dict[int, Formula] = {}
    for one in result.front:
        candidate = one.scored.candidate
        final = final_fit(candidate, everything, inputs.everywhere, limit)
        written[id(candidate)] = finish(one, final, inputs, everything, settings.q_clip)
    formulas, chosen = tuple(written.values()), written[id(result.winner)]
    familiar = result.familiar
    named = None if familiar is None else written[id(familiar.candidate)]
    stable, stability = verdict(chosen.descriptors, chosen.set_share, chosen.chosen_share)
    network, network_error = network_loss(data)
    log(
        f"chosen of {len(formulas)} formulas: {chosen.complexity} nodes, held-out loss "
        f"{chosen.heldout_loss:.4f} (network {network:.4f}): q = {chosen.text}"
    )
    log(stability)
    text_of_named = "" if named is None else named.text
    readability = sentence(familiar, result.winner, inputs.owners, text_of_named, settings.enough)
    if readability:
        log(readability)
    known = baselines(
        points_of(plain, ~data.held_out), points_of(plain, data.held_out), plain.owners
    )
    return Distillation(
        pareto_front=formulas,
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
