"""Candidates: formulas whose constants are fitted to outcomes."""

from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array, Features
from mechanist.formula.expression import Expr
from mechanist.formula.fit.likelihood import Outcomes, fit, point_losses
from mechanist.formula.structure import Structure, structure


@dataclass(frozen=True)
class Points:
    """What candidates are fitted to: inputs (N, P) and outcomes of N points."""

    columns: Features
    outcomes: Outcomes


@dataclass(frozen=True)
class Candidate:
    """A formula with fitted constants.

    Parameters
    ----------
    structure
        Its form.
    constants
        (K,) fitted.
    loss
        Of the points that it was fitted to, in nats per outcome.
    source
        What proposed it.
    """

    structure: Structure
    constants: Array
    loss: float
    source: str

    @property
    def expr(self) -> Expr:
        """The formula with numbers for its constants."""
        return self.structure.fill(self.constants)

    @property
    def columns(self) -> tuple[int, ...]:
        """Columns that it uses, in ascending order."""
        symbols = self.structure.expr.free_symbols
        return tuple(sorted(int(s.name[1:]) for s in symbols if s.name[0] == "x"))

    @property
    def nodes(self) -> int:
        """Complexity."""
        return self.structure.nodes

    def losses(self, points: Points) -> Array:
        """Loss (N,) of each point in nats, summed over its outcomes."""
        q = self.structure.tape.value(points.columns, self.constants)
        return point_losses(q, points.outcomes)


def fitted(expr: Expr, points: Points, source: str, settled: float = 1e-9) -> Candidate | None:
    """Fit the constants of an expression; None if that fails.

    Parameters
    ----------
    expr
        In x0, x1, ...; its numbers are the first guess.
    points
        What to fit to.
    source
        What proposed it.
    settled
        See `mechanist.formula.fit.likelihood.fit`.
    """
    form, start = structure(expr, points.columns.shape[1])
    found = fit(form.tape, points.columns, np.array(start), points.outcomes, settled)
    if found is None:
        return None
    constants, turns = found.constants.copy(), list(form.phases)
    constants[turns] = np.mod(constants[turns] + np.pi, 2 * np.pi) - np.pi
    return Candidate(form, constants, found.loss, source)
