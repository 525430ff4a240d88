"""Descriptors as PLUMED input: one or more lines each.

PLUMED counts atoms from 1 and works in nm and rad unless UNITS says otherwise (PLUMED manual,
"Units"). Sums over pairs of atoms are COORDINATION with a switching function that is written out:
PLUMED stretches its own ones, such as RATIONAL, so that they end at a finite distance.
"""

from collections.abc import Sequence

from mechanist.systems.descriptors.descriptor_set import COLLECTIVE, Descriptor
from mechanist.systems.descriptors.plumed_collective import PARTS as COLLECTIVE_PARTS
from mechanist.systems.descriptors.plumed_collective import (
    collective_able,
    collective_actions,
    collective_argument,
)
from mechanist.systems.descriptors.programs import Program
from mechanist.systems.descriptors.shapes import Bridges, Coordination, Radial

ACTIONS = {"torsion": "TORSION", "angle": "ANGLE", "distance": "DISTANCE"}
KINDS = (*ACTIONS, "difference", "height", "coordinate", "radial", "coordination")

PARTS = {"height": "rat", "difference": "ab", "coordinate": "p", **COLLECTIVE_PARTS}
"""Endings of the labels of further actions that a kind needs."""


def _able(descriptor: Descriptor) -> bool:
    # Its BRIDGE sums over pairs, which is the same for single atoms alone.
    if descriptor.kind == "bridges":
        return len(descriptor.atoms) == len(descriptor.others[0]) == 1
    return descriptor.kind in KINDS or collective_able(descriptor)


PLUMED = Program("PLUMED", _able)
"""It sums over pairs, but not over triples, of atoms."""


def actions(descriptor: Descriptor, label: str, parts: Sequence[str], nopbc: str) -> list[str]:
    """Lines that define a descriptor.

    Parameters
    ----------
    descriptor
        That `PLUMED` is able to compute.
    label
        Of the value; of a coordinate see `argument`.
    parts
        Labels of further actions, one for each ending of `PARTS`.
    nopbc
        `` NOPBC`` without a box, else an empty text.
    """
    d = descriptor
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
        case "coordinate":
            return [f"{parts[0]}: POSITION ATOM={d.atoms[0] + 1} NOPBC"]
        case "radial" | "coordination":
            groups = f"GROUPA={_list(d.atoms)} GROUPB={_list(d.others[0])}"
            switch = f"SWITCH={{CUSTOM FUNC={pair_text(d)} R_0=1}}"
            return [f"{label}: COORDINATION {groups} {switch}{nopbc}"]
        case "bridges":
            return [_bridge(d, label) + nopbc]
        case _:
            return [f"{label}: {ACTIONS[d.kind]} {_atoms(d.atoms)}{nopbc}"]


def argument(descriptor: Descriptor, label: str, parts: Sequence[str]) -> str:
    """What other actions take as the value of a descriptor."""
    if descriptor.kind == "coordinate":
        return f"{parts[0]}.{'xyz'[descriptor.axis]}"
    return collective_argument(descriptor, label, parts)


def pair_text(descriptor: Descriptor) -> str:
    """Term of a pair of atoms at a distance x in nm, for a sum over pairs."""
    match descriptor.shape:
        case Radial(eta=eta, shift=shift, cutoff=cutoff, steepness=a, norm=norm):
            return f"exp(-{eta!r}*(x-{shift!r})^2)*{_fermi(a, cutoff)}/{norm!r}"
        case Coordination(radius=radius, power=0, steepness=a):
            return _fermi(a, radius)
        case Coordination(radius=radius, power=power):
            return f"1/(1+(x/{radius!r})^{power})"
    raise TypeError(f"{descriptor.name} is not a sum over pairs")


def _fermi(steepness: float, radius: float) -> str:
    """1/(1 + exp(steepness (x - radius))), whose slope does not overflow in this form."""
    return f"0.5*(1-tanh({0.5 * steepness!r}*(x-{radius!r})))"


def _bridge(d: Descriptor, label: str) -> str:
    assert isinstance(d.shape, Bridges)
    one, other = (f"{{CUSTOM FUNC={_fermi(d.shape.steepness, r)} R_0=1}}" for r in d.shape.radii)
    return (
        f"{label}: BRIDGE BRIDGING_ATOMS={_list(d.others[1])} GROUPA={_list(d.atoms)}"
        f" GROUPB={_list(d.others[0])} SWITCHA={one} SWITCHB={other}"
    )


def _atoms(atoms: Sequence[int]) -> str:
    return f"ATOMS={_list(atoms)}"


def _list(atoms: Sequence[int]) -> str:
    return ",".join(str(atom + 1) for atom in atoms)
