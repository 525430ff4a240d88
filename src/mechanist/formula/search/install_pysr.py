"""``doctor --install-pysr``: install PySR, Julia and its packages, then run a first search."""

import importlib
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from mechanist.bookkeeping.journal import Log
from mechanist.errors import MechanistError
from mechanist.formula.search.julia import PYSR, SERIES, look
from mechanist.formula.search.pysr_process import last_fault

WHERE = "doctor --install-pysr"
PIP = (sys.executable, "-m", "pip", "install", f"pysr=={PYSR}")
# -P as for the worker: juliapkg searches every folder of the path for requirements.
RESOLVE = (sys.executable, "-P", "-u", "-c", "import juliapkg; juliapkg.resolve()")
NO_NETWORK = (
    *("URLError", "No matching distribution", "name resolution", "RequestError"),
    *("Could not resolve", "Connection", "timed out", "Network is unreachable"),
)


def install_pysr(log: Log) -> None:
    """Install what is missing into this Python environment and test it; needs a network.

    Raises
    ------
    MechanistError
        If a step fails, for example because there is no network.
    """
    if not _installed().startswith(SERIES):
        run("pip install", PIP, log)
        importlib.invalidate_caches()
    log("Julia and its packages: a first installation takes some minutes and about 1 GB")
    if os.environ.get("PYTHON_JULIAPKG_OFFLINE") == "yes":
        raise MechanistError(WHERE, "PYTHON_JULIAPKG_OFFLINE=yes forbids downloads; unset it")
    run("setting up Julia", RESOLVE, log)
    state = look()
    if not state.ready:
        raise MechanistError(WHERE, f"all steps have succeeded, but {state.line}")
    _try(log)
    log(f"{state.line}; formula.backend: auto uses it")


def _installed() -> str:
    try:
        return version("pysr")
    except PackageNotFoundError:
        return ""


def run(what: str, command: Sequence[str], log: Log) -> None:
    """Run a command and log its output line by line.

    Raises
    ------
    MechanistError
        If it fails, with the line of its output that names the cause.
    """
    lines: list[str] = []
    with subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            log(f"{what}: {line.rstrip()}")
    if process.returncode != 0:
        fault = last_fault("".join(lines)) or f"exit status {process.returncode}"
        hint = "; is there a network?" if any(mark in fault for mark in NO_NETWORK) else ""
        raise MechanistError(WHERE, f"{what} failed: {fault}{hint}")


def _try(log: Log) -> None:
    """Let PySR find a straight line; this also compiles what later runs need."""
    import numpy as np

    from mechanist.formula.fit.likelihood import Outcomes
    from mechanist.formula.search.problem import Problem
    from mechanist.formula.search.pysr import PySR
    from mechanist.settings.formula import FormulaSettings
    from mechanist.statistics.logistic import q_to_p

    x = np.linspace(-1, 1, 100)[:, None]
    p = q_to_p(2 * x[:, 0])
    outcomes = Outcomes(1 - p, p, np.zeros(100, dtype=np.int64))
    problem = Problem(x, ("sin(phi)",), 2 * x[:, 0], np.ones(100), outcomes)
    settings = FormulaSettings(iterations=2, seconds=600, max_nodes=7)
    found = PySR().search(problem, settings, 1, 1, log)
    log(f"a first search found: {', '.join(found)}")
