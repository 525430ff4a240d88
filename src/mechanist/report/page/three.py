"""Three formulas of the Pareto front side by side: the shortest, the chosen, the most exact."""

from dataclasses import dataclass

from mechanist.bookkeeping.csv_files import Row
from mechanist.report.data import ReportData
from mechanist.report.page.typeset import formula_svg

WIDTH = 2.9
"""Inches of a formula; longer ones are broken into lines."""


@dataclass(frozen=True)
class Card:
    """One formula: what it is, typeset or as text, and its numbers."""

    title: str
    svg: str | None
    text: str
    size: str
    loss: str
    rmse: str


def three_formulas(data: ReportData) -> list[Card]:
    """Cards of at most three different formulas; empty if the front has one formula only."""
    rows = [row for row in data.formulas if row["chosen"] == "true" or not _constant(row)]
    rows.sort(key=lambda row: int(row["complexity"]))
    if len(rows) < 2:
        return []
    losses = [float(row["heldout_loss"]) for row in rows]
    picks = {
        "Short": 0,
        "Balanced (chosen)": next((i for i, row in enumerate(rows) if row["chosen"] == "true"), 0),
        "Most exact": losses.index(min(losses)),
    }
    titles: dict[int, list[str]] = {}
    for title, number in picks.items():
        titles.setdefault(number, []).append(title)
    errors = {row["text"]: row["rmse"] for row in data.front}
    cards = []
    for number in sorted(titles):
        row = rows[number]
        rmse = errors.get(row["text"])
        error = row.get("heldout_loss_se")
        more = f" ± {float(error):.4f}" if error else ""
        drawn = formula_svg(row["latex"], f"front{number}", WIDTH) if row.get("latex") else None
        cards.append(
            Card(
                title=", ".join(titles[number]),
                svg=drawn,
                text=row["text"],
                size=row["complexity"],
                loss=f"{float(row['heldout_loss']):.4f}{more}",
                rmse=f"{float(rmse):.3f}" if rmse else "not validated",
            )
        )
    return cards


def _constant(row: Row) -> bool:
    """Whether a formula has no descriptor."""
    try:
        float(row["text"])
    except ValueError:
        return False
    return True
