"""Storages that OpenPathSampling itself has written; skipped where it is not installed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.speed.ground import lay
from benchmarks.speed.ops import interpreter
from mechanist.errors import DataError
from mechanist.sampling.outside.ops import ONE_WAY, read_ops, shots_of
from tests.cli.test_import import SET, command, summary_of
from tests.conftest import REPOSITORY

MOVES = 25


@pytest.fixture(scope="module")
def python():
    found, why = interpreter()
    if found is None:
        pytest.skip(why)
    return found


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    return lay("alanine_dipeptide", tmp_path_factory.mktemp("ground")).folder


@pytest.fixture(scope="module", params=[False, True], ids=["two-way", "one-way"])
def storage(request, python, ground, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ops")
    shutil.copytree(ground / "system", folder / "system")
    shutil.copy(ground / "first_path.npy", folder)
    script = Path(__file__).with_name("ops_run.py")
    done = subprocess.run(
        [python, str(script), str(folder), str(MOVES), str(request.param)],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (folder / "told.json").is_file(), done.stderr[-2000:]
    return folder, request.param


def check(shots, told, one_way, alanine):
    """Shots are what OpenPathSampling says of its trials."""
    assert len(shots) == len(told) == MOVES
    assert shots.points.shape == (MOVES, 22, 3)
    for found, right in zip(shots.ends, told, strict=True):
        made = found != "not_shot"
        assert made.sum() == (1 if one_way else 2)
        assert [e for e, m in zip(found, made, strict=True) if m] == [
            r or "too_long" for r, m in zip(right, made, strict=True) if m
        ]
    assert shots.remarks == ((ONE_WAY,) if one_way else ())
    # The first path and each accepted one, from A to B, with all moves for which it was current.
    assert len(shots.paths) == 1 + shots.accepted.sum()
    assert sum(path.weight for path in shots.paths) == MOVES + 1
    for path in shots.paths:
        assert alanine.states.label_positions(path.frames[[0, -1]]).tolist() == [-1, 1]
    # Each point is a frame of the path that was current before.
    current = next(path for path in shots.paths if path.shot == 0)
    distance = np.abs(current.frames - shots.points[0]).max(axis=(1, 2))
    assert distance.min() < 1e-5


@pytest.mark.slow
def test_every_trial_ends_where_the_storage_says(storage, python, alanine):
    folder, one_way = storage
    shots = read_ops(folder / "ops.nc", alanine.states, alanine.atoms, python)
    told = json.loads((folder / "told.json").read_text(encoding="utf-8"))
    check(shots, told, one_way, alanine)


def test_one_way_shots_of_a_storage_without_the_program(alanine):
    """What ops_reader.py made of a storage of OpenPathSampling 1.7.0, as by `ops_run.py . 25 True`.

    The storage itself has 100 MB.
    """
    with np.load(REPOSITORY / "tests" / "data" / "ops_one_way.npz", allow_pickle=False) as file:
        content = dict(file)
    told = content.pop("told").tolist()
    shots = shots_of(content, Path("ops.nc"), alanine.states, alanine.atoms)
    check(shots, told, True, alanine)
    # Of both directions, forward and backward ones.
    assert (shots.ends == "not_shot").any(axis=0).all()
    # The half that is not shot is that of the path before.
    for row in np.flatnonzero(shots.accepted):
        made = [path for path in shots.paths if path.shot == row][-1]
        assert np.abs(made.frames - shots.points[row]).max(axis=(1, 2)).min() < 1e-5


@pytest.mark.slow
def test_a_storage_of_one_way_shots_becomes_a_report(python, ground, tmp_path):
    shutil.copytree(ground / "system", tmp_path / "system")
    shutil.copy(ground / "first_path.npy", tmp_path)
    script = Path(__file__).with_name("ops_run.py")
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        [python, str(script), str(tmp_path), "300", "True"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (tmp_path / "told.json").is_file(), done.stderr[-2000:]
    (tmp_path / "systems").symlink_to(REPOSITORY / "systems")
    done = command(
        tmp_path, "ops", "ops.nc", "--system", "alanine_dipeptide", "--python", str(python),
        more=[*SET, "--set", "formula.seconds=5"],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found = summary_of(tmp_path, "ops")
    told = json.loads((tmp_path / "told.json").read_text(encoding="utf-8"))
    assert found["imported"]["shots"] == len(told) == 300
    assert found["imported"]["remarks"] == [ONE_WAY]
    page = (tmp_path / "results" / "ops" / "report.html").read_text(encoding="utf-8")
    assert "shots of one-way movers keep the velocities" in page
    assert "imported shots" in page
    assert "since there is only 1 chain;" in page


@pytest.mark.slow
def test_what_is_wrong_with_a_storage(storage, python, alanine, double_well):
    file = storage[0] / "ops.nc"
    with pytest.raises(DataError, match="has 22 atoms, the system 1"):
        read_ops(file, double_well.states, 1, python)
    with pytest.raises(DataError, match="has no OpenPathSampling; name the interpreter"):
        read_ops(file, alanine.states, 22, sys.executable)
    with pytest.raises(DataError, match="there is no such file"):
        read_ops(file.with_name("none.nc"), alanine.states, 22, python)
    (storage[0] / "damaged.nc").write_bytes(file.read_bytes()[:5000])
    with pytest.raises(DataError, match="OpenPathSampling says: "):
        read_ops(storage[0] / "damaged.nc", alanine.states, 22, python)


def test_no_interpreter(alanine, tmp_path):
    (tmp_path / "a.nc").write_bytes(b"")
    with pytest.raises(DataError, match="cannot be run: No such file"):
        read_ops(tmp_path / "a.nc", alanine.states, 22, str(tmp_path / "python"))
