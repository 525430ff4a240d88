"""Stages ``points`` and ``committor-shots``: points, predictions, and fresh shots from them.

One set of points is spread over the network's p_B. It does not depend on the formula, so that it
tests both, and any other formula. A second one is the formula's own.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.analysis.validation.proof import choose_own
from mechanist.analysis.validation.validation import choose_points
from mechanist.arrays import Array, Frames
from mechanist.bookkeeping.files import damage_reported, read_json, write_json
from mechanist.bookkeeping.journal import MD, SHOOTING, Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.bookkeeping.progress import reporter
from mechanist.committor.data import held_out
from mechanist.committor.gather import (
    candidate_frames,
    frame_features,
    frame_q,
    gather_full_paths,
    load_round_model,
)
from mechanist.engine.choose import make_engine
from mechanist.errors import DataError
from mechanist.formula.result import Formula
from mechanist.sampling.committor_shots import (
    COMMITTOR_COLUMNS,
    COMMITTOR_STREAM,
    committor_shots,
)
from mechanist.sampling.jobs import identity, plan_of
from mechanist.sampling.records.checkpoint import checkpointed
from mechanist.sampling.records.tables import (
    join,
    read_frames,
    read_table,
    write_frames,
    write_table,
)
from mechanist.sampling.streams import shot_seed, thermal_velocities
from mechanist.settings.config import Config
from mechanist.statistics.logistic import q_to_p
from mechanist.systems.descriptors.descriptor_set import DescriptorSet
from mechanist.systems.prepared import load, load_formula_inputs, load_inputs

NETWORK, FORMULA = "network", "formula"
"""Who has chosen a set of points."""

FIRST = {NETWORK: 0, FORMULA: 2**19}
"""Number of the first point of a set; numbers key the random streams of shots."""


def choose(config: Config, layout: Layout, by: str, last: int, log: Journal) -> None:
    """Choose frames of held-out chains and write predictions, before any fresh shot is made."""
    prepared, inputs = load(layout), load_inputs(layout)
    model = load_round_model(layout, last, inputs)
    paths = gather_full_paths(layout, range(last + 1), config.sampling.workers, prepared.atoms)
    use, _ = candidate_frames(paths)
    chains = np.repeat(paths.index["chain"], paths.index["frames"])
    frames = paths.frames[use & held_out(chains, config.learn.held_out_every)]
    rng = np.random.default_rng(shot_seed(config.seed, COMMITTOR_STREAM, 2**20 + FIRST[by]))
    if by == FORMULA:
        rows, predictions = _own(config, layout, frames, rng)
    else:
        rows, predictions = _spread(config, q_to_p(frame_q(frames, inputs, model)), rng), {}
    features = frame_features(frames[rows], inputs)
    predictions["p_network"] = q_to_p(model.q(features)).tolist()
    predictions["p_error"] = model.estimate(features)[1].tolist()
    files = layout.fresh(by)
    write_frames(files.points, [frames[rows]])
    write_json(files.predictions, {"round": last, **predictions})
    log(f"{len(rows)} points by the {by} from {len(frames):,} frames of held-out chains")


def _spread(config: Config, p: Array, rng: np.random.Generator) -> NDArray[np.int64]:
    """Rows spread over the network's p_B."""
    wanted = config.validation.points
    if len(p) < wanted:
        raise DataError(
            "config.yaml",
            f"validation.points: {wanted}: held-out chains have only"
            f" {len(p)} path frames; sample more or ask for fewer points",
        )
    return choose_points(p, rng, wanted)


def _own(
    config: Config, layout: Layout, frames: Frames, rng: np.random.Generator
) -> tuple[NDArray[np.int64], dict[str, list[object]]]:
    """Rows that the formula has chosen, its q there, and which of them are on its surface."""
    from mechanist.formula.store import load_formula

    q = formula_q(load_formula(layout.formula), load_formula_inputs(layout), frames)
    settings = config.validation
    spread, surface = choose_own(q, rng, settings.formula_points, settings.surface_points)
    rows = np.concatenate([spread, surface])
    on_surface = [False] * len(spread) + [True] * len(surface)
    return rows, {"q_formula": q[rows].tolist(), "on_surface": list(on_surface)}


def formula_q(formula: Formula, known: DescriptorSet, frames: Frames) -> Array:
    """Reaction coordinate (F,) of frames (F, N, 3) by a formula."""
    used = known.select(formula.descriptors)
    values = used.values(frames)
    columns = {name: values[:, i] for i, name in enumerate(used.names)}
    return np.array(np.broadcast_to(formula.q(columns), len(frames)), dtype=np.float64)


def shoot_points(config: Config, layout: Layout, by: str, worker: int, log: Journal) -> None:
    """Make the fresh committor shots of one job: every so many-th point is its own."""
    prepared, files = load(layout), layout.fresh(by)
    points = read_frames(files.points, prepared.atoms)
    numbers = np.arange(worker, len(points), config.sampling.workers)
    shots = config.validation.shots
    follows = {"seed": config.seed, "engine": config.engine.model_dump(mode="json"), "by": by}
    follows |= {"worker": worker, "workers": config.sampling.workers, "shots": shots}
    job = identity("points", layout, follows, [files.points])
    with checkpointed(files.partial(worker), job, log) as checkpoint:
        plan = plan_of(checkpoint.saved, prepared, config, log)
        noise = shot_seed(config.seed, COMMITTOR_STREAM - 1 - worker, FIRST[by]) % 2**31
        engine = make_engine(prepared, plan.copies, plan, noise, clock=log.clock(MD))
        with log.work(SHOOTING):
            table = committor_shots(
                points[numbers],
                FIRST[by] + numbers,
                shots,
                engine,
                thermal_velocities(prepared),
                config.seed,
                checkpoint,
                plan.notes(),
                reporter(log, "fresh shots"),
            )
        table["point"] = table["point"] - FIRST[by]
        write_table(files.shots(worker), table, COMMITTOR_COLUMNS)
    log(f"worker {worker}: {len(numbers)} points x {shots} fresh committor shots; {plan}")


def read_predictions(layout: Layout, by: str) -> dict[str, NDArray[Any]]:
    """What `choose` has written, as arrays (P,) by name."""
    file = layout.fresh(by).predictions
    content = read_json(file)
    names = ["p_network", "p_error", *(("q_formula", "on_surface") if by == FORMULA else ())]
    with damage_reported(file):
        return {name: np.array(content[name], dtype=np.float64) for name in names}


def read_counts(
    layout: Layout, by: str, workers: int, points: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Shots from each point that ended in a state, and in B, (P,) each."""
    shots = join([read_table(layout.fresh(by).shots(w), COMMITTOR_COLUMNS) for w in range(workers)])
    in_a, in_b = (
        np.bincount(shots["point"][shots["end"] == end].astype(np.int64), minlength=points)
        for end in "AB"
    )
    return in_a + in_b, in_b
