"""Stage ``free-energy``: the free energy over one or two descriptors of the user's choice."""

from collections.abc import Callable, Sequence
from pathlib import Path

from mechanist.bookkeeping.csv_files import csv_text
from mechanist.bookkeeping.files import atomic, write_text
from mechanist.bookkeeping.layout import Layout
from mechanist.errors import DataError, MechanistError
from mechanist.report.figures.axis import make_axis
from mechanist.report.figures.free_energy import panel, table_rows
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
        The table, ``.csv``; the figure is written beside it as ``.png``.
    log
        Takes a line of text.

    Raises
    ------
    MechanistError
        If a name is unknown, there are more than two, or ``out`` is not a ``.csv``.
    DataError
        If the run has no weighted frames.
    """
    if len(along) not in (1, 2):
        raise MechanistError("--along", f"{len(along)} descriptors; give one or two")
    if out.suffix != ".csv":
        raise MechanistError("--out", f"{out}: not a .csv file")
    dynamics = read_dynamics(layout)
    of_states = dynamics.states.descriptors
    known = {d.name: d for group in (of_states, load_inputs(layout)) for d in group.descriptors}
    descriptors = [_descriptor(known, name) for name in along]
    sample = read_equilibrium(layout, dynamics, descriptors)
    if sample is None:
        raise DataError(layout.equilibrium_weights, "no weighted frames; the run has no rates")
    axes = [
        make_axis(d, sample.values[:, i], sample.weights, full=d.name in of_states.names)
        for i, d in enumerate(descriptors)
    ]
    write_text(out, csv_text(*table_rows(axes, sample.weights, dynamics.kt)), record=False)
    picture = out.with_suffix(".png")
    with canvas(HALF, 3.9) as figure:
        panel(figure, figure.subplots(), axes, sample.weights, dynamics.kt)
        with atomic(picture, record=False) as temporary:
            figure.savefig(temporary, format="png", dpi=200)
    log(f"wrote {out} and {picture}")


def _descriptor(known: dict[str, Descriptor], name: str) -> Descriptor:
    if name not in known:
        some = ", ".join(list(known)[:NAMES_SHOWN])
        more = ", ..." if len(known) > NAMES_SHOWN else ""
        raise MechanistError("--along", f"{name}: no such descriptor; known: {some}{more}")
    return known[name]
