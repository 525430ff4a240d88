"""A run with an intermediate state ends early, says where it is, and exits with code 3."""

import json

import pytest

from tests.workflow.conftest import REPOSITORY, Run

SYSTEM = REPOSITORY / "tests" / "truth" / "systems" / "intermediate"
FEW = {
    "system": str(SYSTEM),
    "initial": {"paths": 8, "guesses": 4},
    "sampling": {"chains": 16, "first_round": 160, "round_max": 160, "rounds_max": 4},
    "learn": {"members": 2, "epochs_max": 3},
    "kinetics": {"runs": 2, "run_frames": 20, "run_frames_max": 20},
}


@pytest.mark.slow
def test_an_intermediate_state_ends_the_run(tmp_path):
    run = Run(tmp_path, **FEW)
    run.root = tmp_path / "results" / "intermediate"
    done = run.snakemake()
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said
    assert done.returncode == 3, said
    # Two rounds of four; no formula, fresh shots or rates.
    assert sorted(folder.name for folder in (run.root / "rounds").iterdir()) == ["000", "001"]
    for name in ("formula.json", "validation.csv", "kinetics.json", "relevance.csv"):
        assert not (run.root / name).exists(), name
    summary = json.loads((run.root / "summary.json").read_text(encoding="utf-8"))
    assert not summary["converged"]
    assert summary["ended_early"]
    place = summary["too_long"]["where"]["places"][0]
    assert place["kind"] == "intermediate state"
    # The minimum of the well is at 1.03 nm; its thermal spread is 0.2 nm.
    assert 0.8 < place["where"]["x"]["centre"] < 1.3
    assert place["share"] > 0.9
    wanted = "an intermediate state near x = "
    page = (run.root / "report.html").read_text(encoding="utf-8")
    text = (run.root / "summary.md").read_text(encoding="utf-8")
    assessment = json.loads((run.root / "rounds/001/assessment.json").read_text(encoding="utf-8"))
    for where in (said, page, text, summary["reason"], assessment["reason"]):
        assert wanted in where
        assert "with max_half_path = 40 ps cannot serve this: make it a state" in where
    assert "ended after 2 rounds" in summary["reason"]
    # Nothing is left to do; a user who does not want this can go on from here.
    assert run.planned() <= {"report", "seal"}
    run.configure(**FEW, convergence={"end_early": False})
    planned = run.planned()
    assert "assess" in planned
    assert "shoot" not in planned
