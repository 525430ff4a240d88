"""The formula as PLUMED input: one line for each descriptor, one for q.

PLUMED counts atoms from 1 and works in nm and rad unless UNITS says otherwise. CUSTOM (MATHEVAL in
old versions) parses the function with Lepton, in which powers are ``^`` and some constants have
names (PLUMED manual, CUSTOM).
"""

from collections.abc import Sequence

from mechanist.formula.export.names import Program, free_names, plain, renamed
from mechanist.formula.export.words import meanings
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet

CONSTANTS = (
    *("e", "log2e", "log10e", "ln2", "ln10", "pi", "pi_2", "pi_4", "sqrt2", "sqrt1_2"),
    *("inf", "nan"),
)
ACTIONS = {"torsion": "TORSION", "angle": "ANGLE", "distance": "DISTANCE"}
PLUMED = Program("PLUMED", frozenset({*ACTIONS, "difference", "height", "coordinate"}))
"""Its switching functions differ from those of coordination numbers here."""

PARTS = {"height": "rat", "difference": "ab"}
"""Endings of the names of what a descriptor is made from."""

HEAD = """\
# Reaction coordinate q(x) = ln(p_B / (1 - p_B)) as a formula, found by Mechanist:
#   q = {formula}
# where{lines}
# Atoms are counted from 1, in the order of system/topology.pdb of the run. Units are those of
# PLUMED without a UNITS line: nm, rad; q has none. q < 0 is closer to A, q > 0 to B.
"""


def plumed_text(formula: str, descriptors: DescriptorSet) -> str:
    """PLUMED input that defines q.

    Parameters
    ----------
    formula
        Text as `mechanist.formula.expression.parse` reads it.
    descriptors
        Definitions of its names.

    Raises
    ------
    DataError
        If the text is not a formula, or uses a name that is no descriptor or none that PLUMED can
        compute.
    """
    used = PLUMED.definitions(formula, descriptors)
    names = free_names((d.name for d in used), CONSTANTS)
    taken = set(names.values())
    result = free_names(["q"], taken)["q"]
    atoms = free_names((f"atom{d.atoms[0] + 1}" for d in used if d.kind == "coordinate"), taken)
    nopbc = "" if descriptors.box else " NOPBC"
    known = meanings(used, names, 1, "#   ")
    head = HEAD.format(formula=renamed(plain(formula), names), lines=known)
    lines = [f"{label}: POSITION ATOM={key[4:]} NOPBC" for key, label in atoms.items()]
    parts = free_names((f"{d.name}_{p}" for d in used for p in PARTS.get(d.kind, "")), taken)
    for d in used:
        if d.kind in PARTS:
            write = _height if d.kind == "height" else _difference
            labels = [parts[f"{d.name}_{p}"] for p in PARTS[d.kind]]
            lines += write(d, names[d.name], labels, nopbc)
        elif d.kind != "coordinate":
            lines.append(_action(d.kind, d.atoms, names[d.name]) + nopbc)
    function = renamed(plain(formula), names).replace("**", "^").replace(" ", "")
    if used:
        arguments = ",".join(_argument(d, names, atoms) for d in used)
        variables = ",".join(names[d.name] for d in used)
        known = f"ARG={arguments} VAR={variables}"
        lines.append(f"{result}: CUSTOM {known} FUNC={function} PERIODIC=NO")
    else:
        lines.append(f"{result}: CONSTANT VALUE={function}")
    lines.append(f"# PRINT ARG={result} FILE=q.dat STRIDE=100")
    return head + "\n".join(lines) + "\n"


def _action(kind: str, atoms: Sequence[int], label: str) -> str:
    return f"{label}: {ACTIONS[kind]} ATOMS={','.join(str(atom + 1) for atom in atoms)}"


def _height(descriptor: Descriptor, label: str, parts: list[str], nopbc: str) -> list[str]:
    """A height above a plane, from distance, angle and torsion of the four atoms."""
    kinds = zip(("distance", "angle", "torsion"), (2, 3, 4), parts, strict=True)
    lines = [_action(kind, descriptor.atoms[:n], part) + nopbc for kind, n, part in kinds]
    known = f"ARG={','.join(parts)} VAR=r,a,t"
    return [*lines, f"{label}: CUSTOM {known} FUNC=-r*sin(a)*sin(t) PERIODIC=NO"]


def _difference(descriptor: Descriptor, label: str, parts: list[str], nopbc: str) -> list[str]:
    """A difference of two distances."""
    pairs = zip((descriptor.atoms[:2], descriptor.atoms[2:]), parts, strict=True)
    lines = [_action("distance", pair, part) + nopbc for pair, part in pairs]
    return [*lines, f"{label}: CUSTOM ARG={','.join(parts)} VAR=a,b FUNC=a-b PERIODIC=NO"]


def _argument(descriptor: Descriptor, names: dict[str, str], atoms: dict[str, str]) -> str:
    if descriptor.kind == "coordinate":
        return f"{atoms[f'atom{descriptor.atoms[0] + 1}']}.{'xyz'[descriptor.axis]}"
    return names[descriptor.name]
