"""The chosen formula for other programs: a Python file, PLUMED input, and an OpenMM force.

All three compute q from positions by the definitions of descriptors in
`mechanist.systems.descriptors.descriptor_set`. OpenMM and PLUMED refuse sums of very many terms.
"""

from pathlib import Path

from mechanist.bookkeeping.files import write_text
from mechanist.formula.export.names import definitions
from mechanist.formula.export.openmm import OPENMM, openmm_force, openmm_xml
from mechanist.formula.export.plumed import plumed_text
from mechanist.formula.export.python import PYTHON, python_text
from mechanist.systems.descriptors.descriptor_set import DescriptorSet
from mechanist.systems.descriptors.plumed_actions import PLUMED

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

_PROGRAMS = {
    "python": (PYTHON, python_text, "# {}\n"),
    "plumed": (PLUMED, plumed_text, "# {}\n"),
    "openmm": (OPENMM, openmm_xml, "<!-- {} -->\n"),
}
"""Program, writer and form of a comment, for each of `EXPORTS`."""


def exports_of(formula: str, descriptors: DescriptorSet) -> dict[str, str]:
    """Those of `EXPORTS` that can express the formula.

    Raises
    ------
    DataError
        If the text is not a formula or uses a name that is no descriptor.
    """
    used = definitions(formula, descriptors)
    return {
        key: EXPORTS[key] for key, (program, *_) in _PROGRAMS.items() if not program.fault(used)
    }


def write_exports(formula: str, descriptors: DescriptorSet, folder: Path) -> None:
    """Write a formula for Python, PLUMED and OpenMM into a folder.

    The file of a program that cannot express the formula is a comment of one line that says why.

    Parameters
    ----------
    formula
        Text as `mechanist.formula.expression.parse` reads it.
    descriptors
        Definitions of its names, and perhaps of others.
    folder
        Where the files of `EXPORTS` are written.

    Raises
    ------
    DataError
        If the text is not a formula or uses a name that is no descriptor.
    """
    used = definitions(formula, descriptors)
    hint = "" if PYTHON.fault(used) else f"; see {EXPORTS['python']}"
    for key, (program, write, comment) in _PROGRAMS.items():
        fault = program.fault(used)
        text = comment.format(fault + hint) if fault else write(formula, descriptors)
        write_text(folder / EXPORTS[key], text)
