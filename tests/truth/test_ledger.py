import json

import pytest

from tests.truth.ledger import Ledger, collect, verdict, write


@pytest.mark.parametrize(
    ("truth", "error", "low", "high", "passed"),
    [
        (1.0, 0.0, 0.9, 1.1, True),
        (1.19, 0.0, 0.9, 1.1, True),  # Within twice the interval.
        (1.21, 0.0, 0.9, 1.1, False),
        (0.79, 0.0, 0.9, 1.3, False),  # The side that faces the truth counts.
        (1.39, 0.1, 1.0, 1.0, True),  # Within four errors of the truth.
        (1.41, 0.1, 1.0, 1.0, False),
        (1.0, 0.0, float("nan"), float("nan"), False),
    ],
)
def test_verdict(truth, error, low, high, passed):
    assert verdict(truth, error, 1.0, low, high) is passed


def test_rows_of_several_workers_make_one_table(tmp_path):
    one, other = Ledger(tmp_path / "1.jsonl"), Ledger(tmp_path / "2.jsonl")
    one.row("b: mean", 1.0, 0.1, 1.05, 0.9, 1.2)
    other.row("a: mean", 1.0, 0.0, 3.0, 2.9, 3.1)
    one.row("b: median", 1.0, 0.1, 1.05, 0.9, 1.2)
    other.broken("always accepts", "mean", -12.0, True)
    one.broken("never accepts", "mean", 1.0, False)
    write(collect(tmp_path), tmp_path, "openmm 1")
    rows = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    assert [row["quantity"] for row in rows] == ["a: mean", "b: mean", "b: median"]
    assert [row["passed"] for row in rows] == [False, True, True]
    assert set(rows[0]) == {"quantity", "truth", "truth_error", "ours", "low", "high", "passed"}
    page = (tmp_path / "TRUTH.md").read_text(encoding="utf-8")
    assert "3 quantities, 1 failed" in page
    assert "| mean | 1 ± 0.1 | 1.05 | 0.9 to 1.2 | passed |" in page
    assert "| never accepts | mean | 1 | **NO** |" in page
    assert page.count("**FAILED**") == 1
