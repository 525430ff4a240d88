"""Collective variables of many atoms as PLUMED input.

PLUMED reads structures from PDB files only. Their text goes with the input, as comments from which
one command makes the files.
"""

from collections.abc import Sequence

import numpy as np

from mechanist.systems.descriptors.descriptor_set import Descriptor
from mechanist.systems.descriptors.shapes import Centres, PathVariable, Reference, Rmsd

PARTS = {"centre_distance": ("a", "b"), "path_s": ("p",), "path_z": ("p",)}
"""Endings of the labels of further actions that a kind needs."""

VALUE = {"path_s": "sss", "path_z": "zzz"}
"""Component of PATHMSD."""

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def collective_actions(
    descriptor: Descriptor, label: str, parts: Sequence[str], nopbc: str
) -> list[str]:
    """Lines that define a collective variable, and its structures as comments.

    Parameters
    ----------
    descriptor
        Of a kind of `mechanist.systems.descriptors.descriptor_set.COLLECTIVE`.
    label
        Of the value; of a path see `collective_argument`.
    parts
        Labels of further actions, one for each ending of `PARTS`.
    nopbc
        `` NOPBC`` without a box, else an empty text.
    """
    match descriptor.shape:
        case Centres(weights):
            groups = zip((descriptor.atoms, descriptor.others[0]), weights, parts, strict=True)
            lines = [
                f"{part}: CENTER ATOMS={_list(group)} WEIGHTS={','.join(map(repr, own))}{nopbc}"
                for group, own, part in groups
            ]
            return [*lines, f"{label}: DISTANCE ATOMS={parts[0]},{parts[1]}{nopbc}"]
        case Rmsd(reference):
            file = f"{label}.pdb"
            line = f"{label}: RMSD REFERENCE={file} TYPE=OPTIMAL{nopbc}"
            return [*_embedded(file, descriptor.atoms, [reference]), line]
        case PathVariable(references, sharpness):
            file = f"{label}.pdb"
            line = f"{parts[0]}: PATHMSD REFERENCE={file} LAMBDA={sharpness!r}{nopbc}"
            return [*_embedded(file, descriptor.atoms, references), line]
    raise TypeError(f"{descriptor.name} is no collective variable")


def collective_argument(descriptor: Descriptor, label: str, parts: Sequence[str]) -> str:
    """What other actions take as the value."""
    component = VALUE.get(descriptor.kind)
    return label if component is None else f"{parts[0]}.{component}"


def _embedded(file: str, atoms: Sequence[int], references: Sequence[Reference]) -> list[str]:
    """Comments that hold a PDB file, and how to write it.

    Structures are centred, which changes no superposition and leaves more digits to the fields.
    """
    lines = [f"# To write {file}:  grep '^#|{file}|' THIS_FILE | cut -d'|' -f4- > {file}"]
    for number, reference in enumerate(references, 1):
        # No two lines of an input are the same.
        mark = f"#|{file}|{number}|"
        places = 10 * (np.array(reference) - np.mean(reference, axis=0))
        for atom, row in zip(atoms, places.tolist(), strict=True):
            place = "".join(map(_field, row))
            lines.append(f"{mark}ATOM  {_serial(atom + 1)}  X   UNK A   1    {place}  1.00  1.00")
        lines.append(f"{mark}END")
    return lines


def _field(value: float) -> str:
    """A coordinate in as many digits as eight columns hold."""
    texts = (f"{value:.{digits}f}" for digits in (6, 5, 4))
    return next((f"{text:>8}" for text in texts if len(text) <= 8), f"{value:8.3f}")


def _serial(number: int) -> str:
    """Number of an atom in five columns; from 100,000 in base 36 (hybrid-36, as PLUMED reads)."""
    if number < 100_000:
        return f"{number:5d}"
    number += 10 * 36**4 - 100_000
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = DIGITS[digit] + text
    return text


def _list(atoms: Sequence[int]) -> str:
    return ",".join(str(atom + 1) for atom in atoms)
