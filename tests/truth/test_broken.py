"""The suite has teeth: each broken variant fails the comparisons that the right code passes."""

from dataclasses import replace

import pytest

from mechanist.sampling.chains.chain import Chains
from mechanist.sampling.chains.shoot import shoot
from tests.truth.broken import (
    NoLengthCorrection,
    NoLimitOnPoints,
    NoStopCorrection,
    OldPoint,
    Retry,
    first_come,
)
from tests.truth.compare import LIMIT, Comparison, compare, worst
from tests.truth.ensembles import first_paths, sample
from tests.truth.ledger import Ledger
from tests.truth.references import BURN_IN_MOVES, CHAIN_SEED, brute, selection, starts
from tests.truth.worlds import WORLDS

pytestmark = pytest.mark.truth

LIMIT_FRAMES = 12
"""Frames of a half-shot; brute force has 24 frames a path, so this bites often."""


def found(ledger: Ledger, variant: str, comparisons: list[Comparison]) -> Comparison:
    """Note the comparison that is farthest off; give it back."""
    most = worst(comparisons)
    ledger.broken(variant, most.quantity, most.z, abs(most.z) > LIMIT)
    return most


@pytest.mark.xdist_group("double_well_2.5")
def test_no_length_correction_is_found(ledger: Ledger):
    w = WORLDS["double_well_2.5"]()
    chains = sample(
        w.prepared,
        starts("double_well_2.5"),
        selection("double_well_2.5", "uniform"),
        CHAIN_SEED,
        w.chains,
        w.moves,
        BURN_IN_MOVES,
        NoLengthCorrection,
    )
    comparisons = compare(chains.paths, brute("double_well_2.5").paths, w.observables)
    most = found(ledger, "every transition path accepted (double well, uniform)", comparisons)
    assert abs(most.z) > LIMIT, most


@pytest.mark.xdist_group("double_well_2.5")
def test_dropping_late_finishers_is_found(ledger: Ledger):
    # Few moves of many chains: then the shots that are under way at the end are a large part.
    w = WORLDS["double_well_2.5"]()
    variants = {
        work: compare(
            sample(
                w.prepared,
                starts("double_well_2.5"),
                selection("double_well_2.5", "uniform"),
                CHAIN_SEED,
                16 * w.chains,
                2,
                BURN_IN_MOVES,
                work=work,
            ).paths,
            brute("double_well_2.5").paths,
            w.observables,
        )
        for work in (shoot, first_come)
    }
    for c in variants[shoot]:
        ledger.row(
            f"double well, two moves of each chain: {c.quantity}",
            c.truth,
            c.truth_error,
            c.ours,
            *c.interval,
        )
        assert abs(c.z) < LIMIT, c
    most = found(ledger, "late finishers dropped (double well)", variants[first_come])
    assert abs(most.z) > LIMIT, most


@pytest.mark.xdist_group("double_well_2.5")
def test_stopping_early_without_correction_is_found(ledger: Ledger):
    # With the correction it passes in test_ensembles.
    w = WORLDS["double_well_2.5"]()
    chains = sample(
        w.prepared,
        starts("double_well_2.5"),
        selection("double_well_2.5", "good model"),
        CHAIN_SEED,
        w.chains,
        w.moves,
        BURN_IN_MOVES,
        NoStopCorrection,
        below=0.5,
    )
    comparisons = compare(chains.paths, brute("double_well_2.5").paths, w.observables)
    most = found(ledger, "stopped early without correction (double well)", comparisons)
    assert abs(most.z) > LIMIT, most


@pytest.mark.xdist_group("aimmd_toy")
def test_wrong_point_in_the_ratio_is_found(ledger: Ledger):
    # The fault is subtle: it nearly cancels unless the model treats some paths unlike others, as
    # the tilted model does with the two valleys. It passes with the right code in test_ensembles.
    w = WORLDS["aimmd_toy"]()
    chains = sample(
        w.prepared,
        starts("aimmd_toy"),
        selection("aimmd_toy", "tilted model"),
        CHAIN_SEED,
        w.chains,
        2 * w.moves,
        BURN_IN_MOVES,
        OldPoint,
    )
    comparisons = compare(chains.paths, brute("aimmd_toy").paths, w.observables)
    most = found(ledger, "ratio with the point that made the old path (AIMMD toy)", comparisons)
    assert abs(most.z) > LIMIT, most


def limited(kind: type[Chains]) -> list[Comparison]:
    """Chains whose halves may have `LIMIT_FRAMES`, against brute force of at most twice that.

    With points from which both halves of the path are short enough, and rejection, this is exactly
    the ensemble of paths that have a frame from which both ends are near enough.
    """
    w = WORLDS["double_well_2.5"]()
    short = replace(w.prepared, max_half_frames=LIMIT_FRAMES)
    window = replace(selection("double_well_2.5", "uniform"), longest=LIMIT_FRAMES)
    chains = sample(
        short,
        first_paths(short, CHAIN_SEED),
        window,
        CHAIN_SEED,
        w.chains,
        4 * w.moves,
        4 * BURN_IN_MOVES,
        kind,
    )
    assert chains.count("too_long") > 0.2 * len(chains.shots)
    whole = brute("double_well_2.5").paths
    return compare(chains.paths, whole.only(whole.steps <= 2 * LIMIT_FRAMES), w.observables)


@pytest.mark.xdist_group("double_well_2.5")
def test_rejecting_shots_that_are_too_long_is_exact(ledger: Ledger):
    comparisons = limited(Chains)
    for c in comparisons:
        name = f"double well, halves of at most {LIMIT_FRAMES} frames, rejected: {c.quantity}"
        ledger.row(name, c.truth, c.truth_error, c.ours, *c.interval)
    for c in comparisons:
        assert abs(c.z) < LIMIT, c


@pytest.mark.xdist_group("double_well_2.5")
def test_retrying_shots_that_are_too_long_is_found(ledger: Ledger):
    most = found(ledger, "too long: tried again with another point (double well)", limited(Retry))
    assert abs(most.z) > LIMIT, most


@pytest.mark.xdist_group("double_well_2.5")
def test_points_with_no_way_back_are_found(ledger: Ledger):
    variant = "points from which the way back is too long (double well)"
    most = found(ledger, variant, limited(NoLimitOnPoints))
    assert abs(most.z) > LIMIT, most
