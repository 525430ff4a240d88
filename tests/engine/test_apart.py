"""A platform that ends its process is a fault of the platform, not the end of the stopwatch."""

import sys
from pathlib import Path

import pytest

from mechanist.engine import apart, stopwatch
from mechanist.engine.apart import time_apart
from mechanist.engine.stopwatch import time_plans
from mechanist.errors import SystemBuildError
from mechanist.stages.check import check
from mechanist.systems.forces.platforms import platform_names

SEGFAULT = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
ENDS = {
    "SIGSEGV": (SEGFAULT, "crashes the process (SIGSEGV)"),
    "SIGABRT": ("import os; os.abort()", "crashes the process (SIGABRT)"),
    "SIGKILL": ("import os; os.kill(os.getpid(), 9)", "crashes the process (SIGKILL)"),
    "exit": ("import sys; sys.exit('no device')", "ends the process: no device"),
    "silent exit": ("import sys; sys.exit(7)", "exit code 7"),
    "no answer": ("pass", "gave no answer"),
    "hangs": ("import time; time.sleep(60)", "does not answer within 1 s"),
}


def child(monkeypatch, code: str) -> None:
    monkeypatch.setattr(apart, "COMMAND", (sys.executable, "-c", code))


@pytest.mark.parametrize("end", ENDS)
def test_whatever_ends_the_child(end, double_well, monkeypatch):
    code, words = ENDS[end]
    child(monkeypatch, code)
    monkeypatch.setattr(apart, "PATIENCE", 1 if end == "hangs" else 60)
    (timing,) = time_apart(double_well, "CPU", 0.01, 0.1)
    assert timing.steps_per_second == 0
    assert words in timing.fault


@pytest.mark.parametrize("content", ["", "[1]", "{}", '[{"plan": {}}]', "null"])
def test_whatever_the_child_answers(content, double_well, monkeypatch):
    code = (
        "import pathlib, sys;"
        f"pathlib.Path(sys.argv[1]).with_name('timings.json').write_text({content!r})"
    )
    child(monkeypatch, code)
    timings = time_apart(double_well, "CPU", 0.01, 0.1)
    assert timings == [] or "gave no answer" in timings[0].fault


def test_a_real_child(alanine):
    timings = time_apart(alanine, "CPU", 0.02, 0.1)
    assert {timing.plan.platform for timing in timings} == {"CPU"}
    assert max(timing.steps_per_second for timing in timings) > 10


def test_the_stopwatch_goes_on(double_well, monkeypatch):
    child(monkeypatch, SEGFAULT)
    monkeypatch.setattr(stopwatch, "GPU_PLATFORMS", ("CPU",))
    timings = time_plans(double_well, 0.02, 0.1)
    assert timings[0].plan.platform == "Reference"
    faults = {timing.plan.platform: timing.fault for timing in timings if timing.fault}
    assert faults == {"CPU": "crashes the process (SIGSEGV)"}


def test_check_of_a_platform(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    told: list[str] = []
    text, fine = check("double_well", 10, told.append, "CPU")
    assert fine, text
    assert "CPU" in text
    child(monkeypatch, SEGFAULT)
    text, fine = check("double_well", 10, told.append, "CPU")
    assert not fine
    assert "error: CPU is unusable: crashes the process (SIGSEGV)" in text


def test_check_of_a_platform_that_is_not_there():
    with pytest.raises(
        SystemBuildError, match=f"--platform: 'GPU': available: .*{platform_names()[0]}"
    ):
        check("double_well", 10, print, "GPU")


def test_check_names_platforms_that_crash(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    child(monkeypatch, SEGFAULT)
    monkeypatch.setattr(stopwatch, "GPU_PLATFORMS", ("CPU",))
    text, fine = check("double_well", 10, lambda line: None)
    assert fine
    assert "warning: CPU is unusable: crashes the process (SIGSEGV)" in text
    assert Path(tmp_path, "mechanist", "timings").is_dir()
