"""How long the jobs of a run take, and how long the run takes if nothing else cost time."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DATA = json.loads((Path(__file__).parent / "durations.json").read_text(encoding="utf-8"))
"""Lengths of real shots relative to their mean, and times of the stages after them."""

CHAINS = 8
FIRST, GROWTH, MOST = 4000, 2.0, 32_000
START = 10.0
"""Seconds from the start of a Slurm job to the first step (docs/clusters.md)."""
NOTICE = 20.0
"""Seconds until Snakemake learns that a job has ended, on average: profiles/slurm."""


@dataclass(frozen=True)
class Times:
    """Seconds of every job; ``shoot`` has the shape (rounds, workers)."""

    shoot: NDArray[np.float64]
    learn: NDArray[np.float64]
    assess: NDArray[np.float64]

    @property
    def work(self) -> float:
        """Seconds of shooting without start-up, over all jobs."""
        return float((self.shoot - START - NOTICE).sum())


def draw(workers: int, seconds_per_shot: float, rng: np.random.Generator) -> Times:
    """Times of a run of five rounds whose shots take ``seconds_per_shot`` on average.

    A job makes as many shots as ``mechanist shoot`` would: the same number of moves for each of its
    chains. Its core is busy until all are done, so its time is the sum of theirs.
    """
    lengths = np.array(DATA["relative_lengths"])
    rounds = len(DATA["learn_seconds"])
    shoot = np.empty((rounds, workers))
    for number in range(rounds):
        shots = min(FIRST * GROWTH**number, MOST)
        each = CHAINS * int(-(-shots // (CHAINS * workers)))
        for worker in range(workers):
            shoot[number, worker] = rng.choice(lengths, each).sum() * seconds_per_shot
    over = START + NOTICE
    learn, assess = (np.array(DATA[f"{stage}_seconds"]) + over for stage in ("learn", "assess"))
    return Times(shoot + over, learn, assess)


def in_rounds(times: Times) -> tuple[float, float]:
    """Seconds until the last assessment, and how many of them all workers but one wait.

    Each round waits for its slowest job, learns, and is assessed.
    """
    slowest = times.shoot.max(axis=1)
    waiting = slowest - times.shoot.mean(axis=1)
    return float((slowest + times.learn + times.assess).sum()), float(waiting.sum())


def pipelined(times: Times) -> float:
    """The same if shots use the model of the round before last.

    A job of round r starts when that worker's job of round r - 1 and the model of round r - 2 are
    there; round 1 uses that of round 0, so that only round 0 is uniform. Learning goes on beside,
    and only the last round has to wait for its own.
    """
    rounds, workers = times.shoot.shape
    free = np.zeros(workers)
    model = np.zeros(rounds)
    for number in range(rounds):
        start = np.maximum(free, model[max(number - 2, 0)]) if number else free
        free = start + times.shoot[number]
        before = model[number - 1] if number else 0.0
        model[number] = max(free.max(), before) + times.learn[number]
    return float(model[-1] + times.assess[-1])
