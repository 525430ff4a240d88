import numpy as np

from mechanist.analysis.convergence.savings import savings

CHAINS, SHOTS = 40, 50


def table(rng, stopped):
    """Shots of 40 chains, of which every fourth is never watched; chains differ by themselves."""
    chain = np.repeat(np.arange(CHAINS), SHOTS)
    watched = chain % 4 > 0
    own = np.exp(0.05 * rng.normal(size=CHAINS))
    halves = rng.exponential(100.0, (len(chain), 2)) * own[chain, None]
    cut = watched & (rng.random(len(chain)) < stopped)
    halves[cut, 0] *= 0.25
    end = np.where(cut, "stopped", "A")
    return {
        "p_predicted": np.full(len(chain), 0.5),
        "watched": watched,
        "steps_backward": halves[:, 0],
        "steps_forward": halves[:, 1],
        "chain": chain,
        "end_backward": end,
        "end_forward": np.full(len(chain), "B"),
    }


def test_intervals_cover_what_is_saved():
    """40 % of watched shots lose three quarters of one half of two: 15 % are saved."""
    rng = np.random.default_rng(11)
    found = [savings(table(rng, 0.4)) for _ in range(200)]
    # Each is known to 0.035: four standard errors of the mean of 200.
    assert abs(np.mean([one.share for one in found]) - 0.15) < 0.01
    # Of 200 intervals at 95 %, 190 cover, with a standard deviation of 3; ten chains of one kind
    # make them a little short.
    assert sum(one.low < 0.15 < one.high for one in found) >= 176
    assert found[0].watched == 0.75
    assert 0.35 < found[0].stopped < 0.45


def test_nothing_is_said_where_nothing_was_watched():
    shots = table(np.random.default_rng(1), 0.4)
    assert savings(shots | {"watched": np.zeros(CHAINS * SHOTS, dtype=bool)}) is None
    assert savings(shots | {"p_predicted": np.full(CHAINS * SHOTS, np.nan)}) is None
