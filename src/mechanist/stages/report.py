"""Stage ``report``: the answer as JSON, text and a page."""

from collections.abc import Callable

from mechanist.layout import Layout
from mechanist.report.page import write_report
from mechanist.report.summary import write_summary
from mechanist.settings.config import Config


def report(config: Config, layout: Layout, last: int, log: Callable[[str], None]) -> None:
    """Write summary.json, summary.md and report.html."""
    write_summary(layout, config, last)
    write_report(layout, last)
    log(f"open {layout.report}")
