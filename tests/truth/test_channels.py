"""Channels that chains cannot leave: none is missing of a converged run, and shares are right.

By symmetry of the barrier along x, the share of a channel is its weight where x = 0: 1/(1 +
exp(-0.7)) = 0.668 for the upper one of two_channels; by quadrature over y for three_channels.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pytest

from mechanist.analysis.convergence.verdict import combine
from mechanist.bookkeeping.files import read_json
from mechanist.bookkeeping.journal import Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.settings.config import Config
from mechanist.stages.assess import assess
from mechanist.stages.describe import describe
from mechanist.stages.equilibrium import equilibrium
from mechanist.stages.excursions import excursions
from mechanist.stages.initial import initial
from mechanist.stages.kinetics import kinetics
from mechanist.stages.learn import learn
from mechanist.stages.prepare import prepare
from mechanist.stages.shoot import shoot
from mechanist.stages.windows import windows
from tests.truth.kept import kept

SYSTEMS = Path(__file__).parent / "systems"
SEEDS = 20
quiet = Journal()


@dataclass(frozen=True)
class Ended:
    """A run: whether it says converged, y and shares of its groups, shots."""

    converged: bool
    text: str
    shots: int
    heights: list[float]
    shares: list[tuple[float, float]]


def kept_run(system: str, seed: int, folder: Path, name: str = "", **more) -> Ended:
    """The same as `one_run`, kept."""
    title = f"channels-{system}-{name}{seed}"
    return Ended(**kept(title, __name__, lambda: asdict(one_run(system, seed, folder, **more))))


def one_run(system: str, seed: int, folder: Path, **more) -> Ended:
    """Rounds until converged or the budget is spent, then rates, with default settings."""
    config = Config.model_validate(
        {
            "system": str(SYSTEMS / system),
            "seed": seed,
            "engine": {"platform": "Reference"},
        }
        | more
    )
    layout, jobs = Layout(folder / str(seed) / system), range(config.sampling.workers)
    prepare(config, layout, quiet)
    describe(config, layout)
    initial(config, layout, quiet)
    for number in range(config.sampling.rounds_max):
        for worker in jobs:
            shoot(config, layout, number, worker, quiet)
        learn(config, layout, number, 1, quiet)
        assess(config, layout, number, quiet)
        content = read_json(layout.round(number).assessment)
        if content["converged"]:
            break
    channels = None
    if content["converged"]:
        for worker in jobs:
            equilibrium(config, layout, worker, quiet)
        windows(config, layout, number, 1, quiet)
        for worker in jobs:
            excursions(config, layout, worker, quiet)
        kinetics(config, layout, number, quiet)
        channels = read_json(layout.channels)
    found = combine(content, None, channels)
    groups = [] if channels is None else channels["groups"]
    return Ended(
        found.converged,
        "; ".join(found.reasons) or content["reason"],
        content["shots"],
        [_height(config, layout, number, group["typical_path"]) for group in groups],
        [(group["low"], group["high"]) for group in groups],
    )


def _height(config, layout, last, row):
    """y where the path in this row of paths/ is nearest to x = 0."""
    from mechanist.committor.gather import gather_paths

    table = gather_paths(layout, range(last + 1), config.sampling.workers, 1)
    path = table.path(int(np.flatnonzero(table.index["weight"] > 0)[row]))[:, 0]
    return float(path[np.argmin(np.abs(path[:, 0])), 1])


def judged(runs, minima, shares):
    """Print runs; numbers converged, of them with a channel missing, and with shares that hold."""
    missing = held = 0
    for seed, run in enumerate(runs):
        found = {
            int(np.argmin(np.abs(minima - y))): share
            for y, share in zip(run.heights, run.shares, strict=True)
        }
        print(seed, run.converged, run.shots, found, run.text)
        if not run.converged:
            continue
        if len(found) < len(minima):
            missing += 1
        elif all(low is not None and low <= shares[i] <= high for i, (low, high) in found.items()):
            held += 1
    return sum(run.converged for run in runs), missing, held


@pytest.mark.truth
def test_both_channels_of_two_with_their_shares(tmp_path):
    runs = [kept_run("two_channels", seed, tmp_path) for seed in range(SEEDS)]
    upper = 1 / (1 + np.exp(-0.7))
    converged, missing, held = judged(runs, np.array([-1.0, 1.0]), [1 - upper, upper])
    assert missing == 0
    assert converged >= SEEDS - 3
    # Of 20 intervals of 95 % fewer than 17 hold with chance 0.016.
    assert held >= converged - 3


@pytest.mark.truth
def test_three_channels_of_which_one_has_a_tenth(tmp_path):
    y = np.linspace(-2.6, 2.6, 20001)
    wall = 200 * np.maximum(np.abs(y) - 2.2, 0) ** 2
    weight = np.exp(-(4 * (1 - np.cos(4.18879 * y)) - 0.3663 * y + 0.5522 * y**2 + wall))
    channel = np.digitize(y, [-0.75, 0.75])
    shares = np.bincount(channel, weight) / weight.sum()
    runs = [kept_run("three_channels", seed, tmp_path) for seed in range(6)]
    converged, missing, held = judged(runs, np.array([-1.5, 0.0, 1.5]), shares)
    assert missing == 0
    assert converged >= 4
    assert held >= converged - 2


@pytest.mark.truth
def test_one_guess_alone_is_never_converged_without_saying_so(tmp_path):
    for seed in range(3):
        run = kept_run("two_channels", seed, tmp_path, "one-guess-", initial={"guesses": 1})
        print(seed, run.converged, run.text)
        # Excursions see the channel that the only guess did not take; or the run says it has one.
        assert "one guess" in run.text or "channel not sampled" in run.text
        assert not (run.converged and len(run.heights) < 2 and "from one guess" not in run.text)
