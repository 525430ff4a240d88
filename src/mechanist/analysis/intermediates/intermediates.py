"""What keeps half-shots from ending in A or B: an intermediate state, or a flat stretch.

Said where more shots are too long than the limit allows. A place that holds many of these
half-shots is an intermediate state if it is left much later than they forget where in it they were
(`mechanist.analysis.intermediates.dwelling`), and if it is not as wide as most of the way between
the states; otherwise it is a stretch that they cross slowly.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mechanist.analysis.convergence.criterion import finite
from mechanist.analysis.intermediates.dwelling import (
    METASTABLE,
    Escape,
    escape_time,
    memory,
    merged,
)
from mechanist.analysis.intermediates.places import WIDE, Extent, Scale, extents, find_places
from mechanist.analysis.intermediates.record import LongRecord
from mechanist.analysis.intermediates.text import between, duration_text, where
from mechanist.arrays import Features, Rows
from mechanist.sampling.records.tables import Table

ENOUGH = 20
"""Half-shots that were too long, from which on places are looked for."""

PART = 0.1
"""Share of them that makes a place worth telling."""

STATE, FLAT = "intermediate state", "flat stretch"

MARGIN = 2.0
"""The limit that is advised leaves the allowed share of shots too long divided by this."""


@dataclass(frozen=True)
class Place:
    """One place.

    Parameters
    ----------
    kind
        `STATE` or `FLAT`.
    share
        Of the half-shots that were too long.
    extents
        Where its descriptors are.
    memory
        Time in ps after which half-shots have forgotten where in it they were.
    text
        In words.
    """

    kind: str
    share: float
    extents: list[Extent]
    memory: float
    text: str

    def to_json(self) -> dict[str, Any]:
        """What assessment.json says of it."""
        return {
            "kind": self.kind,
            "share": self.share,
            "memory_ps": self.memory,
            "where": {
                one.descriptor.name: {
                    "centre": one.centre,
                    "low": one.low,
                    "high": one.high,
                    "unit": one.descriptor.unit,
                }
                for one in self.extents
            },
            "text": self.text,
        }


@dataclass(frozen=True)
class Intermediates:
    """Where half-shots were that were too long.

    Parameters
    ----------
    places
        The largest one first.
    recorded
        Half-shots that were looked at.
    escape
        Time to leave these places.
    text
        In words, with what to do.
    """

    places: list[Place]
    recorded: int
    escape: Escape
    text: str

    @property
    def has_state(self) -> bool:
        """Whether one of them is an intermediate state."""
        return any(place.kind == STATE for place in self.places)

    def to_json(self) -> dict[str, Any]:
        """What assessment.json says of them."""
        return {
            "places": [place.to_json() for place in self.places],
            "recorded": self.recorded,
            "escape_ps": {key: finite(value) for key, value in asdict(self.escape).items()},
            "text": self.text,
        }


@dataclass(frozen=True)
class Limits:
    """Times and limits of a run.

    Parameters
    ----------
    step, longest
        Time of an MD step, and the longest half-shot, in ps.
    too_long
        Largest share of shots that may be too long.
    """

    step: float
    longest: float
    too_long: float


def find_intermediates(
    record: LongRecord, shots: Table, path_features: Features, limits: Limits
) -> Intermediates | None:
    """Where half-shots end up that are too long.

    Parameters
    ----------
    record
        Half-shots that were too long, or a sample of them.
    shots
        All shots so far, with `mechanist.sampling.records.tables.SHOT_COLUMNS`.
    path_features
        (F, P) features of path frames between the states.
    limits
        Of the run.

    Returns
    -------
    Intermediates or None
        None while no more shots are too long than allowed, or too few are known.
    """
    ends = np.stack([shots["end_backward"], shots["end_forward"]])
    share = float((ends == "too_long").any(axis=0).mean())
    if share <= limits.too_long or len(record) < ENOUGH or len(path_features) < 2:
        return None
    escape = escape_time(shots, limits.step, limits.longest)
    if escape is None:
        return None
    scale = Scale.of(path_features)
    scaled = scale.scaled(record.features)
    defining = scaled[:, :, record.descriptors.owners < record.defining]
    interval = 0.5 * limits.longest / max(1, record.values.shape[1] - 1)
    member = merged(defining, find_places(scaled), interval)
    places = [
        _place(record, np.flatnonzero(member[:, -1] == number), scale, escape, kept)
        for number, kept in (
            (number, memory(defining, member, number, interval))
            for number in np.unique(member[member >= 0]).tolist()
        )
        if (member[:, -1] == number).mean() >= PART
    ]
    places.sort(key=lambda place: -place.share)
    text = _text(places, record, scale, escape, share, limits)
    return Intermediates(places, len(record), escape, text)


def _place(record: LongRecord, rows: Rows, scale: Scale, escape: Escape, kept: float) -> Place:
    """The place that the half-shots ``rows`` end in, whose memory is ``kept`` ps."""
    found, share = extents(record, rows, scale), len(rows) / len(record)
    narrow = any(one.width < WIDE for one in found[: record.defining])
    kind = STATE if narrow and escape.low >= METASTABLE * kept else FLAT
    ends = f"({100 * share:.0f} % of too-long half-shots end there)"
    if kind == STATE:
        text = f"an intermediate state near {where(found, record.defining)} {ends}"
    else:
        text = f"a flat stretch {between(found, record.defining)} {ends}"
    return Place(kind, share, found, kept, text)


def _text(
    places: list[Place],
    record: LongRecord,
    scale: Scale,
    escape: Escape,
    share: float,
    limits: Limits,
) -> str:
    """All places, and what to do."""
    raise_limit = f"raise dynamics.max_half_path of system.yaml {_enough(escape, share, limits)}"
    limit = f"max_half_path = {duration_text(limits.longest)}"
    if not places:
        spread = between(extents(record, np.arange(len(record)), scale), record.defining)
        return f"too-long half-shots pile up nowhere, they end {spread}: {raise_limit}"
    told = " and ".join(place.text for place in places)
    states = [place for place in places if place.kind == STATE]
    if not states:
        return f"{told}, which is crossed slowly and is no state: {raise_limit}"
    one = len(states) == 1
    steps = "in A to I and I to B" if one else "into steps from each to the next"
    return (
        f"{told}; path sampling between A and B with {limit} cannot serve this: make"
        f" {'it a state' if one else 'them states'} (or part of A or B, if"
        f" {'it belongs' if one else 'they belong'} there), split the problem {steps}, or"
        f" {raise_limit}"
    )


def _enough(escape: Escape, share: float, limits: Limits) -> str:
    """The limit on half-shots with which few enough would be too long, if they end as now."""
    factor = np.log(share * MARGIN / max(limits.too_long, 1e-3))
    if not np.isfinite(escape.high):
        return f"to far above {duration_text(limits.longest + escape.low * factor)}"
    return f"to about {duration_text(limits.longest + escape.high * factor)}"
