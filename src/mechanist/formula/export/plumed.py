"""The formula as PLUMED input: one line for each descriptor, one for q.

PLUMED counts atoms from 1 and works in nm and rad unless UNITS says otherwise. CUSTOM (MATHEVAL in
old versions) parses the function with Lepton, in which powers are ``^`` and some constants have
names (PLUMED manual, CUSTOM).
"""

from mechanist.formula.export.names import plain, renamed, used_by
from mechanist.formula.export.words import meanings
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from mechanist.systems.descriptors.plumed_actions import (
    PLUMED,
    actions,
    argument,
    embedded_of,
    owners,
    parts_of,
)
from mechanist.systems.descriptors.plumed_file import labels_of
from mechanist.systems.descriptors.programs import free_names

CONSTANTS = (
    *("e", "log2e", "log10e", "ln2", "ln10", "pi", "pi_2", "pi_4", "sqrt2", "sqrt1_2"),
    *("inf", "nan"),
)
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
    used = used_by(PLUMED, formula, descriptors)
    variables = {text: labels_of(text) for text in embedded_of(used)}
    taken = {*CONSTANTS, *(label for labels in variables.values() for label in labels)}
    names = free_names((d.name for d in used), taken)
    taken |= set(names.values())
    result = free_names(["q"], taken)["q"]
    firsts = owners(used)
    wanted = {d.name: [_part(d, firsts[d.name], e) for e in parts_of(d)] for d in used}
    free = free_names((label for labels in wanted.values() for label in labels), {*taken, result})
    parts = {name: [free[label] for label in labels] for name, labels in wanted.items()}
    nopbc = "" if descriptors.box else " NOPBC"
    known = meanings(used, names, 1, "#   ")
    head = HEAD.format(formula=renamed(plain(formula), names), lines=known)
    # Some descriptors share lines.
    every = (line for d in used for line in actions(d, names[d.name], parts[d.name], nopbc))
    lines = list(dict.fromkeys(every))
    lines = [*variables, *lines]
    function = renamed(plain(formula), names).replace("**", "^").replace(" ", "")
    if used:
        arguments = ",".join(argument(d, names[d.name], parts[d.name]) for d in used)
        known = f"ARG={arguments} VAR={','.join(names[d.name] for d in used)}"
        lines.append(f"{result}: CUSTOM {known} FUNC={function} PERIODIC=NO")
    else:
        lines.append(f"{result}: CONSTANT VALUE={function}")
    lines.append(f"# PRINT ARG={result} FILE=q.dat STRIDE=100")
    return head + "\n".join(lines) + "\n"


def _part(descriptor: Descriptor, owner: str, ending: str) -> str:
    """Label of a further action; that of the position of an atom names the atom."""
    if descriptor.kind == "coordinate":
        return f"atom{descriptor.atoms[0] + 1}"
    return f"{owner}_{ending}"
