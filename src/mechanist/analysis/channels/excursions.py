"""Channels of excursions: the same groups as those of transition paths, and what lies outside.

Excursions of equilibrium runs, and of shots spread along q, join A and B by every channel that a
run or a window leads into, weighted as at equilibrium. So they give the shares of groups that
chains of transition paths do not exchange, and show channels that path sampling has never been in:
a transition is outside if, for each group, one of its features near q = 0 is farther from the range
of the sampled paths of the group than the width of that range. The nearest group is not enough:
a rare path that changes from one channel to another may be counted to either.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mechanist.analysis.channels.channels import SHARE, UNKNOWN
from mechanist.analysis.channels.groups import Scale, Split
from mechanist.analysis.channels.path_features import Measures, feature_names
from mechanist.arrays import Array, Mask, Rows
from mechanist.errors import DataError
from mechanist.statistics.intervals import Interval

MISSING = "channel not sampled by path sampling"

UNITS = 2
"""Runs or chains of excursions that a channel is known from, at least. One path that visits another
barrier on its way is no channel."""


@dataclass(frozen=True)
class Groups:
    """The groups of a round as assessment.json describes them."""

    scale: Scale
    split: Split | None
    low: Array
    high: Array
    middle: Mask

    @property
    def count(self) -> int:
        """Number of groups."""
        return 1 if self.split is None else self.split.groups

    def assign(self, features: Array, unit: Rows | None = None) -> Rows:
        """Group of each path by its features (P, K), from 0; the number of groups: outside.

        Paths outside are a channel if they come from at least `UNITS` independent units (P,), runs
        or chains; each path is one of its own if None.
        """
        scaled = self.scale.scaled(features)
        inside = np.zeros(len(features), dtype=np.int64)
        result = inside if self.split is None else self.split.assign(scaled)
        near = np.zeros(len(features), dtype=np.bool_)
        for low, high in zip(self.low, self.high, strict=True):
            width = high - low
            with np.errstate(invalid="ignore"):
                away = (features < low - width) | (features > high + width)
            near |= ~(away & self.middle & (width > 0)).any(axis=1)
        found = np.arange(len(near)) if unit is None else unit
        if len(np.unique(found[~near])) < UNITS:
            return result
        return np.where(near, result, self.count)


def read_groups(content: dict[str, Any], measures: Measures) -> Groups:
    """Groups from the entry ``channels`` of assessment.json.

    Raises
    ------
    DataError
        If they are of other descriptors.
    """
    names = feature_names(measures)
    if tuple(content["features"]) != names:
        raise DataError("assessment.json", "channels: of other descriptors; delete it")
    mean, spread = np.array(list(content["features"].values()), dtype=np.float64).T
    low, high = np.array(content["ranges"], dtype=np.float64)
    width = len(measures.names)
    middle = np.arange(len(names)) // width == 1
    split = Split.from_json(content["split"], names)
    return Groups(Scale(mean, spread), split, low, high, middle)


def channel_report(
    content: dict[str, Any], excursions: dict[int, Interval] | None
) -> dict[str, Any]:
    """Content of channels.json.

    Parameters
    ----------
    content
        Entry ``channels`` of assessment.json.
    excursions
        Share of each group, and of transitions outside all, by excursions; None without rates.
    """
    count, chains = content["groups"], content["shares"]
    found = excursions or {}
    # What leads through a channel where q was not learned is seldom seen, or too often: the error
    # of such shares does not follow from the spread of the excursions.
    unseen = count in found
    groups = []
    for number in range(count):
        by_excursions = _share(found[number], unseen) if number in found else None
        by_chains = None if chains is None else chains[number]
        groups.append(
            {
                "group": number + 1,
                "channel": content["channel"][number] + 1,
                **(by_chains or by_excursions or dict.fromkeys(SHARE)),
                "source": "chains" if by_chains else "excursions" if by_excursions else None,
                "by_excursions": by_excursions,
                "typical_path": content["typical"][number],
            }
        )
    empty = [number for number in range(count) if number in found and found[number].value == 0]
    outside = _share(found[count], unseen) if unseen else None
    return {
        "groups": groups,
        "exchanges": content["exchanges"],
        "note": content["note"],
        "empty": [_empty(n, content.get("chains"), found[n].high) for n in empty],
        "missing": outside,
        "problems": _problems(outside, excursions is None and chains is None),
    }


def _empty(group: int, chains: list[int] | None, most: float) -> str:
    """What is to be said of a group that no excursion runs through."""
    # Runs that were assessed by earlier versions have no such number.
    part = "some" if not chains else f"{100 * chains[group] / max(1, sum(chains)):.0f} %"
    return (
        f"{part} of the chains of path sampling are in group {group + 1}, through which no"
        f" excursion joins A and B: its share is at most {most:.2g}"
    )


def _problems(outside: dict[str, float | None] | None, unknown: bool) -> list[str]:
    """Why a run with these channels is not converged, in sentences."""
    problems = []
    if outside is not None:
        problems.append(
            f"{MISSING}: {outside['share']:.2g} of the transitions of excursions, which may be far"
            " from its share, since q was not learned there; set initial.guesses higher, or give"
            " initial.path"
        )
    if unknown:
        problems.append(f"{UNKNOWN}, and there are none to weigh them")
    return problems


def _share(found: Interval, unseen: bool) -> dict[str, float | None]:
    low, high = (None, None) if unseen else (found.low, found.high)
    return {"share": found.value, "low": low, "high": high}
