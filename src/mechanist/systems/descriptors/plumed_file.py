"""Collective variables of PLUMED: the file plumed.dat beside system.yaml.

PLUMED works in nm, ps and kJ/mol and counts atoms from 1 (PLUMED manual, "Units"). It only computes
here: biases, output, other files and code are refused, since a bias would not act on the dynamics
and the hash of plumed.dat would not cover what another file holds. Charges are unknown and passed
as NaN, so a variable that depends on them is an error rather than a wrong number.
"""

import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.bookkeeping.files import sha256
from mechanist.errors import SystemBuildError
from mechanist.systems.build.text import decode

FILE = "plumed.dat"

REFUSED = {
    r"LOAD|PYTHON\w*|PYCV\w*|PYFUNCTION|PLUGIN\w*": "may run code",
    r"UNITS": "would change the units; variables are in nm and rad",
    r"INCLUDE|MOLINFO|\w*RMSD|READ|EXTERNAL|PATHMSD|PROPERTYMAP": (
        "reads another file, of which no hash is kept"
    ),
    r"PRINT|DUMP\w*|FLUSH|COMMITTOR|HISTOGRAM|DEBUG|ENDPLUMED": "is output or control",
    r"\w*METAD|\w*RESTRAINT|\w*_WALLS|OPES_\w+|ABMD|MAXENT|VES_\w+|EDS|BIASVALUE|LOGMFD|DRR": (
        "is a bias, which would not act on the dynamics"
    ),
}
"""Actions, and why they are refused."""

LINE = re.compile(r"^\s*(?:[\w@.-]+\s*:\s*)?([A-Z][A-Z0-9_]*)", re.ASCII)
FILES = re.compile(r"\b\w*(?:FILE|REFERENCE|STRUCTURE|FILENAME)=\S+", re.ASCII)
CHANGED = "has changed since 'mechanist prepare'; run that again"
NO_KERNEL = (
    "needs the Python package plumed and a kernel, of which PLUMED_KERNEL names the path; neither"
    " is part of the installation"
)


def check_text(path: Path) -> str:
    """Text of plumed.dat, if it defines variables alone.

    Raises
    ------
    SystemBuildError
        With the line of what is refused.
    """
    text = decode(path)
    for number, line in enumerate(text.split("\n"), 1):
        plain = line.partition("#")[0]
        match = LINE.match(plain)
        for actions, why in REFUSED.items():
            if match is not None and re.fullmatch(actions, match[1]):
                raise SystemBuildError(f"{path}:{number}", f"{match[1]} {why}")
        other = FILES.search(plain)
        if other is not None:
            raise SystemBuildError(
                f"{path}:{number}", f"{other[0]}: another file, of which no hash is kept"
            )
    return text


def embedded(file: str, digest: str) -> str:
    """Text of a plumed.dat for other input.

    Raises
    ------
    SystemBuildError
        If it has changed since its hash ``digest`` was taken.
    OSError
        If it cannot be read.
    """
    path = Path(file)
    if sha256(path) != digest:
        raise SystemBuildError(path, CHANGED)
    return decode(path).rstrip("\n")


def labels_of(text: str) -> set[str]:
    """Labels of the actions of a plumed.dat."""
    words = re.findall(r"^\s*([\w@.-]+)\s*:|\bLABEL=(\S+)", text, re.MULTILINE | re.ASCII)
    return {label for pair in words for label in pair if label}


class Variable:
    """One variable of a plumed.dat, for a number of atoms."""

    def __init__(self, path: Path, name: str, atoms: int) -> None:
        text = check_text(path)
        try:
            import plumed

            self.plumed = plumed.Plumed()
        except (ImportError, AttributeError, RuntimeError, OSError):
            raise SystemBuildError(path, NO_KERNEL) from None
        self.path, self.name, self.steps = path, name, 0
        for key, value in (
            ("setMDEngine", "mechanist"),
            ("setNatoms", atoms),
            ("setTimestep", 1.0),
        ):
            self._command(key, value)
        self._command("setLogFile", os.devnull)
        self._command("init", None)
        self._command("readInputLines", text)
        rank = np.zeros(1, dtype=np.int_)
        self._command(f"getDataRank {name}", rank)
        shape = np.ones(max(1, int(rank[0])), dtype=np.int_)
        self._command(f"getDataShape {name}", shape)
        self.value = np.zeros(1)
        if shape.prod() != 1:
            raise SystemBuildError(path, f"{name}: is not a single number per frame")
        self._command(f"setMemoryForData {name}", self.value)

    def _command(self, key: str, value: Any) -> None:
        try:
            self.plumed.cmd(key, value) if value is not None else self.plumed.cmd(key)
        except Exception as error:
            # Of several lines the last one names the action and the fault.
            said = [line.strip() for line in str(error).split("\n") if line.strip()]
            raise SystemBuildError(
                self.path, f"{self.name}: PLUMED says: {(said or ['nothing'])[-1][:300]}"
            ) from None

    def of(self, positions: Array, box: Array | None, masses: Array) -> float:
        """Value of one frame (N, 3) in nm; NaN for a frame that has exploded."""
        if not np.isfinite(positions).all():
            return float("nan")
        x = np.ascontiguousarray(positions, dtype=np.float64)
        for key, value in (
            ("setStep", self.steps),
            ("setPositions", x),
            ("setMasses", masses),
            ("setCharges", np.full(len(x), np.nan)),
            ("setForces", np.zeros_like(x)),
            ("setBox", np.zeros((3, 3)) if box is None else np.array(box, dtype=np.float64)),
            ("setVirial", np.zeros((3, 3))),
            ("calc", None),
        ):
            self._command(key, value)
        self.steps += 1
        return float(self.value[0])


@cache
def variable(file: str, name: str, atoms: int, digest: str) -> Variable:
    """A variable, opened once per process; ``digest`` is the hash of its file."""
    path = Path(file)
    if sha256(path) != digest:
        raise SystemBuildError(path, CHANGED)
    return Variable(path, name, atoms)


def values(
    file: str, name: str, digest: str, positions: Array, box: Array | None, masses: Array
) -> Array:
    """Values (F,) of positions (F, N, 3) in nm.

    Raises
    ------
    SystemBuildError
        If PLUMED or its kernel is missing, or the file or the variable is refused.
    """
    opened = variable(file, name, positions.shape[1], digest)
    return np.array([opened.of(frame, box, masses) for frame in positions])
