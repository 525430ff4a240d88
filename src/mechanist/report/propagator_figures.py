"""The figure of table T3: errors against time, energy along a chain, and spectra."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from mechanist.report.figures.style import A_COLOUR, B_COLOUR, FULL, MARK, MUTED, canvas, grid
from mechanist.report.propagator_tables import FREE, GICNET, LIMITS, OURS, column_of, name_of
from mechanist.report.trajectory_tables import Entry

COLOURS = {OURS: B_COLOUR, GICNET: MARK, FREE: MUTED}


def draw(
    numbers: Sequence[Entry], molecule: str, times: Sequence[float], shown: Mapping[str, Any]
) -> bytes:
    """Bytes of a PNG.

    Parameters
    ----------
    numbers
        Entries of table T3.
    molecule
        Its name.
    times
        In fs, at which errors are known.
    shown
        The record of one trajectory.
    """
    with canvas(FULL, 7.4) as figure:
        panels = figure.subplots(2, 2)
        _errors(panels[0, 0], numbers, molecule, times)
        _energy(panels[0, 1], shown["energy"]["shown"])
        _spectrum(panels[1, 0], shown["power"], "density of states")
        _spectrum(panels[1, 1], shown["infrared"], "infrared spectrum")
        for axes in panels.flat:
            grid(axes)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=150, metadata={"Software": None})
    return buffer.getvalue()


def _errors(axes: Any, numbers: Sequence[Entry], molecule: str, times: Sequence[float]) -> None:
    found = {(one.row, one.column): one for one in numbers if one.table == name_of(molecule)}
    for model, colour in COLOURS.items():
        for key, style in (("distance", "-"), ("dihedral", "--")):
            known = [
                (t, found[model, column_of(t, key)])
                for t in times
                if (model, column_of(t, key)) in found
            ]
            axes.errorbar(
                [time for time, _ in known],
                [one.value for _, one in known],
                yerr=[one.std for _, one in known],
                color=colour,
                ls=style,
                marker="o",
                ms=3.5,
                label=f"{model}, {key}s",
            )
    if molecule == "ethanol":
        axes.plot([10, 10], [LIMITS["distance"], LIMITS["dihedral"]], "k_", ms=9)
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="time (fs)",
        ylabel="root mean square error (Å or rad)",
        title=f"{molecule}: error (bars at 10 fs: GICnet, published, different data)",
    )
    # Room for the legend.
    axes.set_ylim(top=30)
    axes.set_xticks(times, [f"{time:g}" for time in times])
    axes.set_xticks([], minor=True)
    axes.legend(fontsize=7, loc="upper left")


def _energy(axes: Any, energy: Mapping[str, Any]) -> None:
    axes.plot(energy["time"], energy["model"], color=A_COLOUR, lw=0.8, label="by the model")
    axes.plot(energy["true_time"], energy["true"], ".", color=B_COLOUR, ms=4, label="by GFN2-xTB")
    axes.set(xlabel="time (ps)", ylabel="change (kcal/mol)", title="total energy along a chain")
    axes.legend(fontsize=8)


def _spectrum(axes: Any, spectrum: Mapping[str, Any], title: str) -> None:
    axes.plot(
        spectrum["wave_numbers"], spectrum["true"], color=MUTED, lw=3, alpha=0.5, label="true"
    )
    axes.plot(spectrum["wave_numbers"], spectrum["made"], color=B_COLOUR, lw=1, label="chains")
    axes.set(title=title, xlabel="wave number (1/cm)", ylabel="density (cm)", xlim=(0, 4000))
    axes.legend(fontsize=8)
