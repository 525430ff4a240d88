"""Whether shots that are too long are so many that no later round can meet the limit on them.

Tested after two rounds. Later rounds are given the benefit of the doubt: in each of them the share
is taken to be the lower end of the 99 % interval of the last round, and to fall once more by the
factor by which it fell from the round before, if it did. If all rounds of the budget together are
above the limit even so, more rounds are a waste.
"""

import numpy as np

from mechanist.arrays import Array, Rows
from mechanist.sampling.records.tables import Table
from mechanist.settings.config import Config
from mechanist.statistics.clopper_pearson import clopper_pearson
from mechanist.statistics.clusters import clustered_mean

LEVEL = 0.99
"""Of the interval of the share of a round: few runs are to end by bad luck."""


def hopeless(shots: Table, config: Config) -> str | None:
    """Why to end the run; None if it may go on.

    Parameters
    ----------
    shots
        All shots so far, with `mechanist.sampling.records.tables.SHOT_COLUMNS`.
    config
        Settings of the run.
    """
    number = int(shots["round"].max())
    limit, made = config.convergence.too_long, config.sampling
    later = range(number + 1, made.rounds_max)
    if not config.convergence.end_early or number < 1 or not later:
        return None
    ends = np.stack([shots["end_backward"], shots["end_forward"]])
    long = (ends == "too_long").any(axis=0).astype(np.float64)
    last, before = shots["round"] == number, shots["round"] == number - 1
    low = _lower(long[last], shots["chain"][last])
    share, earlier = float(long[last].mean()), float(long[before].mean())
    fall = min(1.0, share / earlier) if earlier > 0 else 1.0
    total, count = float(long.sum()), len(long)
    for step, later_round in enumerate(later, 1):
        planned = made.shots(later_round)
        total, count = total + planned * low * fall**step, count + planned
    if total / count <= limit:
        return None
    return (
        f"{100 * share:.0f} % of the shots of round {number} were too long (at least"
        f" {100 * low:.2g} %), so that the limit of {100 * limit:.2g} % (convergence.too_long) is"
        f" out of reach within {made.rounds_max} rounds; convergence.end_early: false goes on"
    )


def _lower(long: Array, chain: Rows) -> float:
    """Lower end of the interval of a share: chains are the units, or shots if that is lower."""
    from scipy.special import stdtrit

    mean, error = clustered_mean(long, chain)
    if not np.isfinite(error):
        return 0.0
    chains = len(np.unique(chain))
    by_chains = mean - float(stdtrit(chains - 1, 0.5 + 0.5 * LEVEL)) * error
    by_shots = float(clopper_pearson(np.array([long.sum()]), np.array([len(long)]), LEVEL)[0][0])
    return max(0.0, min(by_chains, by_shots))
