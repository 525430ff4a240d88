"""Stage ``windows``: windows along a q that is learned from the excursions of the runs as well.

The model of the last round has only seen transition paths. On structures far from them, such as
the other exits of a state, its q may say anything, and a window would hold regions that have
nothing to do with each other. So one more model is trained, on the shots and on the excursions of
the runs.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mechanist.bookkeeping.files import read_json, sound, write_json
from mechanist.bookkeeping.journal import TRAINING, Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.data import ShotData
from mechanist.committor.network import Committor, load, save
from mechanist.committor.training import train
from mechanist.errors import DataError
from mechanist.sampling.excursions.excursions import EXCURSION_COLUMNS, EvenWindows
from mechanist.sampling.excursions.windows import even_log_weights, window_edges
from mechanist.sampling.records.tables import Frames, PathTable, join_paths, read_frames, read_table
from mechanist.sampling.streams import shot_seed
from mechanist.settings.config import Config
from mechanist.settings.learn import LearnSettings
from mechanist.stages.gather import (
    candidate_frames,
    frame_features,
    frame_q,
    gather_paths,
    gather_shots,
)
from mechanist.systems.descriptors.descriptor_set import DescriptorSet
from mechanist.systems.prepared import Prepared, load_inputs
from mechanist.systems.prepared import load as load_system

Array = NDArray[np.float64]

WINDOW_STREAM = 2**37
"""Stream of random numbers of the training."""

PATH_FRAMES = 100_000
"""Frames of transition paths that the weights are made from, at most."""

TRAINING_SHOTS = 40_000
RUN_FRAMES = 20_000
"""What the model is trained on, at most: any q is right, a good one is better."""

EMPHASIS = 30
"""How often a frame of a run counts. The exits of a state that lead nowhere are seen by the runs
alone; this pushes them out to the ends of q, away from the foot of the barrier."""

RUN_CHAINS = 2**40
"""Numbers of runs begin here where chains of shots have numbers of their own."""


def spread_windows(config: Config, layout: Layout, last: int, threads: int, log: Journal) -> None:
    """Train the model, and write windows.json: edges along its q, and a first guess of ln g."""
    log.load("torch")
    prepared, inputs = load_system(layout), load_inputs(layout)
    runs, between = run_frames(config, layout, prepared)
    model = learn_windows(config, layout, last, inputs, prepared, runs, between, threads, log)
    save(model, layout.windows_model, layout.windows_model_card)
    paths = gather_paths(layout, [last], config.sampling.workers, prepared.atoms)
    use, weights = candidate_frames(paths)
    rows = np.flatnonzero(use)
    rows = rows[:: max(1, len(rows) // PATH_FRAMES)]
    q_paths = frame_q(paths.frames[rows], inputs, model)
    source = runs.index["source"][runs.frame_path]
    q_a, q_b = (
        frame_q(runs.frames[between & (source == name)], inputs, model) for name in ("A", "B")
    )
    edges = window_edges(np.concatenate([q_paths, q_a, q_b]), config.kinetics.windows)
    log_weights = even_log_weights(q_a, q_b, q_paths, weights[rows], edges)
    content = {"round": last, "edges": edges.tolist(), "log_weights": log_weights.tolist()}
    write_json(layout.windows, content)
    log(f"{len(log_weights)} windows from q = {edges[0]:.1f} to {edges[-1]:.1f}")


def learn_windows(
    config: Config,
    layout: Layout,
    last: int,
    inputs: DescriptorSet,
    prepared: Prepared,
    runs: PathTable,
    between: NDArray[np.bool_],
    threads: int,
    log: Journal,
) -> Committor:
    """A model of all shots and of the excursions of runs, each frame of which is a shot."""
    rounds = range(last + 1)
    shots = gather_shots(layout, rounds, config.sampling.workers, inputs, prepared.atoms).data
    shots = shots.subset(np.arange(0, len(shots), max(1, -(-len(shots) // TRAINING_SHOTS))))
    rows = np.flatnonzero(between)
    rows = rows[:: max(1, -(-len(rows) // RUN_FRAMES))]
    path = runs.frame_path[rows]
    in_b = np.stack([ends_in_b(runs, prepared, end)[path] for end in (0, -1)]).sum(axis=0)
    data = ShotData(
        features=np.concatenate([shots.features, frame_features(runs.frames[rows], inputs)]),
        n_a=np.concatenate([shots.n_a, EMPHASIS * (2 - in_b)]),
        n_b=np.concatenate([shots.n_b, EMPHASIS * in_b]),
        chain=np.concatenate([shots.chain, RUN_CHAINS + runs.index["chain"][path]]),
    )
    # Two members, as few as can be: their spread is not used.
    settings: LearnSettings = config.learn.model_copy(
        update={"members": 2, "weight_decay": config.learn.weight_decay[:1]}
    )
    rng = np.random.default_rng(shot_seed(config.seed, WINDOW_STREAM, last))
    log(f"training on {len(shots):,} shots and {len(rows):,} frames of excursions of the runs")
    with log.work(TRAINING):
        model, _ = train(data, settings, inputs.feature_names, rng, threads, log)
    return model


def ends_in_b(table: PathTable, prepared: Prepared, end: int) -> NDArray[np.int64]:
    """Whether the first (0) or last (-1) frame of each excursion lies in B, as 0 or 1."""
    first, lengths = table.index["first_frame"], table.index["frames"]
    frames = table.frames[first + (lengths - 1 if end else 0)]
    return np.asarray(prepared.states.label_positions(frames) == 1, dtype=np.int64)


def run_frames(
    config: Config, layout: Layout, prepared: Prepared
) -> tuple[PathTable, NDArray[np.bool_]]:
    """Excursions of the runs of all jobs, and which frames lie between the states."""
    jobs = range(config.sampling.workers)
    runs = join_paths([read_run_excursions(layout, job, prepared.atoms) for job in jobs])
    return runs, prepared.states.label_positions(runs.frames) == 0


def read_run_excursions(layout: Layout, worker: int, atoms: int) -> PathTable:
    """Excursions of the equilibrium runs of one job."""
    files = layout.kinetics_job(worker)
    return read_excursions(files.run_excursions, files.run_index, atoms)


def read_excursions(frames: Path, index: Path, atoms: int) -> PathTable:
    """Read a TRR of excursions with its index, checking that the two fit."""
    table = read_table(index, EXCURSION_COLUMNS)
    count = int(table["frames"].sum())
    xyz = read_frames(frames, atoms) if count else np.empty((0, atoms, 3), np.float32)
    if count != len(xyz):
        raise DataError(frames, f"holds {len(xyz)} frames, {index.name} names {count}")
    return PathTable(xyz, table)


def even_windows(layout: Layout, prepared: Prepared) -> tuple[int, EvenWindows]:
    """The last round, and the windows with their first weights."""
    content = read_json(layout.windows)
    with sound(layout.windows):
        edges = np.array(content["edges"], dtype=np.float64)
        log_weights = np.array(content["log_weights"], dtype=np.float64)
        last = int(content["round"])
    if len(edges) != len(log_weights) + 1 or not np.isfinite(log_weights).all():
        raise DataError(layout.windows, "edges and weights do not fit; delete it and run again")
    inputs = load_inputs(layout)
    model = load(layout.windows_model, layout.windows_model_card)
    if model.feature_names != inputs.feature_names:
        raise DataError(layout.windows_model_card, f"has other inputs than {layout.inputs}")

    def logit(frames: Frames) -> Array:
        return frame_q(frames, inputs, model)

    return last, EvenWindows(logit, edges, log_weights, prepared.max_half_frames, "windows")
