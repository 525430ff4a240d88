"""Verb ``spectrum``: the vibrational density of states of a trajectory."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from mechanist.arrays import Mask
from mechanist.bookkeeping.files import atomic, write_text
from mechanist.errors import DataError
from mechanist.trajectory.spectrum import HIGHEST, LIGHT, Spectrum, density_of_states
from mechanist.trajectory.tools.source import read

SHORTEST_PS = 0.2
"""Shortest trajectory; its resolution is about 1 / (time times the speed of light)."""

FEWEST = 50
"""Smallest number of frames."""

LOWEST = 800.0
"""Least end of the spectrum in 1/cm, by the time between frames."""

PEAKS = 12
"""Largest number of peaks that are named."""

HEIGHT = 0.02
"""Least height of a peak that is named, relative to the highest one."""


def spectrum(
    path: Path,
    out: Path,
    top: Path | None = None,
    dt_ps: float | None = None,
    width: float = 10.0,
    log: Callable[[str], None] = print,
) -> Spectrum:
    """Density of states from velocities, which are differences of positions if there are none.

    Parameters
    ----------
    path
        Trajectory.
    out
        CSV file to write; a figure is written beside it as PNG.
    top
        File with the topology, for formats that do not name atoms.
    dt_ps
        Time between frames, where the file does not say it.
    width
        Standard deviation in 1/cm of the Gaussian that smooths it.
    log
        Takes lines of text.

    Raises
    ------
    DataError
        If the file cannot be read, or is too short.
    """
    if out.suffix.lower() != ".csv":
        raise DataError(out, "--out: must end in .csv; the figure is written beside it")
    source = read(path, top, dt_ps, every_frame=dt_ps is None)
    for note in source.notes:
        log(f"{path.name}: {note}")
    frames = source.trajectory
    if len(frames) * frames.dt_ps < SHORTEST_PS:
        raise DataError(
            path, f"{len(frames) * frames.dt_ps:g} ps; a spectrum needs {SHORTEST_PS} ps at least"
        )
    highest = 0.5 / (frames.dt_ps * LIGHT)
    if len(frames) < FEWEST or highest < LOWEST:
        raise DataError(
            path,
            f"{len(frames)} frames {1e3 * frames.dt_ps:g} fs apart; a spectrum needs {FEWEST},"
            f" up to {500 / (LOWEST * LIGHT):.0f} fs apart",
        )
    if frames.velocities is None:
        x = frames.positions
        velocities = (x[2:] - x[:-2]) / (2 * frames.dt_ps)
        log(f"{path.name}: has no velocities; differences of positions are used")
    else:
        velocities = frames.velocities
    found = density_of_states(velocities, frames.masses, frames.dt_ps, width)
    if highest < HIGHEST:
        log(
            f"warning: frames {1e3 * frames.dt_ps:g} fs apart end the spectrum at {highest:.0f}/cm;"
            " faster vibrations appear mirrored there"
        )
    inside = found.wave_numbers <= min(HIGHEST, highest)
    rows = zip(found.wave_numbers[inside], found.density[inside], strict=True)
    text = "wave_number_per_cm,density_cm\n" + "".join(f"{a:.3f},{b:.6g}\n" for a, b in rows)
    write_text(out, text)
    _figure(found, inside, out.with_suffix(".png"))
    log(f"{out}: peaks at {', '.join(f'{one:.0f}' for one in peaks(found, inside))} 1/cm")
    return found


def peaks(found: Spectrum, inside: Mask) -> list[float]:
    """Wave numbers in 1/cm of the highest peaks, in rising order."""
    from scipy.signal import find_peaks

    density = found.density[inside]
    places, _ = find_peaks(density, height=HEIGHT * density.max())
    highest = sorted(places[np.argsort(density[places])[::-1][:PEAKS]].tolist())
    reach = 2 * float(found.wave_numbers[1])
    lines = [float(found.wave_numbers[inside][one]) for one in highest]
    return [found.peak(line - reach, line + reach) for line in lines]


def _figure(found: Spectrum, inside: Mask, path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.plot(found.wave_numbers[inside], found.density[inside], color="black", lw=0.8)
    axes.set_xlabel("wave number (cm⁻¹)")
    axes.set_ylabel("density of states (cm)")
    axes.set_xlim(0, None)
    axes.set_ylim(0, None)
    with atomic(path) as temporary:
        figure.savefig(temporary, dpi=150)
