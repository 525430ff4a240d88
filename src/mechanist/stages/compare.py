"""Stage ``compare``: guided against uniform selection, at the same number of MD steps."""

from typing import Any

from mechanist.analysis.comparison.compare_pair import GUIDED, compare_pair, identity
from mechanist.analysis.comparison.pairs import read_pair
from mechanist.bookkeeping.files import read_json
from mechanist.bookkeeping.journal import Log
from mechanist.bookkeeping.layout import Layout, PairFiles
from mechanist.report.comparison import write_comparison
from mechanist.settings.config import Config
from mechanist.systems.prepared import load


def compare(config: Config, layout: Layout, log: Log) -> None:
    """Write the comparison over all pairs; missing pairs are made."""
    files = layout.comparison
    wanted = [identity(config, number) for number in range(config.compare.seeds)]
    for number, settings in enumerate(wanted):
        if not _exists(files.pair(number), settings):
            log(f"pair {number + 1} of {len(wanted)}, seed {settings['seed']}")
            compare_pair(config, layout, number, log)
    pairs = [read_pair(files.pair(number)) for number in range(len(wanted))]
    title = load(files.pair(0).run(GUIDED)).name
    write_comparison(files, title, wanted[0], pairs)
    log(f"open {files.page}")


def _exists(files: PairFiles, settings: dict[str, Any]) -> bool:
    """Whether a pair was made with these settings."""
    if not (files.record.is_file() and files.shots.is_file()):
        return False
    record = read_json(files.record)
    return isinstance(record, dict) and record.get("settings") == settings
