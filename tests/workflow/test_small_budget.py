"""A run of few shots ends in a report that says what is missing, with exit code 3."""

import json

import pytest

from tests.workflow.conftest import Run

FEW = {
    "initial": {"paths": 4},
    "sampling": {"chains": 64, "first_round": 64, "round_max": 64, "rounds_max": 1},
    "learn": {"members": 2, "epochs_max": 3},
    "validation": {"points": 10, "formula_points": 10, "surface_points": 10, "shots": 10},
    "kinetics": {"runs": 4, "run_frames": 20, "run_frames_max": 20, "shots": 256, "windows": 8},
}


@pytest.mark.slow
def test_few_shots_end_in_a_report(tmp_path):
    folder = tmp_path / "a bü"
    folder.mkdir()
    run = Run(folder, **FEW)
    done = run.snakemake("--keep-going")
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said
    assert done.returncode == 3, said
    summary = json.loads((run.root / "summary.json").read_text(encoding="utf-8"))
    missing = " ".join(summary["incomplete"])
    assert "validation.points: 0 of 10: held-out chains have 0 frames" in missing
    assert "no transition path counts" in missing
    assert f"incomplete: {'; '.join(summary['incomplete'])}" in said
    assert "INCOMPLETE: " in (run.root / "summary.md").read_text(encoding="utf-8")
    page = (run.root / "report.html").read_text(encoding="utf-8")
    assert page.count("<strong>Incomplete:</strong>") == len(summary["incomplete"])
