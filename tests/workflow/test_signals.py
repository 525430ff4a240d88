"""A job whose processes all get SIGTERM, as from a batch system, ends when its stage has ended."""

import signal
import subprocess
import time

import psutil

from tests.workflow.conftest import Run

# Stands in for a stage that needs a second to put its work away.
SLOW = """\
#!/usr/bin/env python3
import signal, sys, time

def stop(number, frame):
    time.sleep(1)
    print("work put away", flush=True)
    sys.exit(75)

signal.signal(signal.SIGTERM, stop)
print("started", flush=True)
time.sleep(300)
"""


def wait_for(text, log):
    end = time.monotonic() + 300
    while time.monotonic() < end:
        if log.is_file() and text in log.read_text(encoding="utf-8"):
            return
        time.sleep(0.1)
    raise AssertionError(f"{log} never said: {text}")


def test_the_stage_may_finish_and_its_last_words_are_kept(tmp_path):
    run = Run(tmp_path)
    program = tmp_path / "bin" / "mechanist"
    program.parent.mkdir()
    program.write_text(SLOW, encoding="utf-8")
    program.chmod(0o755)
    log = run.root / "logs" / "prepare.log"
    environment = run.environment
    environment["PATH"] = f"{program.parent}:{environment['PATH']}"
    with (tmp_path / "snakemake.log").open("w+", encoding="utf-8") as said:
        process = subprocess.Popen(
            run.command("results/double_well/system/system.xml"),
            cwd=tmp_path,
            env=environment,
            stdout=said,
            stderr=said,
        )
        try:
            wait_for("started", log)
            for child in psutil.Process(process.pid).children(recursive=True):
                child.send_signal(signal.SIGTERM)
            assert process.wait(120) != 0
        finally:
            process.kill()
        said.seek(0)
        text = said.read()
    assert log.read_text(encoding="utf-8") == "started\nwork put away\n"
    assert "prepare" in text
