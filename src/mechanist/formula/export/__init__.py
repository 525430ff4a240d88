"""The chosen formula for other programs: a Python file, PLUMED input, and an OpenMM force.

All three compute q from positions by the same definitions of descriptors as
`mechanist.systems.descriptors.descriptor_set`. Python knows all of them; the others lack some of
the solvent.
"""

from collections.abc import Iterable
from pathlib import Path

from mechanist.bookkeeping.files import write_text
from mechanist.formula.export import openmm, plumed
from mechanist.formula.export.names import definitions, inexpressible
from mechanist.formula.export.openmm import openmm_force, openmm_xml
from mechanist.formula.export.plumed import plumed_text
from mechanist.formula.export.python import python_text
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet

__all__ = [
    "EXPORTS",
    "exports_of",
    "openmm_force",
    "openmm_xml",
    "plumed_text",
    "python_text",
    "write_exports",
]

EXPORTS = {"python": "formula.py", "plumed": "formula.plumed", "openmm": "formula_openmm.xml"}
"""Names of the files, by what reads them."""


def exports_of(formula: str, descriptors: DescriptorSet) -> dict[str, str]:
    """Those of `EXPORTS` that can express the formula."""
    faults = _faults(formula, descriptors)
    return {program: file for program, file in EXPORTS.items() if faults.get(program) is None}


def write_exports(formula: str, descriptors: DescriptorSet, folder: Path) -> None:
    """Write a formula for Python, PLUMED and OpenMM into a folder.

    The file of a program that cannot express the formula holds one line of comment that says why.

    Parameters
    ----------
    formula
        Text as `mechanist.formula.expression.parse` reads it.
    descriptors
        What its names mean; more than it uses may be among them.
    folder
        Where the files of `EXPORTS` are written.

    Raises
    ------
    DataError
        If the text is no formula or uses a name that is no descriptor.
    """
    faults = _faults(formula, descriptors)
    fault = faults["python"]
    text = f"# {fault}\n" if fault else python_text(formula, descriptors)
    write_text(folder / EXPORTS["python"], text)
    hint = "" if fault else "; see formula.py"
    fault = faults["plumed"]
    text = f"# {fault}{hint}\n" if fault else plumed_text(formula, descriptors)
    write_text(folder / EXPORTS["plumed"], text)
    fault = faults["openmm"]
    text = f"<!-- {fault}{hint} -->\n" if fault else openmm_xml(formula, descriptors)
    write_text(folder / EXPORTS["openmm"], text)


def _faults(formula: str, descriptors: DescriptorSet) -> dict[str, str | None]:
    used = definitions(formula, descriptors)
    own = _own_functions(used)
    return {
        "python": own,
        "plumed": own or inexpressible(used, plumed.KINDS, "PLUMED"),
        "openmm": own or inexpressible(used, openmm.KINDS, "OpenMM"),
    }


def _own_functions(used: Iterable[Descriptor]) -> str | None:
    """Why a file that stands alone cannot compute the descriptors, or nothing."""
    own = [d.name for d in used if d.custom is not None]
    return f"q uses {', '.join(own)}, of descriptors.py of the system" if own else None
