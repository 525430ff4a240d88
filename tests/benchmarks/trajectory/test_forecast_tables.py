"""Table T4 on a molecule of springs, and what is made of its numbers."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.trajectory.files import TrajectoryFiles
from benchmarks.trajectory.job import Job
from benchmarks.trajectory.names import (
    ALONE,
    DYNAMICS,
    LINEAR_RIDGE,
    NETWORKS,
    ON_RIDGE,
    PERSISTENCE,
    STRAIGHT,
)
from benchmarks.trajectory.page.forecasts import (
    HEAD,
    forecast_entries,
    forecast_markdown,
    forecast_targets,
    forecasts,
)
from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.journal import Journal
from mechanist.errors import DataError
from mechanist.settings.config import Config
from mechanist.settings.load import validate

PLAIN = {PERSISTENCE, STRAIGHT, LINEAR_RIDGE, DYNAMICS}
ROWS = {*PLAIN, *NETWORKS, ALONE, ON_RIDGE}


def test_every_model_has_its_numbers(forecast_records):
    record = forecast_records[0]
    assert {row["model"] for row in record["rows"]} == ROWS
    for row in record["rows"]:
        assert len(row["horizon"]) == 20
        assert row["ade"] == pytest.approx(np.mean(row["horizon"]))
        assert row["fde"] == row["horizon"][-1]
        assert 0 < row["heavy"] < row["ade"] < row["hydrogen"]
    for row in record["rolls"]:
        assert len(row["rmsd"]) == 30
        assert 0 <= row["valid"] <= 1
    assert record["rolls"][0]["model"] == "true"
    assert record["rolls"][0]["valid"] > 0.95
    assert record["rolls"][0]["spectrum"] == pytest.approx(1)


def test_numbers_are_means_and_spreads_in_angstrom(forecast_records):
    numbers = forecast_entries("ethanol", forecast_records)
    own = [r["ade"] for record in forecast_records for r in record["rows"] if r["model"] == "LSTM"]
    (entry,) = [
        e
        for e in numbers
        if (e.table, e.row, e.column) == ("T4 ethanol", "LSTM", "ADE") and e.unit == "Å"
    ]
    assert entry.value == pytest.approx(10 * np.mean(own))
    assert entry.std == pytest.approx(10 * np.std(own, ddof=1))
    text = "\n".join(forecast_markdown(numbers, "ethanol", 5.0))
    assert "different data" in HEAD
    assert "distance at 100 fs (Å)" in text


def test_targets_tell_met_from_missed(forecast_records):
    numbers = forecast_entries("ethanol", forecast_records)
    assert len(forecast_targets(numbers, "ethanol")) == 5
    bonds = "bonds in the band"
    worse = [
        replace(e, value=0.0 if e.column == bonds else 9.0) if e.row in (ON_RIDGE, DYNAMICS) else e
        for e in numbers
    ]
    assert not any(aim.met for aim in forecast_targets(worse, "ethanol"))
    better = [
        replace(e, value=1.0 if e.column == bonds else 1e-3) if e.row in (ON_RIDGE, DYNAMICS) else e
        for e in numbers
    ]
    assert all(aim.met for aim in forecast_targets(better, "ethanol"))


def test_records_of_other_settings_are_refused(forecast_records, tmp_path):
    files = TrajectoryFiles(tmp_path)
    for record in forecast_records:
        write_json(files.forecasts("ethanol", record["number"]), record)
    config = validate(Config, {"trajectory": {"seeds": 2, "size": "full"}}, "test")
    with pytest.raises(DataError, match="other settings"):
        forecasts(Job(config, files, Journal()))
    write_json(files.forecasts("ethanol", 0), {"molecule": "ethanol"})
    with pytest.raises(DataError, match="forecasts"):
        forecasts(Job(config, files, Journal()))
