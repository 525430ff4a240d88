"""The HTML page: one file that needs nothing else; without scripts it shows pictures instead."""

import re
from pathlib import Path
from typing import Any

from mechanist.bookkeeping.progress import duration
from mechanist.report.channels import channel_line, channel_rows
from mechanist.report.data import ReportData
from mechanist.report.figures.along_path import along_path
from mechanist.report.figures.calibration import calibration
from mechanist.report.figures.channels import channels
from mechanist.report.figures.convergence import convergence
from mechanist.report.figures.cost import cost
from mechanist.report.figures.efficiency import efficiency
from mechanist.report.figures.free_energy import along_q, over_descriptors
from mechanist.report.figures.pareto import pareto
from mechanist.report.figures.paths import density, lengths
from mechanist.report.figures.relevance import relevance
from mechanist.report.figures.style import Picture
from mechanist.report.figures.terms import descriptors, terms
from mechanist.report.figures.training import training
from mechanist.report.figures.transition_state import transition_state
from mechanist.report.figures.uncertainty import uncertainty
from mechanist.report.page.answers import answers
from mechanist.report.page.checks import badges, checks
from mechanist.report.page.contents import files_of_run
from mechanist.report.page.definitions import definitions
from mechanist.report.page.mathml import mathml
from mechanist.report.page.molecule import molecule_section
from mechanist.report.page.tables import constants, criteria, facts, front, losses, validation
from mechanist.report.page.three import three_formulas
from mechanist.report.page.typeset import formula_svg
from mechanist.report.rates import (
    cost_line,
    derived_rows,
    ignored_line,
    preliminary_line,
    rate_rows,
)
from mechanist.report.summary import early_stop_line, first_path_line
from mechanist.report.terms import sentences
from mechanist.report.times import rows

SECTIONS = {
    "Molecule": (along_path,),
    "Formulas": (terms, descriptors, pareto, relevance),
    "Validation": (calibration, transition_state),
    "Rates": (along_q, over_descriptors),
    "Channels": (channels,),
    "Transition paths": (density, lengths, uncertainty),
    "Convergence and cost": (efficiency, convergence, training),
}
"""Figures by section, in the order of the page; the cost is added to the last section."""


def subscripts(text: str) -> Any:
    """Running text for HTML, with p_B set as p with a lowered B, and proper minus signs."""
    from markupsafe import Markup, escape

    signed = re.sub(r"(?<![\w^.])-(?=\d)", "\N{MINUS SIGN}", text)
    return Markup(str(escape(signed)).replace("p_B", "p<sub>B</sub>"))


def template(name: str) -> Any:
    """A template of this folder, with the style sheet as ``css``."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folder = Path(__file__).parent
    environment = Environment(
        loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["subscripts"] = subscripts
    environment.globals["css"] = (folder / "page.css").read_text(encoding="utf-8")
    return environment.get_template(name)


def draw(data: ReportData) -> dict[str, list[Picture]]:
    """All figures but the cost, by section."""
    sections: dict[str, list[Picture]] = {}
    for title, makers in SECTIONS.items():
        made = [maker(data) for maker in makers]
        sections[title] = [picture for picture in made if picture is not None]
    return sections


def render(data: ReportData, summary: dict[str, Any], sections: dict[str, list[Picture]]) -> str:
    """The page as HTML text, from figures drawn before."""
    spent = cost(data)
    sections = sections | {
        "Convergence and cost": sections["Convergence and cost"] + ([spent] if spent else [])
    }
    formula, numbers, molecule = data.formula, constants(data), molecule_section(data)
    # The template numbers its sections in this way, and shows those of them that hold something.
    shown = [
        title
        for title, pictures in sections.items()
        if title != "Molecule"
        and (
            pictures
            or title == "Convergence and cost"
            or (title == "Rates" and data.kinetics)
            or (title == "Channels" and channel_rows(data))
        )
    ]
    places = {title: f"section-{number}" for number, title in enumerate(shown, 1)}
    places |= {"Molecule": "molecule"} if molecule else {}
    text: str = template("page.html").render(
        data=data,
        summary=summary,
        dynamics=data.dynamics,
        formula=formula,
        mathml=mathml(formula["latex"]) if formula and formula.get("latex") else None,
        formula_svg=formula_svg(formula["latex"]) if formula and formula.get("latex") else None,
        constants=numbers,
        definitions=definitions(data),
        units=any(unit for *_, unit in numbers),
        losses=losses(data),
        validation=validation(data),
        front=front(data),
        rates=rate_rows(data),
        derived=derived_rows(data),
        badges=badges(data, summary["converged"]),
        checks=checks(data),
        page_script=(Path(__file__).parent / "page.js").read_text(encoding="utf-8"),
        channel_rows=channel_rows(data),
        channel_line=channel_line(data),
        cost=cost_line(data),
        preliminary=preliminary_line(data),
        ignored=ignored_line(data),
        times=rows(data.time) if data.time else [],
        duration=duration,
        first_path=data.first_path and first_path_line(data.first_path),
        early_stop=summary["early_stop"] and early_stop_line(summary["early_stop"]),
        facts=facts(data, summary),
        criteria=criteria(data),
        sections=sections,
        molecule=molecule,
        shown=shown,
        answers=answers(data, summary["converged"], places),
        why=sentences(data.terms) if data.terms else [],
        three=three_formulas(data),
        files=files_of_run(data.layout),
    )
    return text
