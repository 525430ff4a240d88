"""Summary of a run: summary.json for programs, summary.md for the terminal."""

from dataclasses import asdict
from typing import Any

from mechanist.analysis.convergence.savings import savings
from mechanist.analysis.convergence.verdict import RunVerdict, combine
from mechanist.bookkeeping.files import write_json, write_text
from mechanist.report.channels import CHANNEL_HEADER, channel_line, channel_rows
from mechanist.report.data import ReportData
from mechanist.report.figures.paths import mean_length
from mechanist.report.incomplete import incomplete
from mechanist.report.machine import hardware, versions
from mechanist.report.provenance import provenance
from mechanist.report.rates import ignored_line, preliminary_line, rate_rows
from mechanist.report.status import HEADER, counted, round_row
from mechanist.report.text_table import text_table
from mechanist.report.times import RunTime, line
from mechanist.settings.config import Config
from mechanist.systems.forces.law_spec import law_name

FORMULA_KEYS = (
    *("text", "latex", "complexity", "backend", "backend_reason"),
    *("heldout_loss", "heldout_loss_se"),
    *("stable", "stability", "set_share", "chosen_share"),
    *("readability", "familiar"),
)

NO_RATES = "rates and channels were not asked for (kinetics.rates: false)"


def build_summary(data: ReportData, config: Config) -> dict[str, Any]:
    """Content of summary.json.

    Parameters
    ----------
    data
        A results folder.
    config
        Settings of the run.

    Returns
    -------
    dict
        Losses are binomial, in nats per half-shot outcome; ``wall_seconds`` is the sum over stages
        and rounds of the slowest job; missing results are None. ``time`` is in core seconds,
        but for ``wall_seconds``.
    """
    last, formula, verdict = data.last, data.formula, data.verdict
    states = data.dynamics.states
    mean, error = mean_length(data.paths) if data.paths is not None else (None, None)
    saved = savings(data.shots)
    result = combine(last, verdict, data.channels)
    return {
        "system": data.dynamics.name,
        "states": {"A": states.a.name, "B": states.b.name},
        "forces": _forces(data.dynamics.forces),
        # That of imported shots is not known.
        "ensemble": None if last.get("imported") else data.dynamics.ensemble,
        "seed": config.seed,
        "versions": versions(),
        "hardware": hardware(),
        "provenance": provenance(config, data.layout, len(data.rounds) - 1),
        "converged": result.converged,
        "reason": _reason(data, config.sampling.rounds_max, result),
        "remarks": [*result.remarks, *([] if config.kinetics.rates else [NO_RATES])],
        "imported": last.get("imported"),
        "incomplete": incomplete(data),
        "rounds": len(data.rounds),
        "shots": last["shots"],
        "transitions": last.get("transitions"),
        "acceptance": last["acceptance"],
        "too_long": {
            "shots": last.get("too_long"),
            "share": None if "too_long" not in last else last["too_long"] / max(1, last["shots"]),
            "where": last.get("intermediates"),
        },
        "ended_early": bool(last.get("ended")),
        "early_stop": None if saved is None else asdict(saved),
        "wall_seconds": sum(cost.longest for cost in data.costs),
        "formula": None if formula is None else {key: formula.get(key) for key in FORMULA_KEYS},
        "network": {
            "heldout_loss": last["heldout_loss"],
            "heldout_loss_se": last.get("heldout_loss_se"),
        },
        "validation": None if verdict is None else _validation(verdict),
        "first_path": data.first_path,
        "path_duration_ps": {"mean": mean, "standard_error": error},
        "kinetics": data.kinetics,
        "channels": data.channels,
        "time": None if data.time is None else _time(data.time),
        "work_share": data.time and data.time.work_share,
        "work_wall_share": data.time and data.time.work_wall_share,
    }


def _forces(law: dict[str, Any] | None) -> dict[str, Any] | None:
    """The force law: its name, its section of system.yaml, its packages, and its hash."""
    if law is None:
        return None
    return {
        "law": law_name(law["settings"]),
        "settings": law["settings"],
        "versions": law["versions"],
        "identity": law["identity"],
    }


def _time(time: RunTime) -> dict[str, float]:
    return {"wall_seconds": time.wall_seconds, "cores": time.cores, **time.parts}


def _reason(data: ReportData, rounds_max: int, result: RunVerdict) -> str:
    """Why the run ended: convergence, or the budget and the criteria not met; what it misses."""
    reason, made = str(data.last.get("reason", "")), len(data.rounds)
    if imported := data.last.get("imported"):
        return "; ".join((*result.reasons, *imported["remarks"]))
    if data.last["converged"]:
        return (
            "; ".join((f"{reason}, but {result.reasons[0]}", *result.reasons[1:]))
            if result.reasons
            else reason
        )
    if data.last.get("ended"):
        where = (data.last.get("intermediates") or {}).get("text")
        told = f"ended after {counted(made, 'round')}, since {data.last['ended']}"
        return told if where is None else f"{told}. Where they end: {where}"
    spent = f"the budget of {counted(rounds_max, 'round')} is spent"
    stopped = spent if made >= rounds_max else f"stopped after {counted(made, 'round')}"
    return f"{stopped}: {'; '.join(result.reasons)}"


def _law_lines(law: dict[str, Any] | None) -> list[str]:
    if law is None:
        return []
    packages = ", ".join(f"{name} {version}" for name, version in law["versions"].items())
    return [f"Forces by {law['law']}{f' ({packages})' if packages else ''}.", ""]


def _validation(verdict: dict[str, Any]) -> dict[str, Any]:
    numbers = {key: value for key, value in verdict.items() if key != "text"}
    return numbers | {"verdict": verdict["text"]}


def build_text(data: ReportData, summary: dict[str, Any]) -> str:
    """Content of summary.md."""
    states = summary["states"]
    state = "converged" if summary["converged"] else "NOT CONVERGED"
    if summary["imported"]:
        state = "CONVERGENCE UNKNOWN"
    lines = [
        f"# {summary['system']}: {states['A']} to {states['B']}",
        "",
        f"{state} after {counted(summary['rounds'], 'round')} and "
        f"{counted(summary['shots'], 'shot')}: "
        f"{summary['reason']}",
        "",
        *_law_lines(summary["forces"]),
        *(f"{remark[:1].upper()}{remark[1:]}." for remark in summary["remarks"]),
        *([""] if summary["remarks"] else []),
        *_too_long_lines(summary),
        *([f"INCOMPLETE: {'; '.join(summary['incomplete'])}", ""] if summary["incomplete"] else []),
        "## Reaction coordinate",
        "",
        *_formula_lines(data),
    ]
    if summary["validation"] is not None:
        lines += ["## Validation with fresh shots", "", summary["validation"]["verdict"], ""]
    if data.relevance is not None:
        lines += ["## Relevance of inputs", "", *_relevance_lines(data), ""]
    if data.kinetics is not None:
        lines += ["## Rates", "", *_rate_lines(data), ""]
    if rows := channel_rows(data):
        lines += [
            "## Channels",
            "",
            *(f"    {line}" for line in text_table(CHANNEL_HEADER, rows)),
            "",
        ]
        lines += [f"{said}.", ""] if (said := channel_line(data)) else []
    if summary["early_stop"] is not None:
        lines += ["## Early stop", "", f"{early_stop_line(summary['early_stop'])}.", ""]
    if data.first_path is not None:
        lines += ["## First path", "", f"{first_path_line(data.first_path)}.", ""]
    rows = [round_row(entry) for entry in data.rounds]
    lines += ["## Rounds", "", *(f"    {line}" for line in text_table(HEADER, rows)), ""]
    if data.time is not None:
        lines += ["## Time", "", f"{line(data.time)}.", ""]
    lines.append("Figures: report.html. All numbers: summary.json.")
    return "\n".join(lines) + "\n"


def _too_long_lines(summary: dict[str, Any]) -> list[str]:
    """Shots that were too long, in words."""
    count, share = summary["too_long"]["shots"], summary["too_long"]["share"]
    if not count:
        return []
    lines = [f"{counted(count, 'shot')} ({100 * share:.2g} %) had a half that was too long.", ""]
    where = (summary["too_long"]["where"] or {}).get("text")
    # Said in the reason of a run that has ended for this.
    if where is None or summary["ended_early"]:
        return lines
    return [*lines, f"{where[:1].upper()}{where[1:]}.", ""]


def _formula_lines(data: ReportData) -> list[str]:
    formula = data.formula
    if formula is None:
        return ["There is no formula.", ""]
    states = data.dynamics.states
    lines = [
        f"    q = {formula['text']}",
        "",
        f"q = ln(p_B / (1 - p_B)): negative towards A ({states.a.name}), positive towards "
        f"B ({states.b.name}), zero at the transition state.",
    ]
    if formula.get("stability"):
        lines = [formula["stability"], "", *lines]
    if formula.get("readability"):
        lines += ["", formula["readability"], ""]
    losses = [f"{formula.get('complexity')} nodes"]
    if formula.get("heldout_loss") is not None:
        losses.append(f"held-out loss {formula['heldout_loss']:.4f} nats per outcome")
    if formula.get("network_heldout_loss") is not None:
        losses.append(f"network {formula['network_heldout_loss']:.4f}")
    lines.append(", ".join(losses) + ".")
    if formula.get("backend_reason"):
        lines.append(f"Found by {formula['backend']} ({formula['backend_reason']}).")
    return [*lines, ""]


def early_stop_line(saved: dict[str, float]) -> str:
    """MD steps saved by early stops, in words."""
    return (
        f"Shots with early stop took {100 * saved['share']:.0f} % fewer MD steps than those"
        f" without ({100 * saved['low']:.0f} to {100 * saved['high']:.0f} %); they are"
        f" {100 * saved['watched']:.0f} % of all, and {100 * saved['stopped']:.0f} % of them were"
        " stopped"
    )


def first_path_line(found: dict[str, Any]) -> str:
    """How the first path was found, and when no frame of it was left, in words."""
    text = f"By {found['method']}; {counted(found['shots'], 'shot')} from it made the first paths"
    forgotten = found.get("forgotten")
    if not forgotten:
        return text
    return text + (
        f"; no frame of it was left in {forgotten['forgotten']} of {forgotten['chains']} chains"
        + (
            f" after {forgotten['shots']:g} shots ({forgotten['accepted']:g} accepted), the median"
            if forgotten["forgotten"]
            else " after round 0"
        )
    )


def _rate_lines(data: ReportData) -> list[str]:
    assert data.kinetics is not None
    notes = [] if data.kinetics["determined"] else [f"no rates: {data.kinetics['reason']}", ""]
    if preliminary := preliminary_line(data):
        notes += [preliminary, ""]
    if ignored := ignored_line(data):
        notes += [ignored, ""]
    table = text_table(("value", "95 % interval", "unit", "quantity"), [
        [value, interval, unit, meaning] for meaning, value, interval, unit in rate_rows(data)
    ])  # fmt: skip
    return notes + [f"    {line}" for line in table]


def _relevance_lines(data: ReportData) -> list[str]:
    assert data.relevance is not None
    rows = [
        [f"{importance:.4f}", f"{spread:.4f}", name]
        for name, importance, spread in zip(
            data.relevance.names, data.relevance.importance, data.relevance.spread, strict=True
        )
    ]
    table = text_table(("importance", "spread", "descriptor"), rows[:8])
    return [f"    {line}" for line in table]


def write_summary(data: ReportData, config: Config) -> dict[str, Any]:
    """Write summary.json and summary.md of a run.

    Returns
    -------
    dict
        Content of summary.json.
    """
    summary = build_summary(data, config)
    write_json(data.layout.summary, summary)
    write_text(data.layout.summary_text, build_text(data, summary))
    return summary
