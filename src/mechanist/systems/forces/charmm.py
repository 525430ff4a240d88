"""CHARMM parameter files, and indexes of them such as CHARMM-GUI's toppar.str."""

import re
from pathlib import Path

from mechanist.errors import SystemBuildError
from mechanist.systems.build.text import decode

SUFFIXES = (".rtf", ".top", ".par", ".prm", ".str", ".inp")
"""Of files that OpenMM reads as parameters."""

NOT_READ = {
    "GEOM": "the radii of two atom types are combined by their geometric mean",
    "RDIE": "the dielectric constant grows with distance",
}
"""Options of NONBONDED that OpenMM leaves out, by the first letters that CHARMM needs."""

OPENED = re.compile(r"^\s*open\s+.*\bname\s+(\S+)", re.IGNORECASE)
STREAMED = re.compile(r"^\s*stream\s+(\S+)", re.IGNORECASE)


def named_in(file: Path) -> list[Path]:
    """Files that a stream file opens or streams, as paths beside it, in their order."""
    if file.suffix.lower() != ".str" or not file.is_file():
        return []
    found = []
    for raw in decode(file).split("\n"):
        line = raw.partition("!")[0]
        match = OPENED.match(line) or STREAMED.match(line)
        if match is not None:
            found.append(file.parent / match[1].strip("\"'"))
    return found


def parameter_files(files: list[Path]) -> list[Path]:
    """The files that hold parameters: an index is replaced by the files that it names.

    Raises
    ------
    SystemBuildError
        If a file is missing or of another kind.
    """
    found: list[Path] = []
    for file in files:
        _expand(file, found, ())
    return found


def _expand(file: Path, found: list[Path], parents: tuple[Path, ...]) -> None:
    """Add a file, or the files that it names."""
    if not file.is_file():
        origin = f" (named in {parents[-1].name})" if parents else ""
        raise SystemBuildError(file, f"molecule.force_field: there is no such file{origin}")
    if file.suffix.lower() not in SUFFIXES:
        raise SystemBuildError(
            file, "molecule.force_field: with a psf these are CHARMM's rtf, par, prm and str"
        )
    if file in parents:
        raise SystemBuildError(file, "molecule.force_field: streams itself")
    inner_files = named_in(file)
    for inner in inner_files:
        _expand(inner, found, (*parents, file))
    if not inner_files and file not in found:
        found.append(file)


def check_nonbonded(file: Path) -> None:
    """Refuse options of the line NONBONDED that OpenMM leaves out.

    Raises
    ------
    SystemBuildError
        Naming the option.
    """
    text, first = "", 0
    for number, raw in enumerate(decode(file).split("\n"), 1):
        text += " " + raw.partition("!")[0].strip().upper()
        first = first or number
        if text.endswith("-"):
            text = text[:-1]
            continue
        words = text.split()
        if words and words[0][:4] in ("NONB", "NBON"):
            _check_options(words, f"{file}:{first}")
        text, first = "", 0


def _check_options(words: list[str], where: str) -> None:
    for word in words[1:]:
        if word[:4] in NOT_READ:
            raise SystemBuildError(
                where, f"NONBONDED: {word.lower()}: not read by OpenMM: {NOT_READ[word[:4]]}"
            )
    if "EPS" in words[:-1] and words[words.index("EPS") + 1].rstrip("0") not in ("1.", "1"):
        value = words[words.index("EPS") + 1]
        raise SystemBuildError(
            where, f"NONBONDED: eps {value}: not read by OpenMM: a dielectric constant other than 1"
        )
