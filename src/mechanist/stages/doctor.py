"""Stage ``doctor``: what this machine has, and how fast it is."""

import tempfile
from functools import partial
from pathlib import Path

from mechanist.bookkeeping.layout import Layout
from mechanist.engine.stopwatch import time_plans
from mechanist.engine.volume import settle_volume
from mechanist.report.doctor import machine_text
from mechanist.settings.load import load_system, system_folder
from mechanist.systems.build.prepare import prepare
from mechanist.systems.prepared import load


def doctor(system: str) -> str:
    """Text on this machine; plans are timed on ``system``."""
    source = system_folder(system)
    with tempfile.TemporaryDirectory() as folder:
        layout = Layout(Path(folder))
        prepare(load_system(source), source, layout, partial(settle_volume, seed=1))
        prepared = load(layout)
    return machine_text(prepared.name, time_plans(prepared))
