"""The chosen formula for other programs: a Python file, PLUMED input, and an OpenMM force.

All three compute q from positions by the same definitions of descriptors as
`mechanist.systems.descriptors`.
"""

from pathlib import Path

from mechanist.files import write_text
from mechanist.formula.export.names import definitions
from mechanist.formula.export.openmm import openmm_force, openmm_xml
from mechanist.formula.export.plumed import plumed_text
from mechanist.formula.export.python import python_text
from mechanist.systems.descriptors import DescriptorSet

__all__ = ["EXPORTS", "openmm_force", "openmm_xml", "plumed_text", "python_text", "write_exports"]

EXPORTS = {"python": "formula.py", "plumed": "formula.plumed", "openmm": "formula_openmm.xml"}
"""Names of the files, by what reads them."""


def write_exports(formula: str, descriptors: DescriptorSet, folder: Path) -> None:
    """Write a formula for Python, PLUMED and OpenMM into a folder.

    If it uses functions of the user, the files only say that.

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
    own = [d.name for d in definitions(formula, descriptors) if d.custom is not None]
    if own:
        why = f"q uses {', '.join(own)}, of descriptors.py, which no other program can compute"
        write_text(folder / EXPORTS["python"], f"# {why}\n")
        write_text(folder / EXPORTS["plumed"], f"# {why}\n")
        write_text(folder / EXPORTS["openmm"], f"<!-- {why} -->\n")
        return
    write_text(folder / EXPORTS["python"], python_text(formula, descriptors))
    write_text(folder / EXPORTS["plumed"], plumed_text(formula, descriptors))
    write_text(folder / EXPORTS["openmm"], openmm_xml(formula, descriptors))
