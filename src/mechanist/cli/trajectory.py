"""Commands of ``mechanist trajectory``: learned motion of a molecule."""

from pathlib import Path
from typing import Annotated

import typer

from mechanist.cli.job import log

ModelArgument = Annotated[
    Path, typer.Argument(metavar="MODEL", help="folder that `mechanist trajectory learn` wrote")
]
DtOption = Annotated[
    str | None, typer.Option("--dt", help="time between frames, such as 0.5fs, where files lack it")
]
OutOption = Annotated[
    Path, typer.Option("--out", help="trajectory to write; the suffix is its format")
]


def learn(
    dense: Annotated[
        Path, typer.Argument(metavar="DENSE", help="trajectory: mdtraj formats, MD17 or sGDML npz")
    ],
    out: Annotated[Path, typer.Option("--out", help="folder for models and card")],
    top: Annotated[
        Path | None, typer.Option("--top", help="topology, such as a PDB file; not for npz and h5")
    ] = None,
    dt: DtOption = None,
    models: Annotated[
        str,
        typer.Option("--models", help="of map,ridge,bridge,4d; default: those that fit"),
    ] = "",
    stride: Annotated[
        list[int] | None,
        typer.Option("--stride", min=2, help="frames from one known frame to the next; repeatable"),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="of networks")] = 0,
    geometries: Annotated[
        int | None,
        typer.Option("--geometries", min=10, help="frames that forces are learned from"),
    ] = None,
) -> None:
    """Learn models of the motion of a molecule, and judge them on the last block of a trajectory.

    The card (card.json) holds atoms, time between frames, errors on the last block with intervals,
    and the range of validity.
    """
    from mechanist.stages.trajectory import learn as run

    kinds = tuple(part.strip() for part in models.split(",") if part.strip())
    run(
        dense,
        out,
        top,
        None if dt is None else _time("--dt", dt),
        kinds,
        tuple(stride or ()),
        seed,
        geometries,
        log,
    )


def fill(
    model: ModelArgument,
    sparse: Annotated[Path, typer.Argument(metavar="SPARSE", help="every n-th frame")],
    out: OutOption,
    stride: Annotated[
        int | None, typer.Option("--stride", min=2, help="n, where times of the file are wrong")
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--model", help="of those on the card; default: the best")
    ] = None,
) -> None:
    """Fill the gaps of a trajectory of which every n-th frame was stored."""
    from mechanist.stages.trajectory import fill as run

    run(model, sparse, out, stride, kind, log)


def propagate(
    model: ModelArgument,
    start: Annotated[
        Path, typer.Argument(metavar="START", help="file whose last frame is the start")
    ],
    time: Annotated[str, typer.Option("--time", help="such as 50ps")],
    out: OutOption,
    temperature: Annotated[
        float | None,
        typer.Option("--temperature", min=1, help="K, of drawn velocities; default: as learned"),
    ] = None,
    every: Annotated[str, typer.Option("--every", help="time between written frames")] = "1fs",
    seed: Annotated[int, typer.Option("--seed", min=0, help="of drawn velocities")] = 0,
    kind: Annotated[
        str | None, typer.Option("--model", help="bridge or 4d; default: the better one")
    ] = None,
) -> None:
    """Follow the motion from a state, at constant energy.

    It ends where it enters conformations that were not learned.
    """
    from mechanist.stages.trajectory import propagate as run

    times = _time("--time", time), _time("--every", every)
    run(model, start, times[0], out, temperature, times[1], seed, kind, log)


def forecast(
    model: ModelArgument,
    history: Annotated[Path, typer.Argument(metavar="HISTORY", help="at least ten frames")],
    frames: Annotated[int, typer.Option("--frames", min=1, help="number of frames to forecast")],
    out: OutOption = Path("forecast.npz"),
    stride: Annotated[
        int | None, typer.Option("--stride", min=1, help="time between frames, where it is wrong")
    ] = None,
) -> None:
    """Forecast the frames after the last ones of a file."""
    from mechanist.stages.trajectory import forecast as run

    run(model, history, frames, out, stride, log)


def spectrum(
    path: Annotated[
        Path, typer.Argument(metavar="TRAJECTORY", help="with frames up to 4 fs apart")
    ],
    out: Annotated[
        Path, typer.Option("--out", help="table; the figure is written beside it")
    ] = Path("spectrum.csv"),
    top: Annotated[
        Path | None, typer.Option("--top", help="topology, such as a PDB file; not for npz and h5")
    ] = None,
    dt: DtOption = None,
    width: Annotated[
        float, typer.Option("--width", min=0.1, help="1/cm, standard deviation of the smoothing")
    ] = 10.0,
) -> None:
    """Write the vibrational density of states of a trajectory, and name its peaks."""
    from mechanist.stages.trajectory import spectrum as run

    run(path, out, top, None if dt is None else _time("--dt", dt), width, log)


def _time(option: str, value: str) -> float:
    """A time in ps."""
    from mechanist.errors import MechanistError
    from mechanist.settings.units import to_unit

    try:
        time = to_unit(value, "ps")
    except ValueError as error:
        raise MechanistError(option, f"{value[:40]!r}: {error}") from None
    if not 0 < time < float("inf"):
        raise MechanistError(option, f"{value[:40]!r}: must be above 0")
    return time


COMMANDS = (learn, fill, propagate, forecast, spectrum)
"""In the order of use."""
