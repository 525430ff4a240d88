"""A run ends early where shots that are too long cannot become few enough, and only there."""

import re

import numpy as np

from mechanist.analysis.convergence.hopeless import hopeless
from mechanist.settings.config import Config

CHAINS = 64


def config(**convergence):
    sampling = {"first_round": 1000, "growth": 2.0, "round_max": 4000, "rounds_max": 6}
    return Config(sampling=sampling, convergence=convergence)


def shots(*shares, seed=1, chains=CHAINS, spread=0.0):
    """Rounds of 1000, 2000, ... shots, of which such shares have a half that is too long.

    Chains differ in their share by a factor of exp(``spread`` x) for a normal x.
    """
    rng = np.random.default_rng(seed)
    factor = np.exp(spread * rng.normal(size=chains))
    parts = []
    for number, share in enumerate(shares):
        count = min(1000 * 2**number, 4000)
        chain = np.arange(count) % chains
        long = rng.random(count) < np.clip(share * factor[chain], 0, 1)
        parts.append((np.full(count, number), chain, np.where(long, "too_long", "A")))
    number, chain, forward = (np.concatenate(part) for part in zip(*parts, strict=True))
    return {
        "round": number,
        "chain": chain,
        "end_backward": np.full(len(chain), "B", dtype=object),
        "end_forward": forward.astype(object),
    }


def test_a_run_with_most_shots_too_long_ends_after_two_rounds():
    assert hopeless(shots(0.7), config()) is None
    told = hopeless(shots(0.7, 0.75), config())
    # 2000 shots: a standard error of 1 %.
    assert re.match(r"7[2-8] % of the shots of round 1 were too long \(at least (69|7.) %\)", told)
    assert "the limit of 2 % (convergence.too_long) is out of reach within 6 rounds" in told
    assert "convergence.end_early: false" in told


def test_it_goes_on_if_the_user_says_so():
    assert hopeless(shots(0.7, 0.75), config(end_early=False)) is None


def test_the_last_round_of_the_budget_is_no_early_end():
    assert hopeless(shots(*[0.7] * 6), config()) is None
    assert hopeless(shots(*[0.7] * 5), config()) is not None


def test_a_share_that_falls_is_given_time():
    assert hopeless(shots(0.06, 0.02), config()) is None
    assert hopeless(shots(0.06, 0.055), config()) is not None


def test_a_share_below_the_limit_is_no_reason():
    assert hopeless(shots(0.015, 0.015), config()) is None


def test_a_share_at_the_limit_ends_few_runs():
    # 2 % in truth: the lower end of a 99 % interval is above it in 0.5 % of the cases.
    told = [hopeless(shots(0.02, 0.02, seed=seed), config()) for seed in range(100)]
    assert sum(one is not None for one in told) <= 3
    told = [hopeless(shots(0.06, 0.06, seed=seed), config()) for seed in range(100)]
    assert sum(one is not None for one in told) >= 95


def test_chains_are_the_units():
    """A few chains that sit in a trap are no evidence on the others."""
    few = shots(0.002, 0.002, chains=8)
    stuck = few["chain"] == 3
    few["end_forward"][stuck & (np.arange(len(stuck)) % 3 == 0)] = "too_long"
    ends = few["end_forward"] == "too_long"
    assert ends.mean() > 0.04
    assert hopeless(few, config()) is None


def test_without_a_limit_nothing_ends():
    assert hopeless(shots(0.7, 0.75), config(too_long=1.0)) is None
