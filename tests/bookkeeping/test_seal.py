"""The manifest of a run, and what verify says of a run that is not as it was."""

import sys

import pytest

from mechanist.bookkeeping.files import check, receipt, sha256, write_json, write_text
from mechanist.bookkeeping.layout import Layout
from mechanist.bookkeeping.seal import seal, verify
from mechanist.cli.main import main
from mechanist.errors import DataError


@pytest.fixture
def layout(tmp_path):
    layout = Layout(tmp_path / "run")
    write_json(layout.summary, {"seed": 1})
    write_text(layout.report, "<html>")
    write_json(layout.round(0).assessment, {"round": 0})
    write_json(layout.times("report"), {"seconds": 1})
    (layout.root / "logs").mkdir()
    (layout.root / "logs" / "report.log").write_text("said\n", encoding="utf-8")
    write_text(layout.comparison.table, "seed\n")
    seal(layout)
    return layout


def said(layout):
    return [line.replace(f"{layout.root}/", "") for line in verify(layout)[0]]


def test_a_sealed_run_is_as_it_was(layout):
    assert said(layout) == []
    seal(layout)
    assert said(layout) == []


def test_a_receipt_is_what_sha256sum_reads(layout):
    text = receipt(layout.summary).read_text(encoding="utf-8")
    assert text == f"{sha256(layout.summary)}  summary.json\n"


def test_damaged_missing_and_extra_files_are_told_apart(layout):
    layout.report.write_text("<html2>", encoding="utf-8")
    layout.summary.unlink()
    (layout.root / "notes.txt").write_text("mine", encoding="utf-8")
    (layout.root / "logs" / "report.log").write_text("other\n", encoding="utf-8")
    assert sorted(said(layout)) == [
        "damaged: logs/report.log",
        "damaged: report.html",
        "extra: notes.txt",
        "missing: summary.json",
    ]


def test_a_stage_that_was_run_again_is_told_apart(layout):
    write_json(layout.summary, {"seed": 2})
    again = "regenerated since the run was sealed: "
    assert said(layout) == [f"{again}.summary.json.sha256", f"{again}summary.json"]
    seal(layout)
    assert said(layout) == []


def test_what_is_not_sealed_is_compared_with_receipts(layout):
    table = layout.comparison.table
    table.write_text("damaged\n", encoding="utf-8")
    assert said(layout) == ["damaged: compare/compare.csv"]
    layout.manifest.unlink()
    receipt(layout.manifest).unlink()
    faults, words = verify(layout)
    assert len(faults) == 1
    assert "not sealed" in words
    table.unlink()
    assert said(layout) == ["missing: compare/compare.csv"]


def test_a_manifest_that_is_damaged_vouches_for_nothing(layout):
    text = layout.manifest.read_text(encoding="utf-8")
    layout.manifest.write_text(text.replace("summary", "summery"), encoding="utf-8")
    assert said(layout) == ["damaged: manifest.json"]
    layout.manifest.write_text(text, encoding="utf-8")
    receipt(layout.manifest).unlink()
    assert said(layout) == ["damaged: manifest.json"]


def test_a_damaged_file_is_not_sealed(layout):
    layout.report.write_text("<html2>", encoding="utf-8")
    with pytest.raises(DataError, match=r"report.html: damaged: differs from its receipt"):
        seal(layout)


def test_a_receipt_without_its_file_goes_when_sealing(layout):
    layout.report.unlink()
    seal(layout)
    assert not receipt(layout.report).exists()
    assert said(layout) == []


def test_a_file_without_a_receipt_is_read_and_one_with_another_is_not(layout):
    layout.report.write_text("older", encoding="utf-8")
    with pytest.raises(DataError, match=r"\.report\.html\.sha256; delete it"):
        check(layout.report)
    receipt(layout.report).unlink()
    check(layout.report)


@pytest.mark.parametrize("flip", [False, True])
def test_the_command(flip, layout, capsys, monkeypatch):
    if flip:
        layout.report.write_text("<html2>", encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["mechanist", "verify", str(layout.root)])
    with pytest.raises(SystemExit) as stop:
        main()
    lines = capsys.readouterr().out.splitlines()
    assert int(stop.value.code or 0) == flip
    assert lines[:-1] == [f"damaged: {layout.report}"] * flip
    assert ("1 at fault" if flip else "all as written") in lines[-1]
