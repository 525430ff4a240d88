"""Axes over descriptors in shown units: degrees and nm."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.report.figures.style import axis_label, scale, unit
from mechanist.systems.descriptors.descriptor_set import Descriptor


@dataclass(frozen=True)
class Axis:
    """A descriptor in shown units: values (F,) of the sample, limits, label.

    Values of a torsion are shifted by whole turns so that they lie within the limits, which may
    pass through 180 degrees.
    """

    name: str
    periodic: bool
    factor: float
    unit: str
    label: str
    values: Array
    limits: tuple[float, float]

    def place(self, values: Array) -> Array:
        """Where other values (F,) in rad or nm lie; those beyond the limits lie on them."""
        shown = values * self.factor
        if self.periodic:
            shown = self.limits[0] + np.mod(shown - self.limits[0], 360)
        return np.clip(shown, *self.limits)


def make_axis(
    descriptor: Descriptor, values: Array, weights: Array, full: bool, show: Sequence[float] = ()
) -> Axis:
    """Axis of a descriptor.

    Parameters
    ----------
    descriptor
        What it is.
    values, weights
        (F,) of path frames, in rad or nm.
    full
        Whether a torsion spans a whole turn; otherwise the range visited.
    show
        Values in nm that the axis of a length must not cut off.
    """
    factor = scale(descriptor)
    if descriptor.periodic:
        shown, limits = _turn(values, weights, full)
    else:
        shown = values * factor
        low, high = np.quantile(shown, [0.002, 0.998])
        low, high = min([low, *show]), max([high, *show])
        margin = 0.12 * (high - low) or 1.0
        limits = (float(low - margin), float(high + margin))
    return Axis(
        descriptor.name,
        descriptor.periodic,
        factor,
        unit(descriptor),
        axis_label(descriptor),
        shown,
        limits,
    )


def _turn(values: Array, weights: Array, full: bool) -> tuple[Array, tuple[float, float]]:
    """Degrees of a torsion, and limits just wide enough for all of them."""
    whole = (-180.0, 180.0)
    degrees = np.degrees(values)
    if full:
        return degrees, whole
    centre = np.degrees(np.angle(np.average(np.exp(1j * values), weights=weights)))
    shifted = centre + np.mod(degrees - centre + 180, 360) - 180
    low, high = np.quantile(shifted, [0.002, 0.998])
    margin = 0.15 * (high - low) + 1
    if high - low + 2 * margin > 300:
        return degrees, whole
    return shifted, (float(low - margin), float(high + margin))


def degree_ticks(axes: Any, which: str, axis: Axis) -> None:
    """Ticks of a torsion at round degrees, written from -180 to 180 also beyond these limits."""
    if not axis.periodic:
        return
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    def text(value: float, _: int) -> str:
        turned = value if value == -180 else 180 - (180 - value) % 360
        return f"{turned:.0f}".replace("-", "\N{MINUS SIGN}")

    width = axis.limits[1] - axis.limits[0]
    steps = [step for step in (5, 10, 20, 30, 60) if width / step <= 7]
    place = getattr(axes, f"{which}axis")
    place.set_major_locator(MultipleLocator(steps[0] if steps else 90))
    place.set_major_formatter(FuncFormatter(text))
