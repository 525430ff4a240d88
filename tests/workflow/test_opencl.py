"""A complete small run on an OpenCL device, with the plan that the stopwatch chooses."""

import numpy as np
import pytest

from mechanist.bookkeeping.files import read_json
from mechanist.bookkeeping.layout import Layout
from mechanist.sampling.records.tables import SHOT_COLUMNS, read_table
from tests.workflow.conftest import Run

pytestmark = [pytest.mark.opencl, pytest.mark.usefixtures("opencl")]


def test_a_whole_run(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(run.folder / "cache"))
    run.configure(
        engine={"platform": "OpenCL"},
        sampling={"workers": 1, "rounds_max": 2},
        initial={"guesses": 2, "paths": 4},
        learn={"members": 2, "epochs_max": 5},
        kinetics={"runs": 8, "run_frames_max": 2000, "shots": 640},
    )
    run.complete()
    layout = Layout(run.root)
    assert read_json(layout.initial_report)["platform"] == "OpenCL"
    shots = read_table(layout.shots, SHOT_COLUMNS)
    assert len(shots["round"]) == 320 + 640
    for name in ("end_backward", "end_forward"):
        assert np.isin(shots[name], ["A", "B"]).all()
    assert len(list(layout.root.glob("../../cache/mechanist/timings/*.json"))) == 1
    for name in ("report.html", "formula.json", "kinetics.json", "manifest.json"):
        assert (layout.root / name).stat().st_size > 0
