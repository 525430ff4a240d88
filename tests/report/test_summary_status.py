import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mechanist.bookkeeping.layout import Layout
from mechanist.errors import DataError
from mechanist.report.status import status
from mechanist.report.summary import _forces, _law_lines
from mechanist.report.text_table import text_table
from mechanist.sampling.records.tables import SHOT_COLUMNS, read_table
from mechanist.settings.forces import XtbSettings
from mechanist.systems.forces.law_spec import law_spec
from tests.conftest import forget
from tests.report.kinds import ALANINE
from tests.report.synthetic import make_run

PROMISED = {
    *("system", "seed", "versions", "hardware", "converged", "reason", "rounds", "shots"),
    *("acceptance", "wall_seconds", "formula", "network", "validation", "kinetics"),
}


def test_summary_has_the_promised_keys_and_the_numbers_of_the_run(molecule):
    summary = json.loads(molecule.summary.read_text(encoding="utf-8"))
    assert set(summary) >= PROMISED
    assert set(summary["formula"]) >= {"text", "latex", "complexity", "backend", "heldout_loss"}
    assert summary["formula"]["backend_reason"] == "auto: PySR is not installed"
    assert set(summary["validation"]) >= {
        *("points", "shots_per_point", "network_rmse", "formula_rmse", "verdict"),
    }
    shots = read_table(molecule.shots, SHOT_COLUMNS)
    assert summary["shots"] == len(shots["round"]) == 15_000
    assert summary["acceptance"] == pytest.approx(np.mean(shots["accepted"]))
    assert (summary["seed"], summary["rounds"], summary["converged"]) == (1, 4, True)
    assert summary["kinetics"] is None
    assert summary["network"]["heldout_loss"] == pytest.approx(0.305 + 0.06 * 0.4**3)
    # Slowest shooting job of each of four rounds, the other jobs one a round or one in all.
    expected = 6 * 15 + 4 * 15 + 1.5 * 4 + 2.1 + 9.5 + 5 + 44 + 4 + 6 + 0.2
    assert summary["wall_seconds"] == pytest.approx(expected)
    assert summary["versions"]["numpy"] == np.__version__
    assert summary["hardware"]["cores"] >= 1
    assert summary["forces"] is None


def test_a_force_law_is_named_with_its_packages():
    spec = law_spec(XtbSettings(xtb="gfn2-xtb", charge=-1), (17, 6), Path())
    law = _forces(spec.to_json())
    assert law["law"] == "gfn2-xtb"
    assert law["settings"]["charge"] == -1
    assert law["identity"] == spec.identity
    line = _law_lines(law)[0]
    assert line.startswith("Forces by gfn2-xtb (tblite ")


def test_reason_of_a_run_that_was_stopped_early(potential):
    summary = json.loads(potential.summary.read_text(encoding="utf-8"))
    assert summary["reason"].startswith("stopped after 4 rounds: heldout_gain 0.00576")


def test_summary_of_a_run_without_answers_says_none(bare):
    summary = json.loads(bare.summary.read_text(encoding="utf-8"))
    assert set(summary) >= PROMISED
    assert summary["formula"] is None
    assert summary["validation"] is None
    assert summary["converged"] is False
    assert summary["reason"].startswith("the budget of 1 round is spent: heldout_gain unknown")
    text = bare.summary_text.read_text(encoding="utf-8")
    assert "NOT CONVERGED after 1 rounds" not in text
    assert "NOT CONVERGED after 1 round and 1,000 shots" in text
    assert "There is no formula." in text


def test_text_fits_a_terminal(molecule):
    text = molecule.summary_text.read_text(encoding="utf-8")
    for part in ("converged after 4 rounds", "q = 0.412 + 4.61*sin(phi)", "120 validation points"):
        assert part in text
    assert "Found by operon (auto: PySR is not installed)." in text
    assert text.index("phi\n") < text.index("theta\n") < text.index("psi\n")
    assert "3,000" in text


def test_status_of_a_finished_run(molecule):
    text = status(molecule.root)
    lines = text.splitlines()
    assert "alanine dipeptide" in lines[0]
    rows = [line.split() for line in lines if line.strip()[:1].isdigit()]
    assert [row[0] for row in rows] == ["0", "1", "2", "3"]
    assert [row[1] for row in rows] == ["1,000", "3,000", "7,000", "15,000"]
    assert "not yet: " in text
    assert "9/9 met" in text
    assert "converged after round 3" in text
    assert "formula: q = 0.412" in text
    assert "verdict: At 120 validation points" in text


def test_status_names_the_first_converged_round(tmp_path):
    layout = make_run(tmp_path / "run", ALANINE, rounds=3, answers=False)
    content = json.loads(layout.round(1).assessment.read_text(encoding="utf-8"))
    content |= {"converged": True, "reason": "all 6 criteria are met"}
    forget(layout.root)
    layout.round(1).assessment.write_text(json.dumps(content), encoding="utf-8")
    assert "\nconverged after round 1: all 6 criteria are met" in status(layout.root)


def test_status_of_half_finished_runs(tmp_path):
    layout = make_run(tmp_path / "run", ALANINE, rounds=2, answers=False)
    layout.round(1).assessment.unlink()
    assert "trained" in status(layout.root).splitlines()[5]
    layout.round(1).model.unlink()
    worker = layout.round(1).worker(0)
    worker.folder.mkdir()
    shutil.copy(layout.shots, worker.shots)
    text = status(layout.root)
    assert "shooting, 1 job done" in text
    assert "not converged after round 0" in text
    shutil.rmtree(layout.root / "rounds")
    assert "prepared; no first path yet" in status(layout.root)
    layout.initial.folder.mkdir()
    layout.initial.index.write_text("", encoding="utf-8")
    assert "no round has begun" in status(layout.root)


def test_status_of_nothing(tmp_path):
    assert "empty" in status(tmp_path)
    with pytest.raises(DataError, match="no such results folder"):
        status(tmp_path / "missing")


def test_status_names_a_damaged_assessment(tmp_path):
    path = Layout(tmp_path).round(0).assessment
    path.parent.mkdir(parents=True)
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match="lacks 'round'") as caught:
        status(tmp_path)
    assert caught.value.where == str(path)


def test_columns_are_aligned():
    lines = text_table(("a", "bbb", "c"), [["10", "2", "x"], ["3", "44444", "yy"]])
    assert lines == ["  a    bbb  c", "---  -----  ---", " 10      2  x", "  3  44444  yy"]
