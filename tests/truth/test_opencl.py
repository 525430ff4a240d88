"""The short part on an OpenCL device, in single precision and two lanes: the same path ensembles.

The tolerance is four standard errors, measured over independent walkers and chains; seed 45.
"""

import numpy as np
import pytest

from mechanist.engine.half_shots import STOPPED
from mechanist.engine.plan import GPU_LANES, Plan
from tests.truth.compare import LIMIT
from tests.truth.ensembles import sample
from tests.truth.references import selection, starts
from tests.truth.test_short import WORLD, against_brute_force
from tests.truth.worlds import WORLDS

pytestmark = [pytest.mark.opencl, pytest.mark.usefixtures("opencl")]

PLAN = Plan("OpenCL", "pairs", 256, GPU_LANES)


@pytest.mark.parametrize("below", [0.0, 0.5], ids=["whole shots", "early stops"])
def test_accepted_paths_are_those_of_unbiased_dynamics(below: float):
    guide = selection(WORLD, "shifted model")
    prepared = WORLDS[WORLD]().prepared
    sampled = sample(prepared, starts(WORLD), guide, 45, 128, 80, 40, below=below, plan=PLAN)
    stopped = np.mean((sampled.shots.ends == STOPPED).any(axis=1))
    assert (stopped > 0.15) == (below > 0)
    for comparison in against_brute_force(sampled):
        assert abs(comparison.z) < LIMIT, comparison
