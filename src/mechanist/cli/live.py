"""Bars of a run on a terminal: rounds, shots, criteria with their limits, time left.

The lines of the jobs scroll above them. State is read from the files of the run, so that nothing
depends on how Snakemake prints.
"""

import math
import subprocess
import threading
import time

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from mechanist.bookkeeping.layout import Layout
from mechanist.bookkeeping.progress import duration
from mechanist.report.run_state import RunState, run_state
from mechanist.settings.config import Config

EVERY = 1.0
"""Seconds between two looks at the files."""

ROUTINE = (
    "Using workflow specific profile",
    "Assuming unrestricted shared filesystem",
    "Building DAG of jobs",
    "Using shell: ",
    "Conda environments: ignored",
    "Select jobs to execute",
    "Execute ",
    "Touching output file",
    "DAG of jobs will be updated",
    "Updating checkpoint dependencies",
    "Updating job ",
)
"""Lines of Snakemake that it prints in every run; they are in .snakemake/log, too."""


class Pace:
    """Time left, from what has been seen since the start."""

    def __init__(self) -> None:
        self.begun = time.monotonic()
        self._round = (0, self.begun, 0)
        self._lasted: float | None = None

    def see(self, state: RunState) -> str:
        """Sentence on the time that the open round and the budget of rounds need."""
        now = time.monotonic()
        number, begun, shots = self._round
        if state.round != number:
            if number:
                self._lasted = now - begun
            self._round = number, begun, shots = state.round, now, state.shots
        parts = [f"{duration(max(now - self.begun, 1))} so far"]
        made, left = state.shots - shots, state.shots_planned - state.shots
        rest = 0.0
        if made > 0 and left > 0:
            rest = left * (now - begun) / made
            parts.append(f"shots of this round: {duration(rest)} left")
        if self._lasted is not None and not state.converged and state.round < state.rounds_max:
            # The last round had as many shots as the next ones, or fewer.
            more = rest + (state.rounds_max - state.round) * self._lasted
            parts.append(f"all {state.rounds_max} rounds, if needed: {duration(more)}")
        return " · ".join(parts)


def picture(state: RunState, times: str) -> Group:
    """The bars of one moment."""
    table = Table.grid(padding=(0, 1))
    table.add_column(min_width=20)
    table.add_column(width=28)
    table.add_column()
    # As a round is open, so many are finished.
    finished = state.round - 1
    note = "converged" if state.converged else f"{finished} of at most {state.rounds_max}"
    table.add_row("rounds", _bar(1.0 if state.converged else finished / state.rounds_max), note)
    if state.sampling:
        shots = f"{state.shots:,} of {state.shots_planned:,}, round {state.round}"
        table.add_row("shots", _bar(state.shots / max(state.shots_planned, 1)), shots)
    for criterion in state.criteria:
        # No markup: it would stand there as text whenever a line is printed above without it.
        mark = Text("✓" if criterion.passed else " ", style="green")
        name = Text.assemble(mark, f" {criterion.name}")
        table.add_row(name, _bar(criterion.share), Text(criterion.text))
    stages = Text(" · ").join(
        Text(f"✓ {name}", style="green") if done else Text(name, style="dim")
        for name, done in state.stages
    )
    return Group(Text(""), table, stages, Text(times, style="dim"))


def _bar(share: float) -> ProgressBar:
    known = share if math.isfinite(share) else 0.0
    return ProgressBar(total=1.0, completed=min(max(known, 0.0), 1.0), width=28)


def follow(process: "subprocess.Popen[str]", config: Config) -> None:
    """Show the output of a run above its bars until it ends."""
    console = Console(stderr=True)
    layout, pace, since = Layout(config.folder), Pace(), time.time()

    def now() -> Group:
        state = run_state(layout, config, since)
        return picture(state, pace.see(state))

    with Live(now(), console=console, auto_refresh=False) as live:
        reader = threading.Thread(target=_print_lines, args=(process, console), daemon=True)
        reader.start()
        while process.poll() is None:
            reader.join(EVERY)
            live.update(now(), refresh=True)
            if not reader.is_alive():
                break
        process.wait()
        reader.join()
        live.update(now(), refresh=True)


def _print_lines(process: "subprocess.Popen[str]", console: Console) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if not line.startswith(ROUTINE):
            console.print(line.rstrip("\n"), markup=False, highlight=False, soft_wrap=True)
