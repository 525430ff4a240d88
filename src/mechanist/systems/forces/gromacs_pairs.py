"""Which pairs of atoms of a GROMACS molecule interact: in full, as 1-4 pairs, or not at all.

GROMACS leaves out pairs that are up to ``nrexcl`` bonds apart and those of ``[ exclusions ]``, and
adds the terms of ``[ pairs ]``; 1-4 parameters that no ``[ pairtypes ]`` has are those of the two
atom types, ``[ nonbond_params ]`` included, with epsilon (or C6 and C12) times fudgeLJ (Reference
Manual, "Exclusions" and "Pair interactions"). OpenMM's reader leaves out pairs of one and two bonds
whatever nrexcl is, and scales all pairs of three bonds, also those that are not in ``[ pairs ]``;
with ``[ nonbond_params ]`` it takes the 1-4 pairs from the torsions. So it gets lines with the
exclusions and the parameters that it would lack. What no line can express is refused.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from pathlib import Path

from mechanist.errors import SystemBuildError
from mechanist.systems.forces.gromacs import Line

NEAR, FOURTH = 2, 3
"""Bonds between pairs that OpenMM's reader leaves out, and between those that it scales."""

POWER = 12.0
"""Of the repulsion; the sixth column of [ defaults ] may give another."""

Pair = tuple[int, int]
Types = tuple[str, ...]


@dataclass
class Molecule:
    """A moleculetype; atoms count from 1.

    Parameters
    ----------
    name, line, place
        Its name, its line, and where that stands in the topology.
    nrexcl
        Pairs up to so many bonds apart are left out.
    types
        Atom types by atom.
    bonds
        Bonded atoms: those of [ bonds ], [ constraints ] of type 1 and [ settles ].
    excluded
        Of [ exclusions ].
    pairs
        Of [ pairs ], with the place of the line.
    sites
        Virtual sites.
    """

    name: str
    line: Line
    place: int
    nrexcl: int
    types: dict[int, str] = field(default_factory=dict)
    bonds: set[Pair] = field(default_factory=set)
    excluded: set[Pair] = field(default_factory=set)
    pairs: dict[Pair, int] = field(default_factory=dict)
    sites: set[int] = field(default_factory=set)


@dataclass
class Parameters:
    """Lennard-Jones parameters by atom types, two numbers as in the file."""

    atoms: dict[str, tuple[float, float]] = field(default_factory=dict)
    mixed: dict[Types, tuple[float, float]] = field(default_factory=dict)
    fourth: set[Types] = field(default_factory=set)
    rule: str = "2"
    generated: bool = True
    fudges: tuple[float, float] = (1.0, 1.0)
    """fudgeLJ and fudgeQQ."""

    def of_pair(self, a: str, b: str) -> tuple[float, float]:
        """Those of a 1-4 pair that has none of its own."""
        key = tuple(sorted((a, b)))
        if key in self.mixed:
            first, second = self.mixed[key]
        else:
            (v, w), (x, y) = self.atoms[a], self.atoms[b]
            first = (v + x) / 2 if self.rule == "2" else sqrt(v * x)
            second = sqrt(w * y)
        scale = self.fudges[0]
        return (scale if self.rule == "1" else 1.0) * first, scale * second


def as_gromacs(lines: Sequence[Line], path: Path, macros: Collection[str]) -> list[Line]:
    """The lines with what OpenMM's reader needs to treat all pairs as GROMACS does.

    Parameters
    ----------
    lines
        Of a topology, includes and conditions resolved.
    path
        The topology, for messages.
    macros
        Names that the user defines, which may stand for atom types.

    Raises
    ------
    SystemBuildError
        If it cannot, or [ defaults ] or an atom type is missing.
    """
    molecules, parameters = _read(lines, path)
    used = {type_ for molecule in molecules for type_ in molecule.types.values()}
    own = {line.text.split()[1] for line in lines if line.text.startswith("#define")}
    _check_types(lines, molecules, {*parameters.atoms, *own, *macros})
    special = any(set(pair) <= used for pair in parameters.mixed)
    changed: dict[int, Line] = {}
    added: dict[int, list[Line]] = {}
    for molecule in molecules:
        reach = _reach(molecule)
        _check_pairs(molecule, reach, parameters, lines)
        added[molecule.place] = [
            Line(f"{i} {j}", molecule.line.file, molecule.line.number)
            for (i, j), apart in sorted(reach.items())
            if apart <= molecule.nrexcl
            and (special or apart >= FOURTH)
            and (i, j) not in molecule.pairs
        ]
        if special and parameters.generated:
            changed |= _with_parameters(molecule, parameters, lines)
    result = []
    for place, line in enumerate(lines):
        result.append(changed.get(place, line))
        if added.get(place):
            result += [Line("[ exclusions ]", line.file, line.number), *added[place]]
    return result


def _read(lines: Sequence[Line], path: Path) -> tuple[list[Molecule], Parameters]:
    """The molecules of the system, and parameters; lines that make no sense are left to OpenMM."""
    found: dict[str, Molecule] = {}
    parameters, defaults = Parameters(), False
    current: Molecule | None = None
    section, counted = "", set()
    for place, line in enumerate(lines):
        words = line.text.split()
        if line.text.startswith(("[", "#")):
            section = line.text.strip("[] \t").lower() if line.text.startswith("[") else section
            continue
        try:
            if section == "defaults":
                _defaults(words, parameters, line)
                defaults = True
            elif section == "moleculetype":
                current = Molecule(words[0], line, place, int(words[1]))
                found[words[0]] = current
            elif section == "molecules" and int(words[1]) > 0:
                counted.add(words[0])
            elif section in ("atomtypes", "nonbond_params", "pairtypes"):
                _parameters(section, words, parameters)
            elif current is not None:
                _of_molecule(section, words, current, place)
        except (ValueError, IndexError):
            continue
    if not defaults:
        raise SystemBuildError(path, "[ defaults ]: missing; is the force field included?")
    return [molecule for name, molecule in found.items() if name in counted], parameters


def _defaults(words: Sequence[str], parameters: Parameters, line: Line) -> None:
    if len(words) > 5 and float(words[5]) != POWER:
        raise SystemBuildError(
            line.where, f"[ defaults ]: a repulsion of power {words[5]} is not read by OpenMM"
        )
    parameters.rule = words[1]
    parameters.generated = len(words) < 3 or words[2].lower() != "no"
    if len(words) > 4:
        parameters.fudges = float(words[3]), float(words[4])


def _parameters(section: str, words: Sequence[str], parameters: Parameters) -> None:
    if section == "atomtypes":
        parameters.atoms[words[0]] = float(words[-2]), float(words[-1])
    elif section == "pairtypes":
        parameters.fourth.add(tuple(sorted(words[:2])))
    else:
        parameters.mixed[tuple(sorted(words[:2]))] = float(words[3]), float(words[4])


def _of_molecule(section: str, words: Sequence[str], molecule: Molecule, place: int) -> None:
    if section == "atoms":
        molecule.types[len(molecule.types) + 1] = words[1]
    elif section == "bonds" or (section == "constraints" and words[2] == "1"):
        molecule.bonds.add(_pair(int(words[0]), int(words[1])))
    elif section == "settles":
        first = int(words[0])
        molecule.bonds |= {(first, first + 1), (first, first + 2), (first + 1, first + 2)}
    elif section == "exclusions":
        molecule.excluded |= {_pair(int(words[0]), int(word)) for word in words[1:]}
    elif section.startswith(("virtual_sites", "dummies")):
        molecule.sites.add(int(words[0]))
    elif section == "pairs":
        molecule.pairs[_pair(int(words[0]), int(words[1]))] = place


def _pair(i: int, j: int) -> Pair:
    return min(i, j), max(i, j)


def _check_types(
    lines: Sequence[Line], molecules: Sequence[Molecule], known: Collection[str]
) -> None:
    """Refuse atoms of a type that is not there."""
    for molecule in molecules:
        for number, type_ in molecule.types.items():
            if type_ not in known:
                where = _line_of_atom(lines, molecule, number)
                raise SystemBuildError(
                    where, f"[ atoms ]: atom type {type_} is in no [ atomtypes ]"
                )


def _line_of_atom(lines: Sequence[Line], molecule: Molecule, number: int) -> str:
    """Where an atom of a molecule stands."""
    section, seen = "", 0
    for line in lines[molecule.place + 1 :]:
        if line.text.startswith("["):
            section = line.text.strip("[] \t").lower()
        elif section == "atoms" and not line.text.startswith("#"):
            seen += 1
            if seen == number:
                return line.where
    return molecule.line.where


def _reach(molecule: Molecule) -> dict[Pair, int]:
    """Bonds between all pairs of atoms that are up to nrexcl, or three, bonds apart."""
    neighbours: dict[int, list[int]] = {}
    for i, j in molecule.bonds:
        neighbours.setdefault(i, []).append(j)
        neighbours.setdefault(j, []).append(i)
    found: dict[Pair, int] = {}
    for first in neighbours:
        seen, shell = {first}, [first]
        for apart in range(1, max(molecule.nrexcl, FOURTH) + 1):
            shell = sorted({k for j in shell for k in neighbours[j]} - seen)
            seen.update(shell)
            found |= {(first, k): apart for k in shell if k > first}
    return found


def _check_pairs(
    molecule: Molecule,
    reach: Mapping[Pair, int],
    parameters: Parameters,
    lines: Sequence[Line],
) -> None:
    """Refuse pairs that interact in full in GROMACS, and not in OpenMM's reading."""
    for pair, place in molecule.pairs.items():
        if molecule.sites & set(pair):
            # No bonds lead to sites; what writes their pairs means the 1-4 interaction alone.
            continue
        if reach.get(pair, molecule.nrexcl + 1) > molecule.nrexcl and pair not in molecule.excluded:
            raise SystemBuildError(
                lines[place].where,
                f"[ pairs ]: {pair[0]} and {pair[1]} of {molecule.name} are not excluded (nrexcl is"
                f" {molecule.nrexcl}): GROMACS adds the pair to their full interaction, OpenMM"
                " would put it in place of that; write them under [ exclusions ] if that is meant",
            )
    scaled = parameters.fudges != (1.0, 1.0)
    for pair, apart in sorted(reach.items()):
        if apart <= molecule.nrexcl or pair in molecule.excluded:
            continue
        if apart <= NEAR or (apart == FOURTH and scaled):
            raise SystemBuildError(
                molecule.line.where,
                f"[ moleculetype ]: nrexcl is {molecule.nrexcl}, so that atoms {pair[0]} and"
                f" {pair[1]} of {molecule.name}, {apart} bonds apart, interact; OpenMM's reader"
                f" would {'leave out' if apart <= NEAR else 'scale'} such pairs",
            )


def _with_parameters(
    molecule: Molecule, parameters: Parameters, lines: Sequence[Line]
) -> dict[int, Line]:
    """Lines of [ pairs ] with parameters, where they have none."""
    found = {}
    for (i, j), place in molecule.pairs.items():
        words = lines[place].text.split()
        kinds = molecule.types.get(i, ""), molecule.types.get(j, "")
        known = tuple(sorted(kinds)) in parameters.fourth
        if len(words) != FOURTH or known or not set(kinds) <= set(parameters.atoms):
            continue
        first, second = parameters.of_pair(*kinds)
        text = f"{i} {j} 1 {first!r} {second!r}"
        found[place] = Line(text, lines[place].file, lines[place].number)
    return found
