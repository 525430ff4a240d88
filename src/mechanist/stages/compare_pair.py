"""Stage ``compare-pair``: one pair of a guided and a uniform run."""

from mechanist.analysis.comparison import compare_pair as comparison
from mechanist.bookkeeping.journal import Log
from mechanist.bookkeeping.layout import Layout
from mechanist.settings.config import Config


def compare_pair(config: Config, layout: Layout, number: int, log: Log) -> None:
    """Make both runs of pair ``number``, from the start; write shots.parquet and pair.json."""
    comparison.compare_pair(config, layout, number, log)
