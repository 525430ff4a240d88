"""States A and B: boxes in descriptors, periodic in angles."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mechanist.arrays import Array, FrameSource, Labels, Mask, Positions
from mechanist.systems.descriptors.descriptor_set import DescriptorSet

A, NEITHER, B = np.int8(-1), np.int8(0), np.int8(1)


@dataclass(frozen=True)
class Interval:
    """An open interval of one descriptor; that of a torsion may pass through 180 degrees."""

    descriptor: str
    low: float
    high: float

    def contains(self, values: Array, periodic: bool) -> Mask:
        """Whether ``values`` (F,) lie inside."""
        if not periodic:
            return (values > self.low) & (values < self.high)
        turn = 2 * np.pi
        above = np.mod(values - self.low, turn)
        return (above > 0) & (above < self.high - self.low)


@dataclass(frozen=True)
class Disc:
    """All points within ``radius`` (nm) of ``centre`` in some descriptors (nm)."""

    descriptors: tuple[str, ...]
    centre: tuple[float, ...]
    radius: float


@dataclass(frozen=True)
class Box:
    """The intersection of intervals and discs."""

    intervals: tuple[Interval, ...] = ()
    discs: tuple[Disc, ...] = ()


@dataclass(frozen=True)
class State:
    """A stable state: the union of its boxes."""

    name: str
    boxes: tuple[Box, ...]


@dataclass(frozen=True)
class States:
    """The two states of a reaction and the descriptors that define them."""

    descriptors: DescriptorSet
    a: State
    b: State

    def inside(self, state: State, values: Array) -> Mask:
        """Whether each row of ``values`` (F, D) lies in ``state``."""
        column = {name: i for i, name in enumerate(self.descriptors.names)}
        result = np.zeros(len(values), dtype=bool)
        for box in state.boxes:
            here = np.ones(len(values), dtype=bool)
            for interval in box.intervals:
                i = column[interval.descriptor]
                periodic = self.descriptors.descriptors[i].periodic
                here &= interval.contains(values[:, i], periodic)
            for disc in box.discs:
                columns = [column[name] for name in disc.descriptors]
                delta = values[:, columns] - np.asarray(disc.centre)
                here &= np.einsum("fk,fk->f", delta, delta) < disc.radius**2
            result |= here
        return result

    def label(self, values: Array) -> Labels:
        """State of each row of ``values`` (F, D): -1 in A, +1 in B, 0 in neither."""
        labels = np.zeros(len(values), dtype=np.int8)
        labels[self.inside(self.a, values)] = A
        labels[self.inside(self.b, values)] = B
        return labels

    def label_positions(self, positions: Positions | FrameSource) -> Labels:
        """State of each frame of ``positions`` (F, N, 3) in nm.

        Positions are rounded as files store them, so that a frame on the edge of a state has one
        state, now and whenever it is read back.
        """
        if isinstance(positions, np.ndarray):
            positions = np.asarray(positions, dtype=np.float32)
        return self.label(self.descriptors.values(positions))

    def to_json(self) -> dict[str, Any]:
        """Plain data for a JSON file; angles in rad, lengths in nm."""
        return {
            "descriptors": self.descriptors.to_json(),
            "A": asdict(self.a),
            "B": asdict(self.b),
        }

    @staticmethod
    def from_json(content: dict[str, Any]) -> "States":
        """Inverse of `to_json`."""
        descriptors = DescriptorSet.from_json(content["descriptors"])
        return States(descriptors, _state(content["A"]), _state(content["B"]))


def _state(content: dict[str, Any]) -> State:
    boxes = tuple(
        Box(
            tuple(Interval(**interval) for interval in box["intervals"]),
            tuple(
                Disc(tuple(d["descriptors"]), tuple(d["centre"]), d["radius"]) for d in box["discs"]
            ),
        )
        for box in content["boxes"]
    )
    return State(content["name"], boxes)
