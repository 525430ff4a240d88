"""Targets of a pull: values of the descriptors that define a state, just inside its border."""

from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import SamplingError
from mechanist.systems.descriptors.descriptor_set import Descriptor
from mechanist.systems.descriptors.states import Box, Interval, State, States

WIDTHS = {
    **{"torsion": 0.05, "angle": 0.05},
    **{"distance": 0.005, "difference": 0.005, "centre_distance": 0.005, "coordinate": 0.0},
}
"""Least thermal spread in rad or nm under a restraint, by kind of descriptor: a stiffer one needs a
shorter time step. Other kinds cannot be pulled along."""

SPREAD = 1 / 30
"""Thermal spread of a restrained descriptor, in units of the change by the pull."""

INSIDE = 0.25
"""Depth inside a state at which a pull ends, in units of the distance to its border."""


@dataclass(frozen=True)
class PullTarget:
    """Start and change of the descriptors that are pulled.

    Parameters
    ----------
    descriptors
        D of them.
    start, change
        (D,) in rad or nm; torsions take the shorter way round the circle.
    """

    descriptors: tuple[Descriptor, ...]
    start: Array
    change: Array

    def at(self, fraction: float) -> Array:
        """Values (D,) after a fraction of the change, 0 to 1."""
        return self.start + fraction * self.change

    def stiffness(self, kt: float) -> Array:
        """Force constants k = kT / width^2, (D,) in kJ/mol/rad^2 or kJ/mol/nm^2."""
        least = np.array([WIDTHS[d.kind] for d in self.descriptors])
        width = np.maximum(least, SPREAD * np.abs(self.change))
        # Coordinates that are already at their target get the widest spread of the others.
        width[width == 0] = max(float(width.max()), 1e-3)
        return np.asarray(kt / width**2)


def pull_target(
    states: States, state: State, positions: Array, along: tuple[str, ...], method: str
) -> PullTarget:
    """The target of a pull from a structure (N, 3) into a state.

    Parameters
    ----------
    states, state
        Both states, and the one to pull into.
    positions
        In nm.
    along
        Names of the descriptors to pull along; all that define the state if empty.
    method
        Name of the method, for errors.

    Raises
    ------
    SamplingError
        If a descriptor cannot be pulled along, or none is left.
    """
    every = states.descriptors
    by_name = {d.name: d for d in every.descriptors}
    _check(state, by_name, along, method)
    values = dict(zip(every.names, every.values(positions[None])[0].tolist(), strict=True))
    box = min(state.boxes, key=lambda one: sum(_changes(one, by_name, values).values()))
    aims = {
        name: aim for name, aim in _aims(box, by_name, values).items() if not along or name in along
    }
    chosen = tuple(by_name[name] for name in aims)
    start = np.array([values[name] for name in aims])
    change = np.array(list(aims.values())) - start
    turns = np.array([d.periodic for d in chosen])
    change[turns] = np.mod(change[turns] + np.pi, 2 * np.pi) - np.pi
    return PullTarget(chosen, start, change)


def _check(
    state: State, by_name: dict[str, Descriptor], along: tuple[str, ...], method: str
) -> None:
    """Raise for a state that cannot be pulled into; see `pull_target`."""
    unknown = [name for name in along if name not in by_name]
    if unknown:
        raise SamplingError(
            "config.yaml",
            f"initial.along: {unknown[0]!r}: not a descriptor that defines the states; those are"
            f" {', '.join(by_name)}",
        )
    for box in state.boxes:
        names = {interval.descriptor for interval in box.intervals}
        names |= {name for disc in box.discs for name in disc.descriptors}
        used = sorted(name for name in names if not along or name in along)
        hard = [name for name in used if by_name[name].kind not in WIDTHS]
        if hard or not used:
            what = f"{hard[0]!r} is a {by_name[hard[0]].kind}" if hard else "none of its is named"
            raise SamplingError(
                "config.yaml",
                f"initial.method: {method}: works along {', '.join(WIDTHS)}s, and in state"
                f" {state.name} {what}; name others in initial.along",
            )


def _aims(box: Box, by_name: dict[str, Descriptor], values: dict[str, float]) -> dict[str, float]:
    """Target value of each descriptor of a box."""
    aims = {}
    for interval in box.intervals:
        descriptor = by_name[interval.descriptor]
        aims[descriptor.name] = aim_into(interval, values[descriptor.name], descriptor)
    for disc in box.discs:
        aims |= dict(zip(disc.descriptors, disc.centre, strict=True))
    return aims


def _changes(
    box: Box, by_name: dict[str, Descriptor], values: dict[str, float]
) -> dict[str, float]:
    """Distance of each descriptor of a box from its target."""
    aims = _aims(box, by_name, values)
    result = {}
    for name, aim in aims.items():
        change = aim - values[name]
        if by_name[name].periodic:
            change = np.mod(change + np.pi, 2 * np.pi) - np.pi
        result[name] = abs(float(change))
    return result


def aim_into(interval: Interval, value: float, descriptor: Descriptor) -> float:
    """A value inside an interval, just beyond its nearer border; ``value`` if that is inside."""
    width = interval.high - interval.low
    if bool(interval.contains(np.array([value]), descriptor.periodic)[0]):
        return value
    up, down = interval.low - value, value - interval.high
    if descriptor.periodic:
        up, down = np.mod(up, 2 * np.pi), np.mod(down, 2 * np.pi)
    from_below = up < down if descriptor.periodic else up > 0
    distance = float(up if from_below else down)
    margin = min(width / 2, max(INSIDE * distance, 3 * WIDTHS.get(descriptor.kind, 0.0)))
    return interval.low + margin if from_below else interval.high - margin
