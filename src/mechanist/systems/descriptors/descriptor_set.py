"""Descriptors: named numbers computed from positions, for many frames at once."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mechanist.arrays import Array, FrameSource, Positions, Rows
from mechanist.errors import DataError
from mechanist.systems.barostat import scales
from mechanist.systems.descriptors import collective, contacts, geometry, symmetry
from mechanist.systems.descriptors.box import BoxVectors, Cell, box_from_json
from mechanist.systems.descriptors.custom import CUSTOM, Custom, custom_from_json
from mechanist.systems.descriptors.shapes import (
    Column,
    Shape,
    Sorted,
    shape_from_json,
    shape_to_json,
)

CHUNK = 512
"""Frames at a time; temporary arrays of this size fit in the cache of a core."""

CHUNK_ATOMS = 2_000_000
"""Atoms of the frames at a time, at most: 24 MB."""

ATOMS_OF_KIND = {
    **{"torsion": 4, "angle": 3, "distance": 2},
    **{"difference": 4, "height": 4, "coordinate": 1, "column": 1},
}
LENGTHS = ("distance", "difference", "height", "coordinate", "centre_distance", "rmsd")
UNIT_OF_KIND = {
    **{"torsion": "rad", "angle": "rad", "volume": "nm^3"},
    **dict.fromkeys(LENGTHS, "nm"),
}
COUNTS = ("coordination", "hydrogen_bonds", "bridges")
COLLECTIVE = ("centre_distance", "rmsd", "path_s", "path_z")
SYMMETRY = ("radial", "angular")
MEASURES = {
    "torsion": geometry.torsions,
    "angle": geometry.angles,
    "distance": geometry.distances,
    "difference": geometry.differences,
    "height": geometry.heights,
}


@dataclass(frozen=True)
class Descriptor:
    """One named number.

    Torsions and angles are in rad; distances, their differences, heights and Cartesian coordinates
    in nm; symmetry functions and smooth counts of solvent atoms have no unit.

    Parameters
    ----------
    name
        Identifier, as it appears in formulas.
    kind
        One of `ATOMS_OF_KIND`, `SYMMETRY` and `COUNTS`, or ``sorted``, whose atoms are those of
        all values, one after the other, or ``volume``, without atoms.
    atoms
        Indices; for kinds of the solvent the first group of atoms.
    axis
        0, 1, 2 for x, y, z of a coordinate.
    others
        Further groups of atoms, see `mechanist.systems.descriptors.contacts.count`; for symmetry
        functions the atoms around the centre.
    shape
        Parameters of a solvent descriptor, see `mechanist.systems.descriptors.shapes`.
    custom
        A function of the user.
    scattered
        Whether a group of a collective variable has atoms of several molecules in a periodic box.
    """

    name: str
    kind: str
    atoms: tuple[int, ...]
    axis: int = 0
    others: tuple[tuple[int, ...], ...] = ()
    shape: Shape | None = None
    custom: Custom | None = None
    scattered: bool = False

    @property
    def unit(self) -> str:
        """Unit of the values, ``1`` for none."""
        if self.custom is not None:
            return self.custom.unit
        if isinstance(self.shape, Sorted):
            return UNIT_OF_KIND[self.shape.measure]
        if isinstance(self.shape, Column):
            return self.shape.unit
        return UNIT_OF_KIND.get(self.kind, "1")

    @property
    def every_atom(self) -> frozenset[int]:
        """Indices of all atoms that it names; none of a function of the user."""
        return frozenset(self.atoms).union(*self.others)

    @property
    def periodic(self) -> bool:
        """Whether the value is periodic, so that only its sine and cosine are smooth."""
        own = self.shape if isinstance(self.shape, Column) else self.custom
        return self.kind == "torsion" or (own is not None and own.periodic)


@dataclass(frozen=True)
class DescriptorSet:
    """An ordered set of descriptors that are evaluated together.

    Parameters
    ----------
    descriptors
        What to compute, in the order of the columns.
    box
        Reduced vectors in nm of the periodic box, or None.
    box_row
        Row of each frame that has its own box, see `mechanist.systems.barostat`; None: all have
        the same.

    Raises
    ------
    DataError
        If two of them have one name.
    """

    descriptors: tuple[Descriptor, ...]
    box: BoxVectors | None = None
    box_row: int | None = None

    def __post_init__(self) -> None:
        twice = [name for name, n in Counter(self.names).items() if n > 1]
        if twice:
            raise DataError("descriptors", f"{twice[0]!r}: two descriptors have this name")

    def __len__(self) -> int:
        return len(self.descriptors)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns of `values`."""
        return tuple(descriptor.name for descriptor in self.descriptors)

    @cached_property
    def _by_kind(self) -> dict[str, tuple[Rows, Rows]]:
        """For each kind its columns (K,) and the atoms of each column (K, A)."""
        groups: dict[str, tuple[Rows, Rows]] = {}
        for kind in ATOMS_OF_KIND:
            columns = [i for i, d in enumerate(self.descriptors) if d.kind == kind]
            if columns:
                atoms = np.array([self.descriptors[i].atoms for i in columns], dtype=np.int64)
                groups[kind] = (np.array(columns, dtype=np.int64), atoms)
        return groups

    @cached_property
    def _cell(self) -> Cell | None:
        return None if self.box is None else Cell(self.box)

    @cached_property
    def _counts(self) -> list[tuple[int, Shape, contacts.Groups]]:
        """Columns that are counts, with shape and atoms."""
        return [
            (i, d.shape, tuple(np.array(g, dtype=np.int64) for g in (d.atoms, *d.others)))
            for i, d in enumerate(self.descriptors)
            if d.kind in COUNTS and d.shape is not None
        ]

    @cached_property
    def _collective(self) -> list[tuple[int, str, Shape, collective.Groups]]:
        """Columns that are collective variables, with kind, shape and atoms."""
        return [
            (i, d.kind, d.shape, tuple(np.array(g, dtype=np.int64) for g in (d.atoms, *d.others)))
            for i, d in enumerate(self.descriptors)
            if d.kind in COLLECTIVE and d.shape is not None
        ]

    @cached_property
    def _sorted(self) -> list[tuple[Rows, str, list[tuple[int, int]]]]:
        """Atoms (M, K) of each orbit, what is measured, and its columns with their ranks."""
        orbits: dict[tuple[tuple[int, ...], str, int], list[tuple[int, int]]] = {}
        for i, d in enumerate(self.descriptors):
            if isinstance(d.shape, Sorted):
                key = (d.atoms, d.shape.measure, d.shape.size)
                orbits.setdefault(key, []).append((i, d.shape.rank))
        return [
            (np.array(atoms, dtype=np.int64).reshape(size, -1), measure, places)
            for (atoms, measure, size), places in orbits.items()
        ]

    @cached_property
    def _symmetry(self) -> list[symmetry.SharedSite]:
        """Columns that are symmetry functions, grouped by centre, atoms and cutoff."""
        return symmetry.shared_sites(
            [
                symmetry.Member(i, d.atoms[0], d.others[0], d.shape)
                for i, d in enumerate(self.descriptors)
                if d.kind in SYMMETRY and d.shape is not None
            ]
        )

    def values(self, positions: Positions | FrameSource) -> Array:
        """Values of all descriptors.

        Parameters
        ----------
        positions
            (F, N, 3) in nm, in memory or on disk.

        Returns
        -------
        ndarray
            (F, D) in rad, nm and 1, see `Descriptor.unit`.
        """
        # Frames of files may have them already.
        known = getattr(positions, "known_values", None)
        found: Array | None = None if known is None else known(self)
        if found is not None:
            return found
        if self.box_row is not None and positions.shape[1] != self.box_row + 1:
            raise DataError(
                "descriptors",
                f"frames of shape {tuple(positions.shape)}: under a barostat each needs its box as"
                f" a last row, which makes {self.box_row + 1} rows",
            )
        result = np.empty((len(positions), len(self.descriptors)))
        chunk = max(1, min(CHUNK, CHUNK_ATOMS // max(1, positions.shape[1])))
        for start in range(0, len(positions), chunk):
            rows = slice(start, start + chunk)
            self._fill(np.asarray(positions[rows]), result[rows])
        return result

    def _fill(self, frames: Positions, result: Array) -> None:
        """Write the values of ``frames`` (F, N, 3) into ``result`` (F, D)."""
        cell = self._cell_of(frames)
        for kind, (columns, atoms) in self._by_kind.items():
            if kind in ("coordinate", "column"):
                axes = np.array([self.descriptors[i].axis for i in columns])
                result[:, columns] = frames[:, atoms[:, 0], axes]
            else:
                result[:, columns] = MEASURES[kind](frames, atoms, cell)
        for atoms, measure, places in self._sorted:
            values = np.sort(MEASURES[measure](frames, atoms, cell), axis=1)
            for column, rank in places:
                result[:, column] = values[:, rank]
        for column, shape, groups in self._counts:
            result[:, column] = contacts.count(shape, groups, frames, cell)
        for column, kind, shape, groups in self._collective:
            result[:, column] = collective.values(kind, shape, groups, frames, cell)
        for part in self._symmetry:
            symmetry.fill(part, frames, cell, result)
        for column, d in enumerate(self.descriptors):
            if d.kind == "volume" and cell is not None:
                size = 1.0 if cell.scales is None else cell.scales**3
                result[:, column] = size * cell.matrix.diagonal().prod()
        for column, custom in self._customs:
            result[:, column] = self._custom(custom, frames.astype(np.float64), cell)

    def _cell_of(self, frames: Positions) -> Cell | None:
        """The boxes of frames."""
        if self._cell is None or self.box_row is None or self.box is None:
            return self._cell
        return self._cell.scaled(scales(frames[:, self.box_row], self.box))

    def _custom(self, custom: Custom, frames: Array, cell: Cell | None) -> Array:
        """Values (F,) of a custom function, which takes one box at a time."""
        if cell is None or cell.scales is None:
            return custom.values(frames, None if cell is None else cell.matrix)
        atoms = frames[:, : self.box_row]
        values = [
            custom.values(atoms[i : i + 1], scale * cell.matrix)
            for i, scale in enumerate(cell.scales)
        ]
        return np.concatenate([np.empty(0), *values])

    @cached_property
    def _customs(self) -> list[tuple[int, Custom]]:
        """Columns that are custom functions."""
        found = [(i, d.custom) for i, d in enumerate(self.descriptors)]
        return [(i, custom) for i, custom in found if custom is not None]

    @cached_property
    def definitions(self) -> tuple[str, ...]:
        """A hash of the definition of each descriptor, its box included."""
        found = []
        for d in self.descriptors:
            text = json.dumps(self.of((d,)).to_json(), sort_keys=True)
            found.append(hashlib.sha256(text.encode()).hexdigest()[:32])
        return tuple(found)

    @cached_property
    def owners(self) -> Rows:
        """Index of the descriptor that each feature comes from, (P,)."""
        repeats = [2 if d.periodic else 1 for d in self.descriptors]
        return np.repeat(np.arange(len(self.descriptors)), repeats)

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the features as they appear in formulas: ``sin(phi)``, ``bond_C1_N2``."""
        names: list[str] = []
        for d in self.descriptors:
            names += [f"sin({d.name})", f"cos({d.name})"] if d.periodic else [d.name]
        return tuple(names)

    def features(self, values: Array) -> Array:
        """Inputs of networks and formulas: periodic values as sine and cosine, others unchanged.

        Parameters
        ----------
        values
            (F, D) from `values`.

        Returns
        -------
        ndarray
            (F, P), columns as `feature_names`.
        """
        result = np.empty((len(values), len(self.owners)))
        sine, cosine = self._sines
        for start in range(0, len(values), CHUNK):
            part = values[start : start + CHUNK, self.owners]
            part[:, sine] = np.sin(part[:, sine])
            part[:, cosine] = np.cos(part[:, cosine])
            result[start : start + CHUNK] = part
        return result

    @cached_property
    def _sines(self) -> tuple[Rows, Rows]:
        """Columns of `features` that are sines, and those that are cosines."""
        periodic = np.array([d.periodic for d in self.descriptors])[self.owners]
        second = np.r_[False, self.owners[1:] == self.owners[:-1]]
        return np.flatnonzero(periodic & ~second), np.flatnonzero(periodic & second)

    def select(self, names: Sequence[str]) -> "DescriptorSet":
        """The descriptors of these names, in this order."""
        by_name = {d.name: d for d in self.descriptors}
        return self.of(tuple(by_name[name] for name in names))

    def of(self, descriptors: Sequence[Descriptor]) -> "DescriptorSet":
        """Other descriptors in the same box."""
        return DescriptorSet(tuple(descriptors), self.box, self.box_row)

    def to_json(self) -> dict[str, Any]:
        """Plain data for a JSON file; each group of solvent atoms is written once."""
        selections: dict[tuple[int, ...], int] = {}
        rows: list[dict[str, Any]] = []
        for d in self.descriptors:
            row = {"name": d.name, "kind": d.kind, "atoms": list(d.atoms), "axis": d.axis}
            row["unit"] = d.unit
            if d.shape is not None:
                row["others"] = [selections.setdefault(g, len(selections)) for g in d.others]
                row["shape"] = shape_to_json(d.shape)
            if d.custom is not None:
                row[CUSTOM] = d.custom.to_json()
            if d.scattered:
                row["scattered"] = True
            rows.append(row)
        return {
            "descriptors": rows,
            "selections": [list(group) for group in selections],
            "box": None if self.box is None else [list(row) for row in self.box],
            **({} if self.box_row is None else {"box_row": self.box_row}),
        }

    @staticmethod
    def from_json(content: dict[str, Any]) -> "DescriptorSet":
        """Inverse of `to_json`."""
        selections = [tuple(group) for group in content["selections"]]
        return DescriptorSet(
            tuple(
                Descriptor(
                    r["name"],
                    r["kind"],
                    tuple(r["atoms"]),
                    r["axis"],
                    tuple(selections[i] for i in r.get("others", [])),
                    shape_from_json(r["kind"], r.get("shape")),
                    custom_from_json(r.get(CUSTOM)),
                    r.get("scattered", False),
                )
                for r in content["descriptors"]
            ),
            box_from_json(content["box"]),
            content.get("box_row"),
        )
