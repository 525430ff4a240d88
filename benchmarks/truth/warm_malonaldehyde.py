"""GFN2-xTB shots of malonaldehyde that a run under GFN1-xTB saves: error of p_B against shots.

    python -m benchmarks.truth.warm_malonaldehyde FOLDER [PIECE ...]

Pieces, all of them if none is named, in this order: ``scratch_1`` to ``scratch_3``, round 0 of runs
under GFN2-xTB that start from nothing; ``points``, configurations on the paths of the first of them
and how many of `FRESH` half-shots from each ended in B; ``cheap``, round 0 of a run under GFN1-xTB;
``warm_1`` to ``warm_3``, round 0 of runs under GFN2-xTB that start from it; ``table``. Pieces that
are in the folder already are not made again, so several processes can share the work, and one that
was killed goes on. Networks are trained on the first shots of round 0, as many as are named. It
takes some three hours of one core.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from shutil import copy

import numpy as np

from benchmarks.truth.warm_start import Points, errors, quiet, row
from mechanist.analysis.validation.points import spread_points
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.gather import (
    candidate_frames,
    frame_features,
    gather_paths,
    load_round_model,
)
from mechanist.engine.choose import make_engine
from mechanist.engine.plan import default_plan
from mechanist.sampling.committor_shots import committor_shots
from mechanist.sampling.streams import thermal_velocities
from mechanist.settings.config import Config
from mechanist.settings.load import load_system, validate
from mechanist.stages.initial import initial
from mechanist.stages.learn import learn
from mechanist.stages.shoot import shoot
from mechanist.systems.build.prepare import prepare
from mechanist.systems.descriptors.describe import describe
from mechanist.systems.prepared import load, load_inputs

SYSTEM = Path("systems/malonaldehyde")
SEEDS, CHAINS = (1, 2, 3), 12
SIZES, WARM_SIZES = (144, 300, 600), (144, 300)
CHEAP_SHOTS = 1200
POINTS, FRESH = 40, 120
REPLICAS = 8


def system(folder: Path, law: str) -> Layout:
    """The system under a force law, prepared once."""
    layout = Layout(folder / "run")
    if not layout.inputs.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        copy(SYSTEM / "malonaldehyde.pdb", folder)
        text = (SYSTEM / "system.yaml").read_text(encoding="utf-8")
        text = text.replace("forces: gfn2-xtb", f"forces: {law}")
        (folder / "system.yaml").write_text(text, encoding="utf-8")
        settings = load_system(folder)
        prepare(settings, folder, layout)
        describe(settings, folder, layout)
    return layout


def config(seed: int, shots: int, warm: Path | None = None, method: str = "auto") -> Config:
    """Settings of one round."""
    content = {
        "seed": seed,
        "initial": {"method": method, "guesses": 8, "budget": "200 ps", "paths": 24},
        "sampling": {"workers": 1, "chains": CHAINS, "first_round": shots},
        "engine": {"platform": "Reference"},
        "warm_start": None if warm is None else str(warm),
    }
    return validate(Config, content, "benchmark")


def sampled(layout: Layout, settings: Config) -> Layout:
    """The run with its round 0."""
    if not layout.initial.paths.is_file():
        initial(settings, layout, quiet)
    if not layout.round(0).worker(0).index.is_file():
        shoot(settings, layout, 0, 0, quiet)
    return layout


def scratch(root: Path, seed: int) -> Layout:
    """A run under GFN2-xTB that starts from nothing."""
    layout = system(root / f"scratch_{seed}", "gfn2-xtb")
    return sampled(layout, config(seed, max(SIZES)))


def cheap(root: Path) -> Layout:
    """The run under GFN1-xTB, which hot MD does not cross in 200 ps at 750 K, and its model."""
    settings = config(1, CHEAP_SHOTS, method="pull")
    layout = sampled(system(root / "cheap", "gfn1-xtb"), settings)
    if not layout.round(0).model.is_file():
        learn(settings, layout, 0, 1, quiet)
    return layout


def warm(root: Path, seed: int) -> Layout:
    """A run under GFN2-xTB that starts from the one under GFN1-xTB."""
    layout = system(root / f"warm_{seed}", "gfn2-xtb")
    return sampled(layout, config(seed, max(WARM_SIZES), cheap(root).root))


def points(root: Path) -> Points:
    """Configurations spread over p_B, and what became of half-shots from them."""
    file = root / "points.npz"
    if not file.is_file():
        layout = scratch(root, 1)
        learn(config(1, max(SIZES)), layout, 0, 1, quiet)
        made = shot_from(layout)
        np.savez(file, frames=made.frames, n=made.n, n_b=made.n_b)
    stored = np.load(file, allow_pickle=False)
    return Points(stored["frames"], stored["n"], stored["n_b"])


def shot_from(layout: Layout) -> Points:
    """Points on the paths of a run, and what became of `FRESH` half-shots from each."""
    prepared, inputs = load(layout), load_inputs(layout)
    paths = gather_paths(layout, [0], 1, prepared.atoms)
    use, _ = candidate_frames(paths)
    frames = np.asarray(paths.frames[use])
    p = load_round_model(layout, 0, inputs).estimate(frame_features(frames, inputs))[0]
    chosen = frames[spread_points(p, np.random.default_rng(1), POINTS)]
    engine = make_engine(prepared, REPLICAS, default_plan(prepared, "Reference"), 2)
    sigma, numbers = thermal_velocities(prepared), np.arange(POINTS)
    ends = committor_shots(chosen, numbers, FRESH, engine, sigma, 3)["end"].reshape(POINTS, FRESH)
    n_b = (ends == "B").sum(axis=1)
    return Points(chosen, n_b + (ends == "A").sum(axis=1), n_b)


def table(root: Path) -> str:
    """A row for the runs that start from nothing, and one for the others."""
    known = points(root)
    cold = [errors(scratch(root, seed), config(seed, 1), known, SIZES) for seed in SEEDS]
    earlier = cheap(root).root
    hot = [errors(warm(root, i), config(i, 1, earlier), known, WARM_SIZES) for i in SEEDS]
    head = " | ".join(f"{size} shots" for size in SIZES)
    return "\n".join([f"| run to start from | {head} |", row("none", cold), row("GFN1-xTB", hot)])


def make(root: Path, piece: str) -> None:
    """Make one of the pieces."""
    name, _, seed = piece.partition("_")
    if name == "table":
        print(table(root), flush=True)
    elif seed:
        {"scratch": scratch, "warm": warm}[name](root, int(seed))
    else:
        {"points": points, "cheap": cheap}[name](root)


def main(arguments: Sequence[str]) -> None:
    """Make the pieces named, or all."""
    every = [f"scratch_{seed}" for seed in SEEDS] + ["points", "cheap"]
    every += [*(f"warm_{seed}" for seed in SEEDS), "table"]
    for piece in arguments[1:] or every:
        print(piece, flush=True)
        make(Path(arguments[0]), piece)


if __name__ == "__main__":
    main(sys.argv[1:])
