"""A job whose paths would not fit is refused before it starts."""

from dataclasses import replace

import numpy as np
import pytest

from mechanist.engine.plan import default_plan
from mechanist.errors import SamplingError
from mechanist.sampling.chains.chain import Chains
from mechanist.sampling.chains.current_path import CurrentPath
from mechanist.sampling.chains.job_memory import check_memory, job_bytes
from mechanist.sampling.chains.path_ensemble import TransitionPaths
from mechanist.sampling.chains.selection import Uniform


def chains_of(prepared, count, frames):
    path = np.zeros((frames, prepared.atoms, 3), dtype=np.float32)
    paths = [CurrentPath(path, -1, 1) for _ in range(count)]
    return Chains(np.arange(count), paths, TransitionPaths(Uniform()), 1, np.ones(prepared.atoms))


def test_memory_grows_with_chains_moves_and_path_length(alanine):
    plan = default_plan(alanine, "Reference")
    small = job_bytes(chains_of(alanine, 32, 20), plan, 100, alanine)
    # Frames of half-shots that are too long are a constant part, of 0.2 %.
    twice = pytest.approx(2 * small, rel=0.003)
    assert job_bytes(chains_of(alanine, 64, 20), plan, 100, alanine) == twice
    longer = job_bytes(chains_of(alanine, 32, 40), plan, 100, alanine)
    assert longer - small == 32 * 100 * 20 * alanine.atoms * 12


def test_a_job_that_fits_is_let_through_and_one_that_does_not_is_refused(alanine):
    plan = default_plan(alanine, "Reference")
    chains = chains_of(alanine, 32, 20)
    check_memory(chains, plan, 100, alanine)
    with pytest.raises(SamplingError, match=r"may need .* GB are free .*sampling.round_max"):
        check_memory(chains, plan, 10**9, alanine)
    with pytest.raises(SamplingError, match="max_half_path"):
        check_memory(chains, plan, 1, replace(alanine, max_half_frames=10**9))
