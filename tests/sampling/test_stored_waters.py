"""The waters nearest to the solute: against a direct search over all images."""

import itertools

import numpy as np
import pytest

from mechanist.sampling.records.stored_waters import Waters, nearest_points
from mechanist.systems.build.periodic import as_vectors
from mechanist.systems.descriptors.box import Cell

BOXES = {
    "cube": 3.0 * np.eye(3),
    "slab": np.diag([1.2, 4.0, 2.0]),
    "truncated octahedron": 3.0
    * np.array([[1, 0, 0], [1 / 3, np.sqrt(8) / 3, 0], [-1 / 3, np.sqrt(2) / 3, np.sqrt(6) / 3]]),
    "dodecahedron": 3.0 * np.array([[1, 0, 0], [0, 1, 0], [0.5, 0.5, np.sqrt(0.5)]]),
    "flat and skew": np.array([[4.0, 0, 0], [-1.9, 3.0, 0], [1.7, 1.4, 0.8]]),
}


def by_all_images(points, centres, box):
    """Distance of each point to the nearest centre over 11^3 images."""
    inverse = np.linalg.inv(box)
    shifts = np.array(list(itertools.product(range(-5, 6), repeat=3))) @ box
    result = np.empty(len(points))
    for i, point in enumerate(points):
        away = point - centres
        away -= np.round(away @ inverse) @ box
        squares = ((away[:, None] + shifts) ** 2).sum(axis=2)
        result[i] = np.sqrt(squares.min())
    return result


@pytest.mark.parametrize("name", BOXES)
@pytest.mark.parametrize("reach", [0.01, 0.5, 3.0])
def test_nearest_points_are_those_of_all_images(name, reach, rng):
    box = BOXES[name]
    points = rng.uniform(-3, 4, (150, 3)) @ box
    centres = (0.2 * rng.standard_normal((7, 3)) + rng.uniform(-2, 3, 3)) @ box
    truth = by_all_images(points, centres, box)
    for count in (1, 40, 150):
        rows, farthest = nearest_points(points, centres, count, box, reach)
        assert rows.tolist() == sorted(np.argsort(truth)[:count].tolist())
        assert farthest == pytest.approx(np.sort(truth)[count - 1], abs=1e-9)


@pytest.mark.parametrize("name", BOXES)
def test_distances_are_those_of_descriptors(name, rng):
    cell = Cell(as_vectors(BOXES[name]))
    points = rng.uniform(-1, 1, (200, 3)) @ cell.matrix
    centre = rng.uniform(-1, 1, (1, 3)) @ cell.matrix
    lengths = np.linalg.norm(cell.nearest(points - centre), axis=1)
    rows, farthest = nearest_points(points, centre, 60, cell.matrix)
    assert rows.tolist() == sorted(np.argsort(lengths)[:60].tolist())
    assert farthest == pytest.approx(np.sort(lengths)[59], abs=1e-9)


def test_without_a_box(rng):
    points, centres = rng.uniform(-4, 4, (300, 3)), rng.uniform(-1, 1, (5, 3))
    truth = np.linalg.norm(points[:, None] - centres, axis=2).min(axis=1)
    rows, farthest = nearest_points(points, centres, 100, None)
    assert rows.tolist() == sorted(np.argsort(truth)[:100].tolist())
    assert farthest == pytest.approx(np.sort(truth)[99])


def test_what_is_found_does_not_depend_on_the_frames_before(rng):
    """The reach of a frame begins with that of the frame before."""
    molecules = 2 + np.arange(300).reshape(100, 3)
    waters = Waters(np.arange(2), molecules, 30, np.zeros((3, 3)), 2.5 * np.eye(3))
    frames = rng.uniform(-1, 4, (20, 302, 3)).astype(np.float32)
    # The solute of every third frame is apart, so that more or fewer waters are near.
    frames[::3, 1] = frames[::3, 0] + 1.2
    frames[1::3, 1] = frames[1::3, 0] + 0.01
    alone = np.concatenate([waters.reduce(frames[i : i + 1]) for i in range(20)])
    np.testing.assert_array_equal(waters.reduce(frames), alone)
    np.testing.assert_array_equal(waters.reduce(frames[::-1])[::-1], alone)
    assert waters.reduce(frames[:0]).shape == (0, 92, 3)
