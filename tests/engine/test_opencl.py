"""The code that GPUs share, on an OpenCL device: with pocl, any CPU is one."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from mechanist.engine.apart import time_apart
from mechanist.engine.choose import make_engine
from mechanist.engine.half_shots import HalfShots, ShotQueue
from mechanist.engine.plan import GPU_LANES, Plan
from mechanist.engine.pool import Pool
from mechanist.engine.stacked import Stack
from mechanist.engine.verify import Alone, wrong_forces
from mechanist.sampling.streams import thermal_velocities
from tests.engine.test_engines import PauseAt, engine_of, half_shots, nowhere, run, run_with
from tests.engine.test_verify import WRONG, after

pytestmark = [pytest.mark.opencl, pytest.mark.usefixtures("opencl")]

FRAMES = 6


def stack(prepared, slots, layout="pairs", **options):
    return engine_of(Stack, prepared, slots, layout=layout, platform="OpenCL", **options)


@pytest.fixture(scope="module")
def still(alanine):
    """Alanine dipeptide without noise, half-shots of six frames of ten steps."""
    return replace(alanine, friction=0.0, max_half_frames=FRAMES, stride=10)


@pytest.fixture(scope="module")
def shots(still):
    """Seven half-shots, far from each other as those of paths that have drifted."""
    rng = np.random.default_rng(5)
    velocities = rng.standard_normal((7, *still.positions.shape))
    velocities *= thermal_velocities(still)[:, None]
    away = rng.uniform(-1, 1, (7, 1, 3))
    return HalfShots(np.arange(7), still.positions + away, velocities)


@pytest.fixture(scope="module")
def alone(still, shots):
    """Their paths, each in a context of its own in double precision."""
    return run(engine_of(Pool, still, 2, label=nowhere), shots)


@pytest.mark.parametrize("lanes", [1, 2])
@pytest.mark.parametrize("layout", ["pairs", "grid"])
def test_copies_that_are_refilled_follow_the_path_of_one_alone(layout, lanes, still, shots, alone):
    # Single precision over 60 steps; a wrong force of 1 kJ/mol/nm on a hydrogen, 7e-3 nm.
    found = run(stack(still, 2, layout, lanes=lanes, label=nowhere), shots)
    assert sorted(found) == list(range(7))
    for key, (end, frames, steps) in found.items():
        assert (end, steps) == ("too_long", 10 * FRAMES)
        np.testing.assert_allclose(frames, alone[key][1], atol=2e-4)


@pytest.mark.parametrize("layout", ["pairs", "grid"])
def test_velocities_of_a_stopped_shot_are_not_kicked_twice(layout, still, shots, alone):
    queue = ShotQueue()
    queue.put(shots.part(slice(0, 4)))
    rest = PauseAt(4, end=True)
    before, stopped = run_with(stack(still, 2, layout, lanes=2, label=nowhere), queue, rest)
    assert stopped
    begun = rest.taken[0]
    assert not before
    assert len(begun) == 4
    assert 0 < begun.lengths.min() <= begun.lengths.max() < FRAMES
    found, _ = run_with(stack(still, 2, layout, lanes=2, label=nowhere), ShotQueue(), None, begun)
    for key in range(4):
        np.testing.assert_allclose(found[key][1], alone[key][1], atol=2e-4)


@pytest.mark.parametrize("speed", [1e200, 1e3], ids=["not a number", "too fast"])
@pytest.mark.parametrize("layout", ["pairs", "grid"])
def test_an_exploding_shot_harms_no_other(layout, speed, still, shots, alone):
    # Copies beside it may repeat a stride; without noise their paths are the same.
    velocities = shots.velocities.copy()
    velocities[3] = speed
    bad = replace(shots, velocities=velocities)
    found = run(stack(still, 4, layout, label=nowhere), bad)
    assert found[3][0] == "exploded"
    for key in set(range(7)) - {3}:
        assert found[key][0] == "too_long"
        np.testing.assert_allclose(found[key][1], alone[key][1], atol=2e-4)


@pytest.mark.parametrize("lanes", [1, 3])
def test_every_shot_comes_back_once_with_its_frames(lanes, double_well, rng):
    halves = run(stack(double_well, 7, lanes=lanes), half_shots(double_well, 0.0, 60, rng))
    assert sorted(halves) == list(range(60))
    for end, frames, steps in halves.values():
        labels = double_well.states.label_positions(frames)
        assert (labels[:-1] == 0).all()
        assert labels[-1] == {"A": -1, "B": 1}[end]
        assert steps == len(frames) * double_well.stride


def test_committor_of_the_double_well(double_well, rng):
    # p_B(0.2) = 0.807 from the backward equation; 4 binomial standard errors; seeds 11, 20261120.
    n = 3000
    plan = Plan("OpenCL", "pairs", 600, GPU_LANES)
    halves = run(make_engine(double_well, 600, plan, 11), half_shots(double_well, 0.2, n, rng))
    p = np.mean([end == "B" for end, _, _ in halves.values()])
    assert abs(p - 0.807) < 4 * np.sqrt(0.807 * 0.193 / n)


def test_the_stopwatch_verifies_all_layouts(alanine):
    timings = time_apart(alanine, "OpenCL", 0.05, 0.1)
    assert {timing.plan.layout for timing in timings} == {"pairs", "grid"}
    assert [timing.fault for timing in timings if timing.fault] == []


@pytest.mark.parametrize("layout", ["pairs", "grid"])
def test_wrong_forces_are_found(layout, alanine):
    changed = WRONG["no torsions"](alanine)
    mover = Stack(changed, 2, "OpenCL", layout, 1)
    after(10, changed, mover)
    assert "differ from those on one copy alone by" in wrong_forces(Alone(alanine), mover)


DEVICE = """
import sys
from mechanist.engine.contexts import make_context
from mechanist.engine.devices import device_count
from mechanist.systems import prepared
from mechanist.bookkeeping.layout import Layout
from pathlib import Path
system = prepared.load(Layout(Path(sys.argv[1])))
context = make_context(system, system.system, "OpenCL", 1)
context.setPositions(system.positions)
context.getIntegrator().step(3)
device = context.getPlatform().getPropertyValue(context, "DeviceIndex")
print("devices", device_count("OpenCL"), device, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(("devices", "taken"), [("basic", "000"), ("basic basic", "010")])
def test_jobs_spread_over_the_devices_of_a_machine(devices, taken, double_well_layout, tmp_path):
    # pocl makes several devices of one processor.
    environment = os.environ | {"POCL_DEVICES": devices, "TMPDIR": str(tmp_path)}
    environment |= {"PYTHONPATH": ":".join(sys.path)}
    command = [sys.executable, "-c", DEVICE, str(double_well_layout.root)]
    jobs = []
    for _ in taken:
        jobs.append(
            subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        # Each is on its device before the next one looks for one.
        said = next(line for line in jobs[-1].stdout if line.startswith("devices"))
        assert said.split()[1:] == [str(len(devices.split())), taken[len(jobs) - 1]]
    for job in jobs:
        job.communicate("")
        assert job.returncode == 0
