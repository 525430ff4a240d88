"""Verb ``propagate``: motion from one state, as long as it stays in known ground.

| model | what it does |
|---|---|
| bridge | velocity Verlet with learned forces; the step is the time between learned frames |
| 4d | segments of 10 fs by a 4-D network (`propagator.segments`) |

Motion is at constant energy. It ends where it enters a conformation that was not learned.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import DataError
from mechanist.trajectory.dataset import Dataset
from mechanist.trajectory.propagator.learned import LearnedMotion, motion_of
from mechanist.trajectory.propagator.momentum import repaired
from mechanist.trajectory.propagator.motion import Chain, Propagator
from mechanist.trajectory.tools import keep
from mechanist.trajectory.tools.card import Card
from mechanist.trajectory.tools.filling import NEW, check_known, open_source
from mechanist.trajectory.tools.judge import Row, error_of
from mechanist.trajectory.tools.mdtraj_files import check_writable, write
from mechanist.trajectory.trajectory import GAS, Meta, Trajectory

if TYPE_CHECKING:
    from mechanist.trajectory.propagator.gicnet import GicnetMotion

TIMES_PS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05)
"""Times after which errors are on the card."""

ORIGINS = 64
"""States of the last block from which motion is judged."""

EVERY_PS = 0.001
"""Time between written frames, unless another is asked for."""

SEGMENT = 200
"""Written frames between two looks at the conformation."""

USEFUL_PS = 0.01
"""Time after which a model must be better than x + v t."""

EXPLAINED = 0.9
"""Share of the variance of the energy that the energy network must explain for long motion."""

HELD = 30.0
"""Largest change of the total energy in kJ/mol."""


def motion_rows(name: str, model: Propagator, reach_ps: float, data: Dataset) -> list[Row]:
    """Errors of a model on the last block after `TIMES_PS`, up to ``reach_ps``."""
    block = data.test
    frames = [round(time / block.dt_ps) for time in TIMES_PS if time <= reach_ps * (1 + 1e-9)]
    frames = sorted({one for one in frames if 1 <= one < len(block) // 2})
    if not frames:
        return []
    last = len(block) - frames[-1] - 1
    origins = np.unique(np.linspace(0, last, ORIGINS).astype(int))
    x, v = block.positions[origins], block.moving()[origins]
    times = block.dt_ps * np.array(frames)
    made = model(x, v, times).positions
    rows = []
    for number, (frame, time) in enumerate(zip(frames, times.tolist(), strict=True)):
        true = block.positions[origins + frame]
        straight = float(np.sqrt(((x + time * v - true) ** 2).sum(axis=2)).mean())
        away = np.sqrt(((made[:, number] - true) ** 2).sum(axis=2))
        if np.isfinite(away).all():
            rows.append(error_of(away, name, ps=time, straight_nm=straight))
    return rows


def after_useful(rows: Sequence[Row]) -> dict[str, Row]:
    """By model, the row of the last time up to `USEFUL_PS`."""
    return {row.model: row for row in rows if row.ps <= USEFUL_PS * 1.001}


def propagate(
    model: Path,
    start: Path,
    time_ps: float,
    out: Path,
    temperature_K: float | None = None,
    every_ps: float = EVERY_PS,
    seed: int = 0,
    kind: str | None = None,
    log: Callable[[str], None] = print,
) -> Trajectory:
    """Follow the motion from the last frame of a file.

    Parameters
    ----------
    model
        Folder with models.
    start
        File with a frame of the molecule; its velocities are used if there are any.
    time_ps
        To propagate.
    out
        File to write; npz and HDF5 hold velocities.
    temperature_K
        Of the velocities that are drawn where the file has none; if None, that of the card.
    every_ps
        Time between written frames.
    seed
        Of these velocities.
    kind
        Of the model; if None, the best.
    log
        Takes lines of text.

    Raises
    ------
    DataError
        If the molecule or the conformation is new, no model is better than x + v t, or the motion
        leaves the learned conformations; what was before is then written.
    """
    check_writable(out, start)
    card, source, topology = open_source(model, start, times=False)
    name = _best(card, model, kind)
    check_known(card, source, model)
    count = round(time_ps / every_ps)
    if count < 1:
        raise DataError("--time", f"{1e3 * time_ps:g} fs: less than --every, {1e3 * every_ps:g} fs")
    mover = _mover(name, card, model, every_ps, time_ps)
    x = source.trajectory.positions[-1:]
    v = source.trajectory.velocities
    if v is None:
        temperature = card.temperature_K if temperature_K is None else temperature_K
        assert temperature is not None
        log(f"{start.name} has no velocities: drawn at {temperature:.0f} K, seed {seed}")
        v = drawn(x, card.masses, temperature, seed)
    made, left = _followed(card, mover, x, v[-1:], count, every_ps)
    write(made, topology, out)
    warm = made.temperature()
    length = made.dt_ps * (len(made) - 1)
    log(f"{out}: {len(made)} frames, {length:g} ps by {name}, mean {warm:.0f} K")
    if left:
        raise DataError(
            out,
            f"after {length:g} ps the motion {left}; what was before is written: learn from a"
            " longer trajectory",
        )
    return made


def _best(card: Card, model: Path, kind: str | None) -> str:
    """The model to use, if it is better than straight lines."""
    rows = after_useful(card.motion)
    if not rows:
        raise DataError(model, "follows no motion; card.json, warnings says why")
    if kind is not None and kind not in rows:
        raise DataError(model, f"--model {kind}: motion is followed by {', '.join(sorted(rows))}")
    name = kind or min(rows, key=lambda one: rows[one].mean_nm)
    row = rows[name]
    if row.mean_nm >= row.straight_nm:
        raise DataError(
            model,
            f"after {1e3 * row.ps:g} fs its error of {row.mean_nm:.2g} nm is above that of"
            f" x + v t, {row.straight_nm:.2g} nm; learn from more frames",
        )
    return name


def drawn(x: Array, masses: Array, temperature: float, seed: int) -> Array:
    """Velocities (B, N, 3) in nm/ps of the Maxwell distribution, without total momenta."""
    rng = np.random.default_rng(seed)
    v = np.sqrt(GAS * temperature / masses)[:, None] * rng.standard_normal(x.shape)
    return repaired(x, v, masses)


Mover = Callable[[Array, Array, int], Chain]
"""The start (1, N, 3) in nm and nm/ps, and a number of frames, to the start and those frames."""


def _mover(name: str, card: Card, model: Path, every_ps: float, time_ps: float) -> Mover:
    """What makes frames ``every_ps`` apart."""
    if name == "bridge":
        assert card.step_ps is not None
        return _by_forces(motion_of(keep.load_bridge(model), card.step_ps), every_ps)
    from mechanist.trajectory.propagator import gicnet_store

    network = gicnet_store.load(*keep.files(model, "4d"))
    if network.explained < EXPLAINED and time_ps > network.reach_ps * (1 + 1e-9):
        raise DataError(
            "--time",
            f"{time_ps:g} ps: the potential energy, which explains {100 * network.explained:.0f} %"
            f" of the learned energies, is not known well enough to go on after"
            f" {1e3 * network.reach_ps:g} fs; learn from motion at constant energy, or with forces",
        )
    return _by_network(network, every_ps)


def _by_forces(motion: LearnedMotion, every_ps: float) -> Mover:
    step_ps = motion.step_ps
    wrong = f"{1e3 * every_ps:g} fs: no multiple of the step, {1e3 * step_ps:g} fs"
    every = _times(every_ps, step_ps, wrong)
    return lambda x, v, count: motion.follow(x, v, count * every, every)


def _by_network(network: "GicnetMotion", every_ps: float) -> Mover:
    from mechanist.trajectory.propagator.segments import follow_segments

    reach_ps = network.reach_ps
    wrong = f"{1e3 * every_ps:g} fs: must divide {1e3 * reach_ps:g} fs, the reach of the network"
    frames = _times(reach_ps, every_ps, wrong)
    return lambda x, v, count: follow_segments(network, x, v, -(-count // frames), frames)


def _times(whole_ps: float, part_ps: float, wrong: str) -> int:
    """How often a time is contained in another one; ``wrong`` says that it is not."""
    count = round(whole_ps / part_ps)
    if count < 1 or abs(count * part_ps / whole_ps - 1) > 1e-6:
        raise DataError("--every", wrong)
    return count


def _followed(
    card: Card, mover: Mover, x: Array, v: Array, count: int, every_ps: float
) -> tuple[Trajectory, str]:
    """The motion, and why it ended early, if it did."""
    parts_x, parts_v, done, left = [x], [v], 0, ""
    total: float | None = None
    while done < count and not left:
        some = min(SEGMENT, count - done)
        chain = mover(parts_x[-1][-1:], parts_v[-1][-1:], some)
        total = float(chain.energy[0, 0]) if total is None else total
        frames = chain.positions[0, 1 : some + 1]
        off = ~(np.abs(chain.energy[0, 1 : some + 1] - total) <= HELD)
        new = card.conformations.new(frames)
        if off.any():
            some, left = int(np.flatnonzero(off)[0]), f"is {HELD:g} kJ/mol off its energy"
        if new.sum() > NEW * max(len(new), 1 / NEW) and np.flatnonzero(new)[0] <= some:
            some, left = int(np.flatnonzero(new)[0]), "leaves the learned conformations"
        parts_x.append(frames[:some])
        parts_v.append(chain.velocities[0, 1 : some + 1])
        done += some
    positions, velocities = np.concatenate(parts_x), np.concatenate(parts_v)
    meta = Meta(source="learned motion", integrator_dt_ps=card.step_ps)
    made = Trajectory(positions, every_ps, card.numbers, card.masses, velocities, meta=meta)
    return made, left
