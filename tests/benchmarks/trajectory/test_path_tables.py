"""Table T5: what it says of restored paths and early stops."""

import pytest

from benchmarks.trajectory.files import TrajectoryFiles
from benchmarks.trajectory.job import Job
from benchmarks.trajectory.page.paths import path_entries, path_markdown, path_targets, stored_paths
from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.journal import Journal
from mechanist.errors import DataError
from mechanist.settings.config import Config
from mechanist.settings.load import validate


def test_numbers_of_the_record(path_record):
    numbers = {(e.row, e.column, e.unit): e for e in path_entries("double_well", path_record)}
    quarter = next(one for one in path_record["factors"] if one["factor"] == 4)
    assert numbers["every 4th frame", "heavy atoms, 99 % within", "Å"].value == 10 * quarter["p99"]
    # Both ends are always stored, so it is more than a quarter.
    assert 0.25 < numbers["every 4th frame", "frames that are stored", "1"].value < 0.5
    mean = next(one for one in quarter["means"] if one["quantity"] == "frames with |q| < 1")
    found = numbers["every 4th frame", "frames with |q| < 1, all frames", "1"]
    assert found.value == mean["full"]
    assert found.std == pytest.approx((mean["high"] - mean["full"]) / 1.96)
    assert numbers["early stops", "MD steps saved", "1"].std == pytest.approx(0.1 / 3.92)


def test_targets_of_the_record(path_record):
    quarter, saved, goal = path_targets(path_record)
    one = next(one for one in path_record["factors"] if one["factor"] == 4)
    assert quarter.met == all(mean["within"] for mean in one["means"])
    assert (saved.met, goal.met) == (True, False)
    assert len(path_targets(path_record | {"early_stop": None})) == 1


def test_lines_of_the_record(path_record):
    text = "\n".join(path_markdown("double_well", path_record))
    assert "| every 2nd frame |" in text
    assert "crossings of q = 0" in text
    assert "25 % fewer MD steps (20 to 30 %)" in text
    none = "\n".join(path_markdown("double_well", path_record | {"early_stop": None}))
    assert "No shots were stopped early" in none


def test_without_a_finished_run_it_says_so(tmp_path):
    files = TrajectoryFiles(tmp_path)
    config = validate(Config, {"system": "double_well"}, "test")
    numbers, lines, aims = stored_paths(Job(config, files, Journal()))
    assert not numbers
    assert not aims
    assert "no finished run of double_well" in lines[0]
    write_json(files.paths("double_well"), {"factors": []})
    with pytest.raises(DataError, match=r"double_well\.json"):
        stored_paths(Job(config, files, Journal()))
