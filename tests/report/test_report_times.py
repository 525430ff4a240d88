"""Where the time of a run went, in summary.json, in the text and on the page."""

import json
import time

import pytest

from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.journal import Journal
from mechanist.report.jobs import PARTS, read_jobs, stage_costs
from mechanist.report.times import Session, most_at_once, read_session, run_time
from tests.report.kinds import ALANINE
from tests.report.synthetic import BEGUN, make_run, write_all

SHOTS = 2 * (6 + 12 + 24 + 48)
FRESH = 3.0 + 4.0
LEARN = 4 + 8 + 16 + 32
OTHERS = 2.1 + 4 * 1.5 + 6.0
"""Wall seconds of the synthetic jobs; the report of before adds 0.2 s."""


def test_the_parts_of_a_run_add_up_to_its_cores(molecule):
    summary = json.loads(molecule.summary.read_text(encoding="utf-8"))
    spent = summary["time"]
    assert set(spent) == {"wall_seconds", "cores", *PARTS, "idle"}
    assert spent["cores"] == 2
    # Workers two by two, the rest one after the other.
    wall = SHOTS / 2 + 4.0 + LEARN + OTHERS + 9.5 + 5.0 + 44.0 + 0.2
    assert spent["wall_seconds"] == pytest.approx(wall)
    assert spent["md"] == pytest.approx(0.5 * SHOTS + 0.4 * FRESH + 0.6 * 9.5)
    assert spent["rest_of_shooting"] == pytest.approx(0.3 * SHOTS + 0.2 * FRESH + 0.1 * 9.5)
    assert spent["training"] == pytest.approx(0.7 * LEARN + 0.5 * 5.0)
    # Two threads that are busy for 0.8 of half of the job.
    assert spent["search"] == pytest.approx(2 * 0.8 * 0.5 * 44.0)
    jobs = SHOTS + FRESH + LEARN + OTHERS + 9.5 + 5.0 + 44.0
    assert spent["start_up"] == pytest.approx(0.1 * jobs)
    parts = sum(spent[part] for part in (*PARTS, "idle"))
    assert parts == pytest.approx(2 * spent["wall_seconds"])
    work = spent["md"] + spent["training"] + spent["search"]
    assert summary["work_share"] == pytest.approx(work / parts)
    # Two workers side by side count once; of the fresh shots one began a tenth earlier.
    working = 0.8 * SHOTS / 2 + 2.5 + 0.7 * LEARN + 0.5 * 5.0 + 0.5 * 44.0 + 0.7 * 9.5
    assert summary["work_wall_share"] == pytest.approx(working / wall)


def test_the_page_and_the_text_say_it(molecule):
    summary = json.loads(molecule.summary.read_text(encoding="utf-8"))
    share = f"{100 * summary['work_share']:.0f} % work"
    assert share in molecule.summary_text.read_text(encoding="utf-8")
    page = molecule.report.read_text(encoding="utf-8")
    assert "Core time: 3.8 min on 2 cores" in page
    assert "idle cores" in page
    assert "Core time in s" in page
    assert "3.8 min</dd>" in page


def test_a_run_that_has_not_said_its_times_has_a_report(potential):
    summary = json.loads(potential.summary.read_text(encoding="utf-8"))
    assert summary["time"] is summary["work_share"] is summary["work_wall_share"] is None
    assert "## Time" not in potential.summary_text.read_text(encoding="utf-8")
    page = potential.report.read_text(encoding="utf-8")
    assert "Core time: " not in page
    assert "Wall and CPU time in s" in page
    assert "wall time of the jobs" in page


def test_the_job_of_the_report_is_counted_as_far_as_it_is(tmp_path):
    layout = make_run(tmp_path / "run", ALANINE, rounds=1)
    before = read_jobs(layout.benchmarks, 0)
    journal = Journal()
    begun = time.time() - journal.times()["seconds"]
    session = Session(3, begun - 7.0, journal.times)
    jobs = session.with_report(before)
    assert len(jobs) == len(before)
    assert jobs[-1].stage == "report"
    assert jobs[-1].wall > 0.2
    found = run_time(jobs, session)
    # What came before the job of the report counts as well; clocks are read a moment apart.
    others = [job for job in before if job.stage != "report"]
    wall = max(job.span[1] for job in others) - BEGUN + 7.0 + jobs[-1].wall
    assert found.wall_seconds == pytest.approx(wall, abs=1.0)
    assert found.cores == 3
    assert sum(found.parts.values()) == pytest.approx(3 * found.wall_seconds)
    write_all(layout, session=session)
    assert json.loads(layout.summary.read_text(encoding="utf-8"))["time"]["cores"] == 3


def test_a_run_that_was_stopped_has_no_time_in_between(tmp_path):
    layout = make_run(tmp_path / "run", ALANINE, rounds=1)
    whole = run_time(read_jobs(layout.benchmarks, 0), Session())
    for path in layout.benchmarks.glob("*.json"):
        times = json.loads(path.read_text(encoding="utf-8"))
        if path.stem in ("distil", "validate"):
            times["begun"] += 86_400
            write_json(path, times)
    jobs = read_jobs(layout.benchmarks, 0)
    assert [job.stage for job in jobs if job.span[0] > BEGUN + 80_000][:2] == ["distil", "validate"]
    # Gaps as long as distil and as the fresh shots are no breaks, but the day is one.
    broken = run_time(jobs, Session())
    assert broken.wall_seconds == pytest.approx(whole.wall_seconds + 44.0 + 4.0)


def test_files_that_are_damaged_or_missing_cost_the_times_of_one_job(tmp_path):
    layout = make_run(tmp_path / "run", ALANINE, rounds=1)
    layout.times("distil").write_text('{"begun": 3', encoding="utf-8")
    layout.times("relevance").write_text("[]", encoding="utf-8")
    layout.times("validate").write_text('{"begun": "now"}', encoding="utf-8")
    layout.times("learn_000").unlink()
    (layout.benchmarks / ".shoot_000_000.77.partial.json").write_text("{", encoding="utf-8")
    jobs = read_jobs(layout.benchmarks, 0)
    costs = {cost.stage: cost for cost in stage_costs(jobs)}
    for stage, seconds in (("distil", 44.0), ("relevance", 5.0), ("validate", 6.0), ("learn", 4.0)):
        assert costs[stage].parts["other"] == costs[stage].wall == seconds
        assert sum(costs[stage].parts.values()) == seconds
    assert costs["shoot"].jobs == 2
    assert costs["shoot"].parts["md"] == pytest.approx(0.5 * 12)
    assert run_time(jobs, Session()).parts["search"] == 0


def test_what_the_workflow_notes_may_be_missing_or_damaged(tmp_path):
    path = tmp_path / "session.json"
    assert read_session(path) == Session()
    for text in ("{", "[]", '{"cores": 2}'):
        path.write_text(text, encoding="utf-8")
        assert read_session(path) == Session()
    write_json(path, {"since": BEGUN, "cores": 4})
    assert read_session(path) == Session(4, BEGUN)


def test_most_jobs_at_once(tmp_path):
    layout = make_run(tmp_path / "run", ALANINE, rounds=1)
    jobs = read_jobs(layout.benchmarks, 0)
    assert most_at_once(jobs) == 2
    assert most_at_once([job for job in jobs if job.stage != "shoot"][:1]) == 1
