"""A chosen formula fitted to all shots, and written out with intervals of its constants."""

import numpy as np

from mechanist.arrays import Array, Features
from mechanist.formula.choice.election import Elected
from mechanist.formula.choice.pareto import used
from mechanist.formula.data import FormulaData
from mechanist.formula.expression import nodes, parse
from mechanist.formula.fit.candidate import Candidate, Points, fitted
from mechanist.formula.fit.constants import describe, intervals, rounded
from mechanist.formula.fit.refit import bounded
from mechanist.formula.result import Formula
from mechanist.formula.structure import in_columns
from mechanist.formula.typeset import latex, text


def final_fit(
    candidate: Candidate, everything: Points, everywhere: Features, limit: float
) -> Candidate:
    """The candidate fitted to all shots; as it was if that fails or brings a pole."""
    final = fitted(candidate.expr, everything, candidate.source)
    sound = final is not None and bounded(final.structure.tape, everywhere, final.constants, limit)
    return final if final is not None and sound else candidate


def finish(
    elected: Elected, final: Candidate, data: FormulaData, everything: Points, q_clip: float
) -> Formula:
    """Round the constants of a formula that was fitted to all shots, and write it out."""
    form, scored, share = final.structure, elected.scored, elected.share
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
        set_share=elected.set_share,
    )
