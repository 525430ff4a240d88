"""Stages of the proof: choose fresh points, shoot from them, judge network and formula."""

import csv
import io
from collections.abc import Callable
from dataclasses import asdict

import numpy as np

from mechanist.analysis.validation import Verdict, choose_points, judge, validation_columns
from mechanist.committor.data import held_out
from mechanist.engine.choose import make_engine
from mechanist.errors import DataError
from mechanist.files import read_json, write_json, write_text
from mechanist.journal import MD, SHOOTING, Journal
from mechanist.layout import Layout
from mechanist.sampling.committor_shots import (
    COMMITTOR_COLUMNS,
    COMMITTOR_STREAM,
    committor_shots,
)
from mechanist.sampling.first_path import thermal_velocities
from mechanist.sampling.keeper import keeping
from mechanist.sampling.records import (
    Table,
    join,
    read_frames,
    read_table,
    write_frames,
    write_table,
)
from mechanist.sampling.streams import shot_seed
from mechanist.settings.config import Config
from mechanist.stages.assess import load_round_model
from mechanist.stages.gather import candidate_frames, frame_features, frame_q, gather_full_paths
from mechanist.stages.kept import identity, plan_of
from mechanist.systems.prepared import load, load_inputs


def choose(config: Config, layout: Layout, last: int, log: Callable[[str], None]) -> None:
    """Choose frames of held-out chains, spread over predicted p_B, and write the predictions.

    The predictions of the network are written before any fresh shot is made. The formula is not
    asked: points that do not depend on it make one set of shots serve both.
    """
    prepared, inputs = load(layout), load_inputs(layout)
    model = load_round_model(layout, last, inputs)
    paths = gather_full_paths(layout, range(last + 1), config.sampling.workers, prepared.atoms)
    use, _ = candidate_frames(paths)
    chains = np.repeat(paths.index["chain"], paths.index["frames"])
    rows = np.flatnonzero(use & held_out(chains, config.learn.held_out_every))
    if len(rows) < config.validation.points:
        raise DataError(
            "config.yaml",
            f"validation.points: {config.validation.points}: held-out chains have only"
            f" {len(rows)} path frames; sample more or ask for fewer points",
        )
    q = frame_q(paths.frames[rows], inputs, model)
    p = 0.5 * (1 + np.tanh(0.5 * q))
    rng = np.random.default_rng(shot_seed(config.seed, COMMITTOR_STREAM, 2**20))
    chosen = choose_points(p, rng, config.validation.points)
    write_frames(layout.validation_points, [paths.frames[rows[chosen]]])
    _, error = model.estimate(frame_features(paths.frames[rows[chosen]], inputs))
    predictions = {"p_network": p[chosen].tolist(), "p_error": error.tolist()}
    write_json(layout.validation_predictions, {"round": last, **predictions})
    log(f"{len(chosen)} points from {len(rows):,} frames of held-out chains")


def shoot_points(config: Config, layout: Layout, worker: int, log: Journal) -> None:
    """Make the fresh committor shots of one job: every so many-th point is its own."""
    prepared = load(layout)
    points = read_frames(layout.validation_points, prepared.atoms)
    numbers = np.arange(worker, len(points), config.sampling.workers)
    shots = config.validation.shots
    follows = {"seed": config.seed, "engine": config.engine.model_dump(mode="json")}
    follows |= {"worker": worker, "workers": config.sampling.workers, "shots": shots}
    job = identity("validate", layout, follows, [layout.validation_points])
    with keeping(layout.validation_partial(worker), job, log) as keeper:
        plan = plan_of(keeper.kept, prepared, config, log)
        seed = shot_seed(config.seed, COMMITTOR_STREAM - 1 - worker, 0) % 2**31
        engine = make_engine(prepared, plan.copies, plan, seed, clock=log.clock(MD))
        with log.work(SHOOTING):
            table = committor_shots(
                points[numbers],
                numbers,
                shots,
                engine,
                thermal_velocities(prepared),
                config.seed,
                keeper,
                plan.notes(),
            )
        write_table(layout.validation_shots(worker), table, COMMITTOR_COLUMNS)
    log(f"worker {worker}: {len(numbers)} points x {shots} fresh committor shots; {plan}")


def validate(config: Config, layout: Layout, log: Callable[[str], None]) -> Verdict:
    """Compare predictions with fresh shots; write validation.csv and the verdict."""
    # The stages that only shoot must not wait for what formulas need.
    from mechanist.formula.distil import load as load_formula

    prepared, inputs = load(layout), load_inputs(layout)
    points = read_frames(layout.validation_points, prepared.atoms)
    predictions = read_json(layout.validation_predictions)
    p_network, p_error = (np.array(predictions[key]) for key in ("p_network", "p_error"))
    formula = load_formula(layout.formula)
    values = inputs.values(points)
    columns = {name: values[:, i] for i, name in enumerate(inputs.names)}
    p_formula = 0.5 * (1 + np.tanh(0.5 * np.broadcast_to(formula.q(columns), len(points))))
    workers = range(config.sampling.workers)
    shots = join([read_table(layout.validation_shots(w), COMMITTOR_COLUMNS) for w in workers])
    n_a, n_b = ends_by_point(shots, len(points))
    rng = np.random.default_rng(shot_seed(config.seed, COMMITTOR_STREAM, 2**20 + 1))
    verdict = judge(p_network, p_error, p_formula, n_a + n_b, n_b, rng)
    write_csv(layout, validation_columns(p_network, p_error, p_formula, n_a + n_b, n_b))
    write_json(layout.verdict, asdict(verdict))
    log(verdict.text)
    return verdict


def ends_by_point(shots: Table, points: int) -> tuple[np.ndarray, np.ndarray]:
    """Counts (P,) of shots that ended in A and in B."""
    in_a = np.bincount(shots["point"][shots["end"] == "A"], minlength=points)
    in_b = np.bincount(shots["point"][shots["end"] == "B"], minlength=points)
    return in_a, in_b


def write_csv(layout: Layout, columns: Table) -> None:
    """Write validation.csv."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*(column.tolist() for column in columns.values()), strict=True))
    write_text(layout.validation, buffer.getvalue())
