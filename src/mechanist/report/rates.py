"""Rates in words and numbers, from kinetics.json."""

import math

from mechanist.report.data import ReportData

Row = tuple[str, str, str, str]

PLANCK = 0.399031271
"""Planck's constant in kJ/mol ps."""

RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")

QUANTITIES = (
    ("k_AB_per_ps", "rate from A to B", "ps⁻¹"),
    ("k_BA_per_ps", "rate from B to A", "ps⁻¹"),
    ("mean_first_passage_AB_ps", "mean first-passage time from A to B", "ps"),
    ("mean_first_passage_BA_ps", "mean first-passage time from B to A", "ps"),
    ("delta_F_kJ_per_mol", "free energy of B minus that of A", "kJ/mol"),
    ("mean_path_duration_ps", "mean duration of a transition path", "ps"),
)
"""Keys of kinetics.json in the order of the table, with their meanings and units."""


def rate_rows(data: ReportData) -> list[Row]:
    """Rows of the table: quantity, value, 95 % interval, unit."""
    rows = []
    for key, meaning, unit in QUANTITIES:
        entry = (data.kinetics or {}).get(key)
        if entry is not None:
            low, high = (three_digits(entry[end]) for end in ("low", "high"))
            rows.append((meaning, three_digits(entry["value"]), f"{low} to {high}", unit))
    return rows


def derived_rows(data: ReportData) -> list[Row]:
    """What follows from the rates: in s⁻¹, half-lives, free energies of activation.

    The half-life is ln 2 / k. The free energy of activation is that of transition state theory with
    a transmission coefficient of 1: kT ln(kT / (h k)) (Eyring, J. Chem. Phys. 3, 107 (1935)). It
    says no more than the rate.
    """
    rows = []
    kt = data.dynamics.kt
    attempts = kt / PLANCK
    for key, way, state in (
        ("k_AB_per_ps", "from A to B", "A"),
        ("k_BA_per_ps", "from B to A", "B"),
    ):
        entry = (data.kinetics or {}).get(key)
        if entry is None or not entry["low"] > 0:
            continue
        ends = [entry[end] for end in ("value", "low", "high")]
        rows.append(_row(f"rate {way}", [k * 1e12 for k in ends], "s⁻¹"))
        halves = [math.log(2) / k * 1e-12 for k in (ends[0], ends[2], ends[1])]
        rows.append(_row(f"half-life of {state}", halves, "s"))
        barriers = [kt * math.log(attempts / k) for k in (ends[0], ends[2], ends[1])]
        rows.append(_row(f"free energy of activation {way} (Eyring)", barriers, "kJ/mol"))
    return rows


def _row(meaning: str, ends: list[float], unit: str) -> Row:
    value, low, high = (three_digits(one) for one in ends)
    return meaning, value, f"{low} to {high}", unit


def preliminary_line(data: ReportData) -> str:
    """Why the rates are preliminary; empty if they are not, or if there are none."""
    kinetics = data.kinetics or {}
    if not (kinetics.get("determined") and kinetics.get("preliminary")):
        return ""
    return f"These rates are preliminary: {kinetics['preliminary_reason']}."


def ignored_line(data: ReportData) -> str:
    """Descriptors that the user has taken out of the tests of the runs; empty without any."""
    names = (data.kinetics or {}).get("ignored_by_user") or ()
    if not names:
        return ""
    return f"Ignored by the user in the tests of the runs: {', '.join(names)}."


def three_digits(value: float) -> str:
    """A number with three digits, very large and small ones with a power of ten."""
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        rounded = float(f"{value:.3g}")
        text = f"{rounded:,.0f}" if abs(rounded) >= 1000 else f"{rounded:.3g}"
    else:
        return scientific(value)
    return text.replace("-", "\N{MINUS SIGN}")


def scientific(value: float) -> str:
    """A number with three digits and a power of ten."""
    mantissa, exponent = f"{value:.2e}".split("e")
    power = str(int(exponent)).translate(RAISED)
    return f"{mantissa} \N{MULTIPLICATION SIGN} 10{power}".replace("-", "\N{MINUS SIGN}")


def cost_line(data: ReportData) -> str:
    """The cost of the rates beside that of a plain run; empty if there are no rates."""
    kinetics = data.kinetics or {}
    if not kinetics.get("determined"):
        return ""
    steps, plain = kinetics["md_steps"], kinetics["md_steps_plain_run"]
    return (
        f"Computed from {three_digits(steps)} MD steps; a plain MD run needs about "
        f"{three_digits(plain)} for an interval as narrow."
    )
