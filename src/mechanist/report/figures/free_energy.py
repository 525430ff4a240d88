"""Free energies along q and over descriptors: figures, and the table of `mechanist free-energy`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mechanist.analysis.kinetics.free_energy import profile, surface
from mechanist.arrays import Array, Weights
from mechanist.report.data import ReportData
from mechanist.report.figures.axis import Axis, degree_ticks, make_axis
from mechanist.report.figures.projection import mark_states
from mechanist.report.figures.style import HALF, NETWORK, Picture, canvas, grid, to_svg

BINS = 60
"""Along each axis."""

TOP = 25.0
"""End of the colour scale in kT."""

LABEL = "free energy (kJ/mol)"


def along_q(data: ReportData) -> Picture | None:
    """Free energy along the learned reaction coordinate, with its interval."""
    table = data.profile
    if table is None or not len(table["q"]):
        return None
    with canvas(HALF, 3.6) as figure:
        axes = figure.subplots()
        axes.fill_between(table["q"], table["low"], table["high"], color=NETWORK, alpha=0.18, lw=0)
        axes.plot(table["q"], table["free_energy_kJ_per_mol"], color=NETWORK)
        axes.set(xlabel="q", ylabel=LABEL)
        grid(axes)
        svg = to_svg(figure, "along_q", "Free energy along the window coordinate")
    caption = (
        "Free energy of structures between the states with its 95 % interval; zero is the lowest "
        "window. This q was also trained on the runs in the states: near 0 it is the reaction "
        "coordinate, far from 0 it orders structures by their distance from the transition. The "
        "states are left out, because q has no meaning inside them." + _undetermined(data)
    )
    return Picture("along_q", "Free energy along the window coordinate", svg, caption, wide=False)


def over_descriptors(data: ReportData) -> Picture | None:
    """Free energy over the first two descriptors of the states."""
    sample = data.equilibrium
    if sample is None or not len(sample.weights):
        return None
    states = data.dynamics.states
    every = [
        make_axis(d, sample.values[:, i], sample.weights, full=True)
        for i, d in enumerate(states.descriptors.descriptors)
    ][:2]
    with canvas(HALF, 3.9) as figure:
        axes = figure.subplots()
        panel(figure, axes, every, sample.weights, data.dynamics.kt)
        mark_states(axes, every[0], every[1] if len(every) > 1 else None, states)
        svg = to_svg(figure, "over_descriptors", "Free energy over the descriptors of the states")
    caption = (
        "Free energy of all structures, the states included; white: not sampled. "
        "mechanist free-energy draws it over any other descriptors." + _undetermined(data)
    )
    return Picture("over_descriptors", "Free energy over descriptors", svg, caption, wide=False)


def _undetermined(data: ReportData) -> str:
    """A warning if the two sides of a figure are not known relative to each other."""
    if (data.kinetics or {}).get("determined", True):
        return ""
    return (
        " The data do not determine rates, so the free energy of one state relative to the other "
        "is unknown."
    )


def binned(along: Sequence[Axis], weights: Weights, kt: float) -> tuple[list[Array], Array]:
    """Edges (B + 1,) of the bins along one or two axes, and the free energy (B,) or (B, B)."""
    edges = [np.linspace(*axis.limits, BINS + 1) for axis in along]
    if len(along) == 1:
        return edges, profile(along[0].values, weights, edges[0], kt)
    return edges, surface(along[0].values, along[1].values, weights, (edges[0], edges[1]), kt)


def table_rows(
    along: Sequence[Axis], weights: Weights, kt: float
) -> tuple[list[str], list[list[str]]]:
    """Header and rows: centres of the bins that were sampled, and their free energies."""
    edges, energy = binned(along, weights, kt)
    centres = [0.5 * (e[1:] + e[:-1]) for e in edges]
    names = [f"{axis.name}_{axis.unit}" if axis.unit != "1" else axis.name for axis in along]
    rows = []
    for cell in np.argwhere(np.isfinite(energy)):
        at = [centre[i] for centre, i in zip(centres, cell, strict=True)]
        rows.append([f"{x:.6g}" for x in (*at, energy[tuple(cell)])])
    return [*names, "free_energy_kJ_per_mol"], rows


def panel(figure: Any, axes: Any, along: Sequence[Axis], weights: Weights, kt: float) -> None:
    """Free energy along one descriptor as a line, or over two in colours."""
    edges, energy = binned(along, weights, kt)
    x = along[0]
    axes.set(xlim=x.limits, xlabel=x.label)
    if len(along) == 1:
        axes.plot(0.5 * (edges[0][1:] + edges[0][:-1]), energy, color=NETWORK)
        axes.set_ylabel(LABEL)
        axes.set_ylim(0, min(TOP * kt, axes.get_ylim()[1]))
        grid(axes)
    else:
        y = along[1]
        highest = float(energy[np.isfinite(energy)].max())
        image = axes.imshow(
            np.ma.masked_invalid(energy.T), extent=(*x.limits, *y.limits), origin="lower",
            aspect="auto", cmap="viridis", vmin=0, vmax=min(TOP * kt, highest),
            interpolation="nearest",
        )  # fmt: skip
        figure.colorbar(image, ax=axes, label=LABEL, shrink=0.9)
        axes.set(ylim=y.limits, ylabel=y.label)
        degree_ticks(axes, "y", y)
    degree_ticks(axes, "x", x)
