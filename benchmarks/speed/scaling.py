"""How speed and memory change with cores, chains, the length of paths and the shots of a job."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.speed import ground as grounds
from benchmarks.speed import shoot
from benchmarks.speed.ground import Ground
from benchmarks.speed.size import Size
from benchmarks.speed.speed import Speed

CHAINS = {"alanine_dipeptide": (1, 4, 16, 64), "double_well": (1, 8, 64, 512)}
DYNAMICS: dict[str, tuple[tuple[float, object], ...]] = {
    "friction": ((2.5, "2.5 /ps"), (10, "10 /ps"), (40, "40 /ps")),
    "stride": ((1, 1), (5, 5), (25, 25)),
}
"""Values for the double well, as numbers and as in system.yaml; 2.5 /ps and 5 are its own."""


@dataclass(frozen=True)
class Point:
    """One measurement of a row: ``vary`` has the value ``value``."""

    vary: str
    system: str
    value: float
    speed: Speed

    def plain(self) -> dict[str, Any]:
        """As data."""
        speed = self.speed
        derived = {
            "steps_per_second": speed.steps_per_second,
            "shots_per_second": speed.shots_per_second,
            "steps_per_shot": speed.steps_per_shot,
            "core_share": speed.core_share,
        }
        return asdict(self) | {"speed": asdict(speed) | derived}


@dataclass(frozen=True)
class Bench:
    """What all points have in common; ``platform`` is named to spare each point the stopwatch."""

    size: Size
    platform: str
    folder: Path

    def job(self, ground: Ground, chains: int | str = "auto") -> shoot.Job:
        """A job of the size of a pilot."""
        return shoot.Job(
            ground.system,
            ground.folder,
            self.size.pilot_shots,
            chains=chains,
            platform=self.platform,
        )

    def grown(self, job: shoot.Job) -> tuple[shoot.Job, Speed]:
        """The job at its full size."""
        return shoot.grown(job, self.size.scaling_seconds, self.folder / "scratch")


def over_cores(bench: Bench, ground: Ground, cores: int) -> Iterator[Point]:
    """Workers at the same time: 1, 2, 4 ... as many as there are cores."""
    job, speed = bench.grown(bench.job(ground))
    yield Point("cores", ground.system, 1, speed)
    for workers in sorted({2**k for k in range(1, 10) if 2**k <= cores} | {cores} - {1}):
        speed = shoot.run(job.varied(workers=workers), bench.folder / "scratch")
        yield Point("cores", ground.system, workers, speed)


def over_chains(bench: Bench, ground: Ground) -> Iterator[Point]:
    """Chains of one worker."""
    for chains in CHAINS[ground.system]:
        _, speed = bench.grown(bench.job(ground, chains))
        yield Point("chains", ground.system, chains, speed)


def over_dynamics(bench: Bench, well: Ground) -> Iterator[Point]:
    """Double wells whose paths are long because of friction, or have few or many frames."""
    for key, values in DYNAMICS.items():
        for number, text in values:
            name = f"{well.system}_{key}_{number:g}"
            # At high friction paths take up to ten times longer.
            changes = {key: text, "max_half_path": "1000 ps"}
            system = grounds.variant(well.system, bench.folder / "systems" / name, **changes)
            ground = grounds.lay(system, bench.folder / name)
            yield Point(key, well.system, number, bench.grown(bench.job(ground))[1])


def measure(
    alanine: Ground,
    well: Ground,
    size: Size,
    platform: str,
    cores: int,
    folder: Path,
    say: Callable[[str], None],
) -> list[Point]:
    """All points but those of `benchmarks.speed.memory`."""
    bench = Bench(size, platform, folder)
    rows = (
        over_cores(bench, alanine, cores),
        over_cores(bench, well, cores),
        over_chains(bench, alanine),
        over_chains(bench, well),
        over_dynamics(bench, well),
    )
    points = []
    for row in rows:
        for point in row:
            rate = f"{point.speed.steps_per_second:,.0f} steps/s, {point.speed.peak_mb:,.0f} MB"
            say(f"  {point.system}, {point.vary} {point.value:g}: {rate}")
            points.append(point)
    return points
