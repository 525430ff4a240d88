"""Which descriptors other programs can compute."""

from collections.abc import Callable, Iterable
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
    able
        Whether a descriptor can be written for it.
    """

    name: str
    able: Callable[[Descriptor], bool]

    def fault(self, used: Iterable[Descriptor]) -> str | None:
        """Why descriptors cannot be written for this program; None if they can."""
        own = {d.name: Path(d.custom.file).name for d in used if d.custom is not None}
        if own:
            files = " and ".join(sorted(set(own.values())))
            return f"q uses {', '.join(own)}, defined in {files} of the system"
        for d in used:
            if d.kind == "column":
                return f"q uses {d.name}, a column of the imported table"
            if not self.able(d):
                return f"{d.name!r} ({d.kind.replace('_', ' ')}) cannot be written for {self.name}"
        return None


def of_kinds(*kinds: str) -> Callable[[Descriptor], bool]:
    """Whether a descriptor is of one of these kinds."""
    return lambda descriptor: descriptor.kind in kinds
