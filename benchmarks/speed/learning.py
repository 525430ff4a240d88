"""Learning curve: error of the committor model after each round of runs that have ended.

``python -m benchmarks.speed.learning results/NAME ...`` chooses points on the paths of the last
round of each run, spread over p_B, and shoots from each many times. The error of p_B of the model
of each round is the root mean square difference to the fraction of half-shots that ended in B, of
which the counting noise is taken off in the square. It writes benchmarks/speed/learning.md.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tabulate import tabulate

from mechanist.analysis.validation.points import spread_points
from mechanist.arrays import Counts, Frames
from mechanist.bookkeeping.files import read_json
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.gather import (
    candidate_frames,
    frame_features,
    gather_paths,
    load_round_model,
)
from mechanist.engine.choose import make_engine
from mechanist.engine.plan import default_plan
from mechanist.report.run import open_run
from mechanist.sampling.committor_shots import committor_shots
from mechanist.sampling.streams import thermal_velocities
from mechanist.statistics.rmse_beyond_noise import rmse_beyond_noise
from mechanist.systems.prepared import load, load_inputs

REPLICAS = 256
TABLE = Path(__file__).parent / "learning.md"
HEADER = ("run", "round", "shots", "error of p_B", "standard error")


@dataclass(frozen=True)
class Points:
    """Configurations (P, N, 3) in nm, half-shots (P,) that ended, and those that ended in B."""

    frames: Frames
    n: Counts
    n_b: Counts


@dataclass(frozen=True)
class Row:
    """A round: two-way shots until its end, error of its model and the standard error of that."""

    run: str
    round: int
    shots: int
    error: float
    uncertain: float


def shoot(layout: Layout, points: int, shots: int, seed: int) -> Points:
    """Choose points on paths of the last round and shoot from them."""
    prepared, inputs = load(layout), load_inputs(layout)
    last = max(layout.rounds())
    workers = len(list(layout.round(last).model.parent.glob("worker_*")))
    paths = gather_paths(layout, [last], workers, prepared.atoms)
    use, _ = candidate_frames(paths)
    frames = np.asarray(paths.frames[use])
    p = load_round_model(layout, last, inputs).estimate(frame_features(frames, inputs))[0]
    chosen = frames[spread_points(p, np.random.default_rng(seed), points)]
    plan = default_plan(prepared, "Reference")
    engine = make_engine(prepared, REPLICAS, plan, seed)
    numbers = np.arange(len(chosen))
    table = committor_shots(chosen, numbers, shots, engine, thermal_velocities(prepared), seed)
    n_a, n_b = (
        np.bincount(table["point"][table["end"] == end], minlength=len(chosen)) for end in "AB"
    )
    return Points(chosen, n_a + n_b, n_b)


def curve(name: str, layout: Layout, points: Points) -> list[Row]:
    """One row a round."""
    inputs = load_inputs(layout)
    features = frame_features(points.frames, inputs)
    rng = np.random.default_rng(0)
    rows = []
    for number in sorted(layout.rounds()):
        p = load_round_model(layout, number, inputs).estimate(features)[0]
        drawn = [rng.integers(len(p), size=len(p)) for _ in range(200)]
        each = [rmse_beyond_noise(p[i], points.n_b[i], points.n[i]) for i in drawn]
        error = rmse_beyond_noise(p, points.n_b, points.n)
        shots = int(read_json(layout.round(number).assessment)["shots"])
        rows.append(Row(name, number, shots, error, float(np.std(each, ddof=1))))
    return rows


def table(rows: Sequence[Row]) -> str:
    """Rows in Markdown."""
    cells = [
        (one.run, one.round, f"{one.shots:,}", f"{one.error:.4f}", f"{one.uncertain:.4f}")
        for one in rows
    ]
    text: str = tabulate(cells, HEADER, tablefmt="github", disable_numparse=True)
    return text


def page(rows: Sequence[Row], points: int, shots: int) -> str:
    """The table with what it says."""
    return f"""# Learning curves

Made by `python -m benchmarks.speed.learning`: error of p_B of the model of each round, beyond
counting noise, at {points} points spread over p_B with {shots} half-shots each. Points lie on paths
of the last round; standard errors are over points.

{table(rows)}
"""


def main(arguments: Sequence[str]) -> int:
    """Measure the runs named on the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path, help="results folders of runs")
    parser.add_argument("--points", type=int, default=60)
    parser.add_argument("--shots", type=int, default=500, help="half-shots from each point")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=TABLE)
    given = parser.parse_args(arguments)
    rows: list[Row] = []
    for folder in given.runs:
        layout = open_run(folder).layout
        rows += curve(folder.name, layout, shoot(layout, given.points, given.shots, given.seed))
        print(table([row for row in rows if row.run == folder.name]), flush=True)
    given.out.write_text(page(rows, given.points, given.shots), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
