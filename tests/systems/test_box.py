"""The shortest image in rectangular and in other boxes."""

import itertools

import numpy as np
import openmm
import pytest

from mechanist.systems.descriptors.box import Cell, box_of
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet

ROOT2, ROOT3 = np.sqrt(2), np.sqrt(3)
CUBE = ((2.0, 0.0, 0.0), (0.0, 2.0, 0.0), (0.0, 0.0, 2.0))
BRICK = ((1.9, 0.0, 0.0), (0.0, 2.1, 0.0), (0.0, 0.0, 3.3))
OCTAHEDRON = (
    (2.0, 0.0, 0.0),
    (2 / 3, 4 * ROOT2 / 3, 0.0),
    (-2 / 3, 2 * ROOT2 / 3, 2 * ROOT2 / ROOT3),
)
DODECAHEDRON = ((2.0, 0.0, 0.0), (0.0, 2.0, 0.0), (1.0, 1.0, ROOT2))
SKEW = ((2.0, 0.0, 0.0), (0.9, 1.7, 0.0), (-0.8, 0.7, 1.5))
FLAT = ((3.0, 0.0, 0.0), (1.3, 2.6, 0.0), (1.1, -1.2, 0.9))
BOXES = {
    "cube": CUBE,
    "brick": BRICK,
    "truncated octahedron": OCTAHEDRON,
    "rhombic dodecahedron": DODECAHEDRON,
    "skew": SKEW,
    "flat": FLAT,
}


def shortest(vector, box):
    """The shortest of all images, by brute force from the middle of the box."""
    matrix = np.array(box)
    middle = vector - np.round(vector @ np.linalg.inv(matrix)) @ matrix
    images = middle + np.array(list(itertools.product(range(-2, 3), repeat=3))) @ matrix
    return images[np.argmin(np.linalg.norm(images, axis=1))]


def nearest(vector, box):
    return np.linalg.norm(shortest(vector, box))


@pytest.mark.parametrize("kind", BOXES)
def test_against_all_images(kind, rng):
    box = BOXES[kind]
    # Also vectors of many boxes' length: molecules diffuse and are not put back.
    vectors = rng.normal(scale=1.5, size=(1000, 3))
    vectors[::2] += rng.integers(-9, 10, (500, 3)) @ np.array(box)
    steps = [vectors[:, axis].copy() for axis in range(3)]
    Cell(box).shorten(steps)
    found = np.stack(steps, axis=1)
    turns = (found - vectors) @ np.linalg.inv(np.array(box))
    np.testing.assert_allclose(turns, np.round(turns), atol=1e-9)
    expected = [nearest(vector, box) for vector in vectors]
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), expected, atol=1e-9)


def test_rounding_alone_is_not_enough_in_an_octahedron(rng):
    # If it were, the test above would not see the second step.
    vectors = rng.normal(scale=1.5, size=(1000, 3))
    rounded = vectors.copy()
    for row in (2, 1, 0):
        box = np.array(OCTAHEDRON)
        rounded -= np.round(rounded[:, row] / box[row, row])[:, None] * box[row]
    expected = np.array([nearest(vector, OCTAHEDRON) for vector in vectors])
    assert (np.linalg.norm(rounded, axis=1) > expected + 1e-6).sum() > 50


def test_an_octahedron_has_fourteen_faces():
    assert Cell(OCTAHEDRON).neighbours.shape == (14, 3)
    # 8 hexagons at half the box width, 6 squares farther out.
    lengths = np.sort(np.linalg.norm(Cell(OCTAHEDRON).neighbours, axis=1))
    np.testing.assert_allclose(lengths[:8], 2.0)
    np.testing.assert_allclose(lengths[8:], 4 / ROOT3)


@pytest.mark.parametrize(
    "vectors",
    [
        ((2.0, 0.1, 0.0), (0.0, 2.0, 0.0), (0.0, 0.0, 2.0)),
        ((2.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 2.0)),
    ],
)
def test_vectors_that_are_no_box(vectors):
    with pytest.raises(ValueError, match="not reduced"):
        Cell(vectors)


def test_torsions_and_angles_do_not_mind_where_images_are(rng):
    box = OCTAHEDRON
    inputs = DescriptorSet(
        (
            Descriptor("d", "distance", (0, 3)),
            Descriptor("a", "angle", (0, 1, 2)),
            Descriptor("t", "torsion", (0, 1, 2, 3)),
        ),
        box,
    )
    frames = np.cumsum(rng.normal(scale=0.12, size=(50, 4, 3)), axis=1)
    whole = DescriptorSet(inputs.descriptors).values(frames)
    moved = frames + rng.integers(-3, 4, (50, 4, 3)) @ np.array(box)
    np.testing.assert_allclose(inputs.values(moved), whole, atol=1e-9)


def test_the_box_of_a_system():
    system = openmm.System()
    system.addParticle(1.0)
    assert box_of(system) is None
    force = openmm.NonbondedForce()
    force.addParticle(0, 1, 0)
    force.setNonbondedMethod(openmm.NonbondedForce.CutoffPeriodic)
    system.addForce(force)
    system.setDefaultPeriodicBoxVectors(*OCTAHEDRON)
    assert box_of(system) == OCTAHEDRON


def test_json_round_trip_with_a_box():
    inputs = DescriptorSet((Descriptor("d", "distance", (0, 3)),), OCTAHEDRON)
    assert DescriptorSet.from_json(inputs.to_json()) == inputs
