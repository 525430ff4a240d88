"""A run whose paths are stored in part goes the same way as one that stores them in full."""

import numpy as np
import pytest

from mechanist.analysis.kinetics.rate_results import path_duration
from mechanist.bookkeeping.journal import Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.gather import candidate_frames, gather_full_paths, sample_path_frames
from mechanist.errors import DataError
from mechanist.report.load import read_dynamics
from mechanist.sampling.records import trr, value_columns
from mechanist.sampling.records.tables import (
    PATH_COLUMNS,
    SHOT_COLUMNS,
    read_frames,
    read_paths,
    read_table,
)
from mechanist.sampling.records.thinning import Thinning
from mechanist.settings.config import Config
from mechanist.settings.load import validate
from mechanist.stages.assess import assess
from mechanist.stages.collect import collect
from mechanist.stages.initial import initial
from mechanist.stages.kinetics import path_index
from mechanist.stages.learn import learn
from mechanist.stages.points import points
from mechanist.stages.replay import replay
from mechanist.stages.shoot import shoot
from mechanist.systems.prepared import load
from tests.conftest import build

quiet = Journal()
EVERY = 4


def config(**store: int) -> Config:
    sampling = {"workers": 1, "chains": 8, "first_round": 160, "burn_in": 1, "store": store}
    return validate(
        Config,
        {
            "system": "double_well",
            "seed": 7,
            "engine": {"platform": "Reference"},
            "sampling": sampling,
            "learn": {"members": 2, "hidden": [4], "epochs_max": 3},
            "validation": {"points": 10},
        },
        "test",
    )


def two_rounds(settings: Config, folder) -> Layout:
    layout = build("double_well", folder)
    initial(settings, layout, quiet)
    for number in range(2):
        shoot(settings, layout, number, 0, quiet)
        learn(settings, layout, number, 1, quiet)
        assess(settings, layout, number, quiet)
    collect(settings, layout, 1)
    return layout


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    return two_rounds(config(), tmp_path_factory.mktemp("full"))


@pytest.fixture(scope="module")
def part(tmp_path_factory):
    return two_rounds(config(every=EVERY), tmp_path_factory.mktemp("part"))


def test_a_run_that_reads_values_beside_frames_makes_the_same_bytes(full, tmp_path, monkeypatch):
    """As large systems do: the stages after shooting read no frame of a path."""
    monkeypatch.setattr(value_columns, "LEAST_ATOMS", 1)
    layout = build("double_well", tmp_path)
    settings = config()
    initial(settings, layout, quiet)
    for number in range(2):
        shoot(settings, layout, number, 0, quiet)
        files = layout.round(number).worker(0)
        for frames in (files.paths, files.points):
            assert value_columns.values_file(frames).is_file()
        learn(settings, layout, number, 1, quiet)
        assess(settings, layout, number, quiet)
    collect(settings, layout, 1)
    assert value_columns.values_file(layout.paths.paths).is_file()
    for number in range(2):
        one, other = full.round(number), layout.round(number)
        for name in ("model", "model_card", "crossfit", "assessment"):
            assert getattr(one, name).read_bytes() == getattr(other, name).read_bytes(), name
        for name in ("shots", "points", "paths", "index"):
            mine, its = getattr(one.worker(0), name), getattr(other.worker(0), name)
            assert mine.read_bytes() == its.read_bytes(), name
    assert full.paths.paths.read_bytes() == layout.paths.paths.read_bytes()
    # Learning again reads no frame at all.
    before, read = layout.round(1).model.read_bytes(), []
    part = trr.read_part

    def counted(*arguments):
        read.append(arguments)
        return part(*arguments)

    monkeypatch.setattr(trr, "read_part", counted)
    learn(settings, layout, 1, 1, quiet)
    assert layout.round(1).model.read_bytes() == before
    assert read == []
    monkeypatch.setattr(value_columns, "LEAST_ATOMS", 2)
    for number in range(2):
        for frames in ("paths", "points"):
            value_columns.forget_values(getattr(layout.round(number).worker(0), frames))
    learn(settings, layout, 1, 1, quiet)
    assert layout.round(1).model.read_bytes() == before
    assert read


def test_shots_are_the_same_and_paths_take_less_room(full, part):
    # Of round 0: later ones are guided by the density of the frames that are stored.
    one, other = (run.round(0).worker(0) for run in (full, part))
    assert one.shots.read_bytes() == other.shots.read_bytes()
    assert one.points.read_bytes() == other.points.read_bytes()
    whole, stored = (read_paths(f.paths, f.index, 1) for f in (one, other))
    for name in set(PATH_COLUMNS) - {"first_frame", "frames"}:
        np.testing.assert_array_equal(whole.index[name], stored.index[name])
    for i in range(len(whole)):
        rows = Thinning(EVERY, None).rows(
            int(whole.index["length"][i]), int(whole.index["move"][i])
        )
        np.testing.assert_array_equal(stored.path(i), whole.path(i)[rows])
    assert len(stored.frames) < 0.4 * len(whole.frames)
    # The last path of each chain is there in full.
    last = read_paths(other.current, other.current_index, 1)
    assert last.index["chain"].tolist() == list(range(8))
    for i, chain in enumerate(range(8)):
        row = int(np.flatnonzero(whole.index["chain"] == chain)[-1])
        np.testing.assert_array_equal(last.path(i), whole.path(row))
    assert not one.current.exists()


def test_the_next_round_goes_on_from_the_whole_paths(part):
    before, files = part.round(0).worker(0), part.round(1).worker(0)
    last = read_paths(before.current, before.current_index, 1)
    shots, points = read_table(files.shots, SHOT_COLUMNS), read_frames(files.points, 1)
    for i, chain in enumerate(last.index["chain"].tolist()):
        first = np.flatnonzero(shots["chain"] == chain)[0]
        assert shots["move"][first] == 20
        assert (last.path(i) == points[first]).all(axis=(1, 2)).any()


def test_durations_are_those_of_the_whole_paths(full, part):
    prepared = load(full)
    one, other = (path_duration(path_index(config(), run, 0), prepared) for run in (full, part))
    assert one == other


def test_points_to_shoot_from_are_frames_of_whole_paths(part):
    points(config(every=EVERY), part, "network", 1, quiet)
    chosen = read_frames(part.fresh("network").points, 1)
    frames = gather_full_paths(part, range(2), 1, 1).frames
    assert len(chosen) == 10
    assert all((frames == point).all(axis=(1, 2)).any() for point in chosen)


@pytest.mark.parametrize("count", [1, 50, 10**9])
def test_frames_of_paths_are_sampled_evenly(part, count):
    paths = gather_full_paths(part, range(2), 1, 1)
    between = paths.frames[candidate_frames(paths)[0]]
    found = sample_path_frames(part, range(2), 1, 1, count)
    assert 0 < len(found) <= count
    assert len(found) >= min(count, len(between)) / 4
    step = -(-len(paths.frames) // count)
    np.testing.assert_array_equal(found, between[::step])


def test_what_is_collected_is_what_is_stored(part):
    table = read_paths(part.paths.paths, part.paths.index, 1)
    assert (table.index["weight"] > 0).all()
    assert (table.index["frames"] <= table.index["length"] // EVERY + 3).all()
    labels = read_dynamics(part).states.label_positions(table.frames)
    starts = table.index["first_frame"]
    assert (labels[starts] == -1).all()
    assert (labels[starts + table.index["frames"] - 1] == 1).all()


def test_a_replay_compares_what_is_stored(part, tmp_path, capsys):
    index = read_table(part.round(1).worker(0).index, PATH_COLUMNS)
    row = int(np.flatnonzero(index["move"] >= 20)[-1])
    address = (1, 0, int(index["chain"][row]), int(index["move"][row]))
    replay(config(every=EVERY), part, address, tmp_path / "shot.trr", quiet)
    assert "As recorded" in capsys.readouterr().out
    settings = config(every=EVERY).model_dump(mode="json") | {"engine": {"platform": "CPU"}}
    with pytest.raises(DataError, match="cannot be made alone, the path before it is stored in"):
        replay(validate(Config, settings, "test"), part, address, tmp_path / "shot.trr", quiet)
