"""Formulas of several runs side by side."""

import csv
import io
import json

import pytest

from mechanist.errors import DataError
from mechanist.report.seeds import read_runs, shares, table, text


def run(folder, seed, descriptors, system="alanine", **formula):
    folder.mkdir(parents=True)
    summary = {"system": system, "seed": seed, "validation": {"formula_rmse": 0.05 + seed / 1000}}
    numbers = {
        "text": "+".join(descriptors),
        "descriptors": descriptors,
        "complexity": 5,
        "heldout_loss": 0.59,
        "network_heldout_loss": 0.58,
        "set_share": 0.9,
        "stable": True,
    }
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    (folder / "formula.json").write_text(json.dumps(numbers | formula), encoding="utf-8")
    return folder


def test_runs_agree_by_their_descriptors(tmp_path):
    made = [
        run(tmp_path / "a", 1, ["phi", "theta"], familiar={"heldout_loss": 0.61}),
        run(tmp_path / "b", 2, ["theta", "phi"], complexity=9),
        run(tmp_path / "c", 3, ["phi"]),
    ]
    found = read_runs(made)
    assert shares(found) == pytest.approx([2 / 3, 2 / 3, 1 / 3])
    rows = list(csv.DictReader(io.StringIO(table(found))))
    assert [row["runs_share"] for row in rows] == ["0.667", "0.667", "0.333"]
    assert [row["seed"] for row in rows] == ["1", "2", "3"]
    assert rows[0]["familiar_loss"] == "0.610000"
    assert rows[1]["familiar_loss"] == ""
    assert rows[1]["formula_rmse"] == "0.052000"
    said = text(found)
    assert said.endswith("2 of 3 runs of alanine have a formula in phi, theta.")
    assert "90%" in said


def test_runs_of_two_systems_are_refused(tmp_path):
    made = [run(tmp_path / "a", 1, ["x"]), run(tmp_path / "b", 1, ["x"], system="well")]
    with pytest.raises(DataError, match="a run of 'well', others are of 'alanine'"):
        read_runs(made)


def test_a_run_without_a_formula_is_named(tmp_path):
    folder = run(tmp_path / "a", 1, ["x"])
    (folder / "formula.json").write_text('{"text": "x"}', encoding="utf-8")
    with pytest.raises(DataError, match=r"formula\.json"):
        read_runs([folder])
    (folder / "formula.json").unlink()
    with pytest.raises(DataError, match=r"formula\.json"):
        read_runs([folder])
