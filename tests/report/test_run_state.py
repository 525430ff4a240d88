"""How far a run is, and its bars."""

import io
import json
import subprocess
import sys

import pytest
from rich.console import Console

from mechanist.bookkeeping.layout import Layout
from mechanist.cli import live
from mechanist.report.run_state import run_state
from mechanist.settings.config import Config

CONFIG = Config.model_validate({"sampling": {"rounds_max": 4, "first_round": 100}})

CRITERIA = {
    "rhat": {"value": 2.2, "limit": 1.1, "passed": False, "direction": "at most"},
    "paths": {"value": 50, "limit": 200, "passed": False, "direction": "at least"},
    "calibration": {"value": 0.5, "limit": 0.01, "passed": False, "direction": "at least"},
    "spread": {"value": None, "limit": 0.3, "passed": False, "direction": "at most"},
    "exploded": {"value": 0.0, "limit": 0.01, "passed": False, "direction": "at most"},
    "too_long": {"value": 0.0, "limit": 0.02, "passed": True, "direction": "at most"},
}


@pytest.fixture
def layout(tmp_path):
    return Layout(tmp_path)


def assess(layout, number, converged=False):
    file = layout.round(number).assessment
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"criteria": CRITERIA, "converged": converged}), encoding="utf-8")


def log(layout, name, *lines):
    file = layout.root / "logs" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("\n".join(lines), encoding="utf-8")


def test_an_empty_folder(layout):
    state = run_state(layout, CONFIG)
    assert (state.round, state.rounds_max, state.shots, state.shots_planned) == (1, 4, 0, 100)
    assert state.criteria == ()
    assert not any(done for _, done in state.stages)
    assert state.sampling


def test_shots_of_the_open_round_are_those_that_its_jobs_have_counted(layout):
    assess(layout, 0)
    log(layout, "shoot_000_000.log", "[06:07:48] 9,999 shots, 20% accepted")
    log(layout, "shoot_001_000.log", "[06:07:48] 1,384 shots, 20% accepted")
    log(
        layout,
        "shoot_001_001.log",
        "[06:07:48] 10 of 1,400 shots, 3 a second, 4 s left",
        "[06:07:58] 40 of 1,400 shots, 3 a second, 4 s left",
    )
    log(layout, "shoot_001_002.log", "[06:07:48] round 1, worker 2: 64 chains x 6 moves")
    state = run_state(layout, CONFIG)
    assert (state.round, state.shots) == (2, 1424)


def test_criteria_and_how_close_they_are(layout):
    assess(layout, 0)
    found = {c.name: (c.share, c.passed, c.text) for c in run_state(layout, CONFIG).criteria}
    assert found == {
        "rhat": (0.5, False, "2.2, at most 1.1"),
        "paths": (0.25, False, "50, at least 200"),
        "calibration": (1.0, False, "0.5, at least 0.01, needs more shots"),
        "spread": (0.0, False, "unknown, at most 0.3"),
        "exploded": (1.0, False, "0, at most 0.01, needs more shots"),
        "too long": (1.0, True, "0, at most 0.02"),
    }


def test_old_files_of_a_run_that_goes_on_are_not_done(layout):
    layout.relevance.write_text("x", encoding="utf-8")
    begun = layout.relevance.stat().st_mtime
    assert dict(run_state(layout, CONFIG, begun).stages)["relevance"]
    assert not dict(run_state(layout, CONFIG, begun + 1).stages)["relevance"]


@pytest.mark.parametrize(
    ("value", "limit", "text"),
    [
        (1.1003, 1.1, "1.1003, at most 1.1"),
        (0.09781, 0.0978123, "0.09781, at most 0.097812"),
        (0.02, 0.02, "0.02, at most 0.02"),
    ],
)
def test_a_value_close_to_its_limit_is_told_from_it(layout, monkeypatch, value, limit, text):
    one = {"value": value, "limit": limit, "passed": value <= limit, "direction": "at most"}
    monkeypatch.setitem(CRITERIA, "rhat", one)
    assess(layout, 0)
    assert run_state(layout, CONFIG).criteria[0].text == text


def test_a_damaged_assessment_does_not_count(layout):
    assess(layout, 0)
    layout.round(0).assessment.write_text("{", encoding="utf-8")
    assert run_state(layout, CONFIG).round == 1


def drawn(state, times=""):
    console = Console(file=io.StringIO(), width=100)
    console.print(live.picture(state, times))
    return console.file.getvalue()


def test_the_bars_show_all_of_it(layout):
    assess(layout, 0)
    text = drawn(run_state(layout, CONFIG), "3 s so far")
    assert "1 of at most 4" in text
    assert f"0 of {CONFIG.sampling.shots(1)}, round 2" in text
    assert "✓ too long" in text
    for criterion in run_state(layout, CONFIG).criteria:
        assert criterion.text in text
    assert "3 s so far" in text
    assess(layout, 1, converged=True)
    text = drawn(run_state(layout, CONFIG))
    assert "converged" in text
    assert "shots " not in text.replace("more shots", "")


def test_a_run_that_has_converged_needs_no_more_rounds(layout):
    pace = live.Pace()
    for number in range(3):
        assess(layout, number, converged=number == 2)
        text = pace.see(run_state(layout, CONFIG))
        assert text.startswith("1 s so far")
        assert ("all 4 rounds" in text) == (number == 1)


def test_lines_of_a_run_are_shown_above_the_bars_to_the_last(layout, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    stream = io.StringIO()
    monkeypatch.setattr(live, "Console", lambda stderr: Console(file=stream, force_terminal=True))
    # Bars are drawn again at each line, also those of criteria that have passed.
    assess(Layout(CONFIG.folder), 0)
    code = "import sys; print('Execute 1 jobs...');"
    code += "[print('line', i, '[x]') for i in range(50)]; sys.exit(3)"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    live.follow(process, CONFIG)
    assert process.returncode == 3
    assert all(f"line {i} [x]" in stream.getvalue() for i in range(50))
    assert stream.getvalue().count("too long") > 2
    assert "[green]" not in stream.getvalue()
    assert "Execute" not in stream.getvalue()
