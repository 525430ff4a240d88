"""The verdict at a glance: badges of sampling, formula and rates, and checks by fresh shots."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mechanist.analysis.validation.calibration_line import CALIBRATED, NEARLY, UNDETERMINED
from mechanist.analysis.validation.formula_verdict import CENTRED, PEAKED
from mechanist.report.data import ReportData
from mechanist.report.page.tables import interval, minus

GOOD, BAD, OPEN = "good", "bad", "open"
MARKS = {GOOD: "✓", BAD: "✗", OPEN: "?"}
"""Fulfilled, contradicted, not determined by the data."""


@dataclass(frozen=True)
class Check:
    """One line of the table: what is asked, the number, what it should be, and the outcome."""

    question: str
    value: str
    wanted: str
    outcome: str
    model: str = "formula"
    """What is checked: network or formula."""

    @property
    def mark(self) -> str:
        """Tick, cross or question mark."""
        return MARKS[self.outcome]


def badges(data: ReportData, converged: bool) -> list[tuple[str, str]]:
    """Text and outcome of each badge."""
    found = [("sampling converged", GOOD) if converged else ("sampling not converged", BAD)]
    if data.last.get("imported"):
        found = [("shots imported, convergence unknown", OPEN)]
    formula, kinetics = data.formula, data.kinetics
    if formula is not None:
        if formula.get("stable") is not False:
            found.append(_stable(converged) if "stable" in formula else ("formula", OPEN))
        elif formula.get("descriptors"):
            found.append(("no stable formula", BAD))
        else:
            found.append(("no formula beats a constant", BAD))
    if kinetics is not None:
        if not kinetics["determined"]:
            found.append(("rates not determined", BAD))
        elif kinetics.get("preliminary"):
            found.append(("rates preliminary", OPEN))
        else:
            found.append(("rates determined", GOOD))
    return found


def _stable(converged: bool) -> tuple[str, str]:
    """Badge of a formula that resamples agree on, which says little if there are few paths."""
    return ("formula stable", GOOD) if converged else ("formula preliminary", OPEN)


def checks(data: ReportData) -> list[Check]:
    """Checks of network and formula by fresh shots; empty without them."""
    verdict = data.verdict
    if verdict is None or not verdict["points"]:
        return []
    own = verdict.get("proof") or {}
    found = [
        *_line("network", verdict, "network_"),
        *_line("formula", own, ""),
    ]
    mean, between = own.get("surface_mean"), own.get("surface_mean_interval")
    if mean is not None and between is not None:
        found.append(
            Check(
                "mean p_B on the surface q = 0 of the formula",
                f"{mean:.2f} ({interval(*between)})",
                f"within {CENTRED:g} of 0.5",
                _within(between, 0.5 - CENTRED, 0.5 + CENTRED),
            )
        )
    spread, between = own.get("surface_spread"), own.get("surface_spread_interval")
    if spread is not None and between is not None:
        found.append(
            Check(
                "standard deviation of p_B on this surface",
                f"{spread:.2f} ({interval(*between)})",
                f"below {PEAKED:g}",
                _within(between, 0.0, PEAKED),
            )
        )
    return found


def _line(model: str, content: dict[str, Any], prefix: str) -> list[Check]:
    """Calibration slope and offset of a model; both share one outcome, as in the verdict."""
    said = content.get(f"{prefix}calibration")
    outcome = (
        GOOD if said in (CALIBRATED, NEARLY) else OPEN if said in (UNDETERMINED, None) else BAD
    )
    found = []
    for key, name, wanted in (("slope", "slope", "1"), ("shift", "offset in q", "0")):
        value, between = content.get(prefix + key), content.get(f"{prefix}{key}_interval")
        if value is not None and between is not None:
            shown = minus(f"{value:.2f} ({interval(*between)})")
            text = f"calibration {name} of the {model}"
            found.append(Check(text, shown, wanted, outcome, model))
    return found


def _within(between: Sequence[float], low: float, high: float) -> str:
    if low <= between[0] and between[1] <= high:
        return GOOD
    return OPEN if between[0] <= high and between[1] >= low else BAD
