"""Verb ``forecast``: the frames after the last ones of a file.

| model | what it does |
|---|---|
| last frame | atoms stay |
| x + v t | straight lines with v from the last two frames |
| ridge | linear autoregression over ten frames (`forecast.bases`) |
| forces | learned forces, from the state fitted to ten frames (`forecast.dynamics`) |
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import DataError
from mechanist.trajectory.dataset import Dataset
from mechanist.trajectory.forecast.bases import (
    Base,
    Linear,
    fit_linear,
    heavy_pose,
    last_frame,
    straight,
)
from mechanist.trajectory.forecast.dynamics import LearnedDynamics
from mechanist.trajectory.forecast.windows import Cases, History, Task, cases, spread
from mechanist.trajectory.superres.bridge import Bridge
from mechanist.trajectory.tools import keep
from mechanist.trajectory.tools.card import Card
from mechanist.trajectory.tools.filling import check_known, open_source, stride_of
from mechanist.trajectory.tools.judge import GROUPS, POSITIONS, ROUNDED, XTC, Row, error_of
from mechanist.trajectory.tools.mdtraj_files import check_writable, write
from mechanist.trajectory.trajectory import Meta, Trajectory

KNOWN, AHEAD = 10, 20
"""Frames that are known, and frames that are judged."""

HORIZONS = (1, 5, 20)
"""Frames after which errors are on the card."""

WINDOWS = 64
"""Windows of the last block that are judged; learned are at most `LEARNED`."""

LEARNED = 3000

RIDGE_ATOMS = 40
"""Largest number of atoms for ridge, whose cost grows with their cube."""

SIMPLE: dict[str, Base] = {"last frame": last_frame, "x + v t": straight}


def forecast_rows(
    data: Dataset, strides: Sequence[int], bridge: Bridge | None, rounded: bool, out: Path
) -> tuple[Row, ...]:
    """Errors of forecasts by stride on the last block; the ridges are written to a folder.

    Stride 1 is among them: the next frames of a file like the one that was learned.
    """
    result: list[Row] = []
    for stride in (1, *strides):
        task = Task(KNOWN, AHEAD, stride)
        try:
            truth = _cases(data.test, task, WINDOWS)
            models: dict[str, Base] = dict(SIMPLE)
            if len(data.train.numbers) <= RIDGE_ATOMS:
                models["ridge"] = ridge = _ridge(data, task)
                keep.save_linear(ridge, f"forecast_{stride}", out)
        except DataError:
            # Too few frames for windows of this stride: no forecasts.
            break
        if len(truth) < GROUPS:
            break
        if bridge is not None and stride > 1:
            models["forces"] = LearnedDynamics(bridge, data.train.dt_ps)
        for known in [ROUNDED] if rounded else [POSITIONS, ROUNDED]:
            for name, model in models.items():
                result += _rows(name, model, truth, stride, known)
    return tuple(result)


def _cases(block: Trajectory, task: Task, count: int) -> Cases:
    return cases(block, task, spread(block, task, count))


def _ridge(data: Dataset, task: Task) -> Linear:
    train = _cases(data.train, task, LEARNED)
    block = data.train
    pose = heavy_pose(block.positions[0], block.numbers, block.masses)
    return fit_linear(train, _cases(data.validate, task, WINDOWS), pose)


def _rows(name: str, model: Base, truth: Cases, stride: int, known: str) -> list[Row]:
    history = truth.history
    if known == ROUNDED:
        history = History(np.round(history.positions / XTC) * XTC, history.spacing_ps)
    away = np.sqrt(((model(history, AHEAD) - truth.future) ** 2).sum(axis=3))
    if not np.isfinite(away).all():
        return []
    what = {"stride": stride, "known": known}
    return [error_of(away[:, one - 1], name, frames=one, **what) for one in HORIZONS]


def forecast(
    model: Path,
    history: Path,
    frames: int,
    out: Path,
    stride: int | None = None,
    log: Callable[[str], None] = print,
) -> Trajectory:
    """The frames after the last ones of a file, with the best model of its stride.

    Parameters
    ----------
    model
        Folder with models.
    history
        Trajectory of the molecule; its last ten frames are used.
    frames
        Number of frames to forecast.
    out
        File to write.
    stride
        Time between frames of the history in units of that of the model; if None, from its times.
    log
        Takes lines of text.

    Raises
    ------
    DataError
        If the molecule, the conformation or the time between frames is new, or no model is better
        than the last frame or a straight line.
    """
    check_writable(out, history)
    card, source, topology = open_source(model, history, stride)
    given = source.trajectory
    if len(given) < KNOWN:
        raise DataError(history, f"{len(given)} frames; {KNOWN} are needed")
    stride = stride_of(card, source, model) if stride is None else stride
    rows = _best(card, model, stride, source.rounding_nm)
    last = given[-KNOWN:]
    check_known(card, source, model)
    name = rows[0].model
    seen = History(last.positions[None], stride * card.dt_ps)
    made = _load(name, stride, model, card)(seen, frames)[0]
    if not np.isfinite(made).all():
        raise DataError(history, f"{name} diverged")
    result = Trajectory(
        made, seen.spacing_ps, card.numbers, card.masses, meta=Meta("langevin", f"{name} forecast")
    )
    write(result, topology, out)
    log(f"{out}: {frames} frames {1e3 * seen.spacing_ps:g} fs apart, by {name}")
    for row in rows:
        log(f"error on the last block after {row.frames} frames: {row.text()}")
    if frames > AHEAD:
        log(f"warning: frames after the first {AHEAD} were not judged")
    check_frames(card, made, out, log)
    return result


def check_frames(card: Card, made: Array, out: Path, log: Callable[[str], None]) -> None:
    """Warn where a forecast leaves the learned conformations."""
    new = card.conformations.new(made)
    if new.any():
        log(
            f"warning: {out}: from frame {int(np.flatnonzero(new)[0]) + 1} on geometries are unlike"
            " the learned ones"
        )


def _best(card: Card, model: Path, stride: int, rounding_nm: float) -> list[Row]:
    """Rows of the best model of a stride."""
    known = {row.known for row in card.forecast}
    own = POSITIONS if rounding_nm < 0.1 * XTC and POSITIONS in known else ROUNDED
    rows = [row for row in card.forecast if (row.stride, row.known) == (stride, own)]
    if not rows:
        strides = sorted({row.stride for row in card.forecast})
        listed = ", ".join(map(str, strides)) or "none"
        raise DataError(
            model, f"stride {stride}: forecasts were judged for {listed}; learn with --stride"
        )
    last = {row.model: row.mean_nm for row in rows if row.frames == HORIZONS[-1]}
    best = min(last, key=lambda name: last[name])
    if best in SIMPLE:
        raise DataError(
            model,
            f"stride {stride} ({own}): after {HORIZONS[-1]} frames no learned model is better than"
            f" {best!r}, whose error is {last[best]:.2g} nm",
        )
    return [row for row in rows if row.model == best]


def _load(name: str, stride: int, model: Path, card: Card) -> Base:
    if name == "ridge":
        return Linear(*keep.load_linear(f"forecast_{stride}", model))
    return LearnedDynamics(keep.load_bridge(model), card.dt_ps)
