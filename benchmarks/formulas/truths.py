"""Ten reaction coordinates of growing difficulty, in ten inputs of which one to three matter."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet

TORSIONS = ("phi", "psi", "chi")
TWINS = ("t1", "t2", "t3")
"""Numbers whose pairs are correlated 0.9."""
CORRELATION = 0.9
NORMAL = ("d1", "d2")
LENGTHS = ("r", "s")
"""Lengths that are far from 0, so that they can be divided by."""

POINTS = 4000

ALGEBRA = ("add", "sub", "mul", "div")


@dataclass(frozen=True)
class Truth:
    """A planted q as text, and the operations that the search is given."""

    name: str
    text: str
    operators: tuple[str, ...] = ALGEBRA


TRUTHS = (
    Truth("linear in two", "2*d1 - 1.5*r"),
    Truth("linear in three", "2*d1 + 1.5*d2 - 2*r + 2.5"),
    Truth("one of three twins", "2.5*t2 - 0.7"),
    Truth("sine and cosine", "2.5*sin(phi) + 2*cos(psi) - 0.5"),
    Truth("product", "2.5*d1*d2"),
    Truth("sum and product", "1.5*t1 + 2*d1*d2"),
    Truth("periodic sum and product", "2*sin(phi) + 2.5*cos(psi)*sin(chi)"),
    Truth("ratio", "3*d1/r - 1"),
    Truth("exponential", "1.5*exp(d1) - 2*d2 - 2", (*ALGEBRA, "exp")),
    Truth("logarithm of a ratio", "4*log(r/s)", (*ALGEBRA, "log")),
)


def descriptors() -> DescriptorSet:
    """The ten inputs: three torsions, seven lengths."""
    torsions = [Descriptor(name, "torsion", (0, 1, 2, 3)) for name in TORSIONS]
    lengths = [Descriptor(name, "distance", (0, 1)) for name in (*TWINS, *NORMAL, *LENGTHS)]
    return DescriptorSet((*torsions, *lengths))


def draw(points: int, rng: np.random.Generator) -> Mapping[str, Array]:
    """Values of the inputs at some points, (N,) each."""
    common = rng.normal(size=points)
    shared, own = np.sqrt(CORRELATION), np.sqrt(1 - CORRELATION)
    values = {name: rng.uniform(-np.pi, np.pi, points) for name in TORSIONS}
    values |= {name: shared * common + own * rng.normal(size=points) for name in TWINS}
    values |= {name: rng.normal(size=points) for name in NORMAL}
    return values | {name: rng.uniform(0.5, 2.0, points) for name in LENGTHS}
