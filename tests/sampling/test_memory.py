"""Memory of a job: said before it starts, independent of the number of shots, and refused if it is
not there."""

from dataclasses import replace

import numpy as np
import pytest

from mechanist.engine.plan import CONTEXT_ATOMS, POOL, default_plan, open_slots
from mechanist.errors import SamplingError
from mechanist.sampling.chains.chain import Chains
from mechanist.sampling.chains.current_path import CurrentPath
from mechanist.sampling.chains.job_memory import check_memory, frames_needed
from mechanist.sampling.chains.long_halves import FRAMES, KEPT, kept_halves
from mechanist.sampling.chains.moves import HELD_BYTES, Moves
from mechanist.sampling.chains.path_ensemble import TransitionPaths
from mechanist.sampling.chains.selection import Uniform
from mechanist.sampling.chains.shots import Shots
from mechanist.sampling.records.frame_log import DiskLog, JobFrames


def test_memory_grows_with_what_is_under_way():
    small = frames_needed(4, 8, 1000, 100)
    assert frames_needed(8, 8, 1000, 100) > small
    assert frames_needed(4, 16, 1000, 100) - small == 8 * 100 * 1000 * 12
    assert frames_needed(0, 8, 1000, 100) == 8 * 100 * 1000 * 12
    # Long current paths are on disk.
    many = frames_needed(100, 8, 10_000, 1000) - frames_needed(99, 8, 10_000, 1000)
    assert many == 1000 * 10_000 * 12


def test_a_job_that_fits_says_its_need_and_one_that_does_not_is_refused(alanine):
    plan, said = default_plan(alanine, "Reference"), []
    check_memory(alanine, plan, 32, 64, said.append)
    assert said[0].startswith("frames need at most 0.")
    with pytest.raises(SamplingError, match=r"may need .* GB are free .*max_half_path"):
        check_memory(replace(alanine, max_half_frames=10**9), plan, 32, 64, said.append)


def test_contexts_of_large_systems_are_few(alanine):
    plan = default_plan(alanine, "Reference")
    assert plan.layout == POOL
    assert open_slots(plan, 64, alanine.atoms) == 64
    assert open_slots(plan, 8, 15_000) == 6
    assert open_slots(plan, 8, 2 * CONTEXT_ATOMS) == 1
    assert open_slots(replace(plan, layout="pairs"), 64, 15_000) == 64


def test_frames_of_halves_that_were_too_long_are_fewer_of_large_systems():
    assert kept_halves(22) == KEPT
    assert kept_halves(50_000) * FRAMES * 50_000 * 12 < 2**27
    assert kept_halves(10**6) == 8


ATOMS = 400


def moves_with(tmp_path, frames, chains=2):
    path = np.zeros((frames, ATOMS, 3), dtype=np.float32)
    paths = [CurrentPath(path, -1, 1) for _ in range(chains)]
    every = Chains(np.arange(chains), paths, TransitionPaths(Uniform()), 1, np.ones(ATOMS))
    logs = [DiskLog(tmp_path / f"{name}.trr", ATOMS) for name in ("points", "paths")]
    return Moves(every, 100, frames=JobFrames(*logs))


def one_shot(chain, move, frames, rng):
    path = CurrentPath(rng.normal(size=(frames, ATOMS, 3)).astype(np.float32), move, 1)
    return Shots(
        chain=np.array([chain]),
        move=np.array([move]),
        seed=np.array([1]),
        p_predicted=np.array([0.5]),
        points=path.frames[1:2],
        ends=np.array([[0, 1]], dtype=np.int8),
        steps=np.ones((1, 2), dtype=np.int64),
        watched=np.zeros(1, dtype=bool),
        seen=np.ones((1, 2)),
        paths=[path],
        halves=(),
    )


@pytest.mark.parametrize("held", [0, HELD_BYTES])
def test_only_current_paths_are_in_memory_and_long_ones_are_not(tmp_path, rng, held, monkeypatch):
    monkeypatch.setattr("mechanist.sampling.chains.moves.HELD_BYTES", held)
    work = moves_with(tmp_path, 5)
    made = [one_shot(move % 2, move, 4 + move, rng) for move in range(6)]
    frames = [shots.paths[0].frames.copy() for shots in made]
    points = [shots.points.copy() for shots in made]
    for shots in made:
        work.add(shots)
    in_memory = [
        isinstance(path.frames, np.ndarray) for group in work.paths.values() for path in group
    ]
    # The first path of each chain was given in memory; of those made here only the last is there.
    last = bool(held)
    assert in_memory == 2 * [True, False, False, last]
    harvest = work.harvest()
    for chain in (0, 1):
        for path in harvest.paths[chain][1:]:
            np.testing.assert_array_equal(path.frames[:], frames[path.move])
    order = [0, 2, 4, 1, 3, 5]
    np.testing.assert_array_equal(
        harvest.shots.points[:], np.concatenate([points[i] for i in order])
    )
