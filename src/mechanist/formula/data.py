"""What formulas are made from: inputs, the network's q, and how shots ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.errors import DataError
from mechanist.formula.expression import inputs, parse
from mechanist.formula.fit.likelihood import Outcomes
from mechanist.formula.structure import column_owners


@dataclass(frozen=True)
class FormulaData:
    """Shooting points with inputs, the network's q and outcomes.

    Parameters
    ----------
    columns
        Texts of the P inputs, those of the most relevant descriptor first, for example
        ``("sin(phi)", "cos(phi)", "bond_C1_N2")``; a descriptor's columns stand side by side.
    values
        (N, P) inputs at the shooting points, in nm and rad.
    q
        (N,) logit of p_B by the network.
    n_a, n_b
        (N,) half-shots that ended in A and in B.
    chain
        (N,) the chain of each shot.
    held_out
        (N,) whether the chain was kept from the network's training.
    frame_values, frame_q
        (F, P) and (F,) inputs and q of further frames of paths, which the search may learn from.
    units
        Unit of each descriptor, ``nm`` or ``rad``, so that constants get one too.
    further
        Descriptors that are for formulas alone, and do not count as inputs.
    """

    columns: tuple[str, ...]
    values: Array
    q: Array
    n_a: NDArray[np.float64]
    n_b: NDArray[np.float64]
    chain: NDArray[np.int64]
    held_out: NDArray[np.bool_]
    frame_values: Array | None = None
    frame_q: Array | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    further: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.q)

    @property
    def owners(self) -> tuple[str, ...]:
        """The descriptor of each column."""
        return column_owners(self.columns)

    @property
    def descriptors(self) -> tuple[str, ...]:
        """Descriptors by relevance."""
        return tuple(dict.fromkeys(self.owners))

    @property
    def outcomes(self) -> Outcomes:
        """Ends of all shots."""
        counts = np.asarray(self.n_a, dtype=np.float64), np.asarray(self.n_b, dtype=np.float64)
        return Outcomes(*counts, np.asarray(self.chain, dtype=np.int64))

    def check(self) -> None:
        """Refuse data that no formula can be made from.

        Raises
        ------
        DataError
            If shapes do not fit, numbers are not finite, or one of the two sets of chains is empty.
        """
        where = "formula data"
        rows = [self.q, self.n_a, self.n_b, self.chain, self.held_out]
        if self.values.shape != (len(self.q), len(self.columns)) or any(
            np.shape(row) != (len(self.q),) for row in rows
        ):
            raise DataError(where, "columns, values, q, outcomes and chains differ in length")
        if not (np.isfinite(self.values).all() and np.isfinite(self.q).all()):
            raise DataError(where, "an input or q is not a finite number")
        for name, rows_of in (("held-out", self.held_out), ("training", ~self.held_out)):
            if (self.n_a + self.n_b)[rows_of].sum() == 0:
                raise DataError(where, f"the {name} chains hold no shot that ended in A or B")
        for column in self.columns:
            if len(inputs(parse(column))) != 1:
                raise DataError(where, f"the column {column!r} is not of one descriptor")

    def select(self, wanted: list[str]) -> "FormulaData":
        """The columns of some descriptors, in the order that they have here."""
        keep = [i for i, owner in enumerate(self.owners) if owner in wanted]
        frames = None if self.frame_values is None else self.frame_values[:, keep]
        return FormulaData(
            columns=tuple(self.columns[i] for i in keep),
            values=np.asfortranarray(self.values[:, keep]),
            q=self.q,
            n_a=self.n_a,
            n_b=self.n_b,
            chain=self.chain,
            held_out=self.held_out,
            frame_values=frames,
            frame_q=self.frame_q,
            units=self.units,
            further=self.further,
        )
