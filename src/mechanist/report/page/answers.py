"""The answers at the head of the page, each in a sentence or two, with where to read more.

What are the atoms of the formula, what does the transition state look like, which term matters
most, may the formula be trusted, is the rate usable.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from mechanist.report.data import ReportData
from mechanist.report.figures.style import plain_name
from mechanist.report.page.checks import BAD, GOOD, MARKS, OPEN, Check, checks
from mechanist.report.page.definitions import atom_labels
from mechanist.report.page.tables import minus
from mechanist.report.rates import scientific
from mechanist.report.terms import Terms, listed, signed

MOST = 12
"""Names of atoms in a sentence, at most."""

WIDE = math.radians(50)
"""Angles that vary by more are not fixed."""


@dataclass(frozen=True)
class Answer:
    """A row: its heading, the answer, its outcome or an empty text, and links.

    ``links`` are pairs of an id on the page and a text; ``scene`` is what the viewer of the
    molecule shows when the first is followed.
    """

    key: str
    heading: str
    text: str
    outcome: str = ""
    links: tuple[tuple[str, str], ...] = ()
    scene: str = ""

    @property
    def mark(self) -> str:
        """Tick, cross or question mark; empty where there is nothing to judge."""
        return MARKS.get(self.outcome, "")


def answers(data: ReportData, converged: bool, sections: dict[str, str]) -> list[Answer]:
    """The rows; ``sections`` are ids of sections that the page has, by their titles."""
    if data.formula is None:
        return []
    makers: tuple[Callable[[ReportData], Answer | None], ...] = (
        _atoms,
        _transition_state,
        _main_term,
        lambda one: _formula(one, converged),
        _rates,
    )
    found = []
    for maker in makers:
        answer = maker(data)
        if answer is not None:
            links = ((sections[title], text) for title, text in answer.links if title in sections)
            found.append(replace(answer, links=tuple(links)))
    return found


def _atoms(data: ReportData) -> Answer | None:
    used = data.formula_used
    if not used:
        return None
    if all(d.kind == "column" or d.custom is not None for d in used.values()):
        return None
    atoms = sorted(frozenset().union(*(d.every_atom for d in used.values())))
    labels = atom_labels(data.layout.topology)
    names = [labels[i] for i in atoms[:MOST]]
    if len(atoms) > MOST:
        text = f"{len(atoms)} of {data.dynamics.atoms} atoms: {', '.join(names)}, ..."
    elif data.dynamics.atoms == 1:
        text = "The only particle of the system."
    else:
        text = f"{listed(names)}, {len(atoms)} of {data.dynamics.atoms} atoms."
    own = [plain_name(d.name) for d in used.values() if not d.every_atom]
    text += f" {listed(own)} may depend on others." if own else ""
    return Answer("atoms", "Atoms", text, "", (("Molecule", "labelled structure"),), "structure")


def _transition_state(data: ReportData) -> Answer | None:
    terms, used = data.terms, data.formula_used
    if terms is None:
        return None
    parts = [
        _place(terms, k, plain_name(name), used[name].unit) for k, name in enumerate(terms.names)
    ]
    text = f"Where q is near 0, {'; '.join(parts)}."
    links = (("Molecule", "superposed structures"), ("Validation", "test by fresh shots"))
    return Answer("transition-state", "Transition state", minus(text), "", links, "ensemble")


def _place(terms: Terms, column: int, name: str, unit: str) -> str:
    """A descriptor in A, at the transition state, and in B."""
    in_a, here, in_b = (
        None if unit == "rad" and terms.spread[k, column] > WIDE
        else float(terms.places[k, column])
        for k in range(3)
    )  # fmt: skip
    ends = f"(A {_number(in_a, unit)}, B {_number(in_b, unit)})"
    if here is None:
        return f"{name} is not fixed {ends}"
    spread = float(terms.spread[1, column])
    if unit == "nm":
        return f"{name} is {here:.3f} ± {spread:.3f} nm {ends}"
    return f"{name} is {_number(here, unit)} ± {_number(spread, unit)} {ends}"


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return "not fixed"
    if unit == "rad":
        return f"{math.degrees(value):.0f}°"
    return f"{value:.3f}" if unit == "nm" else f"{value:.3g}"


def _main_term(data: ReportData) -> Answer | None:
    terms = data.terms
    if terms is None:
        return None
    first, *others = zip(terms.descriptors, terms.change, strict=True)
    total = signed(float(terms.change.sum()))
    if not others:
        text = f"The only term, in {_names(first[0])}: it changes q by {total} from A to B."
    else:
        text = (
            f"The term in {_names(first[0])}: of the change of q from A to B, {total}, it makes"
            f" {signed(first[1])}; next is that in {_names(others[0][0])} with"
            f" {signed(others[0][1])}."
        )
    return Answer("main-term", "Most important term", text, "", (("Formulas", "all terms"),))


def _names(names: Iterable[str]) -> str:
    return listed([plain_name(name) for name in names])


def _formula(data: ReportData, converged: bool) -> Answer:
    formula = data.formula or {}
    own = [check for check in checks(data) if check.model == "formula"]
    contradicted, unclear = ([c for c in own if c.outcome == wanted] for wanted in (BAD, OPEN))
    if not formula.get("descriptors", True):
        text, outcome = "No formula is better than a constant.", BAD
    elif contradicted:
        text, outcome = f"Contradicted by fresh shots: {_said(contradicted)}.", BAD
    elif not own:
        text, outcome = "Not tested by fresh shots.", OPEN
    elif unclear:
        text, outcome = f"Fresh shots do not determine it: {_said(unclear)}.", OPEN
    else:
        text, outcome = f"Confirmed by fresh shots: {_confirmed(data)}.", GOOD
    error = (data.verdict or {}).get("formula_rmse")
    if own and error is not None:
        text += f" Its p_B has an RMS error of {error:.2f}."
    doubts = []
    if formula.get("stable") is False and formula.get("descriptors", True):
        doubts.append("resamples of the data choose other formulas")
    if not converged:
        doubts.append("sampling has not converged")
    if doubts:
        text += f" Use it with care: {listed(doubts)}."
        outcome = OPEN if outcome == GOOD else outcome
    return Answer("trust", "Trust in the formula", text, outcome, (("Validation", "validation"),))


def _confirmed(data: ReportData) -> str:
    """What passed, in words."""
    own = (data.verdict or {}).get("proof") or {}
    parts = []
    if own.get("slope") is not None:
        parts.append(f"its p_B is calibrated (slope {own['slope']:.2f}, 1 is perfect)")
    if own.get("surface_mean") is not None and own.get("surface_spread") is not None:
        parts.append(
            f"where q = 0 the true p_B is {own['surface_mean']:.2f} ± {own['surface_spread']:.2f},"
            " as in a transition state"
        )
    return ", and ".join(parts)


def _said(found: list[Check]) -> str:
    """Checks in words, with their numbers."""
    return ", ".join(f"{check.question} {check.value}" for check in found)


def _rates(data: ReportData) -> Answer:
    kinetics = data.kinetics
    links = (("Rates", "rates"),)
    if kinetics is None:
        return Answer("rates", "Rates", "Not computed.", "", links)
    if not kinetics["determined"]:
        text = f"Not usable: {kinetics['reason'] or 'the data do not determine them'}."
        return Answer("rates", "Rates", text, BAD, links)
    parts = []
    for way, key in (("A to B", "k_AB_per_ps"), ("B to A", "k_BA_per_ps")):
        entry = kinetics.get(key)
        if entry is not None:
            value, low, high = (scientific(1e12 * entry[end]) for end in ("value", "low", "high"))
            parts.append(f"{value} s⁻¹ from {way} (95 % interval {low} to {high})")
    if kinetics.get("preliminary"):
        text = f"Preliminary, {kinetics['preliminary_reason']}: {listed(parts)}."
        return Answer("rates", "Rates", text, OPEN, links)
    return Answer("rates", "Rates", f"Usable: {listed(parts)}.", GOOD, links)
