"""Baselines that a formula is compared with: a constant, one descriptor, all inputs linearly.

They are not candidates; the last one is too long to read.
"""

from collections.abc import Sequence

from mechanist.formula.choice.pareto import mean_and_error
from mechanist.formula.fit.candidate import Candidate, Points, fitted
from mechanist.formula.structure import column_symbols

FIRST_GUESS = 0.01


def baselines(train: Points, held_out: Points, owners: Sequence[str]) -> dict[str, float]:
    """Held-out loss by name, in nats per outcome; models that cannot be fitted are left out.

    Parameters
    ----------
    train, held_out
        Inputs and outcomes of the two sets of chains.
    owners
        Descriptor of each column.
    """
    result: dict[str, float] = {}
    constant = _linear([], train)
    if constant is not None:
        result["constant"] = _loss(constant, held_out)
    singles = {
        name: _linear([i for i, owner in enumerate(owners) if owner == name], train)
        for name in dict.fromkeys(owners)
    }
    known = {name: fit for name, fit in singles.items() if fit is not None}
    if known:
        best = min(known, key=lambda name: known[name].loss)
        result[f"best single descriptor ({best})"] = _loss(known[best], held_out)
    everything = _linear(list(range(len(owners))), train)
    if everything is not None:
        result[f"linear in all {len(owners)} inputs"] = _loss(everything, held_out)
    return result


def _linear(columns: list[int], points: Points) -> Candidate | None:
    import sympy

    symbols = column_symbols(points.columns.shape[1])
    terms = [sympy.Float(FIRST_GUESS) * symbols[i] for i in columns]
    return fitted(sympy.Add(sympy.Float(FIRST_GUESS), *terms), points, "baseline")


def _loss(candidate: Candidate, held_out: Points) -> float:
    return mean_and_error(candidate.losses(held_out), held_out.outcomes)[0]
