"""Stage ``initial``: the first transition paths."""

from mechanist.bookkeeping.journal import Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.sampling.first_path.initial import first_paths, write_first_paths
from mechanist.settings.config import Config
from mechanist.systems.prepared import load


def initial(config: Config, layout: Layout, log: Journal) -> None:
    """Find first paths and write them with a report on how they were found."""
    write_first_paths(layout, first_paths(config, load(layout), layout.topology, log))
