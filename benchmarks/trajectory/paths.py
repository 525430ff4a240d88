"""Table T5: stored paths of a finished run, restored, and its early stops."""

from benchmarks.trajectory.job import Job, main
from mechanist.bookkeeping.files import damage_reported, read_json, write_json
from mechanist.bookkeeping.layout import Layout
from mechanist.stages.restore import full_paths, sampled
from mechanist.trajectory.restore.judge import audit_content, audited

FACTORS = (2, 4, 8)
"""Strides of the stored frames."""

TOLERANCE = 0.02
"""Distance in nm within which 99 % of restored heavy atoms should lie."""


def measure(job: Job) -> None:
    """Restore paths of a run that are stored in full, and compare.

    Raises
    ------
    DataError
        If the run is not finished, or has too few paths in full.
    """
    layout = Layout(job.run)
    summary = read_json(layout.summary)
    with damage_reported(layout.summary):
        name, saved = str(summary["system"]), summary["early_stop"]
    job.log.load("torch")
    run = sampled(layout)
    paths = full_paths(layout, len(run.masses))
    content = audit_content(audited(paths, run, FACTORS, job.log), TOLERANCE)
    write_json(job.files.paths(layout.root.name), content | {"system": name, "early_stop": saved})


if __name__ == "__main__":
    main(measure, "run")
