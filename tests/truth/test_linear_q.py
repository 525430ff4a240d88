"""A potential whose reaction coordinate is q = 2 x: the formula must be that and nothing else."""

import numpy as np
import pytest

from benchmarks.formulas.learned import learned
from benchmarks.formulas.same import terms
from mechanist.committor.data import ShotData
from mechanist.engine.choose import make_engine
from mechanist.engine.plan import default_plan
from mechanist.sampling.committor_shots import committor_shots
from mechanist.sampling.streams import thermal_velocities
from mechanist.settings.config import Config
from mechanist.systems.prepared import load, load_inputs
from tests.conftest import build

pytestmark = pytest.mark.truth

POINTS, SHOTS, CHAINS, SEED = 3000, 4, 30, 8


def test_linear_q(tmp_path):
    layout = build("linear_q", tmp_path)
    prepared, inputs = load(layout), load_inputs(layout)
    rng = np.random.default_rng(SEED)
    x = rng.uniform(-1.5, 1.5, POINTS)
    # Idle coordinates are at equilibrium in wells of 10 kJ/mol/nm^2.
    idle = rng.normal(scale=np.sqrt(prepared.kt / 10), size=(POINTS, 3))
    flat = np.column_stack([x, idle])
    points = np.zeros((POINTS, prepared.atoms, 3), dtype=np.float32)
    points.reshape(POINTS, -1)[:, :4] = flat
    plan = default_plan(prepared, "Reference")
    engine = make_engine(prepared, plan.copies, plan, SEED)
    sigma = thermal_velocities(prepared)
    table = committor_shots(points, np.arange(POINTS), SHOTS, engine, sigma, SEED)
    n_b = np.bincount(table["point"][table["end"] == "B"], minlength=POINTS)
    n_a = np.bincount(table["point"][table["end"] == "A"], minlength=POINTS)
    assert (n_a + n_b == SHOTS).all()
    values = inputs.values(points)
    chain = np.repeat(np.arange(CHAINS), POINTS // CHAINS)
    shots = ShotData(inputs.features(values), n_a, n_b, chain)
    _, found = learned(inputs, values, shots, Config(system="linear_q", seed=SEED), threads=2)
    assert terms(found.chosen.text) == terms("2*x")
    (slope,) = found.chosen.constants
    # The interval is of 95 %; corrections for inertia and finite states are below 0.01.
    assert slope.low - 0.01 < 2 < slope.high + 0.01
    assert slope.unit == "nm^-1"
    assert slope.high - slope.low < 0.2
