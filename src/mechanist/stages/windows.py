"""Stage ``windows``: windows along a q that is learned from the excursions of runs as well."""

import numpy as np

from mechanist.bookkeeping.journal import Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.gather import candidate_frames, frame_q, gather_paths, gather_shots
from mechanist.committor.network import save
from mechanist.committor.windows import WINDOW_STREAM, learn_windows, write_windows
from mechanist.sampling.excursions.tables import read_run_excursions
from mechanist.sampling.excursions.window_weights import first_log_weights, window_edges
from mechanist.sampling.records.stored_frames import view
from mechanist.sampling.streams import shot_seed
from mechanist.settings.config import Config
from mechanist.systems.prepared import load, load_inputs

PATH_FRAMES = 100_000
"""Frames of transition paths that the weights are estimated from, at most."""


def windows(config: Config, layout: Layout, last: int, threads: int, log: Journal) -> None:
    """Train the window model; write its edges along q and a first guess of ln g."""
    log.load("torch")
    prepared, inputs = load(layout), load_inputs(layout)
    workers, atoms = config.sampling.workers, prepared.atoms
    runs, between = read_run_excursions(layout, workers, prepared)
    shots = gather_shots(layout, range(last + 1), workers, inputs, atoms).data
    rng = np.random.default_rng(shot_seed(config.seed, WINDOW_STREAM, last))
    in_b = prepared.states.label_positions(runs.frames) == 1
    model = learn_windows(shots, runs, between, in_b, inputs, config.learn, rng, threads, log)
    save(model, layout.windows_model, layout.windows_model_card)
    paths = gather_paths(layout, [last], workers, atoms)
    use, weights = candidate_frames(paths)
    rows = np.flatnonzero(use)
    rows = rows[:: max(1, len(rows) // PATH_FRAMES)]
    q_paths = frame_q(view(paths.frames, rows), inputs, model)
    source = runs.index["source"][runs.frame_path]
    q_a, q_b = (
        frame_q(view(runs.frames, between & (source == name)), inputs, model) for name in ("A", "B")
    )
    edges = window_edges(np.concatenate([q_paths, q_a, q_b]), config.kinetics.windows)
    log_weights = first_log_weights(q_a, q_b, q_paths, weights[rows], edges)
    write_windows(layout, last, edges, log_weights)
    log(f"{len(log_weights)} windows from q = {edges[0]:.1f} to {edges[-1]:.1f}")
