"""The window model: a q that separates the regions which equilibrium runs visit, and its windows.

The model of the last round was trained on shots from transition paths alone. On structures far from
them, such as other exits of a state, its q is arbitrary, and one window could contain unrelated
regions. So one more model is trained, on the shots and on the excursions of the runs.
"""

import numpy as np

from mechanist.arrays import Array, FrameSource, LogWeights, Mask, Q
from mechanist.bookkeeping.files import damage_reported, read_json, write_json
from mechanist.bookkeeping.journal import TRAINING, Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.data import ShotData
from mechanist.committor.gather import frame_features, frame_q
from mechanist.committor.network import Committor, load
from mechanist.committor.training import train
from mechanist.errors import DataError
from mechanist.sampling.excursions.window_weights import WindowSelection
from mechanist.sampling.records.stored_frames import view
from mechanist.sampling.records.tables import PathTable
from mechanist.settings.learn import LearnSettings
from mechanist.systems.descriptors.descriptor_set import DescriptorSet
from mechanist.systems.prepared import Prepared, load_inputs

WINDOW_STREAM = 2**37
"""Random stream of the training."""

TRAINING_SHOTS = 40_000
RUN_FRAMES = 20_000
"""Training data, at most: any q gives correct rates, a good one smaller errors."""

EMPHASIS = 30
"""Outcomes that a frame of a run counts for. Exits of a state that lead nowhere occur in the runs
alone; this moves them to the ends of q, away from the foot of the barrier."""

RUN_CHAINS = 2**40
"""Runs are numbered from here on, so that their numbers differ from those of chains of shots."""


def learn_windows(
    shots: ShotData,
    runs: PathTable,
    between: Mask,
    in_b: Mask,
    inputs: DescriptorSet,
    settings: LearnSettings,
    rng: np.random.Generator,
    threads: int,
    log: Journal,
) -> Committor:
    """Train on shots and on excursions of runs, each frame of which counts as a shot.

    Parameters
    ----------
    shots
        Shots of all rounds.
    runs
        Excursions of all runs.
    between, in_b
        (F,) which of their frames lie between the states, and which in B.
    inputs
        Descriptors that the model sees.
    settings
        Of the training; two members are trained, because their spread is not used.
    rng, threads, log
        As of `mechanist.committor.training.train`.
    """
    shots = shots.subset(np.arange(0, len(shots), max(1, -(-len(shots) // TRAINING_SHOTS))))
    rows = np.flatnonzero(between)
    rows = rows[:: max(1, -(-len(rows) // RUN_FRAMES))]
    path = runs.frame_path[rows]
    first = runs.index["first_frame"]
    last = first + runs.index["frames"] - 1
    ends_in_b = (in_b[first].astype(np.int64) + in_b[last])[path]
    data = ShotData(
        features=np.concatenate([shots.features, frame_features(view(runs.frames, rows), inputs)]),
        n_a=np.concatenate([shots.n_a, EMPHASIS * (2 - ends_in_b)]),
        n_b=np.concatenate([shots.n_b, EMPHASIS * ends_in_b]),
        chain=np.concatenate([shots.chain, RUN_CHAINS + runs.index["chain"][path]]),
    )
    two = settings.model_copy(update={"members": 2, "weight_decay": settings.weight_decay[:1]})
    log(f"training on {len(shots):,} shots and {len(rows):,} frames of excursions of the runs")
    with log.work(TRAINING):
        model, _ = train(data, two, inputs.feature_names, rng, threads, log)
    return model


def write_windows(layout: Layout, last: int, edges: Array, log_weights: LogWeights) -> None:
    """Write windows.json: last round, edges (W + 1,) along q, first guess (W,) of ln g."""
    content = {"round": last, "edges": edges.tolist(), "log_weights": log_weights.tolist()}
    write_json(layout.windows, content)


def read_windows(layout: Layout, prepared: Prepared) -> tuple[int, WindowSelection]:
    """The last round, and the selection by windows with their first weights.

    Raises
    ------
    DataError
        If a file is missing or damaged, or the model has other inputs than the run.
    """
    content = read_json(layout.windows)
    with damage_reported(layout.windows):
        edges = np.array(content["edges"], dtype=np.float64)
        log_weights = np.array(content["log_weights"], dtype=np.float64)
        last = int(content["round"])
    if len(edges) != len(log_weights) + 1 or not np.isfinite(log_weights).all():
        raise DataError(
            layout.windows, "edges and log_weights do not match; delete the file and run again"
        )
    inputs = load_inputs(layout)
    model = load(layout.windows_model, layout.windows_model_card)
    if model.feature_names != inputs.feature_names:
        raise DataError(layout.windows_model_card, f"has other inputs than {layout.inputs}")

    def q(frames: FrameSource) -> Q:
        return frame_q(frames, inputs, model)

    return last, WindowSelection(q, edges, log_weights, prepared.max_half_frames, "windows")
