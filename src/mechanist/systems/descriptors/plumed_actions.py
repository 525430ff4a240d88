"""Descriptors as PLUMED input: one or more lines each.

PLUMED counts atoms from 1 and works in nm and rad unless UNITS says otherwise (PLUMED manual,
"Units"). Sums over pairs of atoms are COORDINATION with a switching function that is written out:
PLUMED stretches its own ones, such as RATIONAL, so that they end at a finite distance.
"""

from collections.abc import Sequence

from mechanist.errors import SystemBuildError
from mechanist.systems.descriptors.descriptor_set import COLLECTIVE, Descriptor
from mechanist.systems.descriptors.plumed_collective import PARTS as COLLECTIVE_PARTS
from mechanist.systems.descriptors.plumed_collective import (
    collective_actions,
    collective_argument,
)
from mechanist.systems.descriptors.plumed_file import embedded
from mechanist.systems.descriptors.plumed_solvent import (
    fermi,
    solvent_actions,
    solvent_parts,
    solvent_refusal,
)
from mechanist.systems.descriptors.programs import Program
from mechanist.systems.descriptors.shapes import Coordination, Radial, Sorted

ACTIONS = {"torsion": "TORSION", "angle": "ANGLE", "distance": "DISTANCE"}

PARTS = {
    "height": tuple("rat"),
    "difference": tuple("ab"),
    "coordinate": ("p",),
    **COLLECTIVE_PARTS,
}
"""Endings of the labels of further actions that a kind needs."""


def _refusal(descriptor: Descriptor) -> str | None:
    if descriptor.custom is not None:
        try:
            embedded(descriptor.custom.file, descriptor.custom.sha256)
        except (SystemBuildError, OSError) as error:
            return str(error).split("\n")[0]
    return solvent_refusal(descriptor)


PLUMED = Program("PLUMED", _refusal, of_plumed=True)


def parts_of(descriptor: Descriptor) -> tuple[str, ...]:
    """Endings of the labels of further actions that a descriptor needs."""
    if descriptor.kind == "sorted":
        endings = ["sorted"]
        for number, value in enumerate(_values_of(descriptor), 1):
            endings += [f"value{number}", *(f"value{number}{e}" for e in parts_of(value))]
        return tuple(endings)
    return PARTS.get(descriptor.kind) or solvent_parts(descriptor)


def owners(descriptors: Sequence[Descriptor]) -> dict[str, str]:
    """What the labels of further actions begin with, by the name of a descriptor.

    Coordinates of one atom share an action, as do the values of one set of equivalent atoms.
    """
    first: dict[object, str] = {}
    result = {}
    for d in descriptors:
        key: object = d.name
        if d.kind == "coordinate":
            key = d.atoms
        elif isinstance(d.shape, Sorted):
            key = d.atoms, d.shape.measure
        result[d.name] = first.setdefault(key, d.name)
    return result


def embedded_of(descriptors: Sequence[Descriptor]) -> list[str]:
    """Texts of the plumed.dat files that define some of the descriptors, once each."""
    files = {(d.custom.file, d.custom.sha256): None for d in descriptors if d.custom is not None}
    return [embedded(*file) for file in files]


def actions(descriptor: Descriptor, label: str, parts: Sequence[str], nopbc: str) -> list[str]:
    """Lines that define a descriptor.

    Parameters
    ----------
    descriptor
        That `PLUMED` is able to compute.
    label
        Of the value; of some kinds see `argument`.
    parts
        Labels of further actions, one for each ending of `parts_of`.
    nopbc
        `` NOPBC`` without a box, else an empty text.
    """
    d = descriptor
    if d.custom is not None:
        return []
    if d.kind in COLLECTIVE:
        return collective_actions(d, label, parts, nopbc)
    match d.kind:
        case "height":
            kinds = zip(("distance", "angle", "torsion"), (2, 3, 4), parts, strict=True)
            lines = [
                f"{part}: {ACTIONS[kind]} {_atoms(d.atoms[:n])}{nopbc}" for kind, n, part in kinds
            ]
            known = f"ARG={','.join(parts)} VAR=r,a,t"
            return [*lines, f"{label}: CUSTOM {known} FUNC=-r*sin(a)*sin(t) PERIODIC=NO"]
        case "difference":
            pairs = zip((d.atoms[:2], d.atoms[2:]), parts, strict=True)
            lines = [f"{part}: DISTANCE {_atoms(pair)}{nopbc}" for pair, part in pairs]
            return [*lines, f"{label}: CUSTOM ARG={','.join(parts)} VAR=a,b FUNC=a-b PERIODIC=NO"]
        case "volume":
            return [f"{label}: VOLUME"]
        case "coordinate":
            return [f"{parts[0]}: POSITION ATOM={d.atoms[0] + 1} NOPBC"]
        case "radial" | "coordination":
            groups = f"GROUPA={_list(d.atoms)} GROUPB={_list(d.others[0])}"
            switch = f"SWITCH={{CUSTOM FUNC={pair_text(d)} R_0=1}}"
            return [f"{label}: COORDINATION {groups} {switch}{nopbc}"]
        case "sorted":
            return _sorted(d, parts, nopbc)
        case "angular" | "hydrogen_bonds" | "bridges":
            return solvent_actions(d, label, parts, nopbc)
        case _:
            return [f"{label}: {ACTIONS[d.kind]} {_atoms(d.atoms)}{nopbc}"]


def argument(descriptor: Descriptor, label: str, parts: Sequence[str]) -> str:
    """What other actions take as the value of a descriptor."""
    if descriptor.custom is not None:
        return descriptor.custom.function
    if descriptor.kind == "coordinate":
        return f"{parts[0]}.{'xyz'[descriptor.axis]}"
    if isinstance(descriptor.shape, Sorted):
        return f"{parts[0]}.{descriptor.shape.rank + 1}"
    return collective_argument(descriptor, label, parts)


def pair_text(descriptor: Descriptor) -> str:
    """Term of a pair of atoms at a distance x in nm, for a sum over pairs."""
    match descriptor.shape:
        case Radial(eta=eta, shift=shift, cutoff=cutoff, steepness=a, norm=norm):
            return f"exp(-{eta!r}*(x-{shift!r})^2)*{fermi(a, cutoff)}/{norm!r}"
        case Coordination(radius=radius, power=0, steepness=a):
            return fermi(a, radius)
        case Coordination(radius=radius, power=power):
            return f"1/(1+(x/{radius!r})^{power})"
    raise TypeError(f"{descriptor.name} is not a sum over pairs")


def _values_of(d: Descriptor) -> list[Descriptor]:
    """The descriptors whose values are sorted, without names."""
    assert isinstance(d.shape, Sorted)
    length = len(d.atoms) // d.shape.size
    starts = range(0, len(d.atoms), length)
    return [Descriptor("", d.shape.measure, d.atoms[k : k + length]) for k in starts]


def _sorted(d: Descriptor, parts: Sequence[str], nopbc: str) -> list[str]:
    """Lines of all values, and of their order: SORT has one component for each."""
    lines, labels, place = [], [], 1
    for value in _values_of(d):
        end = place + 1 + len(parts_of(value))
        lines += actions(value, parts[place], parts[place + 1 : end], nopbc)
        labels.append(parts[place])
        place = end
    return [*lines, f"{parts[0]}: SORT ARG={','.join(labels)}"]


def _atoms(atoms: Sequence[int]) -> str:
    return f"ATOMS={_list(atoms)}"


def _list(atoms: Sequence[int]) -> str:
    return ",".join(str(atom + 1) for atom in atoms)
