"""Sums over triples of atoms as PLUMED input: G5, hydrogen bonds, bridges between groups.

They need the vectors and matrices of PLUMED 2.10 and later (PLUMED manual, CONTACT_MATRIX,
GSYMFUNC_THREEBODY). Equations are in `mechanist.systems.descriptors.shapes`:

    G5               the factors exp(-eta (r - r_s)^2) fc(r) are the weights of a CONTACT_MATRIX
    hydrogen bonds   vectors over the pairs H...A of their distance and of the angle D-H...A
    bridges          1 - prod_i (1 - s(r_i)) = 1 - exp(-sum_i ln(1 + exp(alpha (radius - r_i))))
"""

from collections.abc import Sequence

from mechanist.systems.descriptors.descriptor_set import Descriptor
from mechanist.systems.descriptors.shapes import Angular, Bridges, HydrogenBonds

PAIRS = 100_000
"""Pairs H...A of hydrogen bonds at most: PLUMED reads three atoms for each."""

WIDTHS = 21
"""Range of a Fermi switch beyond its radius, in widths; there it is 1e-9 and left out."""


def solvent_refusal(descriptor: Descriptor) -> str | None:
    """Why a descriptor cannot be written; None if it can."""
    if descriptor.kind == "hydrogen_bonds" and (count := len(_pairs(descriptor))) > PAIRS:
        return f"it has {count} pairs H...A, more than {PAIRS}"
    return None


def solvent_parts(descriptor: Descriptor) -> tuple[str, ...]:
    """Endings of the labels of further actions."""
    match descriptor.kind:
        case "angular":
            return ("contacts", "triples", "sum")
        case "hydrogen_bonds":
            return ("r", "angle", "each")
        case "bridges" if not _single(descriptor):
            return ("a", "onesa", "suma", "b", "onesb", "sumb", "each")
    return ()


def solvent_actions(
    descriptor: Descriptor, label: str, parts: Sequence[str], nopbc: str
) -> list[str]:
    """Lines that define a descriptor.

    Parameters
    ----------
    descriptor
        A G5, hydrogen bonds or bridges.
    label
        Of the value.
    parts
        Labels of further actions, one for each ending of `solvent_parts`.
    nopbc
        `` NOPBC`` without a box, else an empty text.
    """
    match descriptor.shape:
        case Angular():
            return _angular(descriptor, descriptor.shape, label, parts, nopbc)
        case HydrogenBonds():
            return _hydrogen_bonds(descriptor, descriptor.shape, label, parts, nopbc)
        case Bridges() if _single(descriptor):
            return [_bridge(descriptor, descriptor.shape, label) + nopbc]
        case Bridges():
            return _bridges(descriptor, descriptor.shape, label, parts, nopbc)
    raise TypeError(f"{descriptor.name} is no sum over triples")


def fermi(steepness: float, radius: float, x: str = "x") -> str:
    """1/(1 + exp(steepness (x - radius))), whose slope does not overflow in this form."""
    return f"0.5*(1-tanh({0.5 * steepness!r}*({x}-({radius!r}))))"


def _angular(d: Descriptor, s: Angular, label: str, parts: Sequence[str], nopbc: str) -> list[str]:
    contacts, triples, total = parts
    weight = f"exp(-{s.eta!r}*(x-{s.shift!r})^2)*{fermi(s.steepness, s.cutoff)}"
    power = f"(1{'+' if s.sign > 0 else '-'}cos(ajik))^{s.zeta}"
    return [
        f"{contacts}: {_contacts(d.atoms, d.others[0], weight, s.cutoff + WIDTHS / s.steepness)}"
        f" COMPONENTS{nopbc}",
        f"{triples}: GSYMFUNC_THREEBODY WEIGHT={contacts}.w"
        f" ARG={contacts}.x,{contacts}.y,{contacts}.z FUNCTION1={{FUNC={power} LABEL=g5}}",
        f"{total}: SUM ARG={triples}.g5 PERIODIC=NO",
        f"{label}: CUSTOM ARG={total} FUNC=x/{s.norm!r} PERIODIC=NO",
    ]


def _pairs(d: Descriptor) -> list[tuple[int, int, int]]:
    """Donor, hydrogen and acceptor of all possible bonds."""
    donors, acceptors = d.others
    both = zip(donors, d.atoms, strict=True)
    return [(donor, h, a) for donor, h in both for a in acceptors if a != donor]


def _hydrogen_bonds(
    d: Descriptor, s: HydrogenBonds, label: str, parts: Sequence[str], nopbc: str
) -> list[str]:
    r, angle, each = parts
    pairs = _pairs(d)
    if not pairs:
        return [f"{label}: CONSTANT VALUE=0"]
    close, straight = fermi(s.steepness, s.distance), fermi(s.sharpness, s.cosine, "cos(y)")
    # A single bond is a number, for which there is nothing to sum.
    return [
        f"{r}: DISTANCE {_rows([pair[1:] for pair in pairs])}{nopbc}",
        f"{angle}: ANGLE {_rows(pairs)}{nopbc}",
        f"{each if len(pairs) > 1 else label}: CUSTOM ARG={r},{angle} FUNC={close}*{straight}"
        " PERIODIC=NO",
        *([f"{label}: SUM ARG={each} PERIODIC=NO"] if len(pairs) > 1 else []),
    ]


def _single(d: Descriptor) -> bool:
    """Whether both groups are one atom: BRIDGE sums over pairs, which is the same for these."""
    return len(d.atoms) == len(d.others[0]) == 1


def _bridge(d: Descriptor, s: Bridges, label: str) -> str:
    one, other = (f"{{CUSTOM FUNC={fermi(s.steepness, r)} R_0=1}}" for r in s.radii)
    return (
        f"{label}: BRIDGE BRIDGING_ATOMS={_list(d.others[1])} GROUPA={_list(d.atoms)}"
        f" GROUPB={_list(d.others[0])} SWITCHA={one} SWITCHB={other}"
    )


def _bridges(d: Descriptor, s: Bridges, label: str, parts: Sequence[str], nopbc: str) -> list[str]:
    lines, between = [], d.others[1]
    for group, radius, own in zip(
        (d.atoms, d.others[0]), s.radii, (parts[:3], parts[3:6]), strict=True
    ):
        logarithm = f"log(1+exp({s.steepness!r}*({radius!r}-x)))"
        reach = radius + WIDTHS / s.steepness
        lines += [
            f"{own[0]}: {_contacts(between, group, logarithm, reach)}{nopbc}",
            f"{own[1]}: ONES SIZE={len(group)}",
            f"{own[2]}: MATRIX_VECTOR_PRODUCT ARG={own[0]},{own[1]}",
        ]
    return [
        *lines,
        f"{parts[6]}: CUSTOM ARG={parts[2]},{parts[5]} FUNC=(1-exp(-x))*(1-exp(-y)) PERIODIC=NO",
        f"{label}: SUM ARG={parts[6]} PERIODIC=NO",
    ]


def _contacts(rows: Sequence[int], columns: Sequence[int], function: str, reach: float) -> str:
    """A matrix of a function of the distances of two groups, within a reach in nm."""
    switch = f"{{CUSTOM FUNC={function} R_0=1 D_MAX={reach!r} NOSTRETCH}}"
    return f"CONTACT_MATRIX GROUPA={_list(rows)} GROUPB={_list(columns)} SWITCH={switch}"


def _rows(rows: Sequence[Sequence[int]]) -> str:
    if len(rows) == 1:
        return f"ATOMS={_list(rows[0])}"
    return " ".join(f"ATOMS{number}={_list(row)}" for number, row in enumerate(rows, 1))


def _list(atoms: Sequence[int]) -> str:
    return ",".join(str(atom + 1) for atom in atoms)
