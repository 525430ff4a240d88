"""Seeded runs of model potentials by the package's own stages, and their p_B by brute force."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.bookkeeping.files import read_json
from mechanist.bookkeeping.journal import Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.gather import (
    candidate_frames,
    frame_features,
    gather_paths,
    load_round_model,
)
from mechanist.committor.network import Committor
from mechanist.engine.choose import make_engine
from mechanist.engine.plan import default_plan
from mechanist.sampling.committor_shots import committor_shots
from mechanist.sampling.streams import thermal_velocities
from mechanist.settings.config import Config
from mechanist.settings.run import EngineSettings, SamplingSettings
from mechanist.stages.assess import assess
from mechanist.stages.initial import initial
from mechanist.stages.learn import learn
from mechanist.stages.shoot import shoot
from mechanist.systems.prepared import load, load_inputs
from tests.conftest import build

quiet = Journal()


@dataclass(frozen=True)
class Toy:
    """A run in its own folder."""

    layout: Layout
    config: Config

    def round(self, number: int) -> dict:
        """Make a round; gives its assessment."""
        for worker in range(self.config.sampling.workers):
            shoot(self.config, self.layout, number, worker, quiet)
        learn(self.config, self.layout, number, 1, quiet)
        assess(self.config, self.layout, number, quiet)
        return read_json(self.layout.round(number).assessment)

    def until_converged(self) -> tuple[int, bool]:
        """Make rounds until the run says it has converged; the last one, and whether it did."""
        for number in range(self.config.sampling.rounds_max):
            if self.round(number)["converged"]:
                return number, True
        return number, False

    def model(self, number: int) -> Committor:
        return load_round_model(self.layout, number, load_inputs(self.layout))

    def features(self, frames: NDArray[np.float32]) -> Array:
        return frame_features(frames, load_inputs(self.layout))

    def frames(self, number: int) -> NDArray[np.float32]:
        """Frames between the states of paths that count."""
        workers = self.config.sampling.workers
        paths = gather_paths(self.layout, [number], workers, load(self.layout).atoms)
        use, _ = candidate_frames(paths)
        return paths.frames[use]


def start(name: str, folder: Path, seed: int, **sampling: Any) -> Toy:
    """A run with its first paths; ``sampling`` is what differs from the defaults."""
    config = Config(
        system=name,
        seed=seed,
        engine=EngineSettings(platform="Reference"),
        sampling=SamplingSettings(**sampling),
    )
    layout = build(name, folder / str(seed))
    initial(config, layout, quiet)
    return Toy(layout, config)


def positions(x: Array) -> NDArray[np.float32]:
    """Frames (F, 1, 3) of a particle on a line."""
    return np.stack([x, 0 * x, 0 * x], axis=1)[:, None, :].astype(np.float32)


def zero_of_q(toy: Toy, number: int) -> tuple[float, float]:
    """Where q = 0 on a line, and the standard deviation of its error."""
    x = np.linspace(-0.5, 0.5, 2001)
    model = toy.model(number)
    features = toy.features(positions(x))
    q = model.q(features)
    at = int(np.argmin(np.abs(q)))
    slope = float(np.gradient(q, x)[at])
    return float(x[at]), float(model.q_error(features[at : at + 1])[0]) / abs(slope)


def shoot_truth(
    toy: Toy, frames: NDArray[np.float32], shots: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Half-shots (F,) that ended in a state, and those that ended in B, of ``shots`` each."""
    prepared = load(toy.layout)
    engine = make_engine(prepared, 256, default_plan(prepared, "Reference"), seed)
    numbers = np.arange(len(frames))
    table = committor_shots(frames, numbers, shots, engine, thermal_velocities(prepared), seed)
    count = [
        np.bincount(table["point"][table["end"] == end], minlength=len(frames)) for end in "AB"
    ]
    return count[0] + count[1], count[1]
