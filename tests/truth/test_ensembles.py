"""The ensemble of accepted paths is that of unbiased dynamics, whatever guides the shots.

Seeds are those of `tests.truth.references`; the tolerance is `tests.truth.compare.LIMIT` standard
errors, which come from independent walkers and chains.
"""

import pytest

from tests.truth.compare import LIMIT, compare
from tests.truth.ensembles import sample
from tests.truth.guides import NAMES
from tests.truth.ledger import Ledger
from tests.truth.references import BURN_IN_MOVES, CHAIN_SEED, brute, selection, starts
from tests.truth.worlds import WORLDS

pytestmark = pytest.mark.truth

CASES = [
    pytest.param(world, name, marks=pytest.mark.xdist_group(world), id=f"{world}-{name}")
    for world in WORLDS
    for name in (*NAMES, *(["tilted model"] if world == "aimmd_toy" else []))
]


BELOW = 0.3
"""Shots that join A and B with a smaller chance may be stopped."""


@pytest.mark.parametrize(
    "world", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in WORLDS]
)
def test_stopping_shots_early_changes_nothing(world: str, ledger: Ledger):
    w = WORLDS[world]()
    ours = sample(
        w.prepared,
        starts(world),
        selection(world, "good model"),
        CHAIN_SEED,
        w.chains,
        w.moves,
        BURN_IN_MOVES,
        below=BELOW,
    )
    assert ours.count("stopped") > 0.1 * len(ours.shots)
    comparisons = compare(ours.paths, brute(world).paths, w.observables)
    for c in comparisons:
        name = f"{w.name}, good model, stopped early: {c.quantity}"
        ledger.row(name, c.truth, c.truth_error, c.ours, *c.interval)
    for c in comparisons:
        assert abs(c.z) < LIMIT, c


@pytest.mark.parametrize(("world", "guide"), CASES)
def test_accepted_paths_are_those_of_unbiased_dynamics(world: str, guide: str, ledger: Ledger):
    w = WORLDS[world]()
    ours = sample(
        w.prepared,
        starts(world),
        selection(world, guide),
        CHAIN_SEED,
        w.chains,
        w.moves,
        BURN_IN_MOVES,
    )
    comparisons = compare(ours.paths, brute(world).paths, w.observables)
    for c in comparisons:
        name = f"{w.name}, {guide}: {c.quantity}"
        ledger.row(name, c.truth, c.truth_error, c.ours, *c.interval)
    # No half was too long: a limit that bites would need points in a window, see test_broken.
    assert ours.count("too_long") == ours.count("exploded") == 0
    for c in comparisons:
        assert abs(c.z) < LIMIT, c
