"""How much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """Lengths of the measurements; times in seconds.

    Parameters
    ----------
    repeats
        Of everything that is compared.
    shots
        Shots of a job on alanine dipeptide; the default run makes 1,000 to 8,000.
    raw_seconds, loop_seconds, ops_seconds, toy_seconds, scaling_seconds, gpu_seconds
        About how long one measurement takes.
    pilot_shots
        Shots of the first job that tells how many fit in that time.
    limit
        Repeats end when they would take longer than this, a section.
    rounds
        Snakemake is timed with each of these numbers of rounds.
    workers
        Shooting jobs a round for Snakemake.
    total
        Of everything; Snakemake, which comes last, is stopped then.
    """

    repeats: int = 3
    shots: int = 6000
    raw_seconds: float = 3.0
    loop_seconds: float = 4.0
    ops_seconds: float = 4.0
    toy_seconds: float = 3.0
    scaling_seconds: float = 2.0
    gpu_seconds: float = 20.0
    pilot_shots: int = 500
    limit: float = 230.0
    rounds: tuple[int, ...] = (10, 40)
    workers: int = 32
    total: float = 570.0


NORMAL = Size()
FULL = Size(repeats=5, toy_seconds=10, ops_seconds=20, scaling_seconds=5, limit=3600, total=7200)
QUICK = Size(
    repeats=1,
    shots=500,
    raw_seconds=0.5,
    loop_seconds=0.5,
    ops_seconds=1.0,
    toy_seconds=0.5,
    scaling_seconds=0.2,
    gpu_seconds=1.0,
    pilot_shots=200,
    rounds=(2,),
    workers=4,
)
"""Shows that everything works; the numbers mean nothing."""
