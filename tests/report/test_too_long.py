"""What the report says of half-shots that are too long, and of a run that they have ended."""

import html

import pytest

from mechanist.bookkeeping.files import read_json, write_json
from mechanist.report.load import load_report
from mechanist.report.status import status
from mechanist.report.summary import build_summary, build_text
from mechanist.settings.config import Config
from tests.report.kinds import ALANINE
from tests.report.synthetic import make_run, write_all
from tests.report.test_rates import add_rates

WHERE = (
    "an intermediate state near phi = -178 deg (83 % of too-long half-shots end there); path"
    " sampling between A and B with max_half_path = 20 ps cannot serve this: make it a state"
)
WHY = "77 % of the shots of round 3 were too long (at least 74 %)"


def change(layout, **changes):
    """Another last assessment."""
    file = layout.round(layout.rounds()[-1]).assessment
    write_json(file, read_json(file) | changes)


def texts(layout):
    page = html.unescape(layout.report.read_text(encoding="utf-8"))
    return page, layout.summary_text.read_text(encoding="utf-8")


@pytest.fixture
def run(tmp_path):
    """A run that has not converged, with everything that a run leaves behind."""
    layout = make_run(tmp_path / "run", ALANINE, rounds=3, converged=False)
    add_rates(layout, ALANINE)
    return layout


def test_where_they_end_and_what_the_user_has_ignored_is_told(run):
    change(run, intermediates={"places": [], "text": WHERE})
    write_json(run.kinetics, read_json(run.kinetics) | {"ignored_by_user": ["chi_7", "chi_8"]})
    write_all(run)
    page, text = texts(run)
    assert WHERE in page
    assert f"A{WHERE[1:]}." in text
    assert "q = 0.412" in text
    for said in (page, text):
        assert "Ignored by the user in the tests of the runs: chi_7, chi_8." in said
    summary = read_json(run.summary)
    assert summary["too_long"]["where"]["text"] == WHERE
    assert not summary["ended_early"]
    assert summary["incomplete"] == []


def test_a_run_that_has_ended_early_shows_nothing_that_is_derived(run):
    change(run, intermediates={"places": [], "text": WHERE}, ended=WHY, sampling_only=True)
    write_all(run)
    summary = read_json(run.summary)
    assert summary["ended_early"]
    assert summary["reason"] == f"ended after 3 rounds, since {WHY}. Where they end: {WHERE}"
    assert summary["incomplete"] == [
        "no formula, no validation and no rates, since the run ended early"
    ]
    # There are files of an earlier run with other settings.
    assert run.formula.is_file()
    assert run.kinetics.is_file()
    assert (summary["formula"], summary["kinetics"], summary["validation"]) == (None, None, None)
    for said in texts(run):
        assert WHY in said
        assert said.count(WHERE) == 1
        assert "q = 0.412" not in said
        assert "rate from A to B" not in said


def test_the_reason_stands_without_a_place(run):
    change(run, intermediates=None, ended=WHY)
    summary = build_summary(load_report(run, 2, frames=False), Config())
    assert summary["reason"] == f"ended after 3 rounds, since {WHY}"
    # On a flat stretch p_B with its bounds is still an answer.
    assert summary["formula"] is not None
    assert summary["incomplete"] == ["more rounds of shots, since the run ended early"]


def test_status_stops_at_the_round_that_ended_the_run(run):
    file = run.round(1).assessment
    write_json(file, read_json(file) | {"ended": WHY})
    assert "not converged after round 1" in status(run.root)


def test_without_any_nothing_is_told(run):
    data = load_report(run, 2, frames=False)
    text = build_text(data, build_summary(data, Config()))
    assert "Ignored by the user" not in text
    assert "intermediate state" not in text
