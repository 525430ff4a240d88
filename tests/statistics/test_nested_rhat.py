"""Nested R-hat of chains whose truth is known; the limit of the settings is 1.1."""

import numpy as np
import pytest

from mechanist.statistics.nested_rhat import later_halves, nested_rhat, superchains

LIMIT = 1.1


def chains_of(rng, chains, draws, memory, start=None):
    """Stationary autoregressive chains of unit variance, or from given starts."""
    x = np.empty((chains, draws))
    x[:, 0] = rng.normal(size=chains) if start is None else start
    for t in range(1, draws):
        x[:, t] = memory * x[:, t - 1] + np.sqrt(1 - memory**2) * rng.normal(size=chains)
    return x


def test_only_the_later_half_counts_and_enters_twice():
    first, second = later_halves(np.arange(13.0))
    assert (first.tolist(), second.tolist()) == ([7, 8, 9], [10, 11, 12])
    parts = superchains([np.arange(8.0), np.arange(3.0), np.arange(4.0)], np.array([5, 5, 2]))
    assert [[part.tolist() for part in one] for one in parts] == [[[2]], [[3]], [[4, 5]], [[6, 7]]]


def test_by_the_formula_of_the_paper(rng):
    # K = 6 superchains of M = 3 chains of N = 10 draws, after the first half.
    chains = rng.normal(size=(9, 40)) + rng.normal(size=9)[:, None]
    group = np.arange(9) % 3
    later = chains[:, 20:].reshape(9, 2, 10)
    cells = [later[group == k, half] for k in range(3) for half in range(2)]
    means = np.array([cell.mean() for cell in cells])
    within = np.mean(
        [cell.mean(axis=1).var(ddof=1) + cell.var(axis=1, ddof=1).mean() for cell in cells]
    )
    expected = np.sqrt(1 + means.var(ddof=1) / within)
    assert nested_rhat(list(chains), group) == pytest.approx(expected, rel=1e-12)


# Chains, moves, families. The memory of 0.7 a move is that of path sampling on double_well.
SHAPES = [(4096, 8, 16), (4, 1000, 4), (256, 16, 16), (16, 250, 16)]


@pytest.mark.parametrize(("chains", "draws", "families"), SHAPES)
def test_stationary_chains_pass_many_short_and_few_long(chains, draws, families):
    group, passed = np.arange(chains) % families, 0
    for seed in range(20):
        x = chains_of(np.random.default_rng(seed), chains, draws, 0.7)
        passed += nested_rhat(list(x), group) < LIMIT
    # Of 20 trials 1 in 1,000 fails (4 x 1,000, the widest, has 1.027 at 97.5 %).
    assert passed >= 19


@pytest.mark.parametrize(("chains", "draws", "families"), SHAPES)
def test_families_that_remember_their_start_fail(chains, draws, families):
    group = np.arange(chains) % families
    for seed in range(10):
        rng = np.random.default_rng(seed)
        # Families spread by 0.6 standard deviations of the target; 1.1 is a spread of 0.46.
        places = np.linspace(-1, 1, families)[group]
        stuck = chains_of(rng, chains, draws, 0.7) + places[:, None]
        assert nested_rhat(list(stuck), group) > LIMIT


@pytest.mark.parametrize(("chains", "draws", "families"), SHAPES)
def test_a_drift_that_all_families_share_fails(chains, draws, families):
    group = np.arange(chains) % families
    for seed in range(10):
        x = chains_of(np.random.default_rng(seed), chains, draws, 0.0)
        # By 5 standard deviations over the whole chain: 1.25 between the two halves that count.
        drifting = x + np.linspace(0, 5, draws)
        assert nested_rhat(list(drifting), group) > LIMIT


def test_a_family_in_another_channel_fails(rng):
    x = chains_of(rng, 64, 40, 0.5)
    x[np.arange(64) % 16 == 3] += 8
    assert nested_rhat(list(x), np.arange(64) % 16) > 1.5


def test_what_cannot_be_judged():
    two = np.array([0, 1])
    assert nested_rhat([np.full(10, 0.1), np.full(12, 0.1)], two) == 1.0
    assert nested_rhat([np.full(10, 0.1), np.full(10, 0.2)], two) == np.inf
    assert np.isnan(nested_rhat([np.arange(3.0)], np.array([0])))
    assert np.isnan(nested_rhat([], np.array([], dtype=np.int64)))
