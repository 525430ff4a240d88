"""Descriptors of every kind, formulas and networks on alanine dipeptide, and boxes."""

from itertools import pairwise

import numpy as np

from mechanist.committor.network import Committor
from mechanist.systems.descriptors.box import Cell
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from mechanist.systems.descriptors.shapes import (
    Angular,
    Bridges,
    Centres,
    Coordination,
    HydrogenBonds,
    PathVariable,
    Radial,
    Rmsd,
    Sorted,
)

BOXES = {
    "none": None,
    "rectangular": ((1.9, 0.0, 0.0), (0.0, 2.1, 0.0), (0.0, 0.0, 2.3)),
    "skewed": ((1.9, 0.0, 0.0), (0.6, 1.8, 0.0), (-0.6, 0.9, 1.55)),
}

CHAIN = (4, 6, 8, 14, 16, 5)
"""Atoms that are close to the one before, so that boxes do not break them."""
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
"""Geometry, sums over pairs, and bridges of two atoms."""

FIXED = (Descriptor("x3", "coordinate", (3,), 0), Descriptor("z3", "coordinate", (3,), 2))
"""Coordinates; there is no nearest image of them."""

TRIPLES = (
    Descriptor("G5", "angular", (8,), 0, (LIGHT,), Angular(**SHELL, zeta=6, sign=-1)),
    Descriptor("G5_same", "angular", (8,), 0, (LIGHT,), Angular(**SHELL, zeta=3, sign=1)),
    Descriptor(
        "hb", "hydrogen_bonds", (7, 17), 0, ((6, 16), (5, 15)), HydrogenBonds(0.25, -0.5, 9, 5)
    ),
    Descriptor(
        "hb_own", "hydrogen_bonds", (7, 17), 0, ((6, 16), (5, 6)), HydrogenBonds(0.3, -0.5, 9, 5)
    ),
    Descriptor("links", "bridges", (4, 5), 0, ((14,), (8, 6)), Bridges((0.2, 0.3), 20.0)),
)
"""Sums over triples of atoms."""

SORTED = (
    Descriptor("first", "sorted", (8, 0, 8, 2, 8, 3), shape=Sorted("distance", 3, 0)),
    Descriptor("second", "sorted", (8, 0, 8, 2, 8, 3), shape=Sorted("distance", 3, 1)),
    Descriptor("wide", "sorted", (4, 1, 0, 4, 1, 2, 4, 1, 3), shape=Sorted("angle", 3, 2)),
    Descriptor("low", "sorted", (5, 6, 8, 14, 17, 6, 8, 14), shape=Sorted("height", 2, 0)),
    Descriptor("less", "sorted", (5, 7, 5, 17, 5, 0, 5, 2), shape=Sorted("difference", 2, 0)),
)
"""Values of equivalent atoms by their order."""


def _structures(count):
    """Conformations of some atoms, in the digits that a PDB file holds."""
    rng = np.random.default_rng(8)
    base = 0.12 * rng.normal(size=(6, 3))
    frames = base + 0.03 * np.arange(count)[:, None, None] * rng.normal(size=(6, 3))
    centred = (frames - frames.mean(axis=1, keepdims=True)).round(6)
    centred[:, -1] = -centred[:, :-1].sum(axis=1)
    return tuple(tuple(tuple(row) for row in frame) for frame in centred.tolist())


COLLECTIVES = (
    Descriptor(
        "centres", "centre_distance", (4, 5, 6), 0, ((14, 15, 16),),
        Centres(((12.0, 16.0, 14.0), (1.0, 2.0, 1.5))),
    ),
    Descriptor("deviation", "rmsd", CHAIN, shape=Rmsd(_structures(1)[0], 22)),
    Descriptor("along", "path_s", CHAIN, shape=PathVariable(_structures(4), 60.0, 22)),
    Descriptor("off", "path_z", CHAIN, shape=PathVariable(_structures(4), 60.0, 22)),
)  # fmt: skip
"""Collective variables of many atoms."""

EVERY = (*FOR_ALL, *TRIPLES, *SORTED, *COLLECTIVES)

ALL_KINDS = (
    "0.3 + 2*sin(phi) - 1.4*angle*G2 + exp(-2.5*d) - 20*height + 3*delta + 0.2*n_sharp*n_smooth"
    " + link**2 + 0.1*G5 - 0.3*G5_same + 4*hb*hb_own + links + 8*first - 5*second + wide + 6*low"
    " + less*centres - 9*deviation + 0.5*along + 7*off"
)
"""A formula of every kind."""

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


def exact(inputs, frames):
    """Values (F, D), with those of G5 in double precision."""
    result = inputs.values(frames)
    for column, d in enumerate(inputs.descriptors):
        if isinstance(s := d.shape, Angular):
            step = frames[:, list(d.others[0])] - frames[:, [d.atoms[0]]]
            step = step if inputs.box is None else Cell(inputs.box).nearest(step)
            r = np.linalg.norm(step, axis=2)
            w = np.exp(-s.eta * (r - s.shift) ** 2) / (1 + np.exp(s.steepness * (r - s.cutoff)))
            u = step / r[..., None]
            power = (1 + s.sign * np.einsum("fix,fjx->fij", u, u)) ** s.zeta
            both = np.einsum("fi,fj,fij->f", w, w, power)
            result[:, column] = 0.5 * (both - np.sum(w * w, axis=1) * (1 + s.sign) ** s.zeta)
            result[:, column] /= s.norm
    return result


def inputs_in(box, *groups):
    return DescriptorSet(tuple(d for group in groups for d in group), box)
