"""Peak memory of a shooting job: what each shot adds."""

from collections.abc import Callable
from pathlib import Path

from benchmarks.speed import shoot
from benchmarks.speed.ground import Ground
from benchmarks.speed.scaling import Point
from benchmarks.speed.size import Size
from benchmarks.speed.speed import Speed

FRACTIONS = (0.125, 0.5)
"""Of the shots of a full job."""


def measure(
    ground: Ground, size: Size, full: Speed, scratch: Path, say: Callable[[str], None]
) -> list[Point]:
    """Jobs with fewer shots than ``full``, and that one."""
    points = []
    for part in FRACTIONS:
        shots = max(1, int(size.shots * part))
        speed = shoot.run(shoot.Job(ground.system, ground.folder, shots), scratch)
        points.append(Point("shots", ground.system, speed.shots, speed))
    points.append(Point("shots", ground.system, full.shots, full))
    for point in points:
        speed = point.speed
        say(f"  {speed.shots} shots: {speed.peak_mb:,.0f} MB, {speed.start_mb:,.0f} MB of imports")
    return points


def kilobytes_per_shot(points: list[Point]) -> float:
    """Growth of the peak from the smallest to the largest job."""
    first, last = points[0].speed, points[-1].speed
    return 1024 * (last.peak_mb - first.peak_mb) / max(1, last.shots - first.shots)
