"""Descriptors as sums over rows of atoms, in the terms of OpenMM's ``CustomCompoundBondForce``.

Each is a text in distances, angles and dihedrals of points p1, p2, ..., and the rows of atoms that
it is summed over. Equations are in `mechanist.systems.descriptors.shapes`:

    G5               rows (centre, j, k) of all pairs j < k
    hydrogen bonds   rows (donor, hydrogen, acceptor)
    bridges          rows of both groups and one atom between them
    sorted values    for each value v a row of its atoms and those of all others; it counts where
                     the number of smaller ones is at most the rank, and of others up to v at least
"""

from itertools import combinations
from math import comb

from mechanist.systems.descriptors.descriptor_set import Descriptor
from mechanist.systems.descriptors.shapes import Angular, Bridges, HydrogenBonds, Radial, Sorted

ROWS = 200_000
"""Rows of a sum at most: an XML file of 8 MB, and 0.8 s a step on one core."""

VALUES = 30
"""Sorted values at most: OpenMM needs 1 s (distances) to 11 s (heights) to differentiate them."""

BRIDGED = 60
"""Atoms of the groups of a bridge at most: OpenMM needs 11 s to differentiate the product."""

GEOMETRY = {
    "distance": "distance({0},{1})",
    "difference": "(distance({0},{1})-distance({2},{3}))",
    "angle": "angle({0},{1},{2})",
    # distance, angle and dihedral honour periodic boxes, coordinates do not.
    "height": "(-distance({0},{1})*sin(angle({0},{1},{2}))*sin(dihedral({0},{1},{2},{3})))",
}

Rows = list[tuple[int, ...]]


def refusal(descriptor: Descriptor) -> str | None:
    """Why OpenMM cannot compute such a descriptor; None if it can."""
    if descriptor.scattered:
        return (
            "its group has atoms of several molecules, which OpenMM does not bring together across"
            " the periodic box"
        )
    match descriptor.shape:
        case Sorted(size=size) if size > VALUES:
            return f"it is one of {size} sorted values, more than {VALUES}"
        case Angular() if (pairs := comb(len(descriptor.others[0]), 2)) > ROWS:
            return f"it has {pairs} pairs of atoms around the centre, more than {ROWS}"
        case HydrogenBonds() if (bonds := len(_bonds(descriptor))) > ROWS:
            return f"it has {bonds} pairs H...A, more than {ROWS}"
        case Bridges() if (atoms := len(descriptor.atoms) + len(descriptor.others[0])) > BRIDGED:
            return f"its groups have {atoms} atoms, more than {BRIDGED}"
    return None


def compound(descriptor: Descriptor) -> tuple[str, Rows]:
    """Text and rows of a geometric descriptor, a sorted value, or a sum over triples of atoms."""
    match descriptor.shape:
        case Angular() as shape:
            return _angular(descriptor, shape)
        case HydrogenBonds() as shape:
            close = fermi(shape.steepness, shape.distance, "distance(p2,p3)")
            straight = fermi(shape.sharpness, shape.cosine, "cos(angle(p1,p2,p3))")
            return f"{close}*{straight}", _bonds(descriptor)
        case Bridges() as shape:
            return _bridges(descriptor, shape)
        case Sorted() as shape:
            return _sorted(descriptor, shape)
    points = [f"p{number}" for number in range(1, 1 + len(descriptor.atoms))]
    return GEOMETRY[descriptor.kind].format(*points), [descriptor.atoms]


def fermi(steepness: float, radius: float, x: str) -> str:
    """1/(1 + exp(steepness (x - radius))), in a form that does not overflow."""
    return f"0.5*(1-tanh({0.5 * steepness!r}*({x}-({radius!r}))))"


def bell(shape: Radial, r: str) -> str:
    """exp(-eta (r - r_s)^2) fc(r)."""
    switch = fermi(shape.steepness, shape.cutoff, r)
    return f"exp(-{shape.eta!r}*({r}-{shape.shift!r})^2)*{switch}"


def _angular(d: Descriptor, s: Angular) -> tuple[str, Rows]:
    (centre,), (others,) = d.atoms, d.others
    power = f"(1{'+' if s.sign > 0 else '-'}cos(angle(p2,p1,p3)))^{s.zeta}"
    text = f"{power}*{bell(s, 'r')}*{bell(s, 's')}/{s.norm!r}"
    rows: Rows = [(centre, j, k) for j, k in combinations(others, 2)]
    return f"{text}; r=distance(p1,p2); s=distance(p1,p3)", rows


def _bonds(d: Descriptor) -> Rows:
    """Donor, hydrogen and acceptor of all possible bonds."""
    donors, acceptors = d.others
    both = zip(donors, d.atoms, strict=True)
    return [(donor, h, a) for donor, h in both for a in acceptors if a != donor]


def _bridges(d: Descriptor, s: Bridges) -> tuple[str, Rows]:
    first, second, between = d.atoms, *d.others
    last, touch, start = 1 + len(first) + len(second), [], 1
    for group, radius in zip((first, second), s.radii, strict=True):
        points = range(start, start := start + len(group))
        free = (f"(1-{fermi(s.steepness, radius, f'distance(p{i},p{last})')})" for i in points)
        touch.append(f"(1-{'*'.join(free)})")
    return "*".join(touch), [(*first, *second, atom) for atom in between]


def _sorted(d: Descriptor, s: Sorted) -> tuple[str, Rows]:
    width = len(d.atoms) // s.size
    each = [d.atoms[start : start + width] for start in range(0, len(d.atoms), width)]
    points = [f"p{number}" for number in range(1, 1 + len(d.atoms))]
    values = [
        f"v{k}={GEOMETRY[s.measure].format(*points[k * width : (k + 1) * width])}"
        for k in range(s.size)
    ]
    others = range(1, s.size)
    # Where several values are equal, each of them stands for its share.
    text = f"v0*step({s.rank}-less)*step(upto-{s.rank})/(1+upto-less)"
    less = "+".join(f"1-step(v{k}-v0)" for k in others)
    upto = "+".join(f"step(v0-v{k})" for k in others)
    rows = [sum((own, *each[:k], *each[k + 1 :]), ()) for k, own in enumerate(each)]
    return "; ".join((text, f"less={less}", f"upto={upto}", *values)), rows
