"""GROMACS topologies: includes, conditions and sections, before OpenMM reads the result.

OpenMM looks for includes in one folder, leaves out sections that it does not know without a word,
and takes what follows ``[ intermolecular_interactions ]`` for a part of the last molecule. Here
includes and conditions are resolved as by GROMACS (Reference Manual, "Topology file"), and what
OpenMM would leave out is refused by name.
"""

import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from mechanist.errors import SystemBuildError
from mechanist.systems.build.text import plain_text

GLOBAL = frozenset(
    (
        *("defaults", "atomtypes", "bondtypes", "pairtypes", "angletypes", "dihedraltypes"),
        *("cmaptypes", "nonbond_params", "constrainttypes", "implicit_genborn_params"),
        *("moleculetype", "system", "molecules"),
    )
)
"""Sections that are read, or that change no energy, outside molecules."""

IN_MOLECULES = frozenset(
    (
        *("atoms", "bonds", "pairs", "angles", "dihedrals", "exclusions", "constraints"),
        *("settles", "cmap", "virtual_sites2", "virtual_sites3", "dummies2", "dummies3"),
    )
)
"""Sections of a moleculetype that are read."""

DIRECTIVES = frozenset(("#include", "#define", "#undef", "#ifdef", "#ifndef", "#else", "#endif"))

IMPROPER = "2"
"""Function type of harmonic impropers."""

DEEPEST = 64
"""Levels of includes; more are a circle."""


@dataclass(frozen=True)
class Line:
    """A line without its comment, continued lines joined, and where it stands."""

    text: str
    file: Path
    number: int

    @property
    def where(self) -> str:
        """File and line number."""
        return f"{self.file}:{self.number}"


@dataclass
class Topology:
    """Lines of a topology with includes and conditions resolved."""

    lines: list[Line] = field(default_factory=list)
    conditions: set[str] = field(default_factory=set)

    def line_of(self, words: str) -> Line | None:
        """The line that a message of OpenMM ends in, or None."""
        tail = words.rpartition(" line: ")[2].split()
        return next((line for line in self.lines if tail and line.text.split() == tail), None)


def defined(names: Iterable[str]) -> dict[str, str]:
    """Macros and their values from ``NAME`` or ``NAME=VALUE``, as after -D of GROMACS."""
    found = {}
    for name in names:
        key, _, value = name.removeprefix("-D").partition("=")
        found[key.strip()] = value.strip() or "1"
    return found


def folders(topology: Path, include: Path | None) -> list[Path]:
    """Folders for includes, after that of the file itself, in the order of search."""
    found = [topology.parent, *([include] if include is not None else [])]
    found += [Path(part) for part in os.environ.get("GMXLIB", "").split(os.pathsep) if part]
    if "GMXDATA" in os.environ:
        found.append(Path(os.environ["GMXDATA"]) / "top")
    program = shutil.which("gmx") or shutil.which("gmx_mpi")
    if program is not None:
        found.append(Path(program).resolve().parents[1] / "share" / "gromacs" / "top")
    return [*found, Path("/usr/local/gromacs/share/gromacs/top")]


def resolve(path: Path, include: Path | None, macros: Mapping[str, str]) -> Topology:
    """A topology with includes and conditions resolved; its sections are checked.

    Parameters
    ----------
    path
        The topology.
    include
        Folder of the user with included files, or None.
    macros
        What counts as defined, with values.

    Raises
    ------
    SystemBuildError
        If a file or a directive is missing, or a section would be left out.
    """
    found = Topology()
    # As OpenMM: flexible waters have bonds, which molecule.rigid_water then fixes.
    names = {"FLEXIBLE": "1"} | dict(macros)
    _read(path, folders(path, include), names, found, 0)
    _check_sections(found.lines, path)
    found.lines = list(_as_openmm(found.lines))
    return found


def _read(
    path: Path, roots: list[Path], macros: dict[str, str], found: Topology, deep: int
) -> None:
    """Add the lines of a file and of what it includes."""
    if deep > DEEPEST:
        raise SystemBuildError(path, "#include: includes itself")
    stack: list[bool] = []
    for line in _lines(path):
        words = line.text.split()
        directive = words[0] if words[0].startswith("#") else ""
        if directive and directive not in DIRECTIVES:
            raise SystemBuildError(line.where, f"{directive}: no directive of GROMACS")
        if directive in ("#else", "#endif") and not stack:
            raise SystemBuildError(line.where, f"{directive} without #ifdef")
        if directive not in ("", "#else", "#endif") and len(words) < 2:
            raise SystemBuildError(line.where, f"{directive}: a name must follow")
        if directive in ("#ifdef", "#ifndef"):
            found.conditions.add(words[1])
            stack.append((words[1] in macros) == (directive == "#ifdef"))
        elif directive == "#else":
            stack[-1] = not stack[-1]
        elif directive == "#endif":
            stack.pop()
        elif not all(stack):
            continue
        elif directive == "#include":
            place = locate(line, roots)
            if place is None:
                name = included_name(line)
                raise SystemBuildError(
                    line.where,
                    f"Could not locate #include file: {name}; molecule.include or GMXLIB names its"
                    " folder",
                )
            _read(place, roots, macros, found, deep + 1)
        else:
            if directive == "#define":
                macros[words[1]] = " ".join(words[2:]) or "1"
            elif directive == "#undef":
                macros.pop(words[1], None)
            found.lines.append(line)
    if stack:
        raise SystemBuildError(path, "#ifdef without #endif; truncated?")


def _lines(path: Path) -> Iterator[Line]:
    """Lines that are not empty, without comments, continued ones joined."""
    text, first = "", 0
    for number, raw in enumerate(plain_text(path).split("\n"), 1):
        part = raw.rstrip()
        first = first or number
        if part.endswith("\\"):
            text += part[:-1] + " "
            continue
        text = (text + part).partition(";")[0].strip()
        if text and not text.startswith("*"):
            yield Line(text, path, first)
        text, first = "", 0


def included_name(line: Line) -> str:
    """Name of the file that a line includes."""
    return line.text[len("#include") :].strip().strip('"<>')


def locate(line: Line, roots: Iterable[Path]) -> Path | None:
    """The included file: beside the file that includes it, then below the folders of search."""
    name = included_name(line)
    places = (root / name for root in (line.file.parent, *roots))
    return next((place for place in places if place.is_file()), None)


def included(path: Path, include: Path | None) -> list[Path]:
    """Files that a topology includes at all levels, under any condition, as far as they exist.

    Those of a GROMACS installation are left out.
    """
    roots = folders(path, include)[:-1]
    found: list[Path] = []
    queue = [path]
    while queue:
        file = queue.pop(0)
        if not file.is_file():
            continue
        for line in _lines(file):
            if not line.text.startswith("#include"):
                continue
            place = locate(line, roots)
            if place is not None and place not in found:
                found.append(place)
                queue.append(place)
    return found


def _check_sections(lines: Iterable[Line], path: Path) -> None:
    """Refuse sections that OpenMM would leave out, and what GROMACS itself refuses."""
    section, molecule = "", ""
    left_out: list[tuple[str, str, Line]] = []
    types: dict[str, Line] = {}
    counts: Counter[str] = Counter()
    sections: Counter[str] = Counter()
    for line in lines:
        if line.text.startswith("["):
            section = line.text.strip("[] \t").lower()
            sections[section] += 1
            if section == "intermolecular_interactions":
                raise SystemBuildError(line.where, _refusal(section))
            if section not in GLOBAL | IN_MOLECULES:
                left_out.append((section, molecule, line))
            continue
        if line.text.startswith("#"):
            continue
        name = line.text.split()[0]
        if section == "moleculetype":
            if name in types:
                raise SystemBuildError(
                    line.where, f"moleculetype {name} stands in {types[name].where} already"
                )
            types[name], molecule = line, name
        elif section == "molecules":
            words = line.text.split()
            counts[name] += int(words[1]) if words[1:] and words[1].isdigit() else 1
    if sections["defaults"] > 1:
        raise SystemBuildError(path, "[ defaults ] stands twice")
    for section, molecule, line in left_out:
        if not molecule or counts[molecule] > 0:
            raise SystemBuildError(line.where, _refusal(section))


def _as_openmm(lines: Iterable[Line]) -> Iterator[Line]:
    """Lines of types as OpenMM understands them.

    Impropers that are given by two atom types get four: the two are the outer ones; OpenMM takes
    them for the inner ones, as those of a proper dihedral. Masses and charges of atom types get a
    decimal point: OpenMM finds the column of the particle type by its length of one letter.
    """
    section = ""
    for line in lines:
        words = line.text.split()
        if line.text.startswith("["):
            section = line.text.strip("[] \t").lower()
        elif section == "dihedraltypes" and words[2:3] == [IMPROPER]:
            line = replace(line, text=" ".join([words[0], "X", "X", *words[1:]]))
        elif section == "dihedraltypes" and words[2:3] and words[2] in "134589":
            line = replace(line, text=" ".join(["X", *words[:2], "X", *words[2:]]))
        elif section == "atomtypes" and len(words) > 5 and words[-3].isalpha():
            numbers = [f"{word}.0" if word.isdigit() else word for word in words[-5:-3]]
            line = replace(line, text=" ".join([*words[:-5], *numbers, *words[-3:]]))
        yield line


def _refusal(section: str) -> str:
    return (
        f"[ {section} ]: not read by OpenMM, so the forces would lack it; remove it or switch it"
        " off (molecule.define)"
    )
