"""Guided against uniform selection: table, JSON, text, figure and page of all pairs of runs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from mechanist.analysis.comparison.pairs import ROWS, Comparison, Pair, all_curves, summarise
from mechanist.arrays import Array
from mechanist.bookkeeping.csv_files import csv_text
from mechanist.bookkeeping.files import atomic, write_json, write_text
from mechanist.bookkeeping.layout import CompareFiles
from mechanist.report.figures.comparison import draw
from mechanist.report.page.page import template
from mechanist.statistics.intervals import Interval

SELECTIONS = ("guided", "uniform")


def write_comparison(
    files: CompareFiles, title: str, settings: Mapping[str, Any], pairs: Sequence[Pair]
) -> None:
    """Write table, numbers, text, figure and page.

    Parameters
    ----------
    files
        Where.
    title
        Name of the system.
    settings
        Of the first pair.
    pairs
        At least two.
    """
    result = summarise(pairs)
    budgets, lines = all_curves(pairs)
    write_text(files.table, table(pairs))
    write_json(files.numbers, to_json(result, pairs, settings, budgets, lines))
    text = markdown(title, result, pairs)
    write_text(files.text, text)
    png, svg = draw(pairs, result, budgets, lines)
    with atomic(files.figure) as temporary:
        temporary.write_bytes(png)
    write_text(files.page, page(title, result, pairs, svg))


def table(pairs: Sequence[Pair]) -> str:
    """CSV text: one row a run."""
    rows: list[dict[str, Any]] = []
    for pair in pairs:
        for name, made in zip(SELECTIONS, pair.outcomes, strict=True):
            numbers = asdict(made)
            span = numbers.pop("duration")
            rows.append(
                {"seed": pair.seed, "selection": name, **numbers}
                | {"acceptance": made.accepted / made.shots}
                | {"duration_ps": span["value"], "low": span["low"], "high": span["high"]}
                | {f"{kind}_seconds": spent for kind, spent in pair.times[name].items()}
            )
    return csv_text(rows[0], (row.values() for row in rows))


def to_json(
    result: Comparison,
    pairs: Sequence[Pair],
    settings: Mapping[str, Any],
    budgets: Array,
    lines: Mapping[str, Sequence[Mapping[str, Array]]],
) -> dict[str, Any]:
    """Content of compare.json; unknown values are null."""
    plain = {
        "seeds": [pair.seed for pair in pairs],
        "budgets": [pair.budget for pair in pairs],
        "rows": {
            row.name: {
                "meaning": ROWS[row.name],
                "guided": row.guided,
                "uniform": row.uniform,
                "ratio": None if row.ratio is None else asdict(row.ratio),
            }
            for row in result.rows
        },
        "acceptance": dict(zip(SELECTIONS, result.acceptance, strict=True)),
        "duration_ps": {
            name: asdict(span) for name, span in zip(SELECTIONS, result.durations, strict=True)
        },
        "duration_difference": asdict(result.difference),
        "places": [asdict(place) for place in result.places],
        "ceiling": result.ceiling,
        "times": [dict(pair.times) for pair in pairs],
        "curves": {
            "steps": budgets.tolist(),
            **{
                name: [{key: line.tolist() for key, line in run.items()} for run in runs]
                for name, runs in lines.items()
            },
        },
        "settings": settings,
    }
    cleaned: dict[str, Any] = _known(plain)
    return cleaned


def _known(value: Any) -> Any:
    """The same data with None for numbers that are not finite."""
    if isinstance(value, Mapping):
        return {key: _known(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_known(part) for part in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def number(value: float) -> str:
    """A number with three significant digits."""
    return "unknown" if not np.isfinite(value) else f"{value:.3g}"


def span(estimate: Interval | None) -> str:
    """A number with its interval."""
    if estimate is None or not np.isfinite(estimate.value):
        return "unknown"
    return f"{estimate.value:.2f} ({estimate.low:.2f} to {estimate.high:.2f})"


def cells(result: Comparison, pairs: Sequence[Pair]) -> list[tuple[str, ...]]:
    """Rows of the table to read: what, guided, uniform, ratio with its interval."""
    rows: list[tuple[str, ...]] = [
        (ROWS[row.name], number(row.guided), number(row.uniform), span(row.ratio))
        for row in result.rows
    ]
    acceptance = [f"{100 * part:.1f} %" for part in result.acceptance]
    rows.append(("shots accepted", *acceptance, ""))
    shots = [np.mean([pair.outcomes[side].shots for pair in pairs]) for side in (0, 1)]
    rows.append(("shots per run", f"{shots[0]:,.0f}", f"{shots[1]:,.0f}", ""))
    off = result.difference
    means = [f"{part.value:.4g} ± {(part.high - part.low) / 2:.2g}" for part in result.durations]
    text = f"{100 * off.value:+.1f} % ({100 * off.low:+.1f} to {100 * off.high:+.1f})"
    rows.append(("mean path duration (ps), difference", *means, text))
    for kind, name in (("training", "training"), ("shooting", "shooting, MD included")):
        spent = [np.mean([pair.times[run][kind] for pair in pairs]) for run in SELECTIONS]
        rows.append((f"{name} (s)", f"{spent[0]:.1f}", f"{spent[1]:.1f}", ""))
    return rows


HEAD = ("", "guided", "uniform", "guided / uniform (95 %)")


def sentences(result: Comparison, pairs: Sequence[Pair]) -> list[str]:
    """The result in sentences."""
    steps = np.mean([pair.budget for pair in pairs]) / 1e6
    lines = [
        f"{len(pairs)} pairs of runs, {steps:.3g} million MD steps each; intervals are over seeds.",
        f"Guided selection gives {span(result.row('transitions').ratio)} times the transitions per"
        " MD step, including its uniform round 0.",
    ]
    off = result.difference
    agree = off.low <= 0 <= off.high
    lines.append(
        "Mean path durations agree: the interval of their difference includes zero."
        if agree
        else "Mean path durations differ significantly: at least one of the two has not converged"
        " at this budget."
    )
    if result.ceiling is not None:
        lines.append(
            "Upper bound for selection by p_B: in the best of ten bins of predicted p_B, shots give"
            f" {result.ceiling:.2f} times the transitions per MD step of uniform selection."
        )
    return lines


def markdown(title: str, result: Comparison, pairs: Sequence[Pair]) -> str:
    """Content of compare.md."""
    lines = [f"# Guided against uniform selection: {title}", ""]
    lines += [*sentences(result, pairs), ""]
    lines += [f"| {' | '.join(HEAD)} |", "|---|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in cells(result, pairs)]
    return "\n".join(lines) + "\n"


def page(title: str, result: Comparison, pairs: Sequence[Pair], svg: str) -> str:
    """Content of compare.html: one self-contained file."""
    text: str = template("comparison.html").render(
        title=title,
        sentences=sentences(result, pairs),
        svg=svg,
        head=HEAD,
        rows=cells(result, pairs),
    )
    return text
