"""Shots made again: the same bytes as the run has kept, or one line that says what differs."""

import shutil
from pathlib import Path

import mdtraj
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mechanist.bookkeeping.journal import Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.errors import DataError
from mechanist.sampling.records.tables import (
    PATH_COLUMNS,
    SHOT_COLUMNS,
    read_frames,
    read_paths,
    read_table,
)
from mechanist.settings.config import Config
from mechanist.settings.load import validate
from mechanist.stages.initial import initial
from mechanist.stages.learn import learn
from mechanist.stages.replay import replay
from mechanist.stages.shoot import shoot
from mechanist.systems.prepared import load
from tests.conftest import build, forget
from tests.test_bad_input import mechanist

quiet = Journal()


def config(system: str, **sections: object) -> Config:
    plain = {"system": system, "seed": 7, "engine": {"platform": "Reference"}}
    return validate(Config, plain | sections, "test")


WELL = config(
    "double_well",
    sampling={"workers": 2, "chains": 8, "first_round": 160, "burn_in": 1},
    learn={"members": 2, "hidden": [4], "epochs_max": 3},
)
ALANINE = config(
    "alanine_dipeptide",
    initial={"heating": [3.0], "paths": 4},
    sampling={"workers": 1, "chains": 4, "first_round": 24, "burn_in": 0},
)


@pytest.fixture(scope="module")
def well(tmp_path_factory) -> Layout:
    """Two rounds of the double well: a uniform one, and one that a model guides."""
    layout = build("double_well", tmp_path_factory.mktemp("well"))
    initial(WELL, layout, quiet)
    for worker in range(2):
        shoot(WELL, layout, 0, worker, quiet)
    learn(WELL, layout, 0, 1, quiet)
    shoot(WELL, layout, 1, 0, quiet)
    return layout


@pytest.fixture(scope="module")
def alanine_run(tmp_path_factory) -> Layout:
    layout = build("alanine_dipeptide", tmp_path_factory.mktemp("alanine"))
    initial(ALANINE, layout, quiet)
    shoot(ALANINE, layout, 0, 0, quiet)
    return layout


def some_rows(layout: Layout, number: int, worker: int) -> list[int]:
    """Rows of a job: its last accepted shot, its last rejected one, and one in the middle."""
    accepted = read_table(layout.round(number).worker(worker).shots, SHOT_COLUMNS)["accepted"]
    rows = [np.flatnonzero(accepted)[-1], np.flatnonzero(~accepted)[-1], len(accepted) // 2]
    return [int(row) for row in rows]


def check_job(settings: Config, layout: Layout, number: int, worker: int, out: Path) -> None:
    """Replay some shots of a job and compare the frames with its files."""
    files, prepared = layout.round(number).worker(worker), load(layout)
    shots = read_table(files.shots, SHOT_COLUMNS)
    paths = read_paths(files.paths, files.index, prepared.atoms)
    points = read_frames(files.points, prepared.atoms)
    for row in some_rows(layout, number, worker):
        chain, move = int(shots["chain"][row]), int(shots["move"][row])
        replay(settings, layout, (number, worker, chain, move), out, quiet)
        # As a user opens it.
        frames = mdtraj.load(str(out), top=str(layout.topology)).xyz
        before, after = (shots[f"steps_{side}"][row] for side in ("backward", "forward"))
        assert len(frames) == (before + after) // prepared.stride + 1
        np.testing.assert_array_equal(frames[before // prepared.stride], points[row])
        ends = [{-1: "A", 1: "B"}[i] for i in prepared.states.label_positions(frames[[0, -1]])]
        assert ends == [shots["end_backward"][row], shots["end_forward"][row]]
        if shots["accepted"][row]:
            index = paths.index
            made = np.flatnonzero((index["chain"] == chain) & (index["move"] == move))[-1]
            in_order = frames if ends == ["A", "B"] else frames[::-1]
            assert in_order.tobytes() == paths.path(int(made)).tobytes()


@pytest.mark.parametrize(("number", "worker"), [(0, 0), (0, 1), (1, 0)])
def test_stacked_copies(well, number, worker, tmp_path, capsys):
    check_job(WELL, well, number, worker, tmp_path / "shot.trr")
    assert capsys.readouterr().out.count("As recorded") == 3


def test_pool_of_contexts(alanine_run, tmp_path, capsys):
    check_job(ALANINE, alanine_run, 0, 0, tmp_path / "shot.trr")
    assert capsys.readouterr().out.count("As recorded") == 3


def test_nothing_that_ran_before_in_the_process_matters(well, alanine_run, tmp_path):
    # One random stream serves all Reference contexts of a process; a job must seed it anew.
    for settings, layout in ((WELL, well), (ALANINE, alanine_run), (WELL, well)):
        shots = read_table(layout.round(0).worker(0).shots, SHOT_COLUMNS)
        address = (0, 0, int(shots["chain"][3]), int(shots["move"][3]))
        replay(settings, layout, address, tmp_path / "shot.trr", quiet)


@pytest.fixture
def changed(well, tmp_path) -> Layout:
    """A copy of the run to be spoilt."""
    shutil.copytree(well.root, tmp_path / "changed")
    forget(tmp_path / "changed")
    return Layout(tmp_path / "changed")


def rejected(layout: Layout) -> tuple[int, tuple[int, int, int, int]]:
    """Row and address of a shot of round 0 that was not accepted."""
    shots = read_table(layout.round(0).worker(0).shots, SHOT_COLUMNS)
    row = int(np.flatnonzero(~shots["accepted"])[5])
    return row, (0, 0, int(shots["chain"][row]), int(shots["move"][row]))


TAMPERED = {
    "steps_backward": lambda old: old + 5,
    "steps_forward": lambda old: old + 5,
    "end_forward": lambda _: "too_long",
    "p_predicted": lambda _: 0.5,
    "seed": lambda old: old + 1,
    "model": lambda _: "003",
}


@pytest.mark.parametrize("column", TAMPERED)
def test_a_changed_row_is_told(changed, column, tmp_path):
    row, address = rejected(changed)
    file = changed.round(0).worker(0).shots
    table = pq.read_table(file)
    values = table[column].to_pylist()
    values[row] = TAMPERED[column](values[row])
    place = table.column_names.index(column)
    pq.write_table(table.set_column(place, column, pa.array(values)), file)
    with pytest.raises(DataError, match=rf"shots.parquet: round 0.* differs in {column} \(row"):
        replay(WELL, changed, address, tmp_path / "shot.trr", quiet)


def test_changed_frames_are_told(changed, tmp_path):
    files = changed.round(0).worker(0)
    shots = read_table(files.shots, SHOT_COLUMNS)
    row = int(np.flatnonzero(shots["accepted"])[-1])
    address = (0, 0, int(shots["chain"][row]), int(shots["move"][row]))
    index = read_table(files.index, PATH_COLUMNS)
    path = np.flatnonzero((index["chain"] == address[2]) & (index["move"] == address[3]))[-1]
    # All frames take the same room; the last byte of a path is one of its last coordinate.
    data = bytearray(files.paths.read_bytes())
    last = int(index["first_frame"][path] + index["frames"][path])
    data[len(data) // int(index["frames"].sum()) * last - 1] ^= 1
    files.paths.write_bytes(data)
    with pytest.raises(DataError, match=r"differs in the frames of its path \(paths.trr\)"):
        replay(WELL, changed, address, tmp_path / "shot.trr", quiet)


def test_another_seed_is_told_before_anything_is_run(well, tmp_path):
    other = WELL.model_copy(update={"seed": 8})
    with pytest.raises(DataError, match=r"differs in seed .*another seed than 8"):
        replay(other, well, rejected(well)[1], tmp_path / "shot.trr", quiet)
    assert not (tmp_path / "shot.trr").exists()


def test_another_platform_keeps_point_and_velocities_only(well, tmp_path, capsys):
    settings = config("double_well", engine={"platform": "CPU"}, sampling=WELL.sampling)
    row, address = rejected(well)
    replay(settings, well, address, tmp_path / "shot.trr", quiet)
    said = capsys.readouterr().out
    assert "Made on Reference by the run, on CPU now" in said
    assert "other noise" in said
    point = int(said.split("the shooting point is frame ")[1].split()[0])
    frames = mdtraj.load(str(tmp_path / "shot.trr"), top=str(well.topology)).xyz
    np.testing.assert_array_equal(
        frames[point], read_frames(well.round(0).worker(0).points, 1, row, 1)[0]
    )


def test_a_job_that_went_on_with_other_noise_says_so(changed, tmp_path, capsys):
    file = changed.round(0).worker(0).shots
    table = pq.read_table(file)
    notes = {**table.schema.metadata, b"resumed": b"2"}
    pq.write_table(table.replace_schema_metadata(notes), file)
    replay(WELL, changed, rejected(changed)[1], tmp_path / "shot.trr", quiet)
    said = capsys.readouterr().out
    assert "its job was stopped and resumed 2 times" in said
    assert "As recorded" not in said


REFUSED = {
    "unknown move": ("0 0 0 99", "", ["shots.parquet", "move 99", "moves 0 to 9"]),
    "unknown chain": ("0 0 50 1", "", ["shots.parquet", "chain 50", "chains 0 to 7"]),
    "chain of another job": ("0 0 9 1", "", ["shots.parquet", "chain 9", "chains 0 to 7"]),
    "unknown worker": ("1 1 8 10", "", ["worker_001/shots.parquet", "round 1 has the jobs 0"]),
    "unknown round": ("5 0 0 1", "", ["005/worker_000", "the rounds there are: 0, 1"]),
    "no run": ("0 0 0 1", "--results gone", ["gone/system/dynamics.json", "missing"]),
    "no TRR": ("0 0 0 1", "--out shot.xtc", ["shot.xtc", "--out", ".trr"]),
    "unknown platform": (
        "0 0 0 1",
        '--config {"seed":7,"engine":{"platform":"HIP"}}',
        ["engine.platform", "HIP", "Reference"],
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_refused_in_one_line(well, kind, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("seed: 7\n", encoding="utf-8")
    address, options, words = REFUSED[kind]
    names = ("--round", "--worker", "--chain", "--move")
    arguments = [text for pair in zip(names, address.split(), strict=True) for text in pair]
    results = [] if "--results" in options else ["--results", str(well.root)]
    code, error = mechanist(capsys, "replay", *arguments, *results, *options.split())
    assert code == 2
    lines = [line for line in error.splitlines() if not line.startswith("[")]
    assert len(lines) == 1, error
    assert lines[0].startswith("mechanist: error: ")
    for word in words:
        assert word in lines[0], f"{word!r} is not in: {lines[0]}"
    assert list(tmp_path.iterdir()) == [tmp_path / "config.yaml"]


def test_a_table_without_its_platform_is_refused(changed, tmp_path):
    file = changed.round(0).worker(0).shots
    pq.write_table(pq.read_table(file).replace_schema_metadata(None), file)
    with pytest.raises(DataError, match=r"shots.parquet: does not say which platform"):
        replay(WELL, changed, rejected(changed)[1], tmp_path / "shot.trr", quiet)
