"""Write the report of a run: summary.json, summary.md and report.html."""

from dataclasses import replace

from mechanist.bookkeeping.files import write_text
from mechanist.bookkeeping.layout import Layout
from mechanist.report.load import load_report
from mechanist.report.page.page import draw, render
from mechanist.report.summary import write_summary
from mechanist.report.times import Session, run_time
from mechanist.settings.config import Config


def write_report(layout: Layout, config: Config, last: int, session: Session) -> None:
    """Write summary.json, summary.md and report.html of a run that ended with round ``last``.

    Raises
    ------
    DataError
        If a file of the run is missing or damaged.
    """
    data = load_report(layout, last, rates=config.kinetics.rates)
    # Figures take the most time; the time of the run is known only after them.
    sections = draw(data)
    jobs = session.with_report(data.jobs)
    data = replace(data, jobs=jobs, time=run_time(jobs, session))
    summary = write_summary(data, config)
    write_text(layout.report, render(data, summary, sections))
