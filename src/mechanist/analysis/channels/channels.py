"""Channels of transition paths in one round: groups, their shares, and how chains change group.

Chains change between two groups if families agree on their shares (nested R-hat of the indicator)
and at least `EXCHANGES` changes were seen. Groups that chains change between form a channel, over
which the share of each follows from the chains. Chains of transition paths cannot always leave a
channel: two that meet only inside the states are connected by no path from A to B. Then their
shares are unknown until excursions weigh them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mechanist.analysis.channels.groups import Draws, Scale, Split, find_split
from mechanist.analysis.convergence.chains import chain_series, counted_chains
from mechanist.arrays import Array, Counts, Rows
from mechanist.sampling.families import Families
from mechanist.sampling.records.tables import Table
from mechanist.statistics.clusters import clustered_mean
from mechanist.statistics.nested_rhat import nested_rhat

EXCHANGES = 10
"""Changes of group along chains, at least, for their shares to follow from chains."""

AGREE = 1.1
"""Nested R-hat of families that agree on the share of a group."""

WIDTH = 1.96
"""Standard errors on either side in a 95 % interval."""

UNKNOWN = "chains do not exchange between groups; shares come from excursions"
RARE = (
    "chains exchange between groups, but families disagree on their shares; shares come from"
    " excursions"
)


@dataclass(frozen=True)
class Channels:
    """Groups of paths.

    Parameters
    ----------
    scale, split, names
        How a path is assigned to a group by its features; ``names`` (K,) are theirs.
    group
        (P,) group of each path.
    exchanges
        (G, G) changes from one group to another along chains.
    channel
        (G,) channel of each group: groups of one channel exchange.
    shares
        (G) share of each group with its 95 % interval; None where groups do not all exchange.
    low, high
        (G, K) range of each feature over the paths of each group that count.
    typical
        (G,) a typical path of each group, numbered among the paths that count as in paths/.
    chains
        (G,) chains whose last path is of each group.
    """

    scale: Scale
    split: Split | None
    names: tuple[str, ...]
    group: Rows
    exchanges: Counts
    channel: Rows
    shares: list[tuple[float, float, float]] | None
    low: Array
    high: Array
    typical: Rows
    chains: Counts

    @property
    def groups(self) -> int:
        """Number of groups."""
        return len(self.channel)

    def to_json(self) -> dict[str, Any]:
        """What assessment.json says of them."""
        return {
            "groups": self.groups,
            "channel": self.channel.tolist(),
            "shares": self.shares and [dict(zip(SHARE, one, strict=True)) for one in self.shares],
            "note": self._note(),
            "chains": self.chains.tolist(),
            "exchanges": self.exchanges.tolist(),
            "typical": self.typical.tolist(),
            "features": {
                name: [float(value) if np.isfinite(value) else None for value in row]
                for name, *row in zip(self.names, self.scale.mean, self.scale.spread, strict=True)
            },
            "ranges": [_plain(side) for side in (self.low, self.high)],
            "split": None if self.split is None else self.split.to_json(self.names),
        }

    def _note(self) -> str | None:
        """Where shares come from, unless they are those of the chains."""
        if self.shares:
            return None
        return RARE if (self.exchanges + self.exchanges.T >= EXCHANGES).any() else UNKNOWN


SHARE = ("share", "low", "high")


def find_channels(
    features: Array, names: tuple[str, ...], index: Table, families: Families
) -> Channels:
    """Groups of paths by their features (P, K); ``index`` is their table."""
    counted = index["weight"] > 0
    weights = later_weights(index)
    scale = Scale.of(features, weights)
    scaled = scale.scaled(features)
    chains = counted_chains(index)
    own = families.of_chain(chains)

    def series(values: Array, used: Array) -> list[Array]:
        marked = chain_series(index, np.stack([values, used > 0], axis=1))
        return [chain[chain[:, 1] > 0, 0] for chain in marked]

    split = find_split(scaled, Draws(weights, series, own)) if counted.any() else None
    group = np.zeros(len(features), dtype=np.int64) if split is None else split.assign(scaled)
    count = 1 if split is None else split.groups
    along = chain_series(index, group.astype(np.float64))
    exchanges = _exchanges(along, count)
    channel = _connected(along, own, exchanges)
    shares: list[tuple[float, float, float]] | None = None
    if count == 1:
        shares = [(1.0, 1.0, 1.0)]
    elif len(np.unique(channel)) == 1:
        shares = [_share(along, number) for number in range(count)]
    low, high = _ranges(features[counted], group[counted], count)
    typical = _typical(scaled[counted], group[counted], count)
    last = np.bincount([int(one[-1]) for one in along if len(one)], minlength=count)
    return Channels(
        scale, split, names, group, exchanges, channel, shares, low, high, typical, last
    )


def _plain(values: Array) -> list[list[float | None]]:
    """Rows of numbers, None for those that are unknown."""
    return [[float(value) if np.isfinite(value) else None for value in row] for row in values]


def _ranges(features: Array, group: Rows, groups: int) -> tuple[Array, Array]:
    """Smallest and largest value (G, K) of each feature in each group; NaN where none is known."""
    low, high = np.full((2, groups, features.shape[1]), np.nan)
    for number in range(groups):
        mine = features[group == number]
        if not len(mine):
            continue
        known = np.isfinite(mine).any(axis=0)
        low[number, known] = np.nanmin(mine[:, known], axis=0)
        high[number, known] = np.nanmax(mine[:, known], axis=0)
    return low, high


def _typical(scaled: Array, group: Rows, groups: int) -> Rows:
    """Path (G,) of each group that is nearest to its mean; -1 for a group without any."""
    result = np.full(groups, -1, dtype=np.int64)
    for number in range(groups):
        rows = np.flatnonzero(group == number)
        if len(rows):
            away = ((scaled[rows] - scaled[rows].mean(axis=0)) ** 2).sum(axis=1)
            result[number] = rows[int(np.argmin(away))]
    return result


def later_weights(index: Table) -> Array:
    """Moves (P,) in the later half of its chain for which each path was current."""
    order = np.lexsort((index["move"], index["round"], index["chain"]))
    weights = np.asarray(index["weight"], dtype=np.float64)[order]
    _, chain = np.unique(index["chain"][order], return_inverse=True)
    total = np.bincount(chain, weights)
    until = np.cumsum(weights) - (np.cumsum(total) - total)[chain]
    result = np.empty(len(order))
    result[order] = np.clip(until - np.floor(total / 2)[chain], 0, weights)
    return result


def _exchanges(along: list[Array], groups: int) -> Counts:
    """Changes (G, G) from one group to another along chains."""
    result = np.zeros((groups, groups), dtype=np.int64)
    for chain in along:
        np.add.at(result, (chain[:-1].astype(int), chain[1:].astype(int)), 1)
    np.fill_diagonal(result, 0)
    return result


def _connected(along: list[Array], family: Rows, exchanges: Counts) -> Rows:
    """Channel (G,) of each group."""
    from scipy.sparse.csgraph import connected_components

    groups = len(exchanges)
    linked = np.zeros((groups, groups))
    for i in range(groups):
        for j in range(i):
            if exchanges[i, j] + exchanges[j, i] < EXCHANGES:
                continue
            both = [chain[(chain == i) | (chain == j)] == i for chain in along]
            agree = nested_rhat([one.astype(np.float64) for one in both], family)
            linked[i, j] = agree <= AGREE
    return np.asarray(connected_components(linked, directed=False)[1], dtype=np.int64)


def _share(along: list[Array], number: int) -> tuple[float, float, float]:
    """Share of a group with its 95 % interval, chains as units."""
    inside = np.concatenate([chain == number for chain in along]).astype(np.float64)
    unit = np.repeat(np.arange(len(along)), [len(chain) for chain in along])
    mean, error = clustered_mean(inside, unit)
    if not np.isfinite(mean):
        return float(inside.mean()), 0.0, 1.0
    return mean, max(0.0, mean - WIDTH * error), min(1.0, mean + WIDTH * error)


def channel_of_chains(channels: Channels, index: Table) -> Rows:
    """Channel (C,) that most of the later half of each chain is in, of `counted_chains`."""
    inside = channels.channel[channels.group]
    later = later_weights(index)
    chains = counted_chains(index)
    votes = np.zeros((len(chains), int(channels.channel.max()) + 1))
    known = np.isin(index["chain"], chains)
    row = np.searchsorted(chains, index["chain"][known])
    np.add.at(votes, (row, inside[known]), later[known])
    return np.asarray(votes.argmax(axis=1), dtype=np.int64)
