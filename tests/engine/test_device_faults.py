"""A device that fails ends the job in one line; only what is no number counts as exploded."""

import numpy as np
import openmm
import pytest

from mechanist.engine.contexts import is_explosion
from mechanist.engine.engine import WATCHED
from mechanist.engine.pool import Pool
from mechanist.engine.stacked import Stack
from mechanist.errors import SamplingError
from tests.engine.test_engines import KINDS, engine_of, half_shots, run

MISSING = "Error downloading array posq: CUDA_ERROR_ILLEGAL_ADDRESS (700)"


@pytest.mark.parametrize(
    ("message", "exploded"),
    [
        ("Particle coordinate is NaN.  For more information, see https://x/faq#nan", True),
        ("Particle coordinate is nan", True),
        ("NaN encountered during RMSD force calculation", True),
        (MISSING, False),
        ("Error launching CUDA compiler: 139", False),
        ("No compatible CUDA device is available", False),
        ("std::bad_alloc", False),
        ("Error invoking kernel nanReduce: clEnqueueNDRangeKernel (-5)", False),
    ],
)
def test_what_counts_as_an_explosion(message, exploded):
    assert is_explosion(message) == exploded


class Dying:
    """Stands between the engine and OpenMM: an integrator that fails from some step on."""

    def __init__(self, integrator, life, message):
        self.integrator, self.life, self.message = integrator, life, message

    def step(self, count):
        self.life -= 1
        if self.life < 0:
            raise openmm.OpenMMException(self.message)
        self.integrator.step(count)


def dying(kind, prepared, slots, life, message):
    engine = engine_of(kind, prepared, slots)
    mover = engine._lanes[0]._mover
    if kind is Pool:
        mover._integrators = [Dying(each, life, message) for each in mover._integrators]
    else:
        mover._integrator = Dying(mover._integrator, life, message)
    return engine


@pytest.mark.parametrize("kind", KINDS)
def test_a_device_that_is_gone_ends_the_job(kind, double_well, rng):
    # 20 moments, seeded, between the first stride and the last.
    for life in rng.integers(0, 20, 20):
        engine = dying(kind, double_well, 4, int(life), MISSING)
        with pytest.raises(SamplingError, match="CUDA_ERROR_ILLEGAL_ADDRESS") as error:
            run(engine, half_shots(double_well, 0.0, 40, rng))
        assert "\n" not in str(error.value)


def test_one_context_that_finds_no_number_is_an_exploded_shot(double_well, rng):
    engine = dying(Pool, double_well, 4, 10**6, "")
    engine._lanes[0]._mover._integrators[2].life = 3
    engine._lanes[0]._mover._integrators[2].message = "Particle coordinate is NaN."
    halves = run(engine, half_shots(double_well, 0.0, 12, rng))
    ends = [end for end, _, _ in halves.values()]
    assert 0 < ends.count("exploded") < 12


def test_a_device_on_which_everything_explodes_is_refused(double_well, rng):
    shots = half_shots(double_well, 0.0, 2 * WATCHED, rng)
    shots.velocities[:] = np.inf
    with pytest.raises(SamplingError, match="half-shots have exploded"):
        run(engine_of(Stack, double_well, 16), shots)
