"""Places of half-shots that were too long, in words."""

from collections.abc import Sequence

import numpy as np

from mechanist.analysis.intermediates.places import WIDE, Extent

NAMED = 4
"""Descriptors that a place is told by, at most."""

UNITS = ((1e6, "us"), (1e3, "ns"), (1.0, "ps"))
"""Of times in ps, the largest first."""


def where(extents: Sequence[Extent], defining: int) -> str:
    """A place, such as ``x = 1.0 nm, y = 0.1 nm``: what defines the states, then the narrowest."""
    first = [one for one in extents[:defining] if one.width < np.inf]
    others = sorted((one for one in extents[defining:] if one.width < WIDE), key=lambda e: e.width)
    return ", ".join(_one(one) for one in [*first, *others][:NAMED])


def between(extents: Sequence[Extent], defining: int) -> str:
    """A stretch, such as ``between x = 0.3 nm and x = 1.9 nm``, of what varies in it."""
    known = [one for one in extents[:defining] if one.width < np.inf]
    widest = max((one.width for one in known), default=0.0)
    wide = [one for one in known if one.width >= 0.5 * widest] or known
    low = ", ".join(f"{one.descriptor.name} = {_number(one, one.low)}" for one in wide[:NAMED])
    high = ", ".join(f"{one.descriptor.name} = {_number(one, one.high)}" for one in wide[:NAMED])
    return f"between {low} and {high}"


def _one(extent: Extent) -> str:
    name = extent.descriptor.name
    if extent.width < WIDE:
        return f"{name} = {_number(extent, extent.centre)}"
    return f"{name} = {_number(extent, extent.low)} to {_number(extent, extent.high)}"


def _number(extent: Extent, value: float) -> str:
    """With its unit, and as many digits as the width of the place supports."""
    if extent.descriptor.periodic:
        return f"{(np.degrees(value) + 180) % 360 - 180:.0f} deg"
    unit = extent.descriptor.unit
    if unit == "rad":
        return f"{np.degrees(value):.0f} deg"
    size = max(extent.high - extent.low, 1e-9)
    digits = int(np.clip(1 - np.floor(np.log10(2 * size)), 0, 6))
    text = f"{value:.{digits}f}"
    return text if unit == "1" else f"{text} {unit}"


def duration_text(ps: float) -> str:
    """Two digits: ``150 ps``, ``2.1 ns``."""
    size, unit = next((one for one in UNITS if ps >= one[0]), UNITS[-1])
    return f"{float(f'{ps / size:.2g}'):g} {unit}"
