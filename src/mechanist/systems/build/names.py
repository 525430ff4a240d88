"""Names of atoms in files, as far as programs agree on them."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Name:
    """Name of an atom, name and number of its residue, and its element where the file has it.

    Parameters
    ----------
    atom, residue, number
        As in the file.
    element
        Symbol, or empty.
    """

    atom: str
    residue: str
    number: str
    element: str = ""

    @classmethod
    def of(cls, atom: Any) -> "Name":
        """Of an atom of an OpenMM Topology."""
        residue = atom.residue
        symbol = "" if atom.element is None else str(atom.element.symbol)
        return cls(atom.name, residue.name, f"{residue.id}{residue.insertionCode.strip()}", symbol)

    @classmethod
    def of_mdtraj(cls, atom: Any) -> "Name":
        """Of an atom of an mdtraj Topology."""
        symbol = str(atom.element.symbol)
        number = str(atom.residue.resSeq)
        return cls(atom.name, atom.residue.name, number, "" if symbol == "VS" else symbol)

    @property
    def key(self) -> str:
        """Name of the atom alone: upper case, a leading digit moved to the end."""
        name = self.atom.strip().upper().replace("*", "'")
        return name[1:] + name[0] if len(name) > 1 and name[0].isdigit() else name

    def __str__(self) -> str:
        return f"{self.residue}{self.number}-{self.atom}"
