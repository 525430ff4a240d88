"""Several guesses, of both channels, and the families that they begin."""

import itertools
from pathlib import Path

import mdtraj
import numpy as np

from mechanist.bookkeeping.files import read_json
from mechanist.bookkeeping.journal import Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.engine.plan import default_plan
from mechanist.sampling.families import read_families
from mechanist.sampling.first_path.equilibrate import equilibrate
from mechanist.sampling.first_path.hot_md import hot_paths
from mechanist.sampling.records.tables import read_paths, write_frames
from mechanist.settings.config import Config
from mechanist.stages.describe import describe
from mechanist.stages.initial import initial
from mechanist.stages.prepare import prepare
from mechanist.systems.prepared import load

TWO_CHANNELS = Path(__file__).parents[1] / "truth" / "systems" / "two_channels"


def quiet(*_):
    return None


def start(folder, seed, **settings):
    config = Config.model_validate(
        {
            "system": str(TWO_CHANNELS),
            "seed": seed,
            "engine": {"platform": "Reference"},
            "initial": settings,
        }
    )
    layout = Layout(folder / str(seed))
    prepare(config, layout, Journal())
    describe(config, layout)
    initial(config, layout, Journal())
    return layout


def heights(layout):
    """y in nm where each first path is nearest to x = 0."""
    table = read_paths(layout.initial.paths, layout.initial.index, 1)
    paths = [table.path(row)[:, 0] for row in range(len(table))]
    return np.array([path[np.argmin(np.abs(path[:, 0])), 1] for path in paths])


def test_guesses_find_both_channels_and_are_families(tmp_path):
    temperatures = set()
    for seed in range(5):
        layout = start(tmp_path, seed)
        report = read_json(layout.initial_report)
        assert len(report["families"]) == 16
        assert {"hot MD", "pull"} == {family["method"] for family in report["families"]}
        temperatures |= {family.get("temperature") for family in report["families"]}
        assert report["shots"] == sum(
            family["shots"] for family in report["families"] + report["dropped"]
        )
        families = read_families(layout)
        assert sorted(families.of_path.tolist()) == list(range(16))
        # Of 16 guesses 9 take the upper channel on average: all take one with chance 1e-4 a seed.
        y = heights(layout)
        assert (y > 0.5).any()
        assert (y < -0.5).any()
    assert len(temperatures - {None}) == 2


def test_one_guess_is_one_family(tmp_path):
    layout = start(tmp_path, 1, guesses=1)
    report = read_json(layout.initial_report)
    assert len(report["families"]) == 1
    assert report["families"][0]["first_paths"] == list(range(16))
    assert len(set(np.sign(heights(layout)))) == 1


def test_crossings_of_a_file_are_guesses_in_either_direction(tmp_path):
    layout = start(tmp_path, 1, guesses=2)
    prepared = load(layout)
    table = read_paths(layout.initial.paths, layout.initial.index, 1)
    parts = [table.path(0), table.path(1)[::-1], table.path(2)]
    write_frames(tmp_path / "three.trr", [np.concatenate(parts)], record=False)
    settings = {"path": str(tmp_path / "three.trr"), "method": "file"}
    report = read_json(start(tmp_path / "file", 1, **settings).initial_report)
    found = [family["file_frames"] for family in report["families"]]
    lengths = np.cumsum([0, *map(len, parts)]).tolist()
    assert found == [[a, b - 1] for a, b in itertools.pairwise(lengths)]
    # With auto, pulls make up four.
    report = read_json(start(tmp_path / "auto", 1, path=settings["path"]).initial_report)
    assert [family["method"] for family in report["families"]] == ["file"] * 3 + ["pull"]
    assert mdtraj.load(settings["path"], top=str(layout.topology)).n_atoms == prepared.atoms


def test_hot_md_goes_both_ways_and_stops_in_time(double_well):
    plan = default_plan(double_well, "Reference")
    found = hot_paths(double_well, (2.5, 3.0), 4, 4000.0, 12, plan, 3, quiet)
    assert len(found) == 12
    first = [int(double_well.states.label_positions(path.frames)[0]) for path in found]
    assert {-1, 1} == set(first)
    assert {path.factor for path in found} == {2.5, 3.0}
    # A budget of which a quarter is spent before the fifth crossing: no more are looked for.
    short = hot_paths(double_well, (2.5, 3.0), 4, 150.0, 12, plan, 3, quiet)
    assert 4 <= len(short) < 12
    assert all(path.simulated_ps < 150 for path in short)


def test_a_guess_without_paths_is_given_up_and_the_others_count(double_well):
    plan = default_plan(double_well, "Reference")
    good = hot_paths(double_well, (2.5,), 4, 4000.0, 4, plan, 3, quiet)
    # Frames just outside A: hardly any shot from there reaches B (p_B about 1e-3).
    bad = np.full((5, 1, 3), 0.0, dtype=np.float32)
    bad[:, 0, 0] = -0.79
    frames = [path.frames for path in good]
    paths, shots = equilibrate(double_well, [*frames, bad], 2, 200, plan, 3, quiet)
    assert [len(own) for own in paths] == [2, 2, 2, 2, 0]
    assert shots[-1] == 40
    for own in paths[:4]:
        for path in own:
            labels = double_well.states.label_positions(path.frames)
            assert (labels[0], labels[-1]) == (-1, 1)


def test_a_long_search_tells_its_progress(double_well, monkeypatch):
    times = iter(range(0, 10**9, 20))
    monkeypatch.setattr("mechanist.bookkeeping.progress.time.monotonic", lambda: next(times))
    plan, lines = default_plan(double_well, "Reference"), []
    hot_paths(double_well, (2.5,), 4, 150.0, 12, plan, 3, lines.append)
    spent = [int(line.split()[0]) for line in lines if " of 150 ps of hot MD at " in line]
    assert spent[0] < spent[-1] <= 150
    assert spent == sorted(spent)
    lines.clear()
    frames = np.zeros((3, 1, 3), dtype=np.float32)  # on the top of the barrier: every second shot
    equilibrate(double_well, [frames], 8, 200, plan, 3, lines.append)
    found = [int(line.split()[0]) for line in lines if "of 8 first paths, " in line]
    assert found == sorted(found)
    assert found[-1] == 8
