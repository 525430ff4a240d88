"""The systems that results folders are made up for."""

import dataclasses

import numpy as np

from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from mechanist.systems.descriptors.states import Box, Disc, Interval, State, States

PHI = Descriptor("phi", "torsion", (1, 2, 3, 4))
PSI = Descriptor("psi", "torsion", (2, 3, 4, 5))
THETA = Descriptor("theta", "torsion", (0, 1, 2, 3))
ANGLE = Descriptor("angle_C1_N2_CA2", "angle", (1, 2, 3))
X = Descriptor("x", "coordinate", (0,))


Y = Descriptor("y", "coordinate", (0,), 1)


@dataclasses.dataclass(frozen=True)
class Kind:
    """One of the two systems: states, inputs, and the true q in features."""

    name: str
    atoms: int
    states: States
    inputs: DescriptorSet
    weights: tuple[float, ...]
    offset: float
    text: str
    latex: str
    temperature: float
    timestep: float
    stride: int


def _box(**limits):
    return (Box(tuple(Interval(name, *pair) for name, pair in limits.items())),)


def degrees(low, high):
    return np.radians(low), np.radians(high)


ALANINE = Kind(
    name="alanine dipeptide in vacuum",
    atoms=6,
    states=States(
        DescriptorSet((PHI, PSI)),
        State("C7eq", _box(phi=degrees(-150, -30), psi=degrees(0, 180))),
        State("C7ax", _box(phi=degrees(30, 130), psi=degrees(-180, 0))),
    ),
    inputs=DescriptorSet((PHI, PSI, THETA, ANGLE)),
    # sin phi, cos phi, sin psi, cos psi, sin theta, cos theta, angle
    weights=(4.6, 0.8, -0.15, 0.05, 3.9, 0.0, 0.0),
    offset=-0.4,
    text="0.412 + 4.61*sin(phi) + 0.795*cos(phi) + 3.88*sin(theta)"
    " - 1.23*sin(phi)*sin(theta)/(1.7 + cos(theta))",
    latex=r"0.412 + 4.61 \, \sin \phi + 0.795 \, \cos \phi + 3.88 \, \sin \theta"
    r" - \frac{1.23 \, \sin \phi \, \sin \theta}{1.7 + \cos \theta}",
    temperature=300.0,
    timestep=0.002,
    stride=10,
)

DOUBLE_WELL = Kind(
    name="double well",
    atoms=1,
    states=States(
        DescriptorSet((X,)),
        State("left", _box(x=(-100.0, -0.8))),
        State("right", _box(x=(0.8, 100.0))),
    ),
    inputs=DescriptorSet((X,)),
    weights=(7.0,),
    offset=0.0,
    text="7.02*x",
    latex=r"7.02 \, x",
    temperature=120.27,
    timestep=0.01,
    stride=5,
)


TOY = dataclasses.replace(
    DOUBLE_WELL,
    name="toy",
    states=States(
        DescriptorSet((X, Y)),
        State("lower left", (Box(discs=(Disc(("x", "y"), (-0.75, -0.5), 0.15),)),)),
        State("upper right", (Box(discs=(Disc(("x", "y"), (0.75, 0.5), 0.15),)),)),
    ),
    inputs=DescriptorSet((X, Y)),
    weights=(3.1, 1.5),
    text="3.14*x + 1.54*y",
    latex=r"3.14 \, x + 1.54 \, y",
)
