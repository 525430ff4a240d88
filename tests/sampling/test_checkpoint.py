"""Jobs that are stopped and resumed: nothing finished is lost, nothing is done twice."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from mechanist.engine.choose import make_engine
from mechanist.engine.half_shots import STOPPED, TOO_LONG
from mechanist.engine.plan import Plan
from mechanist.errors import DataError, Interrupted, SamplingError
from mechanist.sampling.chains import long_halves
from mechanist.sampling.chains.chain import Chains
from mechanist.sampling.chains.current_path import CurrentPath
from mechanist.sampling.chains.job_tables import path_table, shot_table
from mechanist.sampling.chains.path_ensemble import TransitionPaths
from mechanist.sampling.chains.selection import Lorentzian, Uniform
from mechanist.sampling.chains.shoot import shoot
from mechanist.sampling.early_stop import early_stop
from mechanist.sampling.early_stop.early_stop import EarlyStop
from mechanist.sampling.records.checkpoint import Checkpoint, checkpointed
from mechanist.sampling.records.checkpoint_files import CheckpointFiles
from mechanist.sampling.stop_signals import Stop, stop_signals
from mechanist.sampling.streams import thermal_velocities

CHAINS, MOVES = 6, 5
IDENTITY = {"what": "a test"}


def quiet(*_):
    return None


def straight(double_well):
    """A path over the barrier; the chains soon forget it."""
    frames = np.zeros((41, 1, 3), dtype=np.float32)
    frames[:, 0, 0] = np.linspace(-0.85, 0.85, 41)
    return frames


def line(frames):
    """A q that rises along the barrier."""
    return 4 * frames[:, 0, 0].astype(np.float64)


def new_job(prepared, layout, platform="Reference", seed=4, below=0.0):
    path = straight(prepared)
    chains = Chains(
        np.arange(CHAINS),
        [CurrentPath(path, -1, 1) for _ in range(CHAINS)],
        TransitionPaths(
            Lorentzian(line, 1.0, None, None, "line", longest=prepared.max_half_frames)
            if below
            else Uniform(prepared.max_half_frames)
        ),
        11,
        thermal_velocities(prepared),
        burn_in=1,
        early_stop=EarlyStop(line, below, np.arange(CHAINS) == 2) if below else None,
    )
    plan = Plan(platform, layout, 8)
    return chains, make_engine(prepared, plan.slots(CHAINS), plan, seed), plan


def run_stopped(prepared, layout, folder, stops, platform="Reference", below=0.0, moves=MOVES):
    """Run a job that is told to stop after so many shots more each time; harvest and steps."""
    steps, said = 0, []
    for life, more in enumerate([*stops, None]):
        # Each process has another seed of noise: what goes on must not need it.
        chains, engine, plan = new_job(prepared, layout, platform, 4 + life, below)
        files, stop = CheckpointFiles(folder, IDENTITY), Stop()
        checkpoint = Checkpoint(files, files.read(), stop, said.append, every=1e9)
        first = None

        def progress(done, _, stop=stop, more=more):
            nonlocal first
            first = done if first is None else first
            if more is not None and done - first >= more:
                stop.ask(signal.SIGTERM)

        try:
            return (
                shoot(chains, engine, moves, progress, checkpoint, plan.notes()),
                (steps + engine.steps),
                checkpoint,
            )
        except Interrupted as error:
            said.append(str(error))
        steps += engine.steps
    raise AssertionError(said)


def tables(harvest):
    shots, points = shot_table(harvest, 0, 0, "")
    index, frames = path_table(harvest.paths, 0, 0)
    return [*shots.values(), points[:], *index.values(), np.concatenate(list(frames))]


@pytest.mark.parametrize("layout", ["pool", "pairs"])
def test_a_job_stopped_again_and_again_makes_the_same_bytes(layout, double_well, tmp_path):
    slow = replace(double_well, friction=20.0)
    chains, engine, _ = new_job(slow, layout)
    whole = shoot(chains, engine, MOVES, quiet)
    harvest, steps, checkpoint = run_stopped(slow, layout, tmp_path / "job", [0, 0, 3, 7, 2])
    for one, other in zip(tables(whole), tables(harvest), strict=True):
        np.testing.assert_array_equal(one, other)
    # Not one step was made twice.
    assert steps == engine.steps == int(whole.shots.steps.sum())
    assert checkpoint.resumed == 0


@pytest.mark.parametrize("layout", ["pool", "pairs"])
def test_early_stops_are_the_same_however_often_a_job_is_stopped(
    layout, double_well, tmp_path, monkeypatch
):
    monkeypatch.setattr(early_stop, "TRAINING_SHOTS", 20)
    slow = replace(double_well, friction=5.0)
    chains, engine, _ = new_job(slow, layout, below=0.5)
    whole = shoot(chains, engine, 12, quiet)
    shots = whole.shots
    stopped = (shots.ends == STOPPED).any(axis=1)
    assert stopped.sum() > 5
    assert not shots.watched[shots.chain == 2].any()
    assert shots.watched.any()
    # Stops while lessons are taken, when they are over, and among shots that are stopped early.
    harvest, steps, _ = run_stopped(
        slow, layout, tmp_path / "job", [2, 5, 3, 11, 9], below=0.5, moves=12
    )
    for one, other in zip(tables(whole), tables(harvest), strict=True):
        np.testing.assert_array_equal(one, other)
    assert steps == engine.steps


def test_half_shots_that_are_too_long_are_kept_however_often_a_job_is_stopped(
    double_well, tmp_path, monkeypatch
):
    monkeypatch.setattr(long_halves, "KEPT", 10)
    slow = replace(double_well, friction=20.0, max_half_frames=12)
    chains, engine, _ = new_job(slow, "pool")
    whole = shoot(chains, engine, MOVES, quiet)
    assert (whole.shots.ends == TOO_LONG).sum() > 20
    harvest, _, _ = run_stopped(slow, "pool", tmp_path / "job", [0, 3, 2, 7])
    for name in ("chain", "move", "side", "frames"):
        one, other = (getattr(each.too_long, name) for each in (whole, harvest))
        assert len(one) == 10
        np.testing.assert_array_equal(one, other)


def test_other_platforms_lose_nothing_and_say_that_noise_differs(double_well, tmp_path):
    slow = replace(double_well, friction=20.0)
    harvest, steps, checkpoint = run_stopped(slow, "pairs", tmp_path / "job", [2, 6], "CPU")
    assert steps == int(harvest.shots.steps.sum())
    assert checkpoint.resumed == 2
    assert checkpoint.notes["platform"] == "CPU"
    numbers = np.stack([harvest.shots.chain, harvest.shots.move], axis=1)
    expected = [[chain, move] for chain in range(CHAINS) for move in range(MOVES)]
    assert numbers.tolist() == expected
    for paths in harvest.paths.values():
        for path in paths[1:]:
            labels = slow.states.label_positions(path.frames)
            assert labels[0] == -1
            assert labels[-1] == 1
            assert (labels[1:-1] == 0).all()
            # One stride moves a particle at 4.5 thermal speeds by 0.27; a lost frame would jump.
            assert np.abs(np.diff(path.frames[:, 0, 0])).max() < 0.27


def test_a_state_is_written_from_time_to_time_and_changes_nothing(
    double_well, tmp_path, monkeypatch
):
    # The run is short: the state may be written most of the time.
    monkeypatch.setattr("mechanist.sampling.records.checkpoint.SHARE", 1.0)
    slow = replace(double_well, friction=20.0)
    chains, engine, _ = new_job(slow, "pool")
    whole = shoot(chains, engine, MOVES, quiet)
    chains, engine, plan = new_job(slow, "pool")
    files = CheckpointFiles(tmp_path / "job", IDENTITY)
    checkpoint = Checkpoint(files, None, Stop(), quiet, every=0.01)
    harvest = shoot(chains, engine, MOVES, quiet, checkpoint, plan.notes())
    for one, other in zip(tables(whole), tables(harvest), strict=True):
        np.testing.assert_array_equal(one, other)
    # What a kill -9 at the end would have left: a job that ends as this one did.
    saved = files.read()
    assert saved is not None
    chains, engine, plan = new_job(slow, "pool", seed=77)
    again = Checkpoint(files, saved, Stop(), quiet, every=1e9)
    harvest = shoot(chains, engine, MOVES, quiet, again, plan.notes())
    for one, other in zip(tables(whole), tables(harvest), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_state_of_another_job_is_not_resumed(tmp_path):
    numbers = {"a": np.arange(3)}
    CheckpointFiles(tmp_path, {"seed": 1}).write(numbers, numbers, {"platform": "CPU"})
    assert CheckpointFiles(tmp_path, {"seed": 2}).read() is None
    saved = CheckpointFiles(tmp_path, {"seed": 1}).read()
    assert saved is not None
    assert saved.notes == {"platform": "CPU"}
    np.testing.assert_array_equal(saved.parts[0]["a"], np.arange(3))
    said = []
    with checkpointed(tmp_path, {"seed": 2}, said.append) as checkpoint:
        assert checkpoint.saved is None
    assert "starting again" in said[0]
    assert not tmp_path.exists()


def test_a_part_that_no_state_names_is_written_over(tmp_path):
    # As if killed between the part and the state.
    first = CheckpointFiles(tmp_path, IDENTITY)
    first.write({"a": np.arange(3)}, {"b": np.arange(1)}, {})
    (tmp_path / "part_0001.npz").write_bytes(b"half of a")
    second = CheckpointFiles(tmp_path, IDENTITY)
    assert len(second.read().parts) == 1
    second.write({"a": np.arange(5)}, {"b": np.arange(2)}, {})
    saved = CheckpointFiles(tmp_path, IDENTITY).read()
    assert [len(part["a"]) for part in saved.parts] == [3, 5]
    assert len(saved.state["b"]) == 2


def test_damage_is_one_line(tmp_path):
    files = CheckpointFiles(tmp_path, IDENTITY)
    files.write({}, {"b": np.arange(1000)}, {})
    data = files.file.read_bytes()
    files.file.write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError, match=r"state\.npz: damaged .*delete its folder"):
        CheckpointFiles(tmp_path, IDENTITY).read()


HOLDER = """
import sys, time
from pathlib import Path
from mechanist.sampling.records.checkpoint_files import CheckpointFiles
with CheckpointFiles(Path(sys.argv[1]), {}).locked():
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def test_a_process_that_still_ends_is_waited_for(tmp_path, monkeypatch):
    folder = tmp_path / "job"

    def holder(seconds):
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(folder), str(seconds)], stdout=subprocess.PIPE
        )
        assert process.stdout.readline() == b"held\n"
        return process

    process = holder(0.7)
    begin = time.monotonic()
    with CheckpointFiles(folder, {}).locked():
        assert time.monotonic() - begin > 0.3
    process.communicate()
    process = holder(60)
    monkeypatch.setattr("mechanist.sampling.records.checkpoint_files.PATIENCE", 0.3)
    with (
        pytest.raises(SamplingError, match="another process runs this job"),
        CheckpointFiles(folder, {}).locked(),
    ):
        pass
    process.kill()
    process.communicate()


def test_signals_are_noted_inside_only():
    before = signal.getsignal(signal.SIGTERM)
    with stop_signals() as stop:
        assert not stop.asked
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.signal == "SIGTERM"
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGTERM) == before
