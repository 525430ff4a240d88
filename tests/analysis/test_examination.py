"""Verdicts on the MD steps of a system."""

from types import SimpleNamespace

import numpy as np
import pytest

from mechanist.analysis.examination.verdicts import FALSE_ALARM, hottest, stability
from mechanist.engine.trial import Trial


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


def test_a_large_system_is_hot_sooner_than_a_small_one():
    limits = [hottest(freedom) for freedom in (3, 30, 300, 30_000)]
    assert limits == sorted(limits, reverse=True)
    assert limits[-1] < 1.3
