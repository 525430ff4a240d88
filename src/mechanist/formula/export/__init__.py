"""The chosen formula for other programs: a Python file, PLUMED input, and an OpenMM force.

All three compute q from positions by the same definitions of descriptors as
`mechanist.systems.descriptors`. Python knows all of them; the others lack some of the solvent.
"""

from pathlib import Path

from mechanist.files import write_text
from mechanist.formula.export import openmm, plumed
from mechanist.formula.export.names import definitions, inexpressible
from mechanist.formula.export.openmm import openmm_force, openmm_xml
from mechanist.formula.export.plumed import plumed_text
from mechanist.formula.export.python import python_text
from mechanist.systems.descriptors import DescriptorSet

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
    write_text(folder / EXPORTS["python"], python_text(formula, descriptors))
    fault = faults["plumed"]
    text = f"# {fault}; see formula.py\n" if fault else plumed_text(formula, descriptors)
    write_text(folder / EXPORTS["plumed"], text)
    fault = faults["openmm"]
    text = f"<!-- {fault}; see formula.py -->\n" if fault else openmm_xml(formula, descriptors)
    write_text(folder / EXPORTS["openmm"], text)


def _faults(formula: str, descriptors: DescriptorSet) -> dict[str, str | None]:
    used = definitions(formula, descriptors)
    return {
        "plumed": inexpressible(used, plumed.KINDS, "PLUMED"),
        "openmm": inexpressible(used, openmm.KINDS, "OpenMM"),
    }
