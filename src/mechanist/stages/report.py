"""Stage ``report``: the results as JSON, text and an HTML page."""

from dataclasses import replace

from mechanist.bookkeeping.journal import Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.report.report import write_report
from mechanist.report.times import read_session
from mechanist.settings.config import Config


def report(config: Config, layout: Layout, last: int, log: Journal) -> None:
    """Write summary.json, summary.md and report.html."""
    log.load("matplotlib.figure", "jinja2")
    session = replace(read_session(layout.session), times=log.times)
    write_report(layout, config, last, session)
    log(f"open {layout.report}")
