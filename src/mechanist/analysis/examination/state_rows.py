"""Where a structure lies relative to the states, one row a descriptor."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mechanist.arrays import Array
from mechanist.settings.system import Limits, SystemSettings
from mechanist.systems.build.sanity import ERROR, Finding
from mechanist.systems.descriptors.descriptor_set import Descriptor
from mechanist.systems.descriptors.resolve import limit_in


@dataclass(frozen=True)
class StateRow:
    """One descriptor of one box or disc of a state.

    Parameters
    ----------
    state
        ``A`` or ``B``, with a number where it has several boxes.
    descriptor
        Its name.
    value
        Value in the structure, in the unit of the descriptor.
    low, high
        The interval; NaN where it is still a placeholder.
    outside
        Distance of the value from the interval; 0 inside.
    """

    state: str
    descriptor: str
    value: float
    low: float
    high: float
    outside: float


def state_rows(
    settings: SystemSettings, descriptors: Sequence[Descriptor], values: Array
) -> Iterable[StateRow]:
    """Rows for both states; ``values`` (D,) belong to ``descriptors``."""
    known = {d.name: (d, float(v)) for d, v in zip(descriptors, values, strict=True)}
    for key, state in (("A", settings.states.A), ("B", settings.states.B)):
        for number, box in enumerate(state.boxes, 1):
            label = key if len(state.boxes) == 1 else f"{key} {number}"
            for name, limits in box.items():
                if name in known:
                    low, high = _interval(limits, known[name][0])
                    yield _row(label, *known[name], low, high)
        if state.disc is not None:
            for name, centre in state.disc.centre.items():
                if name in known:
                    radius = state.disc.radius
                    yield _row(key, *known[name], centre - radius, centre + radius)


def _interval(limits: Limits, descriptor: Descriptor) -> tuple[float, float]:
    """Limits in the unit of the descriptor; NaN for a placeholder or an invalid quantity."""
    try:
        low, high = (limit_in(value, descriptor.unit) for value in limits)
    except ValueError:
        return math.nan, math.nan
    return low, high


def _row(state: str, descriptor: Descriptor, value: float, low: float, high: float) -> StateRow:
    if descriptor.periodic:
        turn = 2 * math.pi
        above = (value - low) % turn
        outside = 0.0 if above < high - low else min(above - (high - low), turn - above)
    else:
        outside = max(low - value, value - high, 0.0)
    return StateRow(state, descriptor.name, value, low, high, outside)


def impossible(rows: Iterable[StateRow], descriptors: Sequence[Descriptor]) -> list[Finding]:
    """Intervals outside the range of their descriptor."""
    ranges = {"distance": (0.0, math.inf), "angle": (0.0, math.pi)}
    kinds = {d.name: d.kind for d in descriptors}
    found = []
    for row in rows:
        low, high = ranges.get(kinds[row.descriptor], (-math.inf, math.inf))
        if row.high <= low or row.low >= high:
            found.append(
                Finding(
                    ERROR,
                    f"states.{row.state}.box.{row.descriptor}: no {kinds[row.descriptor]} has such"
                    " a value",
                )
            )
    return found
