"""The real ``shoot`` stage, each worker in a process of its own, with all files written.

Imports are done before the clock starts; everything that the stage does itself is timed: reading
the system, timing the platforms, building contexts, shooting, writing shots, points and paths.
"""

import json
import math
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.speed.child import serve, together
from benchmarks.speed.speed import Speed


@dataclass(frozen=True)
class Job:
    """One measurement of the stage.

    Parameters
    ----------
    system
        Name or folder of the system.
    ground
        Run folder to start from; it is copied, never changed.
    shots
        Shots a worker.
    workers
        Workers at the same time.
    number
        Round: 0 selects uniformly, 1 by the model of round 0, which ``ground`` must hold.
    chains
        Chains a worker, or ``auto``.
    platform
        OpenMM platform, or ``auto`` as in a run of a user.
    seed
        Of the run.
    """

    system: str
    ground: Path
    shots: int
    workers: int = 1
    number: int = 0
    chains: int | str = "auto"
    platform: str = "auto"
    seed: int = 1

    def config(self) -> dict[str, Any]:
        """Settings of the run."""
        shots = self.shots * self.workers
        sampling = {"workers": self.workers, "first_round": shots, "round_max": shots}
        return {
            "system": self.system,
            "seed": self.seed,
            "engine": {"platform": self.platform},
            "sampling": sampling | {"chains": self.chains, "growth": 1},
        }

    def varied(self, **changes: Any) -> "Job":
        """The same job with other values."""
        return replace(self, **changes)


def run(job: Job, scratch: Path) -> Speed:
    """Measure the stage with all workers of the job at the same time."""
    folder = scratch / "shoot"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(job.ground, folder)
    config = json.dumps(job.config())
    jobs = [
        {"config": config, "folder": str(folder), "number": job.number, "worker": worker}
        for worker in range(job.workers)
    ]
    try:
        return together("shoot", jobs)
    finally:
        shutil.rmtree(folder)


def grown(job: Job, seconds: float, scratch: Path) -> tuple[Job, Speed]:
    """The same job with so many shots that it takes about ``seconds``, and its last measurement."""
    while True:
        speed = run(job, scratch)
        if speed.seconds > 0.6 * seconds:
            return job, speed
        factor = min(20.0, max(1.5, seconds / speed.seconds))
        job = job.varied(shots=math.ceil(factor * speed.shots / job.workers))


def prepare(job: dict[str, Any]) -> dict[str, Any]:
    """Import all that the stage imports, also what it imports late."""
    import mdtraj  # noqa: F401
    import openmm  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    import mechanist.stages.shoot  # noqa: F401
    from mechanist.bookkeeping.layout import Layout
    from mechanist.cli.main import app

    if job["number"] > 0:
        import torch  # noqa: F401
    arguments = ["shoot", "--round", str(job["number"]), "--worker", str(job["worker"])]
    arguments += ["--config", job["config"], "--results", job["folder"]]
    files = Layout(Path(job["folder"])).round(job["number"]).worker(job["worker"])
    return {"app": app, "arguments": arguments, "shots": files.shots}


def work(state: dict[str, Any]) -> Path:
    """Run the stage as the command line does; give its table of shots."""
    state["app"](state["arguments"], standalone_mode=False)
    shots: Path = state["shots"]
    return shots


def tell(shots: Path) -> dict[str, Any]:
    """What was done, from the table that the stage has written."""
    import numpy as np
    import pyarrow.parquet as pq

    table = pq.read_table(shots)
    column = {name: table[name].to_numpy() for name in table.column_names}
    notes = table.schema.metadata or {}
    return {
        "steps": int(column["steps_backward"].sum() + column["steps_forward"].sum()),
        "shots": table.num_rows,
        "accepted": int(column["accepted"].sum()),
        "chains": len(np.unique(column["chain"])),
        "platform": notes.get(b"platform", b"").decode(),
    }


if __name__ == "__main__":
    serve(prepare, work, tell)
