"""Stage ``report``: the answer as JSON, text and a page."""

from mechanist.journal import Journal
from mechanist.layout import Layout
from mechanist.report.times import Session
from mechanist.report.write import write_report
from mechanist.settings.config import Config


def report(
    config: Config,
    layout: Layout,
    last: int,
    log: Journal,
    cores: int | None = None,
    since: float | None = None,
) -> None:
    """Write summary.json, summary.md and report.html.

    ``cores`` are those of the run, ``since`` is when it began, in Unix time.
    """
    log.load("matplotlib.figure", "jinja2")
    write_report(layout, config, last, Session(cores, since, log.times))
    log(f"open {layout.report}")
