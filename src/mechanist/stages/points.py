"""Stage ``points``: frames for fresh committor shots, and the predictions there."""

from typing import Any

import numpy as np

from mechanist.analysis.validation.points import (
    FORMULA,
    candidates,
    formula_points,
    network_points,
    shooting_points,
    why_fewer,
)
from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.journal import Log
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.gather import (
    frame_features,
    frame_q,
    gather_full_paths,
    load_round_model,
)
from mechanist.formula.store import load_formula
from mechanist.sampling.committor_shots import COMMITTOR_STREAM, FIRST_POINT
from mechanist.sampling.records.tables import write_frames
from mechanist.sampling.streams import shot_seed
from mechanist.settings.config import Config
from mechanist.statistics.logistic import q_to_p
from mechanist.systems.prepared import load, load_formula_inputs, load_inputs


def points(config: Config, layout: Layout, by: str, last: int, log: Log) -> None:
    """Choose fresh frames of held-out chains and write predictions, before any fresh shot."""
    prepared, inputs = load(layout), load_inputs(layout)
    model, settings = load_round_model(layout, last, inputs), config.validation
    paths = gather_full_paths(layout, range(last + 1), config.sampling.workers, prepared.atoms)
    used = shooting_points(layout, range(last + 1), config.sampling.workers, prepared.atoms)
    frames = candidates(paths, config.learn.held_out_every, used)
    rng = np.random.default_rng(shot_seed(config.seed, COMMITTOR_STREAM, 2**20 + FIRST_POINT[by]))
    predictions: dict[str, Any] = {}
    if by == FORMULA:
        formula = load_formula(layout.formula)
        q = formula.frame_q(frames, load_formula_inputs(layout)) if len(frames) else np.empty(0)
        spread, surface = formula_points(q, rng, settings.formula_points, settings.surface_points)
        rows = np.concatenate([spread, surface])
        predictions["q_formula"] = q[rows].tolist()
        predictions["on_surface"] = [False] * len(spread) + [True] * len(surface)
    else:
        rows = network_points(q_to_p(frame_q(frames, inputs, model)), rng, settings.points)
    predictions |= {"p_network": [], "p_error": []}
    if len(rows):
        features = frame_features(frames[rows], inputs)
        predictions["p_network"] = q_to_p(model.q(features)).tolist()
        predictions["p_error"] = model.estimate(features)[1].tolist()
    files = layout.fresh(by)
    write_frames(files.points, [frames[rows]], box=prepared.frame_box)
    wanted = settings.formula_points if by == FORMULA else settings.points
    fewer = why_fewer(len(rows), wanted, len(frames))
    write_json(files.predictions, {"round": last, "fewer": fewer, **predictions})
    if fewer:
        log(fewer)
    log(f"{len(rows)} points by the {by} from {len(frames):,} frames of held-out chains")
