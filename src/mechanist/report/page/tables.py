"""Rows of the tables of the page, as text."""

import math
import re
from typing import Any

from mechanist.analysis.convergence.criterion import with_limit
from mechanist.bookkeeping.progress import duration
from mechanist.report.data import ReportData
from mechanist.report.rates import RAISED
from mechanist.report.status import counted


def minus(text: str) -> str:
    """A number with a proper minus sign."""
    return text.replace("-", "\N{MINUS SIGN}")


def interval(low: float | None, high: float | None) -> str:
    """An interval with two digits of its half width."""
    if low is None or high is None or not math.isfinite(high - low) or high <= low:
        return "unknown"
    digits = max(0, 1 - math.floor(math.log10((high - low) / 2)))
    form = f".{digits}f" if digits <= 6 else ".4g"
    return minus(f"{low:{form}} to {high:{form}}")


def unit_text(unit: str) -> str:
    """``nm⁻¹ rad²`` for ``nm^-1 rad^2``."""
    return re.sub(r"\^(-?[0-9]+)", lambda power: power[1].translate(RAISED), unit)


def constants(data: ReportData) -> list[tuple[str, str, str, str]]:
    """Rows of the table of constants: name, value, interval, unit."""
    rows = []
    for entry in (data.formula or {}).get("constants") or []:
        unit = entry.get("unit")
        rows.append(
            (
                str(entry["name"]),
                minus(f"{entry['value']:.6g}"),
                interval(entry.get("low"), entry.get("high")),
                "" if unit in (None, "1") else unit_text(str(unit)),
            )
        )
    return rows


def losses(data: ReportData) -> list[tuple[str, str, str]]:
    """Rows of the table of held-out losses, best first: model, gain over ln 2, loss."""
    formula = data.formula or {}
    known = dict(formula.get("baselines") or {})
    known["this formula"] = formula.get("heldout_loss")
    known["network"] = formula.get("network_heldout_loss", data.last["heldout_loss"])
    pairs = [(name, float(loss)) for name, loss in known.items() if loss is not None]
    return [
        (name, minus(f"{math.log(2) - loss:.4f}"), f"{loss:.4f}")
        for name, loss in sorted(pairs, key=lambda pair: pair[1])
    ]


def validation(data: ReportData) -> list[tuple[str, ...]]:
    """Rows of the table of fresh shots: model, error, its interval, coverage, variance."""
    rows: list[tuple[str, ...]] = []
    verdict = data.verdict
    if verdict is None or not verdict["points"]:
        return rows
    for model in ("network", "formula"):
        low, high = verdict[f"{model}_interval"]
        explained = verdict[f"{model}_explained"]
        rows.append(
            (
                model,
                f"{verdict[f'{model}_rmse']:.3f}",
                f"{low:.3f} to {high:.3f}",
                f"{100 * verdict[f'{model}_coverage']:.0f} %",
                "unknown" if explained is None else f"{100 * explained:.0f} %",
            )
        )
    return rows


def facts(data: ReportData, summary: dict[str, Any]) -> list[tuple[str, str]]:
    """The numbers below the title: value, meaning."""
    path = summary["path_duration_ps"]["mean"]
    imported = summary.get("imported")
    result = [(f"{summary['shots']:,}", "imported shots" if imported else "two-way shots")]
    # One-way shots have one end each, so that none of them is a transition by itself.
    if summary["transitions"] or not (imported or summary["transitions"] is None):
        result.append((f"{summary['transitions']:,}", "transitions"))
    result += [
        (f"{100 * summary['acceptance']:.0f} %", "shots accepted"),
        *_too_long(summary),
        (str(summary["rounds"]), "rounds" if summary["rounds"] > 1 else "round"),
    ]
    if path is not None:
        result.append((f"{path:.3g} ps", "mean path duration"))
    if data.time is not None:
        cores = counted(data.time.cores, "core")
        result.append((duration(data.time.wall_seconds), f"wall time on {cores}"))
    elif summary["wall_seconds"]:
        result.append((duration(summary["wall_seconds"]), "wall time of the jobs"))
    return result


def _too_long(summary: dict[str, Any]) -> list[tuple[str, str]]:
    share = summary["too_long"]["share"]
    return [] if share is None else [(f"{100 * share:.2g} %", "shots too long")]


def criteria(data: ReportData) -> list[tuple[str, str, str, str, bool]]:
    """Rows of the table of criteria: explanation, value, limit, power, passed."""
    rows = []
    for name, criterion in data.last["criteria"].items():
        value, limit = with_limit(criterion["value"], criterion["limit"])
        limit = f"{criterion.get('direction', '')} {limit}".strip()
        text = criterion.get("explanation") or name.replace("_", " ")
        rows.append((text, value, limit, _power(criterion), bool(criterion["passed"])))
    return rows


def _power(criterion: dict[str, Any]) -> str:
    """The smallest deviation that a criterion finds with a chance of 90 %, and its limit."""
    power, limit = criterion.get("power"), criterion.get("power_limit")
    if power is None:
        return "" if limit is None else f"nothing (needs {limit:.2g})"
    text = f"{power:.2g} {criterion.get('power_unit') or ''}".strip()
    return text if limit is None else f"{text} (needs {limit:.2g})"


def front(data: ReportData) -> list[tuple[str, ...]]:
    """Rows: nodes, loss, RMSE, its interval, three shares of resamples, text, chosen.

    The shares are those of `mechanist.formula.result.Formula`.
    """
    errors = {row["text"]: row for row in data.front}
    rows: list[tuple[str, ...]] = []
    for row in data.formulas:
        error = errors.get(row["text"])
        error = error if error and error["rmse"] else None
        rmse = f"{float(error['rmse']):.3f}" if error else ""
        between = f"{float(error['low']):.3f} to {float(error['high']):.3f}" if error else ""
        shares = [row.get(f"{kind}_share") for kind in ("stands", "set", "chosen")]
        shown = [f"{100 * float(share):.0f} %" if share else "" for share in shares]
        loss = f"{float(row['heldout_loss']):.4f}"
        mark = "chosen" if row["chosen"] == "true" else ""
        rows.append((row["complexity"], loss, rmse, between, *shown, row["text"], mark))
    return rows
