"""Groups of paths in synthetic chains: what is one cloud stays one, channels are found."""

import numpy as np
import pytest

from mechanist.analysis.channels.channels import channel_of_chains, find_channels, later_weights
from mechanist.analysis.channels.excursions import channel_report, read_groups
from mechanist.analysis.channels.groups import Split
from mechanist.analysis.channels.path_features import Measures, feature_names, path_features
from mechanist.analysis.channels.valley import find_valley
from mechanist.analysis.convergence.verdict import combine
from mechanist.sampling.families import Families
from mechanist.statistics.intervals import Interval

FEATURES = 12


def table(chains, moves):
    """Index of paths of which each was current for one move."""
    return {
        "chain": np.repeat(np.arange(chains), moves),
        "round": np.zeros(chains * moves, dtype=np.int64),
        "move": np.tile(np.arange(moves), chains),
        "weight": np.ones(chains * moves, dtype=np.int64),
    }


def walks(rng, chains, moves, memory, draw=None):
    """Autoregressive normal series, mapped to another distribution by its quantiles."""
    x = np.empty((chains, moves, FEATURES))
    x[:, 0] = rng.normal(size=(chains, FEATURES))
    for t in range(1, moves):
        x[:, t] = memory * x[:, t - 1] + np.sqrt(1 - memory**2) * rng.normal(
            size=(chains, FEATURES)
        )
    return x if draw is None else draw(x)


def skewed(x):
    return np.exp(x)


def uniform(x):
    from scipy.stats import norm

    return norm.cdf(x)


def groups_of(x, families=16):
    chains, moves, _ = x.shape
    names = tuple(f"f{i}" for i in range(FEATURES))
    of_path = Families(np.arange(families))
    index = table(chains, moves)
    return find_channels(x.reshape(-1, FEATURES), names, index, of_path), index


SHAPES = [(64, 60), (256, 16), (16, 300), (4, 1000)]


@pytest.mark.parametrize("draw", [None, uniform, skewed])
@pytest.mark.parametrize("memory", [0.0, 0.8, 0.97])
@pytest.mark.parametrize(("chains", "moves"), SHAPES)
def test_one_cloud_is_one_group(draw, memory, chains, moves):
    # 36 cases, 3 seeds each: at 1e-4 a case one of them is split by luck with 0.01.
    for seed in range(3):
        x = walks(np.random.default_rng(seed), chains, moves, memory, draw)
        found, _ = groups_of(x, min(chains, 16))
        assert found.groups == 1


@pytest.mark.parametrize("width", [0.03, 0.1, 0.3])
def test_families_that_have_not_moved_are_no_channels(width):
    # Each family sits where it began, on a spike of its own: nothing tells of a valley between.
    for seed in range(5):
        rng = np.random.default_rng(seed)
        places = rng.normal(size=(16, FEATURES))[np.arange(64) % 16]
        x = places[:, None] + width * walks(rng, 64, 60, 0.97)
        found, index = groups_of(x)
        # Some spikes may be told apart; then only chains that stay are compared within one.
        assert found.groups <= 4
        assert len(channel_of_chains(found, index)) == 64


@pytest.mark.parametrize(
    ("minority", "chains", "moves"),
    [(2, 64, 150), (5, 64, 60), (8, 64, 60), (8, 256, 16), (1, 64, 200), (2, 16, 1000)],
)
def test_channels_that_chains_cannot_leave(minority, chains, moves):
    # The fewest draws of a minority: 2 families x 4 chains x 75 moves / 9 = 67.
    for seed in range(3):
        rng = np.random.default_rng(seed)
        x = 0.15 * walks(rng, chains, moves, 0.8)
        families = Families(np.arange(16))
        own = families.of_chain(np.arange(chains))
        x[:, :, 3] += np.where(own < minority, -1.0, 1.0)[:, None]
        found, index = groups_of(x)
        assert found.groups == 2
        assert found.shares is None
        assert found.to_json()["note"].endswith("shares come from excursions")
        assert found.exchanges.sum() == 0
        channel = channel_of_chains(found, index)
        assert len(np.unique(channel[own < minority])) == 1
        assert len(np.unique(channel[own >= minority])) == 1
        names = found.names
        again = Split.from_json(found.to_json()["split"], names)
        scaled = found.scale.scaled(x.reshape(-1, FEATURES))
        assert np.array_equal(again.assign(scaled), found.group)


def test_a_tail_that_two_chains_visit_for_a_while_is_no_channel():
    for seed in range(5):
        x = 0.15 * walks(np.random.default_rng(seed), 64, 180, 0.0)
        for chain in (5, 49):
            x[chain, 120:160, 3] -= 1.5
        found, _ = groups_of(x)
        assert found.groups == 1


def test_a_tail_in_which_one_chain_keeps_two_paths_is_no_channel():
    # As one run of two channels had it: one chain of 128, with two paths in 20 of its 22 moves. The
    # autocorrelation of so few draws calls them independent.
    for seed in range(5):
        x = 0.15 * walks(np.random.default_rng(seed), 128, 44, 0.0)
        x[77, 22:32, 3], x[77, 32:41, 3], x[77, 41:43, 3], x[77, 43, 3] = -1.5, -1.45, -0.9, -1.7
        found, _ = groups_of(x)
        assert found.groups == 1


def test_values_that_differ_by_rounding_have_no_valley():
    for scale in (1e-17, 1e-12):
        values = 0.3 + scale * np.arange(40.0)
        assert find_valley(values, np.ones(40), 3) is None


def test_three_channels_on_one_line():
    # One side of either valley holds two channels, whose families never agree.
    for seed in range(3):
        x = 0.15 * walks(np.random.default_rng(seed), 64, 150, 0.8)
        own = Families(np.arange(16)).of_chain(np.arange(64))
        x[:, :, 3] += np.array([-1.5, 0.0, 1.5])[np.digitize(own, [2, 8])][:, None]
        found, _ = groups_of(x)
        assert found.groups == 3
        assert len(np.unique(found.channel)) == 3


def test_channels_that_chains_exchange_have_shares_that_hold_the_truth():
    covered = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        chains, moves, share, stay = 64, 60, 0.3, 0.7
        x = 0.15 * walks(rng, chains, moves, 0.5)
        side = np.empty((chains, moves), dtype=bool)
        side[:, 0] = rng.random(chains) < share
        for t in range(1, moves):
            new = rng.random(chains) < share
            side[:, t] = np.where(rng.random(chains) < stay, side[:, t - 1], new)
        x[:, :, 5] += np.where(side, 1.0, -1.0)
        found, _ = groups_of(x)
        assert found.groups == 2
        assert found.shares is not None
        _, low, high = min(found.shares)
        covered += low <= share <= high
    # 95 % intervals: fewer than 16 of 20 with chance 0.003.
    assert covered >= 16


def test_moves_of_the_later_half():
    index = table(1, 5)
    index["weight"] = np.array([2, 1, 1, 4, 2])
    assert later_weights(index).tolist() == [0, 0, 0, 3, 2]


def content_of(x):
    """Entry of assessment.json for synthetic paths, and measures of the same names."""
    names = tuple(f"f{i}" for i in range(FEATURES))
    measures = Measures(names, lambda frames: frames)
    wide = np.tile(x, 3)
    found = find_channels(
        wide.reshape(-1, 3 * FEATURES),
        feature_names(measures),
        table(*x.shape[:2]),
        Families(np.arange(16)),
    )
    return found.to_json(), measures


def test_excursions_outside_all_groups_are_told():
    x = 0.15 * walks(np.random.default_rng(1), 64, 60, 0.8)
    x[:, :, 3] += 1.0
    content, measures = content_of(x)
    groups = read_groups(content, measures)
    there, elsewhere = np.zeros((2, 3 * FEATURES))
    there[3::FEATURES], elsewhere[3::FEATURES] = 1.0, -1.0
    paths = np.stack([there, elsewhere, elsewhere])
    assert groups.assign(paths).tolist() == [0, 1, 1]
    assert groups.assign(paths, np.array([1, 2, 3])).tolist() == [0, 1, 1]
    # All that one chain has seen is one draw.
    assert groups.assign(paths, np.array([1, 2, 2])).tolist() == [0, 0, 0]
    share = {0: Interval(0.7, 0.6, 0.8), 1: Interval(0.3, 0.2, 0.4)}
    report = channel_report(content, share)
    assert report["problems"][0].startswith("channel not sampled by path sampling: 0.3 of")
    # Where q was not learned, the spread of the excursions is no error.
    for one, share in ((report["missing"], 0.3), (report["groups"][0]["by_excursions"], 0.7)):
        assert one == {"share": share, "low": None, "high": None}
    final = combine({"converged": True, "reason": "all 9 criteria are met"}, None, report)
    assert not final.converged
    assert list(final.reasons) == report["problems"]
    fine = channel_report(content, {0: Interval(1.0, 1.0, 1.0)})
    assert fine["problems"] == []
    assert fine["groups"][0]["low"] is not None
    assert combine({"converged": True, "reason": "all 9 criteria are met"}, None, fine).converged
    late = combine({"converged": False, "reason": "not yet: rhat 2"}, None, report)
    assert late.reasons[0] == "rhat 2"
    assert late.reasons[1].startswith("channel not sampled")


def test_excursions_between_the_groups_are_outside():
    # Two of three channels are sampled; what runs through the third lies between them.
    x = 0.1 * walks(np.random.default_rng(3), 64, 60, 0.8)
    x[:, :, 3] += np.where(Families(np.arange(16)).of_chain(np.arange(64)) < 8, -1.5, 1.5)[:, None]
    content, measures = content_of(x)
    paths = np.zeros((4, 3 * FEATURES))
    paths[:, 3::FEATURES] = np.array([-1.5, 0.0, 0.1, 1.5])[:, None]
    groups = read_groups(content, measures)
    assert groups.assign(paths).tolist() == [0, 2, 2, 1]
    # One that changes from the lower channel to the upper one, on the wrong side of the split at
    # first, runs near q = 0 as the paths of the lower one do.
    changing = np.zeros((1, 3 * FEATURES))
    changing[0, 3::FEATURES] = 1.5, -1.5, -1.5
    assert groups.assign(changing).tolist() in ([0], [1])


def test_shares_of_channels_come_from_excursions_where_chains_stay():
    x = 0.15 * walks(np.random.default_rng(2), 64, 60, 0.8)
    x[:, :, 3] += np.where(Families(np.arange(16)).of_chain(np.arange(64)) < 8, -1, 1)[:, None]
    content, _ = content_of(x)
    report = channel_report(content, {0: Interval(0.3, 0.2, 0.4), 1: Interval(0.7, 0.6, 0.8)})
    assert [group["source"] for group in report["groups"]] == ["excursions"] * 2
    assert [group["channel"] for group in report["groups"]] == [1, 2]
    assert report["groups"][1]["share"] == 0.7
    assert report["empty"] == []
    empty = channel_report(content, {0: Interval(0.0, 0.0, 0.14), 1: Interval(1.0, 1.0, 1.0)})
    assert empty["empty"] == [
        "50 % of the chains of path sampling are in group 1, through which no excursion joins A"
        " and B: its share is at most 0.14"
    ]
    assert empty["problems"] == []
    unknown = channel_report(content, None)
    assert unknown["groups"][0]["share"] is None
    assert "shares come from excursions" in unknown["problems"][0]


def test_a_path_that_jumps_over_a_bin_has_there_its_nearest_frame():
    # Three paths: one with a frame in every bin, one that jumps over the first, one without frames.
    q = np.array([-4.0, -2.0, 0.0, 2.0, -5.0, -0.5, 2.5, np.nan])
    path = np.array([0, 0, 0, 0, 1, 1, 1, 2])
    y = np.array([9.0, 1.0, 2.0, 3.0, 9.0, 5.0, 6.0, 7.0])
    measures = Measures(("y",), lambda frames: frames[:, 0, :1])
    frames = np.stack([y, 0 * y, 0 * y], axis=1)[:, None]
    found = path_features(frames, q, path, 3, np.isfinite(q), measures)
    assert found[:2].tolist() == [[1, 2, 3], [5, 5, 6]]
    assert np.isnan(found[2]).all()
