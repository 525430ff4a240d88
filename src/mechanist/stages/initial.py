"""Stage ``initial``: the first transition paths."""

import shutil

from mechanist.bookkeeping.journal import Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.sampling.first_path.initial import first_paths, write_first_paths
from mechanist.sampling.records.frame_log import DiskLog
from mechanist.settings.config import Config
from mechanist.systems.prepared import load


def initial(config: Config, layout: Layout, log: Journal) -> None:
    """Find first paths and write them with a report on how they were found."""
    prepared, topology = load(layout), layout.topology
    folder = layout.initial.paths.parent / ".partial"
    # Left by a killed job, it is emptied: the search starts again.
    stored = DiskLog(folder / "paths.trr", prepared.atoms)
    try:
        write_first_paths(layout, first_paths(config, prepared, topology, log, stored))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
