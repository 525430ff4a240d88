"""What a measurement has done and in what time, and ratios of such.

Imports nothing but the standard library, because the child of OpenPathSampling uses it too.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Speed:
    """One measurement.

    Parameters
    ----------
    steps
        MD steps, summed over trajectories and workers.
    seconds
        Wall time, from the first worker's beginning to the last one's end.
    cpu_seconds
        CPU time of all workers; less than wall time a worker on a machine that others use.
    shots, accepted
        Two-way shots, and those that were accepted.
    chains
        Chains a worker.
    workers
        Processes at the same time.
    start_mb, peak_mb
        Memory of the largest worker with all imports done, and its peak.
    platform
        OpenMM platform.
    """

    steps: int
    seconds: float
    cpu_seconds: float
    shots: int = 0
    accepted: int = 0
    chains: int = 1
    workers: int = 1
    start_mb: float = 0.0
    peak_mb: float = 0.0
    platform: str = ""

    @classmethod
    def joined(cls, parts: Sequence[dict[str, Any]], seconds: float) -> "Speed":
        """Workers that ran at the same time, as one measurement of ``seconds``."""
        total = {
            key: sum(part.get(key, 0) for part in parts)
            for key in ("steps", "cpu_seconds", "shots", "accepted")
        }
        most = {key: max(part[key] for part in parts) for key in ("start_mb", "peak_mb")}
        first = {key: parts[0][key] for key in ("chains", "platform") if key in parts[0]}
        return cls(seconds=seconds, workers=len(parts), **total, **most, **first)

    @property
    def steps_per_second(self) -> float:
        """MD steps a second."""
        return self.steps / self.seconds

    @property
    def shots_per_second(self) -> float:
        """Two-way shots a second."""
        return self.shots / self.seconds

    @property
    def steps_per_shot(self) -> float:
        """Mean MD steps of a two-way shot."""
        return self.steps / self.shots if self.shots else 0.0

    @property
    def core_share(self) -> float:
        """CPU time over wall time a worker: below 0.9 others were using the cores."""
        return self.cpu_seconds / self.seconds / self.workers


Series = dict[str, list[Speed]]
"""Repeats of each measurement; repeat i of all of them was made at about the same time."""

Rate = Callable[[Speed], float]


def by_steps(speed: Speed) -> float:
    """MD steps a second."""
    return speed.steps_per_second


def by_cpu(speed: Speed) -> float:
    """MD steps a CPU second: the rate if nothing else had used the cores."""
    return speed.steps / speed.cpu_seconds


def by_shots(speed: Speed) -> float:
    """Shots a second."""
    return speed.shots_per_second


@dataclass(frozen=True)
class Spread:
    """Median of repeats with the smallest and the largest."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread | None:
    """Median, smallest and largest; None of nothing."""
    return Spread(statistics.median(values), min(values), max(values)) if values else None


def rates(series: Series, name: str, rate: Rate) -> Spread | None:
    """Rate of one measurement over its repeats."""
    return spread([rate(speed) for speed in series.get(name, [])])


def ratio(series: Series, above: str, below: str, rate: Rate = by_steps) -> Spread | None:
    """Ratio of two measurements, taken repeat by repeat; None if one of them was not made."""
    pairs = zip(series.get(above, []), series.get(below, []), strict=False)
    return spread([rate(a) / rate(b) for a, b in pairs])
