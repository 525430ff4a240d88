"""Whether PySR can run here: PySR, Julia and its packages are looked for without starting them.

PySR starts Julia through juliacall, and juliacall asks juliapkg where Julia and the folder of its
packages (the project) are. juliapkg keeps its answer in PROJECT/pyjuliapkg/meta.json, and PROJECT
is, in this order, $PYTHON_JULIAPKG_PROJECT, julia_env of the virtual or conda environment, or
environments/pyjuliapkg of the Julia depot (juliapkg 0.1.28, state.py and deps.py). With both
$PYTHON_JULIACALL_EXE and $PYTHON_JULIACALL_PROJECT juliapkg is not used, and with one of them
juliacall refuses (juliacall 0.9.36). What is missing would be downloaded on import, so these files
are read instead. The packages are described in `mechanist.formula.search.julia_packages`.
"""

import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from mechanist.formula.search.julia_packages import PACKAGE, allowed, asked_for, entry_of, is_there

PYSR = "2.7.2"
"""The version in the lock file."""
SERIES = "2.7."
"""Versions that accept the keywords passed here."""
INSTALL = "mechanist doctor --install-pysr"
EXE, PROJECT = "PYTHON_JULIACALL_EXE", "PYTHON_JULIACALL_PROJECT"
UNFINISHED = "mechanist_unfinished"
"""Name of a file beside meta.json, there from the beginning of an installation to its end."""


@dataclass(frozen=True)
class State:
    """Whether PySR can run, and in one line why or why not."""

    ready: bool
    line: str


def look(environ: Mapping[str, str] | None = None, prefix: str | None = None) -> State:
    """Look for PySR and its Julia; takes some milliseconds.

    Parameters
    ----------
    environ
        Environment variables; None: those of this process.
    prefix
        Folder of the virtual environment; None: that of this process, if it is in one.
    """
    environ = os.environ if environ is None else environ
    try:
        pysr = version("pysr")
    except PackageNotFoundError:
        return State(False, "PySR is not installed")
    if not pysr.startswith(SERIES):
        return State(False, f"PySR {pysr} is installed, {SERIES}x is needed")
    one, other = (EXE, PROJECT) if environ.get(EXE) else (PROJECT, EXE)
    if environ.get(one) and not environ.get(other):
        return State(False, f"{one} is set without {other}; juliacall needs both or neither")
    project = project_folder(environ, prefix)
    if (project / "pyjuliapkg" / UNFINISHED).exists():
        return State(False, f"the installation of Julia for PySR {pysr} was not finished")
    julia, number = julia_of(environ, project)
    if julia is None:
        return State(False, f"PySR {pysr} is installed without Julia ({number})")
    return _packages(pysr, project, julia, number, environ)


def _packages(
    pysr: str, project: Path, julia: str, number: str, environ: Mapping[str, str]
) -> State:
    """Whether the packages are those that PySR asks for, and there."""
    entry = entry_of(project)
    if entry is None:
        why = f"Julia lacks the packages of PySR {pysr} (no {PACKAGE} in {project})"
        return State(False, why)
    found, wanted = str(entry.get("version", "of unknown version")), asked_for()
    if wanted is None:
        return State(False, f"PySR {pysr} is damaged: it has no juliapkg.json that can be read")
    if not allowed(found, wanted):
        return State(False, f"{PACKAGE} {found} is installed, PySR {pysr} needs {wanted}")
    if not is_there(entry, project, [*depots(environ), *bundled(environ, julia)]):
        return State(False, f"the packages of PySR {pysr} are not in a depot of Julia")
    return State(True, f"PySR {pysr} with Julia{number} and {PACKAGE} {found} is installed")


def depots(environ: Mapping[str, str]) -> list[Path]:
    """Folders that Julia keeps packages in, first the one that it writes to."""
    own = Path(environ.get("HOME") or Path.home()) / ".julia"
    entries = environ.get("JULIA_DEPOT_PATH", "").split(os.pathsep)
    # An empty entry stands for the defaults, as in Julia's manual.
    return [Path(entry) if entry else own for entry in entries]


def bundled(environ: Mapping[str, str], julia: str) -> list[Path]:
    """Depots beside the program, which are among the defaults."""
    if "" not in environ.get("JULIA_DEPOT_PATH", "").split(os.pathsep):
        return []
    root = Path(julia).resolve().parents[1]
    return [root / "local" / "share" / "julia", root / "share" / "julia"]


def project_folder(environ: Mapping[str, str], prefix: str | None = None) -> Path:
    """Folder of the Julia packages that juliacall uses; parameters as in `look`."""
    if prefix is None and sys.prefix != sys.base_prefix:
        prefix = sys.prefix
    if environ.get(EXE) and environ.get(PROJECT):
        return Path(environ[PROJECT])
    if environ.get("PYTHON_JULIAPKG_PROJECT"):
        return Path(environ["PYTHON_JULIAPKG_PROJECT"])
    root = prefix or environ.get("CONDA_PREFIX")
    if root:
        return Path(root) / "julia_env"
    return depots(environ)[0] / "environments" / "pyjuliapkg"


def julia_of(environ: Mapping[str, str], project: Path) -> tuple[str | None, str]:
    """The Julia that juliacall starts, and its version after a blank; or None, and why."""
    own = environ.get(EXE)
    if own and environ.get(PROJECT):
        found = shutil.which(own)
        return (found, "") if found else (None, f"no program at {own}")
    meta = _meta(project)
    named = environ.get("PYTHON_JULIAPKG_EXE") or meta.get("executable")
    if not named:
        other = shutil.which("julia", path=environ.get("PATH"))
        there = f"; the Julia at {other} has not been set up for it" if other else ""
        return None, f"no record of it in {project}{there}"
    found = shutil.which(str(named))
    if found is None:
        return None, f"no program at {named}"
    return found, f" {meta['version']}" if "version" in meta else ""


def _meta(project: Path) -> dict[str, Any]:
    """Record of juliapkg on a project; empty if it is missing or unreadable."""
    try:
        content = json.loads((project / "pyjuliapkg" / "meta.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
