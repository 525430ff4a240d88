"""Shots of OpenPathSampling storages, with the system that they are of.

A storage is read by OpenPathSampling itself, in the environment in which it is installed (it needs
an older numpy): `mechanist.sampling.outside.ops_reader` is run there. Trials of all shooting moves
count, rejected ones too. How a half-shot ended is judged by the states of system.yaml.
"""

import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Labels
from mechanist.errors import DataError
from mechanist.sampling.outside import ops_reader
from mechanist.sampling.outside.outside_shots import NOT_SHOT, OutsidePath, OutsideShots
from mechanist.systems.descriptors.states import A, B, States

NAMES = {int(A): "A", int(B): "B"}

NEITHER = 0.05
"""Largest share of half-shots that end in neither state; more tell that the states are others."""

ONE_WAY = (
    "shots of one-way movers keep the velocities of the path that they start from: their outcomes"
    " are those of such velocities, not of random ones"
)


def read_ops(path: Path, states: States, atoms: int, python: str) -> OutsideShots:
    """Read a storage.

    Parameters
    ----------
    path
        The storage, as written by ``paths.Storage``.
    states, atoms
        Of the system.
    python
        Interpreter of the environment that has OpenPathSampling.

    Raises
    ------
    DataError
        In one line, if it cannot be read, has other atoms, or its states are others.
    """
    return shots_of(_read(path, python), path, states, atoms)


def shots_of(content: dict[str, Any], path: Path, states: States, atoms: int) -> OutsideShots:
    """The shots of what `mechanist.sampling.outside.ops_reader` writes.

    Raises
    ------
    DataError
        If there is none, the storage has other atoms, or its states are others.
    """
    points, first, last = (content[name] for name in ("point", "first", "last"))
    if not len(points):
        raise DataError(path, "holds no shooting move")
    if points.shape[1] != atoms:
        raise DataError(path, f"has {points.shape[1]} atoms, the system {atoms}")
    made = np.stack([content["backward"], content["forward"]], axis=1)
    labels = np.stack([states.label_positions(each) for each in (first, last)], axis=1)
    lost = float(np.mean(labels[made] == 0))
    if lost > NEITHER:
        raise DataError(
            path,
            f"{100 * lost:.0f} % of the half-shots end in neither A nor B of system.yaml: its"
            " states are not those of the storage",
        )
    ends = np.vectorize(lambda label: NAMES.get(int(label), "too_long"), otypes=[object])(labels)
    ends[~made] = NOT_SHOT
    return OutsideShots(
        source=str(path),
        ends=ends,
        chain=content["replica"],
        weight=np.ones(len(points)),
        accepted=content["accepted"],
        points=points,
        paths=_paths(content, states),
        remarks=() if made.all() else (ONE_WAY,),
    )


def _paths(content: dict[str, Any], states: States) -> list[OutsidePath]:
    """Paths from A to B, in this direction; others, as of minus ensembles, are left out."""
    found = []
    ends = np.cumsum(content["path_length"])
    columns = (content[f"path_{name}"] for name in ("shot", "weight", "length"))
    for shot, weight, length, end in zip(*columns, ends, strict=True):
        frames = content["path_frames"][end - length : end]
        labels: Labels = states.label_positions(frames[[0, -1]])
        if labels[0] == B and labels[1] == A:
            frames, labels = frames[::-1], labels[::-1]
        if labels[0] == A and labels[1] == B:
            found.append(OutsidePath(int(shot), frames, int(weight)))
    return found


def _read(path: Path, python: str) -> dict[str, Any]:
    if not path.is_file():
        raise DataError(path, "there is no such file")
    with tempfile.TemporaryDirectory(prefix="mechanist-ops-") as folder:
        out = Path(folder) / "shots.npz"
        command = [python, str(Path(ops_reader.__file__)), str(path), str(out)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            raise DataError(python, f"cannot be run: {error.strerror}") from None
        if not out.is_file():
            said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
            if any("No module named 'openpathsampling'" in line for line in said):
                raise DataError(
                    path,
                    f"{python} has no OpenPathSampling; name the interpreter that has it by"
                    " --python",
                )
            raise DataError(path, f"OpenPathSampling says: {(said or ['nothing'])[-1][:200]}")
        with np.load(out, allow_pickle=False) as content:
            return dict(content)
