"""Rates and free energies: the table, and figures along q and over descriptors."""

from typing import Any

import numpy as np

from mechanist.analysis.kinetics.free_energy import profile, surface
from mechanist.arrays import Array
from mechanist.report.data import ReportData
from mechanist.report.figures.axis import Axis, degree_ticks, make_axis
from mechanist.report.figures.projection import mark_states
from mechanist.report.figures.style import HALF, NETWORK, Picture, canvas, grid, to_svg

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
    if not kinetics.get("determined"):
        return ""
    steps, plain = kinetics["md_steps"], kinetics["md_steps_plain_run"]
    return (
        f"Made from {number(steps)} MD steps; a plain run whose interval is as narrow takes about "
        f"{number(plain)}."
    )


def _not_joined(data: ReportData) -> str:
    """A warning for figures whose two sides are not known against each other."""
    if (data.kinetics or {}).get("determined", True):
        return ""
    return (
        " The data do not determine rates, so the free energy of one state relative to the other "
        "is unknown."
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
        "window. The coordinate of this figure was trained on the runs in the states as well: near "
        "0 it is q, far from it it orders structures by how far they are from the transition. The "
        "states themselves are left out, q has no meaning inside them." + _not_joined(data)
    )
    return Picture("along_q", "Free energy along q", svg, how, wide=False)


def over_descriptors(data: ReportData) -> Picture | None:
    """Free energy over the descriptors of the states."""
    sample = data.equilibrium
    if sample is None or not len(sample.weights):
        return None
    states = data.dynamics.states
    axes_of = [
        make_axis(d, sample.values[:, i], sample.weights, full=True)
        for i, d in enumerate(states.descriptors.descriptors)
    ]
    with canvas(HALF, 3.9) as figure:
        axes = figure.subplots()
        if len(axes_of) > 1:
            surface_panel(figure, axes, axes_of[0], axes_of[1], sample.weights, data.dynamics.kt)
            mark_states(axes, axes_of[0], axes_of[1], states)
        else:
            line_panel(axes, axes_of[0], sample.weights, data.dynamics.kt)
            mark_states(axes, axes_of[0], None, states)
        svg = to_svg(figure, "over_descriptors", "Free energy over the descriptors of the states")
    how = (
        "Free energy of all structures, the states included. White was never seen. "
        "mechanist free-energy draws it over any other descriptors." + _not_joined(data)
    )
    return Picture("over_descriptors", "Free energy over descriptors", svg, how, wide=False)


def edges_of(axis: Axis) -> Array:
    """Edges (K + 1,) of the bins along an axis."""
    return np.linspace(*axis.limits, CELLS + 1)


def surface_panel(figure: Any, axes: Any, x: Axis, y: Axis, weights: Array, kt: float) -> None:
    """Free energy over two descriptors, in colours."""
    energy = surface(x.values, y.values, weights, (edges_of(x), edges_of(y)), kt)
    highest = float(energy[np.isfinite(energy)].max())
    image = axes.imshow(
        np.ma.masked_invalid(energy.T), extent=(*x.limits, *y.limits), origin="lower",
        aspect="auto", cmap="viridis", vmin=0, vmax=min(TOP * kt, highest),
        interpolation="nearest",
    )  # fmt: skip
    figure.colorbar(image, ax=axes, label="free energy (kJ/mol)", shrink=0.9)
    axes.set(xlim=x.limits, ylim=y.limits, xlabel=x.label, ylabel=y.label)
    degree_ticks(axes, "x", x)
    degree_ticks(axes, "y", y)


def line_panel(axes: Any, x: Axis, weights: Array, kt: float) -> None:
    """Free energy along one descriptor."""
    edges = edges_of(x)
    energy = profile(x.values, weights, edges, kt)
    axes.plot(0.5 * (edges[1:] + edges[:-1]), energy, color=NETWORK)
    axes.set(xlim=x.limits, xlabel=x.label, ylabel="free energy (kJ/mol)")
    axes.set_ylim(0, min(TOP * kt, axes.get_ylim()[1]))
    degree_ticks(axes, "x", x)
    grid(axes)
