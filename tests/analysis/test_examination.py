"""Verdicts on the MD steps of a system."""

from types import SimpleNamespace

import numpy as np
import pytest

from mechanist.analysis.examination.costs import Costs
from mechanist.analysis.examination.verdicts import FALSE_ALARM, hottest, long_run, stability
from mechanist.engine.trial import Trial
from mechanist.settings.config import Config
from mechanist.settings.kinetics import KineticsSettings
from mechanist.settings.run import InitialSettings
from mechanist.settings.system import DynamicsSettings


def trial(temperature, freedom):
    return Trial(np.zeros((1, 1, 3)), temperature, 0.0, 0, freedom)


@pytest.mark.parametrize("freedom", [1, 3, 6, 9, 30, 300])
def test_a_sound_system_is_called_hot_at_most_once_in_a_thousand_checks(freedom):
    """100,000 draws of the kinetic temperature: 100 false alarms would be the limit.

    Of as many as allowed, 140 are passed with a chance of 5e-5 (Poisson). Seed 22.
    """
    rng = np.random.default_rng([22, freedom])
    temperatures = 300 * rng.chisquare(freedom, 100_000) / freedom
    alarms = int((temperatures > 300 * hottest(freedom)).sum())
    assert alarms <= 140 * FALSE_ALARM * 1000


def test_683_kelvin_of_four_atoms_are_no_fault():
    bath = SimpleNamespace(temperature=300.0, atoms=4)
    # Four atoms with three constrained bonds have nine degrees of freedom.
    assert stability(trial(683.0, 9), bath) == []
    assert "683 K" in stability(trial(683.0, 200), bath)[0].what


def speed(steps_per_second):
    """Shots of 500 steps at most for each half."""
    return Costs(steps_per_second, 500, 0.0, 8, 4, 0, 0, 0, 0, 0.0)


def test_a_run_that_takes_days_is_listed_part_by_part():
    # By hand, with the defaults and a frame every 5 steps at 8 steps/s, in hours: runs
    # 2 x 64 x 3000 x 5 / 8 / 3600 = 66.7; shots of 200 steps: 4000 / 144 = 27.8 in round 0, 111 for
    # 16,000 excursions; 200 points of 60 half-shots of 100 steps: 41.7.
    dynamics = DynamicsSettings(
        temperature="300 K", friction="1 /ps", timestep="4 fs", stride=5, max_half_path="2 ps"
    )
    (found,) = long_run(speed(8.0), Config(), dynamics)
    assert "about 247 h" in found.what
    for part in ("runs for the rates 67 h", "round 28 h", "excursions 111 h", "shots 42 h"):
        assert part in found.what
    # 4000 ps of 4 fs: a million steps.
    assert "at most 35 h at each factor (initial.budget)" in found.what
    (more,) = long_run(speed(8.0), Config(), dynamics.model_copy(update={"pressure": 1.0}))
    assert "the barostat 1.7 h (dynamics.npt_steps)" in more.what
    without = Config(kinetics=KineticsSettings(rates=False), initial=InitialSettings(method="pull"))
    (less,) = long_run(speed(8.0), without, dynamics)
    assert "about 69 h" in less.what
    assert "kinetics" not in less.what
    assert "hot MD" not in less.what
    assert long_run(speed(1000.0), Config(), dynamics) == []


def test_a_large_system_is_hot_sooner_than_a_small_one():
    limits = [hottest(freedom) for freedom in (3, 30, 300, 30_000)]
    assert limits == sorted(limits, reverse=True)
    assert limits[-1] < 1.3
