"""Jobs of a machine spread over its GPUs; `tests.engine.test_opencl` has the real devices."""

import subprocess
import sys

import pytest

from mechanist.engine.devices import device_properties, take_device

JOB = """
import sys
from pathlib import Path
from mechanist.engine.devices import take_device
print(take_device("CUDA", int(sys.argv[1]), Path(sys.argv[2])), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def job(tmp_path):
    """Starts processes that take one of some devices and keep it until they are killed."""
    running = []

    def start(count, **environment):
        command = [sys.executable, "-c", JOB, str(count), str(tmp_path)]
        one = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        running.append(one)
        return one, int(one.stdout.readline())

    yield start
    for one in running:
        one.kill()
        one.wait()
        one.stdin.close()
        one.stdout.close()


def test_each_job_has_a_device_of_its_own_and_more_jobs_share_evenly(job, monkeypatch):
    path = {"PYTHONPATH": ":".join(sys.path)}
    jobs = [job(3, **path) for _ in range(7)]
    assert [device for _, device in jobs] == [0, 1, 2, 0, 1, 2, 0]
    # A job that is killed gives its device back.
    jobs[1][0].kill()
    jobs[1][0].wait()
    assert job(3, **path)[1] == 1


def test_devices_are_those_that_a_process_sees(job):
    path = {"PYTHONPATH": ":".join(sys.path)}
    assert job(2, CUDA_VISIBLE_DEVICES="2,3", **path)[1] == 0
    # Its second device is the first of the job before.
    assert job(2, CUDA_VISIBLE_DEVICES="1,2", **path)[1] == 0
    assert job(2, CUDA_VISIBLE_DEVICES="2,0", **path)[1] == 1


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert take_device("CUDA", 4, tmp_path / "file" / "locks") in range(4)


def test_cpus_have_no_devices():
    assert device_properties("CPU") == device_properties("Reference") == {}
