"""Shooting jobs on an OpenCL device: stopped and resumed, and with shots that are stopped early."""

from dataclasses import replace

import numpy as np
import pytest

from mechanist.engine.half_shots import STOPPED
from mechanist.sampling.chains.shoot import shoot
from mechanist.sampling.early_stop import early_stop
from tests.sampling.test_checkpoint import CHAINS, MOVES, new_job, quiet, run_stopped

pytestmark = [pytest.mark.opencl, pytest.mark.usefixtures("opencl")]


def check_paths(harvest, prepared):
    """Each path joins A and B; the first of a chain is not one of its own."""
    new = [path for paths in harvest.paths.values() for path in paths[1:]]
    assert new
    for path in new:
        labels = prepared.states.label_positions(path.frames)
        assert labels[0] == -1
        assert labels[-1] == 1
        assert (labels[1:-1] == 0).all()


def test_a_job_that_is_stopped_loses_nothing(double_well, tmp_path):
    slow = replace(double_well, friction=20.0)
    harvest, steps, checkpoint = run_stopped(slow, "pairs", tmp_path / "job", [0, 2, 6], "OpenCL")
    shots = harvest.shots
    moves = np.stack([shots.chain, shots.move])
    assert len(np.unique(moves, axis=1).T) == len(shots) == CHAINS * MOVES
    # Not one step was made twice.
    assert steps == int(shots.steps.sum())
    check_paths(harvest, slow)
    assert checkpoint.resumed > 0


def test_shots_are_stopped_early(double_well, tmp_path, monkeypatch):
    monkeypatch.setattr(early_stop, "TRAINING_SHOTS", 20)
    slow = replace(double_well, friction=5.0)
    chains, engine, _ = new_job(slow, "pairs", "OpenCL", below=0.5)
    harvest = shoot(chains, engine, 20, quiet)
    shots = harvest.shots
    assert len(shots) == CHAINS * 20
    assert (shots.ends == STOPPED).any(axis=1).sum() > 5
    assert shots.watched.any()
    assert not shots.watched[shots.chain == 2].any()
    check_paths(harvest, slow)
