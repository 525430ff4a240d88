"""Rates and free energies: the table, and figures along q and over descriptors."""

from typing import Any

import numpy as np

from mechanist.analysis.free_energy import profile, surface
from mechanist.report.axis import Axis, degree_ticks, make_axis
from mechanist.report.data import Array, Equilibrium, ReportData
from mechanist.report.projection import mark_states
from mechanist.report.style import HALF, NETWORK, Picture, canvas, grid, to_svg

CELLS = 60
TOP = 25.0
"""Free energies above this many kT are drawn alike."""

Row = tuple[str, str, str, str]

RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")

QUANTITIES = (
    ("k_AB_per_ps", "rate from A to B", "1/ps"),
    ("k_BA_per_ps", "rate from B to A", "1/ps"),
    ("mean_first_passage_AB_ps", "mean time until B is reached from A", "ps"),
    ("mean_first_passage_BA_ps", "mean time until A is reached from B", "ps"),
    ("delta_F_kJ_per_mol", "free energy of B less that of A", "kJ/mol"),
    ("mean_path_duration_ps", "mean duration of a transition path", "ps"),
)
"""Keys of kinetics.json in the order of the table: what each is, and its unit."""


def rates(data: ReportData) -> list[Row]:
    """Rows of the table: what, value, 95 % interval, unit."""
    rows = []
    for key, meaning, unit in QUANTITIES:
        entry = (data.kinetics or {}).get(key)
        if entry is not None:
            low, high = (number(entry[end]) for end in ("low", "high"))
            rows.append((meaning, number(entry["value"]), f"{low} to {high}", unit))
    return rows


def number(value: float) -> str:
    """Three digits, very large and small ones with a power of ten."""
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        rounded = float(f"{value:.3g}")
        text = f"{rounded:,.0f}" if abs(rounded) >= 1000 else f"{rounded:.3g}"
    else:
        mantissa, exponent = f"{value:.2e}".split("e")
        power = str(int(exponent)).translate(RAISED)
        text = f"{mantissa} \N{MULTIPLICATION SIGN} 10{power}"
    return text.replace("-", "\N{MINUS SIGN}")


def cost_line(data: ReportData) -> str:
    """What the rates cost, beside a plain run; empty where there are none."""
    kinetics = data.kinetics or {}
    if not kinetics.get("carries"):
        return ""
    steps, plain = kinetics["md_steps"], kinetics["md_steps_plain_run"]
    return (
        f"Made from {number(steps)} MD steps; a plain run whose interval is as narrow takes about "
        f"{number(plain)}."
    )


def along_q(data: ReportData) -> Picture | None:
    """Free energy along the learned reaction coordinate, with its interval."""
    table = data.profile
    if table is None or not len(table["q"]):
        return None
    with canvas(HALF, 3.6) as figure:
        axes = figure.subplots()
        axes.fill_between(table["q"], table["low"], table["high"], color=NETWORK, alpha=0.18, lw=0)
        axes.plot(table["q"], table["free_energy_kJ_per_mol"], color=NETWORK)
        axes.set(xlabel="q", ylabel="free energy (kJ/mol)")
        grid(axes)
        svg = to_svg(figure, "along_q", "Free energy along q")
    how = (
        "Free energy of structures between the states, with its 95 % interval; zero is the lowest "
        "window. The reaction coordinate q of this figure was trained on the runs in the states "
        "as well, so that it holds everywhere. The states themselves are left out: q has no "
        "meaning inside them."
    )
    return Picture("along_q", "Free energy along q", svg, how, wide=False)


def over_descriptors(data: ReportData) -> Picture | None:
    """Free energy over the descriptors of the states."""
    sample = data.equilibrium
    if sample is None or not len(sample.weights):
        return None
    states = data.dynamics.states
    axes_of = [
        make_axis(d, sample.state_values[:, i], sample.weights, full=True)
        for i, d in enumerate(states.descriptors.descriptors)
    ]
    with canvas(HALF, 3.9) as figure:
        axes = figure.subplots()
        if len(axes_of) > 1:
            _surface(figure, axes, axes_of[0], axes_of[1], sample, data.dynamics.kt)
            mark_states(axes, axes_of[0], axes_of[1], states)
        else:
            _line(axes, axes_of[0], sample, data.dynamics.kt)
            mark_states(axes, axes_of[0], None, states)
        svg = to_svg(figure, "over_descriptors", "Free energy over the descriptors of the states")
    how = (
        "Free energy of all structures, the states included. White was never seen. The frames and "
        "their weights are in kinetics/: any other pair of descriptors can be drawn from them."
    )
    return Picture("over_descriptors", "Free energy over descriptors", svg, how, wide=False)


def _bins(axis: Axis) -> Array:
    return np.linspace(*axis.limits, CELLS + 1)


def _surface(figure: Any, axes: Any, x: Axis, y: Axis, sample: Equilibrium, kt: float) -> None:
    energy = surface(x.values, y.values, sample.weights, (_bins(x), _bins(y)), kt)
    shown = np.where(np.isfinite(energy), energy, np.nan)
    image = axes.imshow(
        np.ma.masked_invalid(shown.T), extent=(*x.limits, *y.limits), origin="lower",
        aspect="auto", cmap="viridis", vmin=0, vmax=min(TOP * kt, float(np.nanmax(shown))),
        interpolation="nearest",
    )  # fmt: skip
    figure.colorbar(image, ax=axes, label="free energy (kJ/mol)", extend="max", shrink=0.9)
    axes.set(xlim=x.limits, ylim=y.limits, xlabel=x.label, ylabel=y.label)
    degree_ticks(axes, "x", x)
    degree_ticks(axes, "y", y)


def _line(axes: Any, x: Axis, sample: Equilibrium, kt: float) -> None:
    edges = _bins(x)
    energy = profile(x.values, sample.weights, edges, kt)
    axes.plot(0.5 * (edges[1:] + edges[:-1]), energy, color=NETWORK)
    axes.set(xlim=x.limits, xlabel=x.label, ylabel="free energy (kJ/mol)")
    axes.set_ylim(0, min(TOP * kt, axes.get_ylim()[1]))
    grid(axes)
