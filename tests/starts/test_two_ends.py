"""States of two basins whose frames are drawn, not simulated."""

import numpy as np
import pytest

from mechanist.starts.candidates import Candidate
from mechanist.starts.two_ends import End, two_states
from mechanist.systems.descriptors.descriptor_set import Descriptor

RUNS, FRAMES = 4, 400
CANDIDATES = [
    Candidate(Descriptor(name, "coordinate", (atom,)), 5) for name, atom in (("x", 0), ("y", 1))
]


def end(file: str, x: float, y: tuple[float, ...], rng: np.random.Generator) -> End:
    """Atom 0 near ``x``, atom 1 near each of ``y`` in turn, in nm."""
    frames = np.zeros((RUNS, FRAMES, 2, 3))
    frames[..., 0, 0] = rng.normal(x, 0.01, (RUNS, FRAMES))
    # A form is kept for ten frames, so that cores know both.
    form = rng.integers(len(y), size=(RUNS, FRAMES // 10)).repeat(10, axis=1)
    frames[..., 1, 0] = rng.normal(np.array(y)[form], 0.01)
    return End(file, frames[0, 0], frames[0, 0], frames)


@pytest.mark.parametrize("seed", range(3))
def test_a_basin_of_two_forms_is_not_cut_in_two(seed):
    """cis-Azobenzene has a phenyl ring turned to either side; its state holds both."""
    rng = np.random.default_rng(seed)
    ends = end("cis.pdb", 0.0, (-0.1, 0.1), rng), end("trans.pdb", 0.3, (0.45,), rng)
    found = two_states(CANDIDATES, ends, 0.01)
    assert [one.candidate.descriptor.name for one in found.telling] == ["x"]
    assert min(found.shares) > 0.95
    assert found.values[0].shape == (RUNS * FRAMES, 1)


def test_a_second_descriptor_that_cuts_nothing_stays():
    rng = np.random.default_rng(1)
    ends = end("a.pdb", 0.0, (0.1,), rng), end("b.pdb", 0.3, (0.45,), rng)
    found = two_states(CANDIDATES, ends, 0.01)
    assert {one.candidate.descriptor.name for one in found.telling} == {"x", "y"}
    assert min(found.shares) > 0.9
