"""Verb ``propagate``: motion from one state by learned forces, as long as it stays in known ground.

Velocity Verlet with the time between learned frames as the step; see `propagator.learned`. Motion
is at constant energy. It ends where it enters a conformation that was not learned.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import DataError
from mechanist.trajectory.dataset import Dataset
from mechanist.trajectory.superres.bridge import Bridge
from mechanist.trajectory.superres.forcefield import KernelForces
from mechanist.trajectory.tools.card import Card
from mechanist.trajectory.tools.filling import NEW, check_known, open_source
from mechanist.trajectory.tools.judge import error_of
from mechanist.trajectory.tools.keep import load_bridge
from mechanist.trajectory.tools.mdtraj_files import check_writable, write
from mechanist.trajectory.trajectory import GAS, Meta, Trajectory

TIMES_PS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05)
"""Times after which errors are on the card."""

ORIGINS = 64
"""States of the last block from which motion is judged."""

EVERY_PS = 0.001
"""Time between written frames, unless another is asked for."""

SEGMENT = 200
"""Written frames between two looks at the conformation."""

USEFUL_PS = 0.01
"""Time after which learned forces must be better than x + v t."""


def motion_rows(bridge: Bridge, data: Dataset) -> tuple[dict[str, Any], ...]:
    """Errors of learned forces on the last block; empty without velocities."""
    from mechanist.trajectory.propagator.learned import motion_of

    block = data.test[0]
    if block.velocities is None or not isinstance(bridge.forces, KernelForces):
        return ()
    frames = [round(time / block.dt_ps) for time in TIMES_PS]
    frames = sorted({one for one in frames if 1 <= one < len(block) // 2})
    last = len(block) - frames[-1] - 1
    origins = np.unique(np.linspace(0, last, ORIGINS).astype(int))
    x, v = block.positions[origins], block.velocities[origins]
    times = block.dt_ps * np.array(frames)
    made = motion_of(bridge.forces, bridge.masses, block.dt_ps)(x, v, times).positions
    rows = []
    for number, (frame, time) in enumerate(zip(frames, times.tolist(), strict=True)):
        true = block.positions[origins + frame]
        straight = _mean(x + time * v - true)
        away = np.sqrt(((made[:, number] - true) ** 2).sum(axis=2))
        if np.isfinite(away).all():
            rows.append({"ps": time, "straight_nm": straight} | vars(error_of(away)))
    return tuple(rows)


def _mean(away: Array) -> float:
    return float(np.sqrt((away**2).sum(axis=2)).mean())


def propagate(
    model: Path,
    start: Path,
    time_ps: float,
    out: Path,
    temperature_K: float | None = None,
    every_ps: float = EVERY_PS,
    seed: int = 0,
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
    log
        Takes lines of text.

    Raises
    ------
    DataError
        If the molecule or the conformation is new, the model has no forces or is not better than
        x + v t, or the motion leaves the learned conformations; what was before is then written.
    """
    check_writable(out)
    card, source, topology = open_source(model, start)
    bridge = _useful(card, model)
    check_known(card, source, model)
    assert card.step_ps is not None
    every = round(every_ps / card.step_ps)
    if every < 1 or abs(every * card.step_ps / every_ps - 1) > 1e-6:
        raise DataError(
            "--every", f"{1e3 * every_ps:g} fs: no multiple of the step, {1e3 * card.step_ps:g} fs"
        )
    count = round(time_ps / every_ps)
    if count < 1:
        raise DataError("--time", f"{1e3 * time_ps:g} fs: less than --every, {1e3 * every_ps:g} fs")
    x = source.trajectory.positions[-1:]
    v = source.trajectory.velocities
    if v is None:
        temperature = card.temperature_K if temperature_K is None else temperature_K
        assert temperature is not None
        log(f"{start.name} has no velocities: drawn at {temperature:.0f} K, seed {seed}")
        v = drawn(x, card.masses, temperature, seed)
    made, left = _followed(card, bridge, x, v[-1:], count, every)
    write(made, topology, out)
    warm = made.temperature()
    log(f"{out}: {len(made)} frames, {made.dt_ps * (len(made) - 1):g} ps, mean {warm:.0f} K")
    if left is not None:
        raise DataError(
            out,
            f"after {left:g} ps the motion leaves the learned conformations; what was before is"
            " written: learn from a trajectory that has more of them",
        )
    return made


def _useful(card: Card, model: Path) -> Bridge:
    """Learned forces, if they are better than straight lines."""
    bridge = load_bridge(model)
    rows = [row for row in card.motion if row["ps"] <= USEFUL_PS * 1.001]
    if not rows:
        raise DataError(model, "its learned forces were not judged: the source had no velocities")
    row = rows[-1]
    if row["mean_nm"] >= row["straight_nm"]:
        raise DataError(
            model,
            f"after {1e3 * row['ps']:g} fs its error of {row['mean_nm']:.2g} nm is above that of"
            f" x + v t, {row['straight_nm']:.2g} nm; learn from more frames",
        )
    return bridge


def drawn(x: Array, masses: Array, temperature: float, seed: int) -> Array:
    """Velocities (B, N, 3) in nm/ps of the Maxwell distribution, without total momenta."""
    import torch

    from mechanist.trajectory.propagator.momentum import repaired

    rng = np.random.default_rng(seed)
    v = np.sqrt(GAS * temperature / masses)[:, None] * rng.standard_normal(x.shape)
    none = torch.zeros(len(x), 3, dtype=torch.float64)
    parts = torch.tensor(x), torch.tensor(v), torch.tensor(masses)[:, None]
    return np.asarray(repaired(*parts, (none, none)).numpy())


def _followed(
    card: Card, bridge: Bridge, x: Array, v: Array, count: int, every: int
) -> tuple[Trajectory, float | None]:
    """The motion, and the time in ps at which it left the learned conformations, if it did."""
    from mechanist.trajectory.propagator.chain import follow
    from mechanist.trajectory.propagator.learned import motion_of

    assert card.step_ps is not None
    assert isinstance(bridge.forces, KernelForces)
    motion = motion_of(bridge.forces, card.masses, card.step_ps)
    parts_x, parts_v, done, left = [x[:, :]], [v[:, :]], 0, None
    while done < count and left is None:
        some = min(SEGMENT, count - done)
        chain = follow(motion, parts_x[-1][-1:], parts_v[-1][-1:], some * every, every)
        frames = chain.positions[0, 1:]
        new = card.conformations.new(frames)
        if new.sum() > NEW * max(len(new), 1 / NEW):
            some = int(np.flatnonzero(new)[0])
            left = (done + some) * every * card.step_ps
        parts_x.append(frames[:some])
        parts_v.append(chain.velocities[0, 1 : some + 1])
        done += some
    positions, velocities = np.concatenate(parts_x), np.concatenate(parts_v)
    meta = Meta(source="learned forces", integrator_dt_ps=card.step_ps)
    dt_ps = every * card.step_ps
    return (
        Trajectory(positions, dt_ps, card.numbers, card.masses, velocities, meta=meta),
        left,
    )
