"""Whether PySR can run here: PySR, Julia and its packages are looked for without starting them.

PySR starts Julia through juliacall, and juliacall asks juliapkg where Julia and the folder of its
packages (the project) are. juliapkg keeps its answer in PROJECT/pyjuliapkg/meta.json, and PROJECT
is, in this order, $PYTHON_JULIAPKG_PROJECT, julia_env of the virtual or conda environment, or
environments/pyjuliapkg of the Julia depot (juliapkg 0.1.28, state.py and deps.py). With both
$PYTHON_JULIACALL_EXE and $PYTHON_JULIACALL_PROJECT juliapkg is not used (juliacall 0.9.36). What is
missing would be downloaded on import, so these files are read instead.
"""

import json
import os
import shutil
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PYSR = "2.7.2"
"""The version that is installed on demand."""
SERIES = "2.7."
"""Versions that accept the keywords passed here."""
PACKAGE = "SymbolicRegression"
INSTALL = "mechanist doctor --install-pysr"


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
    if prefix is None and sys.prefix != sys.base_prefix:
        prefix = sys.prefix
    try:
        pysr = version("pysr")
    except PackageNotFoundError:
        return State(False, "PySR is not installed")
    if not pysr.startswith(SERIES):
        return State(False, f"PySR {pysr} is installed, {SERIES}x is needed")
    project = project_folder(environ, prefix)
    julia, number = julia_of(environ, project)
    if julia is None:
        return State(False, f"PySR {pysr} is installed without Julia ({number})")
    package = package_version(project)
    if package is None:
        return State(False, f"Julia lacks the packages of PySR {pysr} (no {PACKAGE} in {project})")
    if not any((depot / "packages" / PACKAGE).is_dir() for depot in depots(environ)):
        return State(False, f"the packages of PySR {pysr} are not in a depot of Julia")
    return State(True, f"PySR {pysr} with Julia{number} and {PACKAGE} {package} is installed")


def depots(environ: Mapping[str, str]) -> list[Path]:
    """Folders that Julia keeps packages in, first the one that it writes to."""
    own = Path(environ.get("HOME") or Path.home()) / ".julia"
    entries = environ.get("JULIA_DEPOT_PATH", "").split(os.pathsep)
    # An empty entry stands for the defaults, as in Julia's manual.
    return [Path(entry) if entry else own for entry in entries]


def project_folder(environ: Mapping[str, str], prefix: str | None) -> Path:
    """Folder of the Julia packages that juliacall uses."""
    if environ.get("PYTHON_JULIACALL_EXE") and environ.get("PYTHON_JULIACALL_PROJECT"):
        return Path(environ["PYTHON_JULIACALL_PROJECT"])
    if environ.get("PYTHON_JULIAPKG_PROJECT"):
        return Path(environ["PYTHON_JULIAPKG_PROJECT"])
    root = prefix or environ.get("CONDA_PREFIX")
    if root:
        return Path(root) / "julia_env"
    return depots(environ)[0] / "environments" / "pyjuliapkg"


def julia_of(environ: Mapping[str, str], project: Path) -> tuple[str | None, str]:
    """The Julia that juliacall starts, and its version after a blank; or None, and why."""
    own = environ.get("PYTHON_JULIACALL_EXE")
    if own and environ.get("PYTHON_JULIACALL_PROJECT"):
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


def package_version(project: Path) -> str | None:
    """Version of SymbolicRegression.jl in the manifest of a project, or None."""
    for name in ("JuliaManifest.toml", "Manifest.toml", *_numbered(project)):
        try:
            content = tomllib.loads((project / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        entries = content.get("deps", {}).get(PACKAGE)
        if entries:
            return str(entries[0].get("version", "of unknown version"))
    return None


def _numbered(project: Path) -> list[str]:
    """Manifests of single versions of Julia, such as Manifest-v1.11.toml, newest first."""
    return sorted((path.name for path in project.glob("*Manifest-v*.toml")), reverse=True)
