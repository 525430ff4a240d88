"""Candidates refitted to the outcomes of shots, checked for poles, without duplicates.

The search finds forms from the network's q; constants follow from the outcomes of shots.
"""

from collections.abc import Sequence

import numpy as np

from mechanist.arrays import Array, Features
from mechanist.bookkeeping.journal import Log
from mechanist.formula.expression import Expr
from mechanist.formula.fit.candidate import Candidate, Points, fitted
from mechanist.formula.structure import normal
from mechanist.formula.tape import Tape

LARGEST_Q = 50.0
"""A |q| above this, and above three times the network's largest, indicates a pole."""
BEYOND, FAR_BEYOND = 1e-3, 10.0
"""Share of rows on which |q| may exceed the limit, and by which factor: the tail of an exponential
does no harm where p_B is 0 or 1."""
MARGIN = 0.05
"""Smallest size of a denominator, as a share of its median size."""


def bounded(tape: Tape, columns: Features, constants: Array, limit: float = LARGEST_Q) -> bool:
    """Whether |q| stays below ``limit`` on the rows of ``columns`` (F, P), with no pole near."""
    sizes = np.abs(tape.value(columns, constants))
    if not np.isfinite(sizes).all() or sizes.max() > FAR_BEYOND * limit:
        return False
    if (sizes > limit).mean() > BEYOND:
        return False
    for value in tape.denominators(columns, constants):
        sizes = np.atleast_1d(value)
        if (sizes.min() < 0) != (sizes.max() < 0):
            return False
        if np.abs(sizes).min() <= MARGIN * np.median(np.abs(sizes)):
            return False
    return True


def refit(
    candidates: Sequence[Candidate],
    points: Points,
    everywhere: Features,
    log: Log,
    limit: float = LARGEST_Q,
) -> list[Candidate]:
    """Refit the constants, drop candidates that fail, merge equal ones.

    Parameters
    ----------
    candidates
        Forms with first guesses of their constants.
    points
        Training chains: inputs and outcomes.
    everywhere
        (F, P) all inputs; q must be bounded on them.
    log
        Takes one line: how many candidates were dropped, and why.
    limit
        Largest |q|, except on a few rows.

    Returns
    -------
    list of Candidate
        Shortest first, then by training loss.
    """
    distinct: dict[str, Candidate] = {}
    failed = unbounded = 0
    for candidate in candidates:
        new = fitted(candidate.expr, points, candidate.source)
        if new is None:
            failed += 1
            continue
        if not bounded(new.structure.tape, everywhere, new.constants, limit):
            unbounded += 1
            continue
        key = normal_key(new.expr)
        if key not in distinct or (new.nodes, new.loss) < (distinct[key].nodes, distinct[key].loss):
            distinct[key] = new
    merged = len(candidates) - failed - unbounded - len(distinct)
    log(
        f"refit of {len(candidates)} candidates to outcomes: {failed} did not converge, "
        f"{unbounded} not bounded on the data, {merged} duplicates"
    )
    return sorted(distinct.values(), key=lambda c: (c.nodes, c.loss))


def normal_key(expr: Expr, digits: int = 3) -> str:
    """The same text for expressions that are equal up to rounding."""
    import sympy

    expanded = normal(sympy.expand(expr))
    numbers = expanded.atoms(sympy.Float)
    return str(expanded.xreplace({n: sympy.Float(f"{float(n):.{digits}g}") for n in numbers}))
