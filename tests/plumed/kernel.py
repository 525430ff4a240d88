"""PLUMED by its Python package: values of variables, and forces by `plumed driver`."""

import contextlib
import functools
import os
import subprocess
import sys
import tempfile

import numpy as np
import pytest


@functools.cache
def missing() -> str:
    """Why there is no kernel, or an empty text."""
    try:
        import plumed

        plumed.Plumed()
    except Exception as error:
        return f"PLUMED has no kernel here: {type(error).__name__}: {error}"
    return ""


@pytest.fixture
def kernel():
    """Skip where there is no kernel."""
    if missing():
        pytest.skip(missing())


class Session:
    """PLUMED with some input, called frame by frame in nm, ps and kJ/mol."""

    def __init__(self, text, atoms, temperature=300.0, timestep=0.002):
        import plumed

        self.own, self.atoms, self.step = plumed.Plumed(), atoms, 0
        self.data = {}
        for key, value in (
            ("setMDEngine", "test"),
            ("setNatoms", atoms),
            ("setTimestep", timestep),
            ("setKbT", 0.0083144626 * temperature),
            ("setLogFile", os.devnull),
        ):
            self.own.cmd(key, value)
        self.own.cmd("init")
        self.own.cmd("readInputLines", text)

    def watch(self, *labels):
        for label in labels:
            self.own.cmd(f"getDataRank {label}", np.zeros(1, dtype=np.int_))
            self.data[label] = np.zeros(1)
            self.own.cmd(f"setMemoryForData {label}", self.data[label])
        return self

    def forces(self, frame, box=None):
        """Bias in kJ/mol, and its forces (N, 3); values of what is watched are then in `data`."""
        x, f, bias = (
            np.ascontiguousarray(frame, dtype=float),
            np.zeros((self.atoms, 3)),
            np.zeros(1),
        )
        for key, value in (
            ("setStep", self.step),
            ("setPositions", x),
            ("setMasses", np.ones(self.atoms)),
            # Actions on vectors ask for charges, even if they do not depend on them.
            ("setCharges", np.zeros(self.atoms)),
            ("setForces", f),
            ("setBox", np.zeros((3, 3)) if box is None else np.array(box, dtype=float)),
            ("setVirial", np.zeros((3, 3))),
        ):
            self.own.cmd(key, value)
        self.own.cmd("calc")
        self.own.cmd("getBias", bias)
        self.step += 1
        return float(bias[0]), f


def write_structures(text, folder):
    """The PDB files that an input needs, by the commands in its comments."""
    with open(f"{folder}/input.plumed", "w", encoding="utf-8") as file:
        file.write(text)
    for line in text.splitlines():
        if line.startswith("# To write"):
            command = line.partition(":  ")[2].replace("THIS_FILE", "input.plumed")
            subprocess.run(["sh", "-c", command], cwd=folder, check=True)


def values(text, label, frames, box=None):
    """One variable (F,) of frames (F, N, 3) in nm."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        write_structures(text, folder)
        session = Session(text, frames.shape[1]).watch(label)
    found = []
    for frame in frames:
        session.forces(frame, box)
        found.append(float(session.data[label][0]))
    return np.array(found)


def debug_forces(text, label, frames, box=None):
    """Derivatives by `plumed driver --debug-forces`: analytical and numerical, (K,) each."""
    with tempfile.TemporaryDirectory() as folder:
        write_structures(text, folder)
        with open(f"{folder}/plumed.dat", "w", encoding="utf-8") as file:
            file.write(f"{text}\nBIASVALUE ARG={label}\n")
        with open(f"{folder}/frames.xyz", "w", encoding="utf-8") as file:
            numbers = np.full(3, 5.0) if box is None else np.ravel(box)
            for frame in frames:
                cell = " ".join(f"{number:.12f}" for number in numbers)
                rows = "\n".join("C " + " ".join(f"{c:.14f}" for c in row) for row in frame)
                file.write(f"{len(frame)}\n{cell}\n{rows}\n")
        arguments = ["driver", "--plumed", "plumed.dat", "--ixyz", "frames.xyz"]
        arguments += ["--length-units", "nm", "--debug-forces", "forces"]
        code = "import sys, plumed; plumed.cli()"
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        with open(f"{folder}/forces", encoding="utf-8") as file:
            rows = [line.split() for line in file if not line.startswith("#")]
    table = np.array([[float(word) for word in row[-2:]] for row in rows])
    return table[:, 0], table[:, 1]
