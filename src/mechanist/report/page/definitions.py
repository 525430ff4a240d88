"""Definitions of the descriptors of the formula, by names of atoms."""

from pathlib import Path

from mechanist.errors import DataError
from mechanist.formula.export.words import meaning
from mechanist.formula.store import used_descriptors
from mechanist.report.data import ReportData
from mechanist.report.figures.style import plain_name


def definitions(data: ReportData) -> list[tuple[str, str, str]]:
    """Rows of the table of descriptors in the formula: name, definition, name in the formula."""
    if data.formula is None or "definitions" not in data.formula:
        return []
    used = used_descriptors(data.formula, data.layout.formula).descriptors
    labels = atom_labels(data.layout.topology) if used else []
    return [(plain_name(d.name), meaning(d, labels.__getitem__), d.name) for d in used]


def atom_labels(topology: Path) -> list[str]:
    """Name and residue number of each atom, such as CA2.

    Raises
    ------
    DataError
        If the file is missing or damaged.
    """
    import mdtraj

    try:
        atoms = mdtraj.load_topology(str(topology)).atoms
        return [f"{atom.name}{atom.residue.resSeq}" for atom in atoms]
    except (OSError, ValueError, IndexError, KeyError, AttributeError) as error:
        raise DataError(topology, f"damaged ({error}); delete it and run again") from None
