"""Descriptors in words."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from mechanist.systems.descriptors.descriptor_set import Descriptor
from mechanist.systems.descriptors.shapes import (
    Angular,
    Bridges,
    Centres,
    Coordination,
    HydrogenBonds,
    PathVariable,
    Radial,
    Rmsd,
    Sorted,
)

Label = Callable[[int], str]

SIDES = {1: "counts pairs in the same direction", -1: "counts pairs on opposite sides of it"}
"""Which angles j-i-k weigh most in a G5, by the sign of its cosine."""


def meaning(descriptor: Descriptor, label: Label) -> str:
    """Definition of a descriptor, with ``label`` of the index of each of its atoms."""
    if descriptor.kind == "column":
        return f"column {descriptor.name} of the imported table"
    if descriptor.shape is not None:
        return _of_shape(descriptor, label)
    if descriptor.custom is not None and descriptor.custom.of_plumed:
        return f"variable {descriptor.custom.function} of plumed.dat in {descriptor.unit}"
    if descriptor.custom is not None:
        return f"function {descriptor.custom.function} of descriptors.py in {descriptor.unit}"
    atoms = ", ".join(map(label, descriptor.atoms))
    if descriptor.kind == "height":
        above, plane = atoms.split(", ", 1)
        return f"height of atom {above} above the plane of atoms {plane} in nm"
    if descriptor.kind == "difference":
        a, b, c, d = map(label, descriptor.atoms)
        return f"distance of atoms {a}, {b} minus distance of atoms {c}, {d} in nm"
    if descriptor.kind == "volume":
        return "volume of the periodic box in nm^3"
    if descriptor.kind == "coordinate":
        return f"{'xyz'[descriptor.axis]} of atom {atoms} in nm"
    return f"{descriptor.kind} of atoms {atoms} in {descriptor.unit}"


def counted_from(first: int) -> Label:
    """Labels of atoms that are numbers, ``first`` for the first atom."""
    return lambda atom: str(atom + first)


def meanings(used: Iterable[Descriptor], names: Mapping[str, str], first: int, indent: str) -> str:
    """Lines ``name: definition``, each after a line break; atoms are counted from ``first``."""
    label = counted_from(first)
    lines = [f"{names[d.name]}: {meaning(d, label)}" for d in used] or ["(no descriptors)"]
    return "".join(f"\n{indent}{line}" for line in lines)


def _group(atoms: Sequence[int], label: Label) -> str:
    """An atom by its label; of many their number, and their name if all have the same."""
    if len(atoms) == 1:
        return f"atom {label(atoms[0])}"
    names = {label(atom).rstrip("0123456789") for atom in atoms}
    return f"{len(atoms)} atoms {names.pop() if len(names) == 1 else ''}".rstrip()


def _of_shape(descriptor: Descriptor, label: Label) -> str:
    """Definition of a descriptor of the solvent."""
    first, *rest = (_group(group, label) for group in (descriptor.atoms, *descriptor.others))
    match descriptor.shape:
        case Angular(eta, shift, cutoff, _, _, zeta, sign):
            return (
                f"angular symmetry function G5 of {rest[0]} around {first}: eta {eta:g} nm^-2,"
                f" shift {shift:g} nm, zeta {zeta}, sign {'+' if sign > 0 else '-'}, cutoff"
                f" {cutoff:g} nm; {SIDES[sign]}"
            )
        case Radial(eta, shift, cutoff):
            return (
                f"radial symmetry function G2 of {rest[0]} around {first}: eta {eta:g} nm^-2,"
                f" shift {shift:g} nm, cutoff {cutoff:g} nm"
            )
        case Coordination(radius):
            return f"number of {rest[0]} within {radius:g} nm of {first}"
        case HydrogenBonds(distance):
            return (
                f"number of hydrogen bonds from {rest[0]} ({first}) to {rest[1]}, shorter than"
                f" {distance:g} nm"
            )
        case Sorted(measure, size, rank):
            length = len(descriptor.atoms) // size
            parts = [descriptor.atoms[k : k + length] for k in range(0, size * length, length)]
            atoms = "; ".join(", ".join(map(label, part)) for part in parts)
            return (
                f"number {rank + 1} in ascending order of the {measure}s of atoms {atoms}, in"
                f" {descriptor.unit}"
            )
        case Centres():
            return f"distance of the centres of {first} and {rest[0]} in nm"
        case Rmsd():
            return f"RMSD of {first} from a structure in nm, superposed"
        case PathVariable(references, sharpness):
            what = "place along" if descriptor.kind == "path_s" else "squared distance in nm^2 from"
            return (
                f"{what} a path of {len(references)} structures of {first}, lambda"
                f" {sharpness:g} nm^-2"
            )
        case Bridges((one, other)):
            return f"number of {rest[1]} within {one:g} nm of {first} and {other:g} nm of {rest[0]}"
    raise AssertionError(descriptor.kind)
