"""Descriptors of every kind, formulas and networks on alanine dipeptide, and boxes."""

from itertools import pairwise

import numpy as np

from mechanist.committor.network import Committor
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from mechanist.systems.descriptors.shapes import (
    Angular,
    Bridges,
    Coordination,
    HydrogenBonds,
    Radial,
    Sorted,
)

BOXES = {
    "none": None,
    "rectangular": ((1.9, 0.0, 0.0), (0.0, 2.1, 0.0), (0.0, 0.0, 2.3)),
    "skewed": ((1.9, 0.0, 0.0), (0.6, 1.8, 0.0), (-0.6, 0.9, 1.55)),
}

LIGHT, HEAVY = (0, 2, 3, 11, 12, 13), (4, 5, 6, 8, 14, 15)
SHELL = {"eta": 150.0, "shift": 0.25, "cutoff": 0.5, "steepness": 60.0, "norm": 0.7}

FOR_ALL = (
    Descriptor("phi", "torsion", (4, 6, 8, 14)),
    Descriptor("angle", "angle", (4, 6, 8)),
    Descriptor("d", "distance", (5, 17)),
    Descriptor("delta", "difference", (5, 17, 4, 6)),
    Descriptor("height", "height", (5, 6, 10, 14)),
    Descriptor("G2", "radial", (8,), 0, (LIGHT,), Radial(**SHELL)),
    Descriptor("n_sharp", "coordination", HEAVY, 0, (HEAVY,), Coordination(0.2, 0, 30.0)),
    Descriptor("n_smooth", "coordination", (8,), 0, (LIGHT,), Coordination(0.3, 6)),
    Descriptor("link", "bridges", (4,), 0, ((14,), (8, 6, 1)), Bridges((0.2, 0.3), 20.0)),
)
"""Kinds that Python, OpenMM (the network) and PLUMED compute."""

FIXED = (Descriptor("x3", "coordinate", (3,), 0), Descriptor("z3", "coordinate", (3,), 2))
"""Coordinates; there is no nearest image of them."""

FOR_PYTHON = (
    Descriptor("G5", "angular", (8,), 0, (LIGHT,), Angular(**SHELL, zeta=6, sign=-1)),
    Descriptor(
        "hb", "hydrogen_bonds", (7, 17), 0, ((6, 16), (5, 15)), HydrogenBonds(0.25, -0.5, 9, 5)
    ),
    Descriptor("second", "sorted", (8, 0, 8, 2, 8, 3), shape=Sorted("distance", 3, 1)),
    Descriptor("links", "bridges", (4, 5), 0, ((14,), (8, 6)), Bridges((0.2, 0.3), 20.0)),
)
"""Kinds that PLUMED has not."""

FORMULA = (
    "0.3 + 2*sin(phi) - 1.4*angle*G2 + exp(-2.5*d) - 20*height + 3*delta"
    " + 0.2*n_sharp*n_smooth + link**2"
)


def frames_of(positions, count, box, seed):
    """The structure with every atom pushed by 0.03 nm and put into a random image of the box."""
    rng = np.random.default_rng(seed)
    frames = positions[None] + 0.03 * rng.normal(size=(count, *positions.shape))
    if box is None:
        return frames
    return frames + rng.integers(-2, 3, frames.shape) @ np.array(box)


def network_of(inputs, frames, members=5, hidden=(64, 32), seed=3):
    """A network with random weights, some of them 0, whose inputs are standardised."""
    rng = np.random.default_rng(seed)
    features = inputs.features(inputs.values(frames))
    sizes = [features.shape[1], *hidden, 1]
    layers = []
    for a, b in pairwise(sizes):
        layers.append((rng.normal(size=(members, a, b)) / a**0.5, rng.normal(size=(members, b))))
    skip = rng.normal(size=(members, features.shape[1]))
    # One input that is used nowhere, and one that only the perceptron uses.
    layers[0][0][:, 1], skip[:, :2] = 0, 0
    scale = np.maximum(features.std(axis=0), 1e-3)
    return Committor(inputs.feature_names, features.mean(axis=0), scale, tuple(layers), skip)


def double_q(model, features):
    """The number q (F,) of features (F, P) in double precision, written independently."""
    x = (features - model.mean) / model.scale
    each = []
    for member, skip in enumerate(model.skip):
        hidden = x
        for number, (weights, biases) in enumerate(model.layers):
            hidden = hidden @ weights[member] + biases[member]
            if number < len(model.layers) - 1:
                hidden = hidden / (1 + np.exp(-hidden))
        each.append(hidden[:, 0] + x @ skip)
    return np.mean(each, axis=0)


def inputs_in(box, *groups):
    return DescriptorSet(tuple(d for group in groups for d in group), box)
