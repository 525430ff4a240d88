"""Stage ``initial``: the first transition paths."""

from pathlib import Path
from tempfile import TemporaryDirectory

from mechanist.bookkeeping.journal import Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.sampling.first_path.initial import first_paths, write_first_paths
from mechanist.sampling.records.frame_log import DiskLog
from mechanist.settings.config import Config
from mechanist.systems.prepared import load


def initial(config: Config, layout: Layout, log: Journal) -> None:
    """Find first paths and write them with a report on how they were found."""
    prepared, topology = load(layout), layout.topology
    with TemporaryDirectory(dir=topology.parent, prefix=".initial-") as folder:
        stored = DiskLog(Path(folder) / "paths.trr", prepared.atoms)
        write_first_paths(layout, first_paths(config, prepared, topology, log, stored))
