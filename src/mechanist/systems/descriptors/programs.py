"""Which descriptors other programs can compute, and names in their input."""

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from pathlib import Path

from mechanist.systems.descriptors.descriptor_set import Descriptor


@dataclass(frozen=True)
class Program:
    """A program that reads exported formulas or networks.

    Parameters
    ----------
    name
        For messages.
    refusal
        Why a descriptor of this package cannot be written for it; None if it can.
    of_plumed
        Whether it computes the variables of a plumed.dat.
    """

    name: str
    refusal: Callable[[Descriptor], str | None]
    of_plumed: bool = False

    def fault(self, used: Iterable[Descriptor]) -> str | None:
        """Why descriptors cannot be written for this program; None if they can."""
        used = tuple(used)
        own = {
            d.name: Path(d.custom.file).name
            for d in used
            if d.custom is not None and not (self.of_plumed and d.custom.of_plumed)
        }
        if own:
            files = " and ".join(sorted(set(own.values())))
            return f"q uses {', '.join(own)}, defined in {files} of the system"
        for d in used:
            if d.kind == "column":
                return f"q uses {d.name}, a column of the imported table"
            why = self.refusal(d)
            if why is not None:
                kind = d.kind.replace("_", " ")
                return f"{d.name!r} ({kind}) cannot be written for {self.name}: {why}"
        return None


def of_kinds(*kinds: str) -> Callable[[Descriptor], str | None]:
    """The refusal of all kinds but these."""
    return lambda descriptor: None if descriptor.kind in kinds else "it has no such function"


def free_names(wanted: Iterable[str], taken: Container[str]) -> dict[str, str]:
    """Each name, with underscores appended where it is ``taken`` or not unique."""
    result: dict[str, str] = {}
    for name in dict.fromkeys(wanted):
        free = name
        while free in taken or free in result.values():
            free += "_"
        result[name] = free
    return result
