"""The HTML page: one file without scripts and without anything from outside."""

import math
from pathlib import Path
from typing import Any

from mechanist.bookkeeping.progress import duration
from mechanist.report.data import ReportData
from mechanist.report.figures.calibration_figures import calibration
from mechanist.report.figures.cost_figures import cost
from mechanist.report.figures.network_figures import learning
from mechanist.report.figures.path_figures import density, lengths
from mechanist.report.figures.proof_figures import front_table, proof
from mechanist.report.figures.rate_figures import along_q, cost_line, over_descriptors, rates
from mechanist.report.figures.relevance_figures import pareto, relevance
from mechanist.report.figures.round_figures import convergence, efficiency
from mechanist.report.figures.style import Picture
from mechanist.report.figures.uncertainty_figures import uncertainty
from mechanist.report.page.contents import files_of_run
from mechanist.report.page.definitions import definitions
from mechanist.report.page.typeset import formula_svg
from mechanist.report.status import counted
from mechanist.report.summary import early_stop_line, first_path_line
from mechanist.report.times import rows

SECTIONS = {
    "Why": (relevance, pareto),
    "Evidence": (calibration, proof),
    "Rates": (along_q, over_descriptors),
    "Paths": (density, lengths, uncertainty),
    "The run": (efficiency, convergence, learning),
}
"""Figures by section, in the order of the page; the last section ends with the cost."""


def minus(text: str) -> str:
    """A number with a proper minus sign."""
    return text.replace("-", "\N{MINUS SIGN}")


def interval(low: float | None, high: float | None) -> str:
    """An interval with two digits of its half width."""
    if low is None or high is None or not math.isfinite(high - low) or high <= low:
        return "not known"
    digits = max(0, 1 - math.floor(math.log10((high - low) / 2)))
    form = f".{digits}f" if digits <= 6 else ".4g"
    return minus(f"{low:{form}} to {high:{form}}")


def constants(data: ReportData) -> list[tuple[str, str, str, str]]:
    """Rows of the table of constants: where it stands in the formula, value, interval, unit."""
    rows = []
    for entry in (data.formula or {}).get("constants") or []:
        unit = entry.get("unit")
        rows.append(
            (
                str(entry["name"]),
                minus(f"{entry['value']:.6g}"),
                interval(entry.get("low"), entry.get("high")),
                "" if unit in (None, "1") else str(unit),
            )
        )
    return rows


def losses(data: ReportData) -> list[tuple[str, str]]:
    """Rows of the table of held-out losses, best first."""
    formula = data.formula or {}
    known = dict(formula.get("baselines") or {})
    known["this formula"] = formula.get("heldout_loss")
    known["network"] = formula.get("network_heldout_loss", data.last["heldout_loss"])
    pairs = [(name, float(loss)) for name, loss in known.items() if loss is not None]
    return [(name, f"{loss:.4f}") for name, loss in sorted(pairs, key=lambda pair: pair[1])]


def validation(data: ReportData) -> list[tuple[str, ...]]:
    """Rows of the table of fresh shots: model, error, its interval, coverage, variance."""
    rows: list[tuple[str, ...]] = []
    verdict = data.verdict
    if verdict is None:
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
                "not known" if explained is None else f"{100 * explained:.0f} %",
            )
        )
    return rows


def facts(data: ReportData, summary: dict[str, Any]) -> list[tuple[str, str]]:
    """The numbers below the headline: value, what it is."""
    path = summary["path_duration_ps"]["mean"]
    result = [(f"{summary['shots']:,}", "two-way shots")]
    if summary["transitions"] is not None:
        result.append((f"{summary['transitions']:,}", "transitions"))
    result += [
        (f"{100 * summary['acceptance']:.0f} %", "shots accepted"),
        (str(summary["rounds"]), "rounds" if summary["rounds"] > 1 else "round"),
    ]
    if path is not None:
        result.append((f"{path:.3g} ps", "mean path duration"))
    if data.time is not None:
        cores = counted(data.time.cores, "core")
        result.append((duration(data.time.wall_seconds), f"wall time on {cores}"))
    elif summary["wall_seconds"]:
        result.append((duration(summary["wall_seconds"]), "run time of the jobs"))
    return result


def criteria(data: ReportData) -> list[tuple[str, str, str, bool]]:
    """Rows of the table of criteria: explanation, value, limit, passed."""
    rows = []
    for name, criterion in data.last["criteria"].items():
        value = "unknown" if criterion["value"] is None else f"{criterion['value']:.3g}"
        limit = f"{criterion.get('direction', '')} {criterion['limit']:.3g}".strip()
        text = criterion.get("explanation") or name.replace("_", " ")
        rows.append((text, value, limit, bool(criterion["passed"])))
    return rows


def subscripts(text: str) -> Any:
    """Running text for HTML, with p_B set as p with a lowered B."""
    from markupsafe import Markup, escape

    return Markup(str(escape(text)).replace("p_B", "p<sub>B</sub>"))


def draw(data: ReportData) -> dict[str, list[Picture]]:
    """All figures but the cost, by section."""
    sections: dict[str, list[Picture]] = {}
    for title, makers in SECTIONS.items():
        made = [maker(data) for maker in makers]
        sections[title] = [picture for picture in made if picture is not None]
    return sections


def render(data: ReportData, summary: dict[str, Any], sections: dict[str, list[Picture]]) -> str:
    """The page as HTML text, of figures that were drawn before."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folder = Path(__file__).parent
    environment = Environment(
        loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["subscripts"] = subscripts
    spent = cost(data)
    sections = sections | {"The run": sections["The run"] + ([spent] if spent else [])}
    formula, numbers = data.formula, constants(data)
    return environment.get_template("page.html").render(
        css=(folder / "page.css").read_text(encoding="utf-8"),
        data=data,
        summary=summary,
        dynamics=data.dynamics,
        formula=formula,
        formula_svg=formula_svg(formula["latex"]) if formula and formula.get("latex") else None,
        constants=numbers,
        definitions=definitions(data),
        units=any(unit for *_, unit in numbers),
        losses=losses(data),
        validation=validation(data),
        front=front_table(data),
        rates=rates(data),
        cost=cost_line(data),
        times=rows(data.time) if data.time else [],
        duration=duration,
        first_path=data.first_path and first_path_line(data.first_path),
        early_stop=summary["early_stop"] and early_stop_line(summary["early_stop"]),
        facts=facts(data, summary),
        criteria=criteria(data),
        sections=sections,
        files=files_of_run(data.layout),
    )
