"""Stage ``windows``: windows along a q that is learned from the excursions of the runs as well.

The model of the last round has only seen transition paths. On structures far from them, such as
the other exits of a state, its q may say anything, and a window would hold regions that have
nothing to do with each other. So one more model is trained, on the shots and on the excursions of
the runs.
"""

import numpy as np
from numpy.typing import NDArray

from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.journal import TRAINING, Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.data import ShotData
from mechanist.committor.gather import (
    candidate_frames,
    frame_features,
    frame_q,
    gather_paths,
    gather_shots,
)
from mechanist.committor.network import Committor, save
from mechanist.committor.training import train
from mechanist.sampling.excursions.files import run_frames
from mechanist.sampling.excursions.windows import even_log_weights, window_edges
from mechanist.sampling.records.tables import PathTable
from mechanist.sampling.streams import shot_seed
from mechanist.settings.config import Config
from mechanist.settings.learn import LearnSettings
from mechanist.systems.descriptors.descriptor_set import DescriptorSet
from mechanist.systems.prepared import Prepared, load_inputs
from mechanist.systems.prepared import load as load_system

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
