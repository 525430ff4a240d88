"""Shots that a run under a cheaper potential saves: error of p_B against shots.

    python -m benchmarks.truth.warm_start

The system is the potential of Jung et al. (2023) with 20 idle coordinates. Two cheap ones are wrong
by a tilt along x, in kT between the states. p_B is that of fresh half-shots at points between the
states. Networks are trained on the first shots of round 0, as many as are named.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mechanist.arrays import Counts, Frames
from mechanist.bookkeeping.journal import Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.gather import gather_shots
from mechanist.committor.guide import warm_model
from mechanist.committor.training import train
from mechanist.engine.choose import make_engine
from mechanist.engine.plan import default_plan
from mechanist.sampling.committor_shots import committor_shots
from mechanist.sampling.streams import thermal_velocities
from mechanist.settings.config import Config
from mechanist.settings.load import load_system, validate
from mechanist.stages.initial import initial
from mechanist.stages.learn import learn
from mechanist.stages.shoot import shoot
from mechanist.statistics.logistic import q_to_p
from mechanist.statistics.rmse_beyond_noise import rmse_beyond_noise
from mechanist.systems.build.prepare import prepare
from mechanist.systems.descriptors.describe import describe
from mechanist.systems.prepared import load, load_inputs

KT = 0.1
"""kJ/mol."""

ACROSS = 1.5
"""nm in x from state to state."""

TILTS = (None, 0.5, 2.0)
"""In kT between the states; None: no run to start from."""

CHEAP_SHOTS, CHAINS, SIZES, SEEDS = 4096, 16, (128, 512, 2048), (1, 2, 3)
IDLE, POINTS, FRESH = 20, 60, 200

quiet = Journal()


def made(folder: Path, tilt: float) -> Layout:
    """The system with a potential tilted by so many kT between the states."""
    names = [f"idle_{i}" for i in range(IDLE)]
    idle = "".join(f"  {name}: {{coordinate: {i + 2}}}\n" for i, name in enumerate(names))
    text = Path("systems/aimmd_toy/system.yaml").read_text(encoding="utf-8")
    text = text.replace("idle_dimensions: 0", f"idle_dimensions: {IDLE}")
    text = text.replace("inputs: [x, y]", f"inputs: [x, y, {', '.join(names)}]")
    text = text.replace("\nstates:", f"{idle}\nstates:")
    text = text.replace("expression: 0.2*x^6", f"expression: {tilt * KT / ACROSS:g}*x+0.2*x^6")
    folder.mkdir(parents=True)
    (folder / "system.yaml").write_text(text, encoding="utf-8")
    layout, settings = Layout(folder / "run"), load_system(folder)
    prepare(settings, folder, layout)
    describe(settings, folder, layout)
    return layout


def config(seed: int, shots: int, warm: Path | None) -> Config:
    """Settings of a run of one round."""
    content = {
        "seed": seed,
        "sampling": {"workers": 1, "chains": CHAINS, "first_round": shots},
        "engine": {"platform": "Reference"},
        "warm_start": None if warm is None else str(warm),
    }
    return validate(Config, content, "benchmark")


@dataclass(frozen=True)
class Points:
    """Configurations (P, N, 3) in nm, half-shots (P,) that ended, and those that ended in B."""

    frames: Frames
    n: Counts
    n_b: Counts


def reference(layout: Layout) -> Points:
    """Points between the states, and what became of `FRESH` half-shots from each."""
    rng, prepared = np.random.default_rng(1), load(layout)
    points = np.sqrt(KT) * rng.standard_normal((POINTS, prepared.atoms, 3))
    points[:, 0, 0] = np.linspace(-0.45, 0.45, POINTS)
    points[:, 0, 1] = rng.uniform(-0.3, 0.3, POINTS)
    engine = make_engine(prepared, 500, default_plan(prepared, "Reference"), 2)
    x = points.astype(np.float32)
    sigma = thermal_velocities(prepared)
    table = committor_shots(x, np.arange(POINTS), FRESH, engine, sigma, 3)
    hits = (table["end"].reshape(POINTS, FRESH) == "B").sum(axis=1)
    return Points(x, np.full(POINTS, FRESH), hits)


def errors(layout: Layout, settings: Config, known: Points, sizes: Sequence[int]) -> list[float]:
    """Error of p_B beyond noise, of networks trained on the first shots of all chains."""
    inputs, found = load_inputs(layout), []
    features = inputs.features(inputs.values(known.frames.astype(np.float64)))
    warm = None if settings.warm_start is None else warm_model(layout)
    data = gather_shots(layout, [0], 1, inputs, load(layout).atoms).data
    rank, chains = np.zeros(len(data), dtype=np.int64), np.unique(data.chain)
    for chain in chains:
        own = np.flatnonzero(data.chain == chain)
        rank[own] = np.arange(len(own))
    for size in sizes:
        part, rng = data.subset(rank < size // len(chains)), np.random.default_rng(1)
        model, _ = train(part, settings.learn, inputs.feature_names, rng, 1, lambda _: None, warm)
        p = q_to_p(model.q(features))
        found.append(rmse_beyond_noise(p, known.n_b, known.n))
    return found


def row(name: str, errors: Sequence[Sequence[float]]) -> str:
    """A row of a table in Markdown: mean and range of the errors (seeds, sizes)."""
    cells = (
        f"{np.mean(column):.3f} ({min(column):.3f} to {max(column):.3f})"
        for column in zip(*errors, strict=True)
    )
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    """Print a table."""
    with TemporaryDirectory() as scratch:
        root = Path(scratch)
        known = reference(made(root / "truth", 0.0))
        print(f"| run to start from | {' | '.join(f'{size} shots' for size in SIZES)} |")
        for tilt in TILTS:
            earlier = None
            if tilt is not None:
                cheap = made(root / f"cheap_{tilt}", tilt)
                settings = config(1, CHEAP_SHOTS, None)
                initial(settings, cheap, quiet)
                shoot(settings, cheap, 0, 0, quiet)
                learn(settings, cheap, 0, 1, quiet)
                earlier = cheap.root
            rows = []
            for seed in SEEDS:
                layout = made(root / f"run_{tilt}_{seed}", 0.0)
                settings = config(seed, max(SIZES), earlier)
                initial(settings, layout, quiet)
                shoot(settings, layout, 0, 0, quiet)
                rows.append(errors(layout, settings, known, SIZES))
            print(row("none" if tilt is None else f"tilt of {tilt:g} kT", rows), flush=True)


if __name__ == "__main__":
    main()
