"""``doctor --install-pysr``: set up Julia and its packages for PySR, then run a first search.

A file marks the folder of the project from the beginning to the end of an installation, so that one
that was interrupted is found: `mechanist.formula.search.julia.look` refuses it, and the next
installation resolves anew. The file's content is `PACKAGES` once Julia itself is complete.
"""

import importlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from mechanist.bookkeeping.journal import Log
from mechanist.errors import MechanistError
from mechanist.formula.search.bounded import full, run
from mechanist.formula.search.julia import (
    EXE,
    PROJECT,
    PYSR,
    SERIES,
    UNFINISHED,
    depots,
    look,
    project_folder,
)

WHERE = "doctor --install-pysr"
PIP = (sys.executable, "-m", "pip", "install", "--no-input", f"pysr=={PYSR}")
SETUP = (sys.executable, "-P", "-u", "-m", "mechanist.formula.search.julia_setup")
USING = "Using Julia"
"""Said by juliapkg when Julia is there, before the packages."""
PACKAGES = "packages"
SPACE = 3e9
"""Bytes that are free before anything is downloaded."""
OFFLINE = {"PYTHON_JULIAPKG_OFFLINE": "yes", "JULIA_PKG_OFFLINE": "true"}


@dataclass(frozen=True)
class Patience:
    """Seconds that the look for a network and the whole installation may take."""

    reach: float = 20.0
    total: float = 880.0


def install_pysr(log: Log, patience: Patience | None = None) -> None:
    """Install what is missing into this Python environment and test it; needs a network.

    Raises
    ------
    MechanistError
        If a step fails or lasts too long, for example because there is no network.
    """
    patience = patience or Patience()
    deadline = time.monotonic() + patience.total
    state = look()
    broken = False
    if state.ready:
        try:
            _try(deadline, log)
        except MechanistError as error:
            log(f"{state.line}, but it fails: {error.what}")
            broken = True
        else:
            log(f"{state.line}; formula.backend: auto uses it")
            return
    _require(os.environ)
    _reach(patience.reach)
    if not _installed().startswith(SERIES):
        run(WHERE, "pip install", PIP, deadline - time.monotonic(), log)
        importlib.invalidate_caches()
    log("Julia and its packages: a first installation takes some minutes and about 1 GB")
    project = project_folder(os.environ)
    try:
        _resolve(project, broken, deadline, log)
    except OSError as error:
        raise MechanistError(WHERE, f"{error.filename or project}: {error.strerror}") from None
    _try(deadline, log)
    (project / "pyjuliapkg" / UNFINISHED).unlink()
    state = look()
    if not state.ready:
        raise MechanistError(WHERE, f"all steps have succeeded, but {state.line}")
    log(f"{state.line}; formula.backend: auto uses it")


def _installed() -> str:
    try:
        return version("pysr")
    except PackageNotFoundError:
        return ""


def _require(environ: Mapping[str, str]) -> None:
    """Refuse what would fail after minutes."""
    for name in (EXE, PROJECT):
        if environ.get(name):
            why = f"{name} names a Julia that is not set up here ({look().line}); unset it"
            raise MechanistError(WHERE, why)
    for name, value in OFFLINE.items():
        if environ.get(name) == value:
            raise MechanistError(WHERE, f"{name}={value} forbids downloads; unset it")
    for place in (project_folder(environ), depots(environ)[0], Path(tempfile.gettempdir())):
        there = next(folder for folder in (place, *place.parents) if folder.exists())
        free = shutil.disk_usage(there).free
        if free < SPACE:
            have = f"{there} has {free / 1e9:.1f} GB of free space"
            raise MechanistError(WHERE, f"{have}, {SPACE / 1e9:.0f} GB are needed")


def _reach(seconds: float) -> None:
    """Refuse to start without a network, in which every download would wait for its own limit."""
    try:
        run(WHERE, "looking for a network", [*SETUP, "reach"], seconds, lambda line: None)
    except MechanistError as error:
        raise MechanistError(WHERE, f"no server of Julia answers ({error.what})") from None


def _resolve(project: Path, broken: bool, deadline: float, log: Log) -> None:
    """Let juliapkg install Julia and its packages."""
    folder = project / "pyjuliapkg"
    mark = folder / UNFINISHED
    if mark.exists() or broken:
        log(f"an installation in {project} is mended")
        # Without its record juliapkg resolves anew; what is downloaded and whole is kept.
        (folder / "meta.json").unlink(missing_ok=True)
        if not broken and mark.read_text(encoding="utf-8") != PACKAGES:
            shutil.rmtree(folder / "install", ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    mark.touch()

    def noted(line: str) -> None:
        log(line)
        if USING in line:
            with suppress(OSError):
                mark.write_text(PACKAGES, encoding="utf-8")

    try:
        run(WHERE, "setting up Julia", [*SETUP, "resolve"], deadline - time.monotonic(), noted)
    except MechanistError as error:
        if full(error.what):
            # The run that follows needs the space.
            shutil.rmtree(folder / "install", ignore_errors=True)
            with suppress(OSError):
                mark.write_text("", encoding="utf-8")
        raise


def _try(deadline: float, log: Log) -> None:
    """Let PySR find a straight line; this also compiles what later runs need."""
    import numpy as np

    from mechanist.formula.fit.likelihood import Outcomes
    from mechanist.formula.search.problem import Problem
    from mechanist.formula.search.pysr import PySR
    from mechanist.formula.search.pysr_process import Limits
    from mechanist.settings.formula import FormulaSettings
    from mechanist.statistics.logistic import q_to_p

    x = np.linspace(-1, 1, 100)[:, None]
    p = q_to_p(2 * x[:, 0])
    outcomes = Outcomes(1 - p, p, np.zeros(100, dtype=np.int64))
    problem = Problem(x, ("sin(phi)",), 2 * x[:, 0], np.ones(100), outcomes)
    left = max(1.0, deadline - time.monotonic())
    settings = FormulaSettings(iterations=2, seconds=left / 8, max_nodes=7)
    limits = Limits(start=left * 3 / 4, grace=left / 8)
    found = PySR(limits=limits).search(problem, settings, 1, 1, log)
    log(f"a first search found: {', '.join(found)}")
