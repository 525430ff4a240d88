"""Stages ``windows`` and ``excursions``: shots that are spread evenly from A to B."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mechanist.analysis.even_sampling import even_log_weights, window_edges
from mechanist.engine.choose import auto_chains, choose_platform, make_engine
from mechanist.errors import DataError
from mechanist.files import read_json, write_json
from mechanist.layout import Layout
from mechanist.sampling.chain import CurrentPath, shot_seed
from mechanist.sampling.excursions import EXCURSION_COLUMNS, AlongQ, ExcursionChain
from mechanist.sampling.first_path import thermal_velocities
from mechanist.sampling.records import (
    Frames,
    PathTable,
    Table,
    read_frames,
    read_table,
    write_frames,
    write_table,
)
from mechanist.sampling.shoot import Harvest, shoot
from mechanist.settings.config import Config
from mechanist.stages.assess import load_round_model
from mechanist.stages.gather import candidate_frames, frame_q, gather_paths
from mechanist.stages.shoot import reporter
from mechanist.systems.prepared import load, load_inputs

EXCURSION_STREAM = 2**36
"""Chain numbers from here on are chains of excursions."""

PATH_FRAMES = 100_000
"""Frames of transition paths that the weights are made from, at most."""


def spread_windows(config: Config, layout: Layout, last: int, log: Callable[[str], None]) -> None:
    """Write windows.json: windows along q, and ln g at their centres."""
    prepared, inputs = load(layout), load_inputs(layout)
    model = load_round_model(layout, last, inputs)
    paths = gather_paths(layout, [last], config.sampling.workers, prepared.atoms)
    use, weights = candidate_frames(paths)
    rows = np.flatnonzero(use)
    rows = rows[:: max(1, len(rows) // PATH_FRAMES)]
    q_paths = frame_q(paths.frames[rows], inputs, model)
    q_runs = {name: np.empty(0) for name in ("A", "B")}
    for worker in range(config.sampling.workers):
        table = read_run_excursions(layout, worker, prepared.atoms)
        source = table.index["source"][table.frame_path]
        between = prepared.states.label_positions(table.frames) == 0
        for name in q_runs:
            frames = table.frames[between & (source == name)]
            q_runs[name] = np.concatenate([q_runs[name], frame_q(frames, inputs, model)])
    edges = window_edges(np.concatenate([q_paths, *q_runs.values()]), config.kinetics.windows)
    log_weights = even_log_weights(q_runs["A"], q_runs["B"], q_paths, weights[rows], edges)
    content = {"round": last, "edges": edges.tolist(), "log_weights": log_weights.tolist()}
    write_json(layout.even_sampling, content)
    log(f"{len(log_weights)} windows from q = {edges[0]:.1f} to {edges[-1]:.1f}")


def read_run_excursions(layout: Layout, worker: int, atoms: int) -> PathTable:
    """Excursions of the equilibrium runs of one job."""
    files = layout.kinetics_job(worker)
    return read_excursions(files.run_excursions, files.run_index, atoms)


def read_excursions(frames: Path, index: Path, atoms: int) -> PathTable:
    """Read a TRR of excursions with its index, checking that the two fit."""
    table = read_table(index, EXCURSION_COLUMNS)
    xyz = (
        read_frames(frames, atoms) if len(table["frames"]) else np.empty((0, atoms, 3), np.float32)
    )
    if int(table["frames"].sum()) != len(xyz):
        raise DataError(frames, f"holds {len(xyz)} frames, {index.name} names others")
    return PathTable(xyz, table)


def read_windows(layout: Layout) -> tuple[int, NDArray[np.float64], NDArray[np.float64]]:
    """Round of the model, edges (W + 1,) and ln g (W,) of windows.json."""
    content = read_json(layout.even_sampling)
    try:
        edges, log_weights = np.array(content["edges"]), np.array(content["log_weights"])
        number = int(content["round"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(layout.even_sampling, f"lacks {error}; delete it and run again") from None
    if len(edges) != len(log_weights) + 1 or not np.isfinite(log_weights).all():
        raise DataError(layout.even_sampling, "edges and weights do not fit; delete it")
    return number, edges, log_weights


def along_q(layout: Layout) -> tuple[AlongQ, NDArray[np.float64]]:
    """The weights of frames, and the edges of the windows."""
    number, edges, log_weights = read_windows(layout)
    inputs = load_inputs(layout)
    model = load_round_model(layout, number, inputs)
    centres = 0.5 * (edges[1:] + edges[:-1])

    def logit(frames: Frames) -> NDArray[np.float64]:
        return frame_q(frames, inputs, model)

    return AlongQ(logit, centres, log_weights, f"{number:03d}"), edges


def make_excursions(
    config: Config, layout: Layout, worker: int, log: Callable[[str], None]
) -> None:
    """Let the excursion chains of one worker make their moves."""
    prepared = load(layout)
    settings, sampling = config.kinetics, config.sampling
    count = auto_chains(prepared) if sampling.chains == "auto" else sampling.chains
    moves = -(-settings.shots // (count * sampling.workers))
    weights, _ = along_q(layout)
    starts = starting_excursions(config, layout, worker, prepared.atoms, weights, count)
    sigma = thermal_velocities(prepared)
    burn_in = round(settings.relax * moves)
    chains = [
        ExcursionChain(
            EXCURSION_STREAM + worker * count + i, path, weights, config.seed, 0, 0, 0, sigma
        )
        for i, path in enumerate(starts)
    ]
    platform = choose_platform(prepared, config.engine.platform, 2 * count)
    seed = shot_seed(config.seed, EXCURSION_STREAM - 1 - worker, 0) % 2**31
    engine = make_engine(prepared, 2 * count, platform, seed)
    harvest = shoot(chains, engine, moves, reporter(log))
    index, frames = excursion_table(harvest, burn_in)
    files = layout.kinetics_job(worker)
    write_frames(files.excursions, frames)
    write_table(files.index, index, EXCURSION_COLUMNS)
    lost = sum(shot.path is None for shot in harvest.shots)
    log(f"worker {worker}: {count} chains x {moves} moves on {platform}, {lost} shots lost")


def starting_excursions(
    config: Config, layout: Layout, worker: int, atoms: int, weights: AlongQ, count: int
) -> list[CurrentPath]:
    """Excursions to start from, in turn out of A, out of B and between the states."""
    number, _, _ = read_windows(layout)
    runs = read_run_excursions(layout, worker, atoms)
    paths = gather_paths(layout, [number], config.sampling.workers, atoms)
    source = runs.index["source"]
    pools: list[tuple[PathTable, NDArray[np.int64]]] = [
        (paths, np.flatnonzero(paths.index["weight"] > 0)),
        (runs, np.flatnonzero(source == "A")),
        (runs, np.flatnonzero(source == "B")),
    ]
    pools = [pool for pool in pools if len(pool[1])]
    rng = np.random.default_rng(shot_seed(config.seed, EXCURSION_STREAM - 1 - worker, 1))
    starts = []
    for i in range(count):
        table, rows = pools[i % len(pools)]
        drawn = rng.choice(rows, min(len(rows), 20), replace=False)
        # Drawn in proportion to G, of a few, so that even a start is nearly in equilibrium.
        totals = [weights.candidates(table.path(int(row))[1:-1]).total for row in drawn]
        row = int(rng.choice(drawn, p=np.array(totals) / sum(totals)))
        starts.append(CurrentPath(table.path(row), -1, 1))
    return starts


def excursion_table(harvest: Harvest, burn_in: int) -> tuple[Table, list[Frames]]:
    """Rows of `EXCURSION_COLUMNS` for the excursions of shots after burn-in, and their frames."""
    kept = [(shot, shot.path) for shot in harvest.shots if shot.path and shot.move >= burn_in]
    lengths = np.array([len(path.frames) for _, path in kept], dtype=np.int64)
    table: Table = {
        "source": np.array(["shot"] * len(kept), dtype=object),
        "chain": np.array([shot.chain - EXCURSION_STREAM for shot, _ in kept], dtype=np.int64),
        "move": np.array([shot.move for shot, _ in kept], dtype=np.int64),
        "first_frame": np.cumsum(lengths) - lengths,
        "frames": lengths,
        "shooting_frame": np.array([path.shooting_frame for _, path in kept], dtype=np.int64),
    }
    return table, [path.frames for _, path in kept]
