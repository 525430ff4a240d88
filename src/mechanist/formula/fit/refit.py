"""Candidates refitted on the outcomes of shots, checked and freed of duplicates.

The search learns the form from the network. What the numbers are is decided by how shots ended.
"""

from collections.abc import Sequence

import numpy as np

from mechanist.arrays import Array
from mechanist.bookkeeping.journal import Log
from mechanist.formula.expression import Expr
from mechanist.formula.fit.candidate import Candidate, Points, fitted
from mechanist.formula.structure import normal
from mechanist.formula.tape import Tape

LARGEST_Q = 50.0
"""A q beyond this, and beyond three times the network's largest, is no logit but a pole."""
BEYOND, FAR_BEYOND = 1e-3, 10.0
"""Share of rows that may have a larger q nevertheless, and how many times larger it may be: the
tail of an exponential harms nobody where p_B is 0 or 1."""
MARGIN = 0.05
"""A denominator may not come nearer to 0 than this share of its median size."""


def bounded(tape: Tape, columns: Array, constants: Array, limit: float = LARGEST_Q) -> bool:
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
    everywhere: Array,
    log: Log,
    limit: float = LARGEST_Q,
) -> list[Candidate]:
    """Fit the numbers anew, drop what fails, merge what is the same.

    Parameters
    ----------
    candidates
        Forms with first guesses.
    points
        Training chains: inputs and outcomes.
    everywhere
        (F, P) all inputs there are; q must be bounded on them.
    log
        Told how many candidates were dropped, and why.
    limit
        Largest size of q, but for a few rows.

    Returns
    -------
    list of Candidate
        Shortest first, then by training loss.
    """
    kept: dict[str, Candidate] = {}
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
        if key not in kept or (new.nodes, new.loss) < (kept[key].nodes, kept[key].loss):
            kept[key] = new
    merged = len(candidates) - failed - unbounded - len(kept)
    log(
        f"refit of {len(candidates)} candidates on outcomes: {failed} did not converge, "
        f"{unbounded} are not bounded on the data, {merged} are the same as another"
    )
    return sorted(kept.values(), key=lambda c: (c.nodes, c.loss))


def normal_key(expr: Expr, digits: int = 3) -> str:
    """Text that is the same for expressions which are equal up to rounding."""
    import sympy

    expanded = normal(sympy.expand(expr))
    numbers = expanded.atoms(sympy.Float)
    return str(expanded.xreplace({n: sympy.Float(f"{float(n):.{digits}g}") for n in numbers}))
