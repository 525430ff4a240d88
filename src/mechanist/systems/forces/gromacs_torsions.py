"""Parameters of dihedrals whose types have wildcards, as GROMACS chooses them.

Of the entries of [ dihedraltypes ] that match four atom types in either direction, GROMACS takes
the first one with the most types that are no wildcard (grompp, "defaultInteractionsOfType"). OpenMM
takes the last one with a wildcard, which differs in OPLS-AA, such as for the ring of histidine. So
it gets entries without wildcards for the types of each dihedral without parameters of its own.
"""

from collections.abc import Iterable, Sequence

from mechanist.errors import SystemBuildError
from mechanist.systems.forces.gromacs import Line

WILDCARD = "X"
FAMILIES = {"1": "proper", "9": "proper", "4": "periodic improper", "2": "improper"}
"""Function types that GROMACS looks up together; 3 and 5 (Ryckaert-Bellemans) are the others."""

REORDERING = "_FF_AMBER_LEAP_ATOM_REORDERING"
"""Macro by which grompp puts the atoms of impropers into another order."""

IMPROPERS = ("2", "4")

SINGLE = ("1", "2", "3", "4")
"""Function types that take one entry; dihedrals of type 9 take all that follow each other."""

Types = tuple[str, ...]


def with_exact_types(lines: Sequence[Line]) -> list[Line]:
    """The lines, and entries of [ dihedraltypes ] without wildcards for the dihedrals in them.

    Raises
    ------
    SystemBuildError
        If the force field has GROMACS reorder the atoms of impropers, which OpenMM does not do.
    """
    bonded: dict[str, str] = {}
    entries: dict[str, list[tuple[Types, list[Line]]]] = {}
    wanted: dict[tuple[Types, str], None] = {}
    atoms: list[str] = []
    section, reordered = "", None
    for line in lines:
        words = line.text.split()
        if line.text.startswith("#"):
            reordered = line if words[:2] == ["#define", REORDERING] else reordered
        elif line.text.startswith("["):
            section = line.text.strip("[] \t").lower()
        elif section == "atomtypes":
            bonded[words[0]] = _bonded_type(words)
        elif section == "moleculetype":
            atoms = []
        elif section == "atoms" and len(words) > 1:
            atoms.append(words[1])
        elif section == "dihedraltypes" and len(words) > 5:
            _add(entries.setdefault(_family(words[4]), []), tuple(words[:4]), line)
        elif section == "dihedrals" and len(words) == 5 and all(w.isdigit() for w in words):
            numbers = [int(word) - 1 for word in words[:4]]
            if all(0 <= n < len(atoms) for n in numbers):
                types = tuple(bonded.get(atoms[n], atoms[n]) for n in numbers)
                wanted[types, words[4]] = None
    if reordered is not None and any(function in IMPROPERS for _, function in wanted):
        raise SystemBuildError(
            reordered.where,
            f"{REORDERING}: grompp reorders the atoms of impropers, OpenMM does not, and the"
            " forces would differ",
        )
    added: list[Line] = []
    for types, function in wanted:
        added += _exact(types, function, entries.get(_family(function), []))
    if not added:
        return list(lines)
    head = Line("[ dihedraltypes ]", added[0].file, added[0].number)
    # OpenMM reads all types before it makes a System, so their place does not matter.
    return [*lines, head, *added]


def _family(function: str) -> str:
    return FAMILIES.get(function, "Ryckaert-Bellemans")


def _bonded_type(words: Sequence[str]) -> str:
    """Of an atom type: its second column if that begins with a letter, else its name.

    There are two columns before mass, charge, particle type and two parameters, or fewer.
    """
    named = len(words) > 6 and not words[1][0].isdigit()
    return words[1] if named else words[0]


def _add(found: list[tuple[Types, list[Line]]], types: Types, line: Line) -> None:
    """Add an entry; entries of type 9 that follow each other with the same types are one."""
    function = line.text.split()[4]
    if function == "9" and found and found[-1][0] == types:
        found[-1][1].append(line)
    else:
        found.append((types, [line]))


def _exact(types: Types, function: str, entries: Iterable[tuple[Types, list[Line]]]) -> list[Line]:
    """Entries for four atom types: those that match best; none if these have no wildcard."""
    best, most = None, -1
    for given, terms in entries:
        for one in (given, given[::-1]):
            exact = _matches(one, types)
            if exact > most:
                best, most = terms, exact
    if best is None or most == len(types) or (len(best) > 1 and function in SINGLE):
        return []
    return [
        Line(" ".join([*types, function, *line.text.split()[5:]]), line.file, line.number)
        for line in best
        if _same(function, line.text.split()[4])
    ]


def _same(one: str, other: str) -> bool:
    """Whether the numbers of two function types mean the same."""
    return one == other or {one, other} <= {"1", "9"}


def _matches(given: Types, types: Types) -> int:
    """Number of types that are the same; -1 if one is neither the same nor a wildcard."""
    if any(a not in (b, WILDCARD) for a, b in zip(given, types, strict=True)):
        return -1
    return sum(a == b for a, b in zip(given, types, strict=True))
