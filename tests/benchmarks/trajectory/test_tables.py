"""Table T1 on a molecule of springs, and what is made of its numbers."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.trajectory.files import TrajectoryFiles
from benchmarks.trajectory.job import Job
from benchmarks.trajectory.measure.rows import tiled
from benchmarks.trajectory.measure.sizes import GAPS, SIZES
from benchmarks.trajectory.names import BRIDGE, BRIDGE_A, RIDGE
from benchmarks.trajectory.page.entries import Lookup, entries
from benchmarks.trajectory.page.openmm import TITLES
from benchmarks.trajectory.page.openmm import name_of as openmm_name
from benchmarks.trajectory.page.propagators import propagators
from benchmarks.trajectory.page.robustness import SECTIONS
from benchmarks.trajectory.page.robustness import name_of as robustness_name
from benchmarks.trajectory.page.superres import targets
from benchmarks.trajectory.tables import write
from mechanist.bookkeeping.files import read_json, write_json
from mechanist.bookkeeping.journal import Journal
from mechanist.errors import DataError
from mechanist.settings.config import Config
from mechanist.settings.load import validate
from mechanist.trajectory.dataset import by_time, windows

FILES = TrajectoryFiles(Path())

MODELS = {
    BRIDGE,
    BRIDGE_A,
    "linear",
    "cubic spline (x)",
    "Hermite (x, v)",
    "Hermite (x, v, a)",
    RIDGE,
    "ridge (x, v, a)",
    *(f"{ends}-{kind}" for ends in ("uni", "bi") for kind in ("LSTM", "RNN", "ODE", "HNN")),
}


def test_every_model_has_a_number_at_every_gap(records):
    rows = records[0]["rows"]
    assert {(row["model"], row["gap"]) for row in rows} == {(m, g) for m in MODELS for g in GAPS}
    assert len(rows) == len(MODELS) * len(GAPS)
    for row in rows:
        assert 0 < row["position_heavy"] < row["position"] < row["position_hydrogen"]
        assert row["position"] < row["position_p95"] < row["position_p99"]
        assert 0 < row["spectrum"] <= 1 + 1e-12
        learned = row["model"] not in {
            "linear",
            "cubic spline (x)",
            "Hermite (x, v)",
            "Hermite (x, v, a)",
        }
        assert (row["parameters"] > 0) == learned


def test_numbers_are_means_and_spreads_over_trajectories(records):
    look = Lookup(entries("ethanol", records), "ethanol")
    own = [
        row["position"]
        for record in records
        for row in record["rows"]
        if row["model"] == BRIDGE and row["gap"] == 20
    ]
    entry = look(BRIDGE, 20, "position")
    assert entry.unit == "Å"
    assert entry.value == pytest.approx(10 * np.mean(own))
    assert entry.std == pytest.approx(10 * np.std(own, ddof=1))
    assert look.gaps == list(GAPS)
    assert set(look.models) == MODELS


def test_targets_tell_met_from_missed(records):
    numbers = entries("ethanol", records)
    found = {aim.text: aim.met for aim in targets(Lookup(numbers, "ethanol"))}
    assert len(found) == 15
    assert found["T = 20: at most 0.001 Å"]
    from dataclasses import replace

    worse = [replace(e, value=1.0) if e.row == BRIDGE else e for e in numbers]
    missed = {aim.text for aim in targets(Lookup(worse, "ethanol")) if not aim.met}
    assert "T = 20: at most 0.001 Å" in missed
    assert "T = 80: ours better than ridge (x, v)" in missed
    assert "T = 80: bi-LSTM better than uni-LSTM" not in missed


def test_files_of_the_tables(write_records, tmp_path):
    files = TrajectoryFiles(tmp_path)
    config = validate(Config, {"trajectory": {"seeds": 2}}, "test")
    write_records(files)
    lines = []
    write(Job(config, files, Journal(lines.append)))
    table = read_json(files.tables)
    assert {tuple(sorted(row)) for row in table} == {
        ("column", "row", "std", "table", "unit", "value")
    }
    tables = {"T1 ethanol", "T3 ethanol", "T3 diatomics", "T3 azobenzene"}
    tables |= {robustness_name("ethanol", section) for section in SECTIONS}
    tables |= {openmm_name("alanine_dipeptide", kind) for kind in TITLES}
    tables |= {"T4 ethanol", "T4 roll-out ethanol", "T5 alanine_dipeptide"}
    assert {row["table"] for row in table} == tables
    first = [row for row in table if row["table"] == "T1 ethanol" and row["row"] == BRIDGE]
    both = [row for row in first if row["column"].startswith("T = 5: posi")]
    assert {row["unit"] for row in both} == {"nm", "Å"}
    text = files.text.read_text(encoding="utf-8")
    assert "different data" in text
    assert f"| {BRIDGE} |" in text
    figures = (files.figure, files.propagator_figure, files.forecast_figure)
    for figure in (one("ethanol") for one in figures):
        assert figure.read_bytes().startswith(b"\x89PNG")
    assert sum("better than uni-LSTM" in line for line in lines) == 5
    assert sum("T4: " in line for line in lines) == 5
    again = validate(Config, {"trajectory": {"seeds": 2, "size": "full"}}, "test")
    with pytest.raises(DataError, match="other settings"):
        write(Job(again, files, Journal()))


def test_wrong_records_of_the_propagators_are_refused(propagated, tmp_path):
    files = TrajectoryFiles(tmp_path)
    config = validate(Config, {"trajectory": {"seeds": 2}}, "test")
    for record in propagated[0]:
        write_json(files.propagator("ethanol", record["number"]), record)
    for wrong, told in (
        ({"size": "full"}, "size full"),
        ({"ranking": [{"input": "x"}]}, r"attribution\.json"),
    ):
        write_json(files.attribution, propagated[1] | wrong)
        with pytest.raises(DataError, match=told):
            propagators(Job(config, files, Journal()))
    write_json(files.attribution, propagated[1])
    for wrong, told in (
        ({"speed": {"one": 1.0}}, "ethanol_001"),
        ({"energy": 3}, "ethanol_001"),
        ({"rows": []}, "ethanol_001"),
        ({"diatomics": {"H2": []}}, "ethanol_001"),
        ({"number": 0}, "repeat the step propagate"),
    ):
        write_json(files.propagator("ethanol", 1), {**propagated[0][1], **wrong})
        with pytest.raises(DataError, match=told):
            propagators(Job(config, files, Journal()))


def test_tiles_are_the_trajectory_again(motion):
    test = windows(by_time(motion, 20).test, 9)
    x, v = tiled(test, None)
    block = by_time(motion, 20).test
    np.testing.assert_array_equal(x, block.positions[: len(x)])
    np.testing.assert_array_equal(v, block.velocities[: len(v)])


def test_examples_hold_what_they_are_compared_with(records):
    bond = records[0]["examples"]["bond"]
    known = slice(None, None, bond["gap"] + 1)
    np.testing.assert_allclose(bond[BRIDGE][known], bond["true"][known], atol=1e-9)
    # An O-H bond.
    assert 0.85 < np.mean(bond["true"]) < 1.1
    spectrum = records[0]["examples"]["spectrum"]
    assert len(spectrum["wave_numbers"]) == len(spectrum[BRIDGE])


def test_settings_are_refused_in_one_line():
    for wrong in (
        {"molecules": []},
        {"molecules": ["ethanol", "ethanol"]},
        {"molecules": ["water"]},
        {"seeds": 1},
        {"size": "huge"},
        {"temperature": "500"},
        {"temperature": "-5 K"},
    ):
        with pytest.raises(Exception, match="trajectory") as error:
            validate(Config, {"trajectory": wrong}, "test")
        assert "\n" not in str(error.value)


def test_seeds_of_trajectories_differ():
    configs = [validate(Config, {"seed": seed}, "test") for seed in (1, 2)]
    seeds = {
        Job(config, FILES, Journal(), number=number).seed
        for config in configs
        for number in range(100)
    }
    assert len(seeds) == 200


def test_larger_molecules_take_fewer_geometries():
    assert SIZES["small"].geometries_of(9) == SIZES["small"].geometries
    assert SIZES["small"].geometries_of(18) == SIZES["small"].geometries // 2
