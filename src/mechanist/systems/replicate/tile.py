"""What stacking needs for every force: number and origins of the copies, and helpers."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from mechanist.arrays import Array


@dataclass(frozen=True)
class Tile:
    """How one System is repeated.

    Parameters
    ----------
    size
        Particles in one copy, N.
    layout
        ``pairs`` or ``grid``.
    origins
        (R, 3) nm, added to the coordinates of each copy.
    cutoff
        Cutoff in nm of the forces that need one; 0 in the layout ``pairs``.
    """

    size: int
    layout: str
    origins: Array
    cutoff: float

    @property
    def copies(self) -> int:
        """Number of copies, R."""
        return len(self.origins)

    @property
    def offsets(self) -> range:
        """First particle of every copy but the first, which a clone of a force contains already."""
        return range(self.size, self.copies * self.size, self.size)

    def origin(self, copy: int) -> tuple[float, ...]:
        """Origin of one copy in nm."""
        return tuple(self.origins[copy].tolist())


def clone(force: Any) -> Any:
    """A copy of a force with its expressions, parameter names, tables, group and name."""
    import openmm

    return openmm.XmlSerializer.clone(force)


def plain(values: Iterable[Any]) -> list[Any]:
    """Values without units, in nm, ps, dalton, radians, kJ/mol and elementary charges."""
    from openmm import unit

    system = unit.md_unit_system
    return [v.value_in_unit_system(system) if unit.is_quantity(v) else v for v in values]


def terms(get: Callable[[int], Iterable[Any]], count: int) -> list[list[Any]]:
    """All terms of a force, ``get(0)`` to ``get(count - 1)``, without units."""
    return [plain(get(k)) for k in range(count)]


def repeat(entries: Sequence[Sequence[Any]], arity: int, tile: Tile, add: Any) -> None:
    """Call ``add`` for every term of every copy but the first.

    Parameters
    ----------
    entries
        Terms of one copy: ``arity`` particles, then what stays the same.
    """
    split = [(entry[:arity], entry[arity:]) for entry in entries]
    for offset in tile.offsets:
        for particles, rest in split:
            add(*[i + offset for i in particles], *rest)
