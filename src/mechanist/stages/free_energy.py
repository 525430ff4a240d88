"""Stage ``free-energy``: the free energy along one descriptor or two, of the user's choice."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from mechanist.analysis.kinetics.free_energy import profile, surface
from mechanist.bookkeeping.csv_files import csv_text
from mechanist.bookkeeping.files import atomic, write_text
from mechanist.bookkeeping.layout import Layout
from mechanist.errors import DataError, MechanistError
from mechanist.report.data import Equilibrium
from mechanist.report.figures.axis import Axis, make_axis
from mechanist.report.figures.rate_figures import edges_of, line_panel, surface_panel
from mechanist.report.figures.style import HALF, canvas
from mechanist.report.load import read_dynamics, read_equilibrium
from mechanist.systems.descriptors.descriptor_set import Descriptor
from mechanist.systems.prepared import load_inputs

NAMES_SHOWN = 12
"""Names of descriptors that an error lists, at most."""


def free_energy(
    layout: Layout, along: Sequence[str], out: Path, log: Callable[[str], None]
) -> None:
    """Write a table and a figure of the free energy over one or two descriptors.

    Parameters
    ----------
    layout
        Files of a finished run.
    along
        Names of one or two descriptors, of the states or of the inputs.
    out
        The table, ``.csv``; the figure lies beside it as ``.png``.
    log
        Takes a line of text.

    Raises
    ------
    MechanistError
        If a name is not known, there are more than two, or ``out`` is not a ``.csv``.
    DataError
        If the run has no weighted frames.
    """
    if len(along) not in (1, 2):
        raise MechanistError("--along", f"{len(along)} descriptors; give one or two")
    if out.suffix != ".csv":
        raise MechanistError("--out", f"{out}: the table is a .csv file")
    dynamics = read_dynamics(layout)
    descriptors = find(layout, along)
    sample = read_equilibrium(layout, dynamics, descriptors)
    if sample is None:
        raise DataError(layout.equilibrium_weights, "no weighted frames; the run has no rates")
    whole = dynamics.states.descriptors.names
    axes = [
        make_axis(d, sample.values[:, i], sample.weights, full=d.name in whole)
        for i, d in enumerate(descriptors)
    ]
    write_text(out, table(axes, sample, dynamics.kt), record=False)
    picture = out.with_suffix(".png")
    draw(picture, axes, sample, dynamics.kt)
    log(f"wrote {out} and {picture}")


def find(layout: Layout, names: Sequence[str]) -> list[Descriptor]:
    """Descriptors of the states and of the inputs by name."""
    sets = (read_dynamics(layout).states.descriptors, load_inputs(layout))
    known = {d.name: d for group in sets for d in group.descriptors}
    for name in names:
        if name not in known:
            some = ", ".join(list(known)[:NAMES_SHOWN])
            more = ", ..." if len(known) > NAMES_SHOWN else ""
            raise MechanistError("--along", f"{name}: no such descriptor; known: {some}{more}")
    return [known[name] for name in names]


def table(axes: Sequence[Axis], sample: Equilibrium, kt: float) -> str:
    """CSV: centres of bins, free energy in kJ/mol; bins never seen are left out."""
    edges = [edges_of(axis) for axis in axes]
    centres = [0.5 * (e[1:] + e[:-1]) for e in edges]
    names = [f"{axis.name}_{axis.unit}" if axis.unit != "1" else axis.name for axis in axes]
    if len(axes) == 1:
        energy = profile(axes[0].values, sample.weights, edges[0], kt)
    else:
        energy = surface(axes[0].values, axes[1].values, sample.weights, (edges[0], edges[1]), kt)
    rows = []
    for place in np.argwhere(np.isfinite(energy)):
        where = [centre[i] for centre, i in zip(centres, place, strict=True)]
        rows.append([f"{x:.6g}" for x in (*where, energy[tuple(place)])])
    return csv_text([*names, "free_energy_kJ_per_mol"], rows)


def draw(path: Path, axes: Sequence[Axis], sample: Equilibrium, kt: float) -> None:
    """PNG of the same."""
    with canvas(HALF, 3.9) as figure:
        panel = figure.subplots()
        if len(axes) == 1:
            line_panel(panel, axes[0], sample.weights, kt)
        else:
            surface_panel(figure, panel, axes[0], axes[1], sample.weights, kt)
        with atomic(path, record=False) as temporary:
            figure.savefig(temporary, format="png", dpi=200)
