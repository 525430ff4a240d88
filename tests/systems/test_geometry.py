import mdtraj
import numpy as np
import pytest

from mechanist.systems.descriptors import geometry
from mechanist.systems.descriptors.box import Cell


@pytest.fixture
def positions(rng):
    return rng.normal(scale=0.3, size=(50, 6, 3))


def trajectory(positions, box=None):
    topology = mdtraj.Topology()
    residue = topology.add_residue("X", topology.add_chain())
    for _ in range(positions.shape[1]):
        topology.add_atom("C", mdtraj.element.carbon, residue)
    result = mdtraj.Trajectory(positions, topology)
    if box is not None:
        result.unitcell_lengths = np.tile(box, (len(positions), 1))
        result.unitcell_angles = np.full((len(positions), 3), 90.0)
    return result


# mdtraj works in float32; 1e-4 is far above its rounding and far below any error of definition.
@pytest.mark.parametrize("box", [None, np.array([0.9, 1.0, 1.1])])
def test_against_mdtraj(positions, box):
    reference = trajectory(positions, box)
    periodic = box is not None
    box = Cell(tuple(map(tuple, np.diag(box)))) if periodic else None
    pairs, triples = np.array([[0, 1], [2, 5]]), np.array([[0, 1, 2], [3, 4, 5]])
    quadruples = np.array([[0, 1, 2, 3], [2, 3, 4, 5], [5, 3, 1, 0]])
    ours = geometry.distances(positions, pairs, box)
    np.testing.assert_allclose(
        ours, mdtraj.compute_distances(reference, pairs, periodic=periodic), atol=1e-4
    )
    ours = geometry.angles(positions, triples, box)
    theirs = mdtraj.compute_angles(reference, triples, periodic=periodic)
    np.testing.assert_allclose(np.cos(ours), np.cos(theirs), atol=1e-4)
    ours = geometry.torsions(positions, quadruples, box)
    theirs = mdtraj.compute_dihedrals(reference, quadruples, periodic=periodic)
    np.testing.assert_allclose(np.exp(1j * ours), np.exp(1j * theirs), atol=2e-3)


def test_a_height_is_the_distance_from_the_plane_with_a_sign(rng):
    # The plane is z = 0 turned and shifted at random; its atoms are counter-clockwise from above.
    up = np.array([0.4, -0.7, 0.25])
    flat = np.array([[0, 0, 0], [1.0, 0.2, 0], [0.3, 0.9, 0], up])
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    rotation *= np.sign(np.linalg.det(rotation))
    places = (flat @ rotation.T + rng.normal(size=3))[None]
    atoms = np.array([[3, 0, 1, 2], [3, 1, 2, 0], [3, 1, 0, 2]])
    np.testing.assert_allclose(geometry.heights(places, atoms)[0], [0.25, 0.25, -0.25], atol=1e-12)
    cell = Cell(((3.0, 0.0, 0.0), (0.0, 3.5, 0.0), (0.0, 0.0, 4.0)))
    moved = places + np.array([3.0, 3.5, 4.0]) * rng.integers(-2, 3, size=places.shape)
    found = geometry.heights(moved, atoms, cell)[0]
    np.testing.assert_allclose(found, [0.25, 0.25, -0.25], atol=1e-12)


def test_a_difference_is_that_of_two_distances(rng):
    places = rng.uniform(0, 3, size=(5, 4, 3))
    cell = Cell(((3.0, 0.0, 0.0), (0.0, 3.5, 0.0), (0.0, 0.0, 4.0)))
    atoms = np.array([[0, 1, 2, 1], [3, 0, 1, 2]])
    for box in (None, cell):
        first, second = (geometry.distances(places, part, box) for part in np.hsplit(atoms, 2))
        found = geometry.differences(places, atoms, box)
        np.testing.assert_allclose(found, first - second, atol=1e-15)
        turned = geometry.differences(places, atoms[:, [2, 3, 0, 1]], box)
        np.testing.assert_allclose(turned, -found, atol=1e-15)


def test_sign_of_a_torsion_is_iupac():
    # Looking along the middle bond, the far bond is turned clockwise by 90 degrees.
    positions = np.array([[[1.0, 0, 0], [0, 0, 0], [0, 0, 1.0], [0, 1.0, 1.0]]])
    assert geometry.torsions(positions, np.array([[0, 1, 2, 3]]))[0, 0] == pytest.approx(np.pi / 2)
