"""Data for distillation: inputs, the network's q, and the outcomes of shots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from mechanist.arrays import Ends, Features, Mask, Q, Rows
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
        (N,) reaction coordinate by the network.
    n_a, n_b
        (N,) half-shots that ended in A and in B.
    chain
        (N,) the chain of each shot.
    held_out
        (N,) whether the chain was held out from the network's training.
    units
        Unit of each descriptor, ``nm`` or ``rad``, from which those of constants follow.
    further
        Descriptors for formulas alone, which do not count towards ``formula.inputs``.
    frame_values
        (F, P) inputs at frames of paths, on which a formula must be finite, too; None for none.
    frame_q
        (F,) reaction coordinate of these frames by the network.
    preferred
        Familiar descriptors: of formulas that are equal within error one in these is chosen.
    """

    columns: tuple[str, ...]
    values: Features
    q: Q
    n_a: Ends
    n_b: Ends
    chain: Rows
    held_out: Mask
    units: Mapping[str, str] = field(default_factory=dict)
    further: tuple[str, ...] = ()
    frame_values: Features | None = None
    frame_q: Q | None = None
    preferred: tuple[str, ...] = ()

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
        """Outcomes of all shots."""
        counts = np.asarray(self.n_a, dtype=np.float64), np.asarray(self.n_b, dtype=np.float64)
        return Outcomes(*counts, np.asarray(self.chain, dtype=np.int64))

    @property
    def everywhere(self) -> Features:
        """(N + F, P) inputs at shooting points and at frames of paths."""
        if self.frame_values is None:
            return self.values
        return np.asfortranarray(np.concatenate([self.values, self.frame_values]))

    @property
    def largest_q(self) -> float:
        """Largest absolute q of the network at shooting points and at frames of paths."""
        parts = [self.q] if self.frame_q is None else [self.q, self.frame_q]
        return max(float(np.abs(part).max(initial=0.0)) for part in parts)

    def check(self) -> None:
        """Refuse data that cannot be distilled.

        Raises
        ------
        DataError
            If shapes do not match, numbers are not finite, or one of the two sets of chains has no
            outcomes.
        """
        where = "formula data"
        rows = [self.q, self.n_a, self.n_b, self.chain, self.held_out]
        if self.values.shape != (len(self.q), len(self.columns)) or any(
            np.shape(row) != (len(self.q),) for row in rows
        ):
            raise DataError(where, "columns, values, q, outcomes and chains differ in length")
        frames = None if self.frame_q is None else (len(self.frame_q), len(self.columns))
        if frames != (None if self.frame_values is None else self.frame_values.shape):
            raise DataError(where, "values and q of path frames differ in length")
        if not (np.isfinite(self.everywhere).all() and np.isfinite(self.largest_q)):
            raise DataError(where, "an input or q is not a finite number")
        for name, rows_of in (("held-out", self.held_out), ("training", ~self.held_out)):
            if (self.n_a + self.n_b)[rows_of].sum() == 0:
                raise DataError(where, f"the {name} chains have no shot that ended in A or B")
        for column in self.columns:
            if len(inputs(parse(column))) != 1:
                raise DataError(where, f"column {column!r} must depend on exactly one descriptor")

    def select(self, wanted: list[str]) -> "FormulaData":
        """The columns of some descriptors, in their present order."""
        keep = [i for i, owner in enumerate(self.owners) if owner in wanted]
        columns = tuple(self.columns[i] for i in keep)
        values = np.asfortranarray(self.values[:, keep])
        frames = None if self.frame_values is None else self.frame_values[:, keep]
        return replace(self, columns=columns, values=values, frame_values=frames)

    def with_angles(self) -> "FormulaData":
        """The same with a further column for every angle that enters as sine and cosine."""

        def wider(values: Features) -> Features:
            return np.asfortranarray(np.hstack([values, angle_values(self.columns, values)]))

        frames = None if self.frame_values is None else wider(self.frame_values)
        columns = (*self.columns, *angle_names(self.columns))
        return replace(self, columns=columns, values=wider(self.values), frame_values=frames)


def angle_names(columns: Sequence[str]) -> tuple[str, ...]:
    """Angles that have columns for both sine and cosine, by relevance."""
    names = (column[4:-1] for column in columns if column.startswith("sin("))
    return tuple(name for name in names if f"cos({name})" in columns)


def angle_values(columns: Sequence[str], values: Features) -> Features:
    """Values (N, A) in rad of these angles from columns (N, P)."""
    places = [
        (columns.index(f"sin({n})"), columns.index(f"cos({n})")) for n in angle_names(columns)
    ]
    angles = [np.arctan2(values[:, s], values[:, c]) for s, c in places]
    return np.array(angles).reshape(len(places), len(values)).T
