"""The part of stage ``trajectory-tables`` on stored paths: numbers and text of table T5."""

from pathlib import Path

from mechanist.bookkeeping.files import damage_reported, read_json
from mechanist.bookkeeping.layout import TrajectoryFiles
from mechanist.report.path_tables import path_entries, path_markdown, path_targets
from mechanist.report.trajectory_tables import Entry, Target
from mechanist.settings.config import Config

NONE = """# Table T5: stored paths

There is no finished run of {system} yet. `snakemake` makes one; then ask for these tables again.
"""


def stored_paths(
    config: Config, files: TrajectoryFiles
) -> tuple[list[Entry], list[str], list[Target]]:
    """Numbers, lines of text and targets of the system of config.yaml."""
    system = Path(config.system).name
    path = files.paths(system)
    if not path.is_file():
        return [], [NONE.format(system=system)], []
    record = read_json(path)
    with damage_reported(path):
        return path_entries(system, record), path_markdown(system, record), path_targets(record)
