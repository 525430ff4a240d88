"""Agreement of chains that began in different places, and how many independent paths they hold.

Chains are compared by the family of their first path, or by the first path where there is one
family only; see `mechanist.statistics.nested_rhat`. Chains that cannot leave a channel
(`mechanist.analysis.channels`) are compared with those in the same channel, and values count from
the mean of their channel.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array, Rows
from mechanist.sampling.families import Families
from mechanist.statistics.effective_samples import effective_samples
from mechanist.statistics.nested_rhat import nested_rhat


@dataclass(frozen=True)
class Start:
    """Where the chains of a run come from.

    Parameters
    ----------
    family, first_path
        (C,) of each chain.
    channel
        (C,) that the chain cannot leave; all 0 where chains change channel or there is one only.
    families
        Families of the run, also those without a chain.
    """

    family: Rows
    first_path: Rows
    channel: Rows
    families: int

    @staticmethod
    def of(chain: Rows, families: Families, channel: Rows | None = None) -> "Start":
        """Of some chains (C,)."""
        where = np.zeros(len(chain), dtype=np.int64) if channel is None else channel
        return Start(families.of_chain(chain), families.first_path(chain), where, len(families))


@dataclass(frozen=True)
class Worst:
    """The quantity by which chains agree least, or have the fewest independent paths."""

    value: float
    text: str


def least_agreement(series: Mapping[str, Sequence[Array]], start: Start) -> Worst:
    """Largest nested R-hat of any quantity in any channel; NaN counts as the largest."""
    found: list[tuple[float, float, str]] = []
    channels = np.unique(start.channel).tolist()
    for channel in channels:
        rows = np.flatnonzero(start.channel == channel)
        where = f" in channel {channel + 1}" if len(channels) > 1 else ""
        group, over = _superchains(start, rows)
        for name, chains in series.items():
            value = nested_rhat([chains[row] for row in rows.tolist()], group)
            text = f"largest nested R-hat over {over}{where}, of {name}"
            found.append((np.inf if np.isnan(value) else value, value, text))
    if not found:
        return Worst(float("nan"), "nested R-hat: no chain counts yet")
    _, value, text = max(found, key=lambda one: one[0])
    return Worst(value, text)


def _superchains(start: Start, rows: Rows) -> tuple[Rows, str]:
    """What the chains ``rows`` are grouped by, and its name."""
    family = start.family[rows]
    if len(np.unique(family)) > 1:
        return family, "families"
    which = "the only guess" if start.families == 1 else "one guess"
    return start.first_path[rows], f"chains from {which}"


def fewest_paths(series: Mapping[str, Sequence[Array]], start: Start) -> Worst:
    """Smallest effective number of independent paths, by any quantity."""
    size = {name: effective_samples(_centred(chains, start)) for name, chains in series.items()}
    fewest = min(size, key=lambda name: size[name])
    return Worst(size[fewest], f"effective number of independent paths, by {fewest}")


def _centred(chains: Sequence[Array], start: Start) -> list[Array]:
    """Chains less the mean of their channel: a channel that they cannot leave is no memory."""
    if len(np.unique(start.channel)) < 2:
        return list(chains)
    means = {
        channel: np.concatenate(
            [c for c, own in zip(chains, start.channel.tolist(), strict=True) if own == channel]
        ).mean()
        for channel in np.unique(start.channel).tolist()
    }
    numbered = zip(chains, start.channel.tolist(), strict=True)
    return [np.asarray(chain - means[channel]) for chain, channel in numbered]
