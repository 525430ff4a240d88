"""Stages of the rates and of the proof that are stopped and gone on with: the same bytes."""

import shutil
import signal
import time
from contextlib import contextmanager

import pytest

from mechanist.bookkeeping.journal import Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.errors import Interrupted
from mechanist.settings.config import Config
from mechanist.settings.load import validate
from mechanist.stages.committor_shots import committor_shots
from mechanist.stages.equilibrium import equilibrium
from mechanist.stages.excursions import excursions
from mechanist.stages.initial import initial
from mechanist.stages.learn import learn
from mechanist.stages.points import points
from mechanist.stages.shoot import shoot
from mechanist.stages.windows import windows
from tests.conftest import build

quiet = Journal()

CONFIG = validate(
    Config,
    {
        "system": "double_well",
        "seed": 5,
        "engine": {"platform": "Reference"},
        "sampling": {"workers": 1, "chains": 16, "first_round": 800, "burn_in": 1},
        "learn": {"members": 2, "hidden": [4], "epochs_max": 3},
        "validation": {"points": 20, "shots": 1000},
        "kinetics": {"runs": 64, "run_frames": 8000, "shots": 8000, "windows": 8},
    },
    "test",
)

STAGES = {
    "equilibrium": lambda layout: equilibrium(CONFIG, layout, 0, quiet),
    "excursions": lambda layout: excursions(CONFIG, layout, 0, quiet),
    "committor shots": lambda layout: committor_shots(CONFIG, layout, "network", 0, quiet),
}


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> tuple[Layout, dict[str, float]]:
    """A run in which each of the stages was made at one go, and how long each took."""
    layout = build("double_well", tmp_path_factory.mktemp("done"))
    initial(CONFIG, layout, quiet)
    shoot(CONFIG, layout, 0, 0, quiet)
    learn(CONFIG, layout, 0, 1, quiet)
    seconds = {}
    for name, stage in STAGES.items():
        if name == "excursions":
            windows(CONFIG, layout, 0, 1, quiet)
        if name == "committor shots":
            points(CONFIG, layout, "network", 0, quiet)
        begin = time.monotonic()
        stage(layout)
        seconds[name] = time.monotonic() - begin
    return layout, seconds


@contextmanager
def told_to_stop_after(seconds: float):
    """SIGTERM after some time, for those that listen to it."""

    def tell(number, frame):
        if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
            signal.raise_signal(signal.SIGTERM)

    before = signal.signal(signal.SIGALRM, tell)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("name", STAGES)
def test_a_stopped_stage_makes_the_same_bytes(name, done, tmp_path):
    undisturbed, seconds = done
    layout = Layout(tmp_path / "run")
    shutil.copytree(undisturbed.root, layout.root)
    files = sorted((layout.root / "kinetics" / "worker_000").glob("[a-z]*"))
    if name == "committor shots":
        files = [layout.fresh("network").shots(0)]
    elif name == "equilibrium":
        files = [file for file in files if not file.stem.startswith("excursions")]
    else:
        files = [file for file in files if file.stem.startswith("excursions")]
    for file in files:
        file.unlink()
    said = []
    for part in (0.15, 0.3, 0.4, 0.5, None):
        try:
            with told_to_stop_after((part or 0) * seconds[name]):
                STAGES[name](layout)
            break
        except Interrupted as error:
            said.append(str(error))
            said += [f"{file.name} is there" for file in files if file.exists()]
    assert said
    assert all("the same command resumes from" in text for text in said), said
    for file in files:
        other = undisturbed.root / file.relative_to(layout.root)
        assert file.read_bytes() == other.read_bytes(), file.name
    assert not list(layout.root.rglob(".partial*"))
