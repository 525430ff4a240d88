"""Verb ``learn``: models of a molecule from a dense trajectory, judged on its last block."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mechanist.bookkeeping.files import sha256
from mechanist.errors import DataError
from mechanist.trajectory.dataset import Dataset, by_time, windows
from mechanist.trajectory.propagator.learned import motion_of
from mechanist.trajectory.restore.gap_map import GapMaps
from mechanist.trajectory.restore.restore import MOST_ATOMS, maps_of
from mechanist.trajectory.superres import store
from mechanist.trajectory.superres.bridge import Bridge
from mechanist.trajectory.superres.forcefield import motions
from mechanist.trajectory.superres.learned import LAGS, learn_bridge
from mechanist.trajectory.superres.ridge import Ridge, fit_ridge
from mechanist.trajectory.tools import keep
from mechanist.trajectory.tools.card import Card, lines, write_card
from mechanist.trajectory.tools.fillers import (
    BASELINE,
    NEEDS_VELOCITIES,
    Filler,
    bridge_fill,
    hermite_fill,
    map_fill,
    ridge_fill,
    spline_fill,
)
from mechanist.trajectory.tools.forecasting import forecast_rows
from mechanist.trajectory.tools.judge import (
    GROUPS,
    MOVING,
    POSITIONS,
    ROUNDED,
    XTC,
    Row,
    best,
    judge,
)
from mechanist.trajectory.tools.molecule import Molecule, conformations
from mechanist.trajectory.tools.propagation import after_useful, motion_rows
from mechanist.trajectory.tools.source import Source, read
from mechanist.trajectory.trajectory import Trajectory

if TYPE_CHECKING:
    from mechanist.trajectory.propagator.gicnet import GicnetMotion

Log = Callable[[str], None]

STRIDES = (2, 5, 10, 20)
"""Strides that are learned if none are asked for, as far as the trajectory is long enough."""

KINDS = ("map", "ridge", "bridge", "4d")
"""Learned models."""

USUAL = ("map", "ridge", "bridge")
"""Those that are learned unless others are asked for; 4d where there is no bridge."""

BRIDGE_ATOMS = 30
"""Largest number of atoms for learned forces and for 4-D networks."""

ROWS = 7000
"""Rows of the kernel matrix of learned forces; geometries times internal motions."""

STEP_PS = 0.0011
"""Longest time between frames with which learned forces are integrated."""

NETWORK_PS = 0.0025
"""Longest time between frames for 4-D networks, which reach 10 fs."""

VALIDATE, TEST = 0.15, 0.25
"""Shares of the frames."""


@dataclass(frozen=True)
class Learned:
    """Models by kind."""

    maps: GapMaps | None
    bridge: Bridge | None
    network: "GicnetMotion | None"
    ridges: dict[int, Ridge]
    fillers: dict[tuple[str, int], Filler]


def learn(
    dense: Path,
    out: Path,
    top: Path | None = None,
    dt_ps: float | None = None,
    kinds: Sequence[str] = (),
    strides: Sequence[int] = (),
    seed: int = 0,
    geometries: int | None = None,
    log: Log = print,
) -> Card:
    """Learn models of a molecule, and write them with their card.

    Parameters
    ----------
    dense
        Trajectory: a format of mdtraj, or npz of MD17 or sGDML.
    out
        Folder to write.
    top
        File with the topology, for formats that do not name atoms.
    dt_ps
        Time between frames, where the file does not say it.
    kinds
        Of `KINDS`; if empty, those that fit.
    strides
        From one known frame to the next; if empty, those of `STRIDES` that fit.
    seed
        Of networks.
    geometries
        Number of frames that forces are learned from; if None, as many as `ROWS` allows.
    log
        Takes lines of text.

    Raises
    ------
    DataError
        If the file cannot be read, is too short, or of a molecule that is too large, or a kind of
        model that is asked for does not fit.
    """
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown:
        raise DataError("--models", f"{unknown[0]!r} is none of {', '.join(KINDS)}")
    if any(stride < 2 for stride in strides):
        raise DataError("--stride", f"{min(strides)}: must be at least 2")
    if out.exists() and not out.is_dir():
        raise DataError(out, "--out: is a file; models are written to a folder")
    source = read(dense, top, dt_ps)
    for note in source.notes:
        log(f"{dense.name}: {note}")
    frames = source.trajectory
    if len(frames.numbers) > MOST_ATOMS:
        raise DataError(
            dense,
            f"{len(frames.numbers)} atoms; motion is learned for up to {MOST_ATOMS}: write a part"
            " of the molecule to a file of its own (mdtraj Trajectory.atom_slice)",
        )
    wanted = _strides(source, strides, log)
    data = by_time(frames, wanted[-1] + 1, VALIDATE, TEST)
    kinds, warnings = _fitting(source, data, kinds, log)
    molecule = Molecule(frames.numbers, frames.positions[0])
    learned = _fit(data, molecule, kinds, wanted, seed, geometries, log)
    rows = _judged(learned, data.test, source, wanted, log)
    keep.clear(out)
    motion, dropped = _motion(learned, data)
    rounded = source.rounding_nm >= XTC
    forecasts = forecast_rows(data, wanted, learned.bridge, rounded, out)
    held = np.concatenate([data.validate.positions, data.test.positions])
    card = Card(
        conformations(molecule, data.train.positions, held),
        frames.masses,
        frames.dt_ps,
        None if learned.bridge is None else frames.dt_ps,
        frames.temperature() if frames.velocities is not None else None,
        _described(source, data),
        tuple(rows),
        tuple(motion),
        forecasts,
        (*warnings, *dropped, *_useless(rows, wanted)),
    )
    if learned.bridge is not None:
        store.save(learned.bridge, *keep.files(out, "forces"))
    if learned.network is not None and not dropped:
        from mechanist.trajectory.propagator import gicnet_store

        gicnet_store.save(learned.network, *keep.files(out, "4d"))
    if learned.maps is not None:
        keep.save_maps(learned.maps, out)
    for stride, ridge in learned.ridges.items():
        keep.save_linear(ridge, f"ridge_{stride}", out)
    write_card(card, out, source.topology)
    for line in lines(card):
        log(line)
    return card


def _strides(source: Source, asked: Sequence[int], log: Log) -> list[int]:
    """Strides for which the last block has enough gaps."""
    most = int(TEST * len(source.trajectory)) // (GROUPS + 1)
    wanted = sorted(set(asked or STRIDES))
    fitting = [stride for stride in wanted if stride <= most]
    if not fitting or (asked and fitting != wanted):
        raise DataError(
            source.path,
            f"{len(source.trajectory)} frames: the last quarter has fewer than {GROUPS} gaps of"
            f" stride {wanted[-1] if asked else wanted[0]}",
        )
    if fitting != wanted:
        log(f"strides above {fitting[-1]} are left out: too few frames")
    return fitting


def _fitting(
    source: Source, data: Dataset, asked: Sequence[str], log: Log
) -> tuple[tuple[str, ...], list[str]]:
    """Kinds of models that the data allow, and warnings."""
    frames = source.trajectory
    reasons: dict[str, str] = {}
    if frames.velocities is None:
        reasons["ridge"] = "has no velocities"
    exact = frames.meta.integrator_dt_ps is not None
    if not exact and frames.forces is None:
        reasons["bridge"] = "has no forces, nor every step in double precision"
    elif len(frames.numbers) > BRIDGE_ATOMS:
        reasons["bridge"] = f"has more than {BRIDGE_ATOMS} atoms"
    elif frames.dt_ps > STEP_PS:
        reasons["bridge"] = f"has frames {1e3 * frames.dt_ps:g} fs apart, not up to 1.1 fs"
    elif len(data.validate) < 2 * LAGS:
        reasons["bridge"] = f"has fewer than {round(2 * LAGS / VALIDATE)} frames"
    if frames.velocities is None:
        reasons["4d"] = "has no velocities"
    elif len(frames.numbers) > BRIDGE_ATOMS:
        reasons["4d"] = f"has more than {BRIDGE_ATOMS} atoms"
    elif frames.dt_ps > NETWORK_PS:
        reasons["4d"] = f"has frames {1e3 * frames.dt_ps:g} fs apart, not up to 2.5 fs"
    for kind in asked:
        if kind in reasons:
            raise DataError(source.path, f"--models {kind}: the file {reasons[kind]}")
    for kind, reason in reasons.items():
        if kind in USUAL:
            log(f"no {kind}: the file {reason}")
    warnings = [f"{kind}: not learned, the file {reason}" for kind, reason in reasons.items()]
    if len(frames.numbers) > BRIDGE_ATOMS:
        warnings.append(f"{len(frames.numbers)} atoms: errors of maps grow with size")
    usual = USUAL if "bridge" not in reasons else (*USUAL, "4d")
    return tuple(kind for kind in (asked or usual) if kind not in reasons), warnings


def _fit(
    data: Dataset,
    molecule: Molecule,
    kinds: Sequence[str],
    strides: Sequence[int],
    seed: int,
    geometries: int | None,
    log: Log,
) -> Learned:
    """All models; polynomials are always among them."""
    train = data.train
    fillers: dict[tuple[str, int], Filler] = {("spline", one): spline_fill for one in strides}
    moving = train.velocities is not None
    if moving:
        fillers |= {("hermite", one): hermite_fill for one in strides}
    maps = maps_of([train.positions], train.masses) if "map" in kinds else None
    if maps is not None:
        fillers |= {("map", one): partial(map_fill, maps) for one in strides}
        log("linear maps of internal coordinates")
    elif "map" in kinds:
        log("no map: some atom has no three others that define its internal coordinates")
    ridges = {}
    for stride in strides if "ridge" in kinds else ():
        gaps = [windows(part, stride - 1, 1) for part in (train, data.validate)]
        ridges[stride] = fit_ridge(gaps[0], gaps[1], train.masses)
        fillers["ridge", stride] = partial(ridge_fill, ridges[stride])
    bridge = None
    if "bridge" in kinds:
        count = geometries or max(20, ROWS // motions(len(train.masses)))
        count = min(count, len(train) - 2)
        orders = len(molecule.permutations)
        same = f"{orders} permutations of like atoms" if orders > 1 else "no exchange of like atoms"
        log(f"forces from {count} geometries, {same}")
        bridge = learn_bridge(data, molecule.permutations, count)
        fillers |= {("bridge", one): partial(bridge_fill, bridge) for one in strides}
    network = None
    if "4d" in kinds:
        from mechanist.trajectory.propagator import gicnet_learn

        network = gicnet_learn.learn_gicnet(train, data.validate, gicnet_learn.USUAL, seed, log=log)
    return Learned(maps, bridge, network, ridges, fillers)


def _motion(learned: Learned, data: Dataset) -> tuple[list[Row], list[str]]:
    """Errors of the models that follow motion, and a warning if the network is not the best."""
    rows: list[Row] = []
    if learned.bridge is not None and data.test.velocities is not None:
        rows += motion_rows("bridge", motion_of(learned.bridge, data.test.dt_ps), np.inf, data)
    if learned.network is None:
        return rows, []
    own = motion_rows("4d", learned.network, learned.network.reach_ps, data)
    found, wrong = after_useful(rows), after_useful(own).get("4d")
    if wrong is None:
        return rows, ["4d: not kept, it diverged"]
    rivals = {"x + v t": wrong.straight_nm} | {name: row.mean_nm for name, row in found.items()}
    rival = min(rivals, key=lambda name: rivals[name])
    if rivals[rival] <= wrong.mean_nm:
        text = f"4d: not kept, after {1e3 * wrong.ps:g} fs its error is {wrong.mean_nm:.2g} nm,"
        return rows, [f"{text} that of {rival} {rivals[rival]:.2g} nm"]
    return rows + own, []


def _judged(
    learned: Learned, block: Trajectory, source: Source, strides: Sequence[int], log: Log
) -> list[Row]:
    """Errors of all models for all that may be known of stored frames."""
    log(f"judged on the last {len(block)} frames")
    known = [ROUNDED] if source.rounding_nm >= XTC else [POSITIONS, ROUNDED]
    rows = []
    for stride in strides:
        own = {kind: one for (kind, at), one in learned.fillers.items() if at == stride}
        still = {kind: one for kind, one in own.items() if kind not in NEEDS_VELOCITIES}
        for what in known:
            rows += judge(still, block, what, stride)
        if block.velocities is not None:
            moving = {kind: one for kind, one in own.items() if kind not in ("spline", "map")}
            rows += judge(moving, block, MOVING, stride)
    return rows


def _described(source: Source, data: Dataset) -> dict[str, object]:
    parts = {"train": data.train, "validate": data.validate, "test": data.test}
    return {
        "file": source.path.name,
        "sha256": sha256(source.path),
        "frames": len(source.trajectory),
        "velocities": source.trajectory.velocities is not None,
        "forces": source.trajectory.forces is not None,
        "rounding_nm": source.rounding_nm,
        "notes": list(source.notes),
        "blocks": {name: len(part) for name, part in parts.items()},
    }


def _useless(rows: Sequence[Row], strides: Sequence[int]) -> list[str]:
    """Where no learned model is better than a polynomial."""
    found = [best(rows, known, one) for known in (POSITIONS, ROUNDED, MOVING) for one in strides]
    return [
        f"stride {row.stride} ({row.known}): no learned model is better than a {row.model}"
        for row in found
        if row is not None and row.model in BASELINE.values()
    ]
