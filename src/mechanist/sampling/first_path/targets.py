"""Where a biased pull leads: values of the descriptors that define a state, just inside it."""

from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import SamplingError
from mechanist.systems.descriptors.descriptor_set import Descriptor
from mechanist.systems.descriptors.states import Box, Interval, State, States

WIDTHS = {"torsion": 0.05, "angle": 0.05, "distance": 0.005, "coordinate": 0.0}
"""Thermal spread in rad or nm that restraints leave at least, by kind: stiffer ones would ask for
a shorter time step. These are the kinds that can be pulled along."""

SPREAD = 1 / 30
"""Thermal spread of a restrained descriptor, in parts of the way that it is pulled."""

INSIDE = 0.25
"""How far into a state a pull leads, in parts of the way to its border."""


@dataclass(frozen=True)
class Way:
    """From where to where some descriptors are led.

    Parameters
    ----------
    descriptors
        D of them.
    start, change
        (D,) in rad and nm; torsions go the shorter way round.
    """

    descriptors: tuple[Descriptor, ...]
    start: Array
    change: Array

    def at(self, part: float) -> Array:
        """Values (D,) after a part of the way, 0 to 1."""
        return self.start + part * self.change

    def stiffness(self, kt: float) -> Array:
        """Force constants (D,) in kJ/mol per rad^2 or nm^2."""
        least = np.array([WIDTHS[d.kind] for d in self.descriptors])
        width = np.maximum(least, SPREAD * np.abs(self.change))
        # A coordinate that is already there: held by the spread of the others.
        width[width == 0] = max(float(width.max()), 1e-3)
        return np.asarray(kt / width**2)


def way_into(
    states: States, state: State, positions: Array, along: tuple[str, ...], method: str
) -> Way:
    """The way from a structure (N, 3) into a state, along the descriptors that define it.

    Parameters
    ----------
    states, state
        Both states, and the one to go into.
    positions
        In nm.
    along
        Names of those to use; all of the state if empty.
    method
        Named in errors.

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
    return Way(chosen, start, change)


def _check(
    state: State, by_name: dict[str, Descriptor], along: tuple[str, ...], method: str
) -> None:
    """Refuse a state that cannot be led into; see `way_into`."""
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
                f"initial.method: {method}: leads along {', '.join(WIDTHS)}s, and in state"
                f" {state.name} {what}; name others in initial.along",
            )


def _aims(box: Box, by_name: dict[str, Descriptor], values: dict[str, float]) -> dict[str, float]:
    """Where each descriptor of a box should go."""
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
    """How far each descriptor of a box must go."""
    aims = _aims(box, by_name, values)
    result = {}
    for name, aim in aims.items():
        change = aim - values[name]
        if by_name[name].periodic:
            change = np.mod(change + np.pi, 2 * np.pi) - np.pi
        result[name] = abs(float(change))
    return result


def aim_into(interval: Interval, value: float, descriptor: Descriptor) -> float:
    """A value inside an interval, behind the border that is nearer; ``value`` if it is inside."""
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
