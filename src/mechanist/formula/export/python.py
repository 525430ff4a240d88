"""The formula as a Python file that needs numpy and nothing of this package."""

from collections.abc import Iterable
from dataclasses import astuple

from mechanist.formula.export.names import plain, renamed, used_by
from mechanist.formula.export.python_measures import (
    DESCENT,
    FERMI,
    MEASURES,
    STEP,
    SUPERPOSED,
    TAKEN,
    TRICLINIC,
    WHOLE,
)
from mechanist.formula.export.words import meanings
from mechanist.systems.descriptors.box import Cell
from mechanist.systems.descriptors.descriptor_set import COLLECTIVE, Descriptor, DescriptorSet
from mechanist.systems.descriptors.programs import Program, free_names, of_kinds
from mechanist.systems.descriptors.shapes import Sorted

PYTHON = Program("Python", of_kinds(*MEASURES, "coordinate"))

HEAD = '''"""Reaction coordinate q(x) = ln(p_B / (1 - p_B)) as a formula.

    q = {formula}

where{lines}
Atoms are counted from 0 in the order of system/topology.pdb of the run. Lengths are in nm, angles
in rad. q < 0 is closer to A, q > 0 to B. Written by Mechanist; this file needs only numpy.
"""

import numpy as np

BOX = {box}
"""Reduced vectors in nm of the periodic box, or None."""
'''

BOXED = ("positions", "positions, box")
"""Parameters of ``q`` and ``p_B`` without a box of the frames, and with one."""

BOX_PARAMETER = """
    box
        (3, 3) reduced vectors in nm, of all F frames."""

SET_BOX = """    global BOX
    BOX = np.asarray(box, dtype=float).tolist()
"""

TAIL = '''

def q({parameters}):
    """Reaction coordinate ln(p_B / (1 - p_B)).

    Parameters
    ----------
    positions
        (N, 3) or (F, N, 3) in nm, the N atoms of the system.{box_parameter}

    Returns
    -------
    float or ndarray
        A number, or (F,).
    """
{set_box}    places = np.asarray(positions, dtype=float)
{body}    return {result}


def p_B({parameters}):
    """Committor, the probability to reach B before A, of positions as for `q`."""
    return 0.5 * (1 + np.tanh(0.5 * q({parameters})))
'''


def python_text(formula: str, descriptors: DescriptorSet) -> str:
    """Content of a Python file with functions ``q`` and ``p_B`` of positions in nm.

    Parameters
    ----------
    formula
        Text as `mechanist.formula.expression.parse` reads it.
    descriptors
        Definitions of its names.

    Raises
    ------
    DataError
        If the text is not a formula, or uses a name that is no descriptor or one defined in
        descriptors.py of the system.
    """
    used = used_by(PYTHON, formula, descriptors)
    names = free_names((d.name for d in used), TAKEN)
    groups = _groups(used)
    result = renamed(plain(formula), names, "np.")
    body = "".join(f"    {names[d.name]} = {_value(d, groups)}\n" for d in used)
    if not used:
        result = f"np.full(places.shape[:-2], {result})"
    head = HEAD.format(
        formula=renamed(plain(formula), names),
        lines=meanings(used, names, 0, "    "),
        box=descriptors.box,
    )
    boxed = descriptors.box_row is not None
    tail = TAIL.format(
        parameters=BOXED[boxed],
        box_parameter=BOX_PARAMETER if boxed else "",
        set_box=SET_BOX if boxed else "",
        body=body,
        result=result,
    )
    return head + _helpers(used, groups, descriptors) + tail


def _groups(used: Iterable[Descriptor]) -> dict[tuple[int, ...], int]:
    """Index of each group of atoms that descriptors of the solvent refer to."""
    found: dict[tuple[int, ...], int] = {}
    for d in used:
        if d.shape is not None:
            for group in (d.atoms, *d.others):
                found.setdefault(group, len(found))
    return found


def _helpers(
    used: Iterable[Descriptor], groups: dict[tuple[int, ...], int], descriptors: DescriptorSet
) -> str:
    """Constants and functions that the descriptors of a formula need."""
    kinds = {d.kind for d in used}
    kinds |= {d.shape.measure for d in used if isinstance(d.shape, Sorted)}
    cell = None if descriptors.box is None else Cell(descriptors.box)
    text = ""
    if groups:
        rows = "".join(f"    np.array({list(group)}),\n" for group in groups)
        text += f'GROUPS = (\n{rows})\n"""Atoms that descriptors of the solvent refer to."""\n'
    step = STEP if kinds - {"coordinate", "volume"} else ""
    if step and cell is not None and not cell.rectangular:
        text += TRICLINIC.format(neighbours=cell.neighbours.tolist(), edge=cell.matrix[0, 0])
        step = step.replace("    return step\n", DESCENT + "    return step\n", 1)
    text += step + (FERMI if groups else "")
    text += WHOLE if kinds & set(COLLECTIVE) else ""
    text += SUPERPOSED if kinds & {"rmsd", "path_s", "path_z"} else ""
    return text + "".join(code for kind, code in MEASURES.items() if kind in kinds)


def _value(descriptor: Descriptor, groups: dict[tuple[int, ...], int]) -> str:
    atoms = ", ".join(str(atom) for atom in descriptor.atoms)
    if descriptor.kind == "coordinate":
        return f"places[..., {atoms}, {descriptor.axis}]"
    if descriptor.shape is None:
        return f"_{descriptor.kind}(places, {atoms})"
    named = [f"GROUPS[{groups[group]}]" for group in (descriptor.atoms, *descriptor.others)]
    numbers = [repr(number) for number in astuple(descriptor.shape)]
    return f"_{descriptor.kind}({', '.join(['places', *named, *numbers])})"
