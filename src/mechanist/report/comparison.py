"""Guided against uniform selection: table, JSON, text and page of all pairs of runs."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.analysis.comparison.comparison import (
    Estimate,
    Outcome,
    Place,
    curves,
    outcome,
    over_seeds,
    ratio_over_seeds,
    yield_by_place,
)
from mechanist.arrays import Array
from mechanist.bookkeeping.files import atomic, write_json, write_text
from mechanist.bookkeeping.layout import CompareFiles
from mechanist.sampling.records.tables import Table, join

POINTS = 40
"""Places along the budget at which curves are kept."""

ROWS = {
    "transitions": "transitions per million MD steps",
    "transitions_guided_rounds": "the same without round 0 of the guided run",
    "transitions_per_shot": "transitions per shot",
    "accepted": "accepted paths per million MD steps",
    "decorrelated": "decorrelated paths per million MD steps",
    "effective_paths": "independent durations per million MD steps",
    "precision": "precision of the mean path duration, 1 / (standard error in ps)²",
}
"""What is compared as a ratio of guided to uniform, and how it is called."""


@dataclass(frozen=True)
class Pair:
    """A guided and a uniform run with the same seed and budget; series are in order."""

    seed: int
    budget: int
    guided: Table
    uniform: Table
    times: Mapping[str, Mapping[str, float]]

    @cached_property
    def outcomes(self) -> tuple[Outcome, Outcome]:
        """Of the guided and of the uniform run."""
        return outcome(self.guided), outcome(self.uniform)

    def rates(self) -> tuple[dict[str, float], dict[str, float]]:
        """Values of `ROWS` of the guided and of the uniform run."""
        guided, uniform = (_rates(made) for made in self.outcomes)
        later = self.guided["round"] > 0
        steps = float(self.guided["steps"][later].sum())
        found = float(self.guided["transition"][later].sum())
        guided["transitions_guided_rounds"] = found / steps * 1e6 if steps else float("nan")
        uniform["transitions_guided_rounds"] = uniform["transitions"]
        return guided, uniform


def _rates(made: Outcome) -> dict[str, float]:
    per = 1e6 / made.steps if made.steps else float("nan")
    width = made.duration.high - made.duration.low
    return {
        "transitions": made.transitions * per,
        "transitions_per_shot": made.transitions / made.shots if made.shots else float("nan"),
        "accepted": made.accepted * per,
        "decorrelated": made.decorrelated * per,
        "effective_paths": made.effective_paths * per,
        "precision": (3.92 / width) ** 2 if width > 0 else float("nan"),
    }


@dataclass(frozen=True)
class Row:
    """One line of the table: means over seeds, and the ratio with its interval."""

    name: str
    guided: float
    uniform: float
    ratio: Estimate | None


@dataclass(frozen=True)
class Comparison:
    """All pairs together.

    Attributes
    ----------
    rows
        Of `ROWS`.
    acceptance
        Mean part of shots that is accepted, guided and uniform.
    durations
        Mean path duration in ps, guided and uniform, with intervals over seeds.
    difference
        Guided less uniform, paired by seeds, as a part of the mean.
    places
        Transitions per step by predicted p_B.
    ceiling
        The best of these over the rate of the uniform runs; None if there are too few shots.
    """

    rows: tuple[Row, ...]
    acceptance: tuple[float, float]
    durations: tuple[Estimate, Estimate]
    difference: Estimate
    places: tuple[Place, ...]
    ceiling: float | None

    def row(self, name: str) -> Row:
        """One line by its name."""
        return next(row for row in self.rows if row.name == name)


def summarise(pairs: Sequence[Pair]) -> Comparison:
    """Put at least two pairs together."""
    rates = [pair.rates() for pair in pairs]
    rows = []
    for name in ROWS:
        guided, uniform = (np.array([pair[side][name] for pair in rates]) for side in (0, 1))
        ratio = ratio_over_seeds(guided, uniform)
        rows.append(Row(name, float(guided.mean()), float(uniform.mean()), ratio))
    durations = np.array([[made.duration.value for made in pair.outcomes] for pair in pairs])
    accepted = np.array([[made.accepted / made.shots for made in pair.outcomes] for pair in pairs])
    places = tuple(yield_by_place(join([pair.guided for pair in pairs])))
    best = max((place.rate for place in places), default=None)
    plain = rows[0].uniform
    return Comparison(
        rows=tuple(rows),
        acceptance=(float(accepted[:, 0].mean()), float(accepted[:, 1].mean())),
        durations=(over_seeds(durations[:, 0]), over_seeds(durations[:, 1])),
        difference=over_seeds((durations[:, 0] - durations[:, 1]) / durations.mean()),
        places=places,
        ceiling=best / plain if best is not None and plain > 0 else None,
    )


def all_curves(pairs: Sequence[Pair]) -> tuple[Array, dict[str, list[dict[str, Array]]]]:
    """MD steps (K,), as far as all pairs go, and the curves of each run there."""
    budgets = np.linspace(0, min(pair.budget for pair in pairs), POINTS + 1)
    return budgets, {
        "guided": [curves(pair.guided, budgets) for pair in pairs],
        "uniform": [curves(pair.uniform, budgets) for pair in pairs],
    }


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
    from mechanist.report.figures.comparison_figure import draw

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
    rows = []
    for pair in pairs:
        for name, made in zip(("guided", "uniform"), pair.outcomes, strict=True):
            numbers = asdict(made)
            span = numbers.pop("duration")
            rows.append(
                {"seed": pair.seed, "selection": name, **numbers}
                | {"acceptance": made.accepted / made.shots}
                | {"duration_ps": span["value"], "low": span["low"], "high": span["high"]}
                | {f"{kind}_seconds": spent for kind, spent in pair.times[name].items()}
            )
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def to_json(
    result: Comparison,
    pairs: Sequence[Pair],
    settings: Mapping[str, Any],
    budgets: Array,
    lines: Mapping[str, Sequence[Mapping[str, Array]]],
) -> dict[str, Any]:
    """Content of compare.json; what is not known is null."""
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
        "acceptance": dict(zip(("guided", "uniform"), result.acceptance, strict=True)),
        "duration_ps": {
            name: asdict(span)
            for name, span in zip(("guided", "uniform"), result.durations, strict=True)
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
    """A number with three digits that count."""
    return "not known" if not np.isfinite(value) else f"{value:.3g}"


def span(estimate: Estimate | None) -> str:
    """A number with its interval."""
    if estimate is None or not np.isfinite(estimate.value):
        return "not known"
    return f"{estimate.value:.2f} ({estimate.low:.2f} to {estimate.high:.2f})"


def cells(result: Comparison, pairs: Sequence[Pair]) -> list[tuple[str, ...]]:
    """Rows of the table to read: what, guided, uniform, ratio with its interval."""
    rows: list[tuple[str, ...]] = [
        (ROWS[row.name], number(row.guided), number(row.uniform), span(row.ratio))
        for row in result.rows
    ]
    acceptance = [f"{100 * part:.1f} %" for part in result.acceptance]
    rows.append(("accepted part of shots", *acceptance, ""))
    shots = [np.mean([pair.outcomes[side].shots for pair in pairs]) for side in (0, 1)]
    rows.append(("shots a run", f"{shots[0]:,.0f}", f"{shots[1]:,.0f}", ""))
    off = result.difference
    means = [f"{part.value:.4g} ± {(part.high - part.low) / 2:.2g}" for part in result.durations]
    text = f"{100 * off.value:+.1f} % ({100 * off.low:+.1f} to {100 * off.high:+.1f})"
    rows.append(("mean path duration (ps), difference", *means, text))
    for kind, name in (("training", "training"), ("shooting", "shooting, MD included")):
        spent = [
            np.mean([pair.times[run][kind] for pair in pairs]) for run in ("guided", "uniform")
        ]
        rows.append((f"{name} (s)", f"{spent[0]:.1f}", f"{spent[1]:.1f}", ""))
    return rows


HEAD = ("", "guided", "uniform", "guided / uniform (95 %)")


def sentences(result: Comparison, pairs: Sequence[Pair]) -> list[str]:
    """The result in words."""
    steps = np.mean([pair.budget for pair in pairs]) / 1e6
    lines = [
        f"{len(pairs)} pairs of runs, {steps:.3g} million MD steps each; intervals are over seeds.",
        f"Guided selection makes {span(result.row('transitions').ratio)} times the transitions per"
        " MD step, its uniform round 0 included.",
    ]
    off = result.difference
    agree = off.low <= 0 <= off.high
    lines.append(
        "Mean path durations agree: zero is inside the interval of their difference."
        if agree
        else "Mean path durations differ by more than their interval: at least one of the two has"
        " not converged at this budget."
    )
    if result.ceiling is not None:
        lines.append(
            "Shots from the tenth of places, by predicted p_B, that yields most make"
            f" {result.ceiling:.2f} times the transitions per MD step of uniform selection; no"
            " selection by this p_B makes more."
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
    """Content of compare.html: one file without anything from outside."""
    css = (Path(__file__).parent / "page" / "page.css").read_text(encoding="utf-8")
    heading = f"Guided against uniform selection: {escape(title)}"
    head = "".join(f"<th>{escape(cell)}</th>" for cell in HEAD)
    body = "\n".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in cells(result, pairs)
    )
    words = " ".join(escape(line) for line in sentences(result, pairs))
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<title>{heading}</title>\n<link rel="icon" href="data:,">\n<style>\n{css}\n</style>\n'
        f'</head>\n<body>\n<main class="column">\n<h1>{heading}</h1>\n<p>{words}</p>\n{svg}\n'
        f"<table>\n<tr>{head}</tr>\n{body}\n</table>\n</main>\n</body>\n</html>\n"
    )
