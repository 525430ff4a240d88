"""Stage ``trajectory-paths``: what table T5 says of a finished run."""

from mechanist.bookkeeping.files import damage_reported, read_json, write_json
from mechanist.bookkeeping.journal import Journal
from mechanist.bookkeeping.layout import Layout, TrajectoryFiles
from mechanist.stages.restore import audit_content, judged
from mechanist.trajectory.restore_judge import sampled

FACTORS = (2, 4, 8)
"""Frames from one stored one to the next."""

TOLERANCE = 0.02
"""Distance in nm that 99 % of restored heavy atoms are to keep."""


def measure(layout: Layout, files: TrajectoryFiles, log: Journal) -> None:
    """Restore paths of a run that are stored in full, and compare.

    Raises
    ------
    DataError
        If the run is not finished, or has too few paths in full.
    """
    summary = read_json(layout.summary)
    with damage_reported(layout.summary):
        name, saved = str(summary["system"]), summary["early_stop"]
    log.load("torch")
    content = audit_content(judged(layout, sampled(layout), FACTORS, log), TOLERANCE)
    write_json(files.paths(layout.root.name), content | {"system": name, "early_stop": saved})
