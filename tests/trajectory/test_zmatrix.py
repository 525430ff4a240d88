import numpy as np
import pytest
import torch

from benchmarks.trajectory.reference.molecules import MOLECULES, molecule
from mechanist.errors import DataError
from mechanist.trajectory.propagator.momentum import momenta, repaired
from mechanist.trajectory.propagator.zmatrix import unwrapped, zmatrix_of
from mechanist.trajectory.trajectory import masses_of


def shaken(name, frames=20):
    rng = np.random.default_rng(3)
    start = molecule(name).positions
    x = start - start.mean(axis=0) + 0.005 * rng.normal(size=(frames, *start.shape))
    return torch.tensor(x), torch.tensor(rng.normal(size=x.shape))


@pytest.mark.parametrize("name", sorted(MOLECULES))
def test_positions_and_velocities_come_back(name):
    x, v = shaken(name)
    zmatrix = zmatrix_of(x[0].numpy())
    assert zmatrix.inside.sum() == 3 * x.shape[1] - 6
    back = zmatrix.back(*zmatrix.there(x, v))
    # A dozen atoms, each placed on the ones before: 1e-16 nm grows along the chain.
    assert (back[0] - x).abs().max() < 1e-10
    assert (back[1] - v).abs().max() < 1e-10


def test_a_diatomic_molecule_has_coordinates():
    x = torch.tensor([[[0.01, 0.02, 0.0], [0.11, 0.03, 0.01]]], dtype=torch.float64)
    zmatrix = zmatrix_of(x[0].numpy())
    assert zmatrix.inside.tolist() == [[False] * 3, [True, False, False]]
    assert (zmatrix.cartesian(zmatrix.internal(x)) - x).abs().max() < 1e-14


def test_velocities_are_those_of_finite_differences():
    x, v = shaken("ethanol", 4)
    zmatrix = zmatrix_of(x[0].numpy())
    speed = zmatrix.there(x, v)[1]
    h = 1e-6
    ahead, behind = zmatrix.internal(x + h * v), zmatrix.internal(x - h * v)
    ahead[..., 2] = unwrapped(ahead[..., 2], behind[..., 2])
    # Third derivatives of angles times h^2 / 6: some 1e-8.
    np.testing.assert_allclose(speed, (ahead - behind) / (2 * h), rtol=1e-6, atol=1e-6)


def test_values_of_known_coordinates():
    # A right angle in the xy plane, then a quarter turn out of it.
    x = torch.tensor([[[0.1, 0, 0], [0, 0, 0], [0, 0.1, 0], [0, 0.1, 0.1]]], dtype=torch.float64)
    zmatrix = zmatrix_of(x[0].numpy())
    assert zmatrix.find(3, 2, 1, 0) == (3, 2)
    assert zmatrix.find(0, 1) == (1, 0)
    q = zmatrix.internal(x)[0, 3]
    np.testing.assert_allclose(q.abs(), [0.1, np.pi / 2, np.pi / 2], atol=1e-14)
    mirrored = zmatrix.internal(x * torch.tensor([1.0, 1, -1]))[0, 3]
    assert float(mirrored[2]) == pytest.approx(-float(q[2]))
    with pytest.raises(DataError, match="none of its coordinates"):
        zmatrix.find(3, 0)


def test_atoms_on_a_line_lean_on_others():
    line = np.array([[0.0, 0, 0], [0.1, 0, 0], [0.2, 0, 0], [0.3, 0, 0]])
    zmatrix = zmatrix_of(line)
    x = torch.tensor(line)[None] + 1e-4
    assert (zmatrix.cartesian(zmatrix.internal(x)) - x).abs().max() < 1e-10


def test_dihedrals_are_unwrapped_by_whole_turns():
    turns = torch.tensor([3.1, -3.1, 0.2])
    np.testing.assert_allclose(
        unwrapped(turns, torch.tensor([-3.1, 3.1, 0.0])),
        [3.1 - 2 * np.pi, 2 * np.pi - 3.1, 0.2],
        rtol=1e-6,
    )


@pytest.mark.parametrize("name", ["ethanol", "line"])
def test_momentum_is_repaired(name):
    if name == "line":
        x, masses = (
            np.array([[[0.0, 0, 0], [0.1, 0, 0], [0.25, 0, 0]]]),
            np.array([1.0, 12.0, 14.0]),
        )
        v = np.random.default_rng(1).normal(size=x.shape)
    else:
        x, v = (one.numpy() for one in shaken(name))
        masses = masses_of(molecule(name).numbers)
    target = momenta(x, np.random.default_rng(2).normal(size=v.shape), masses)
    fixed = repaired(x, v, masses, target)
    np.testing.assert_allclose(momenta(x, fixed, masses), target, atol=1e-10)
    np.testing.assert_allclose(momenta(x, repaired(x, v, masses), masses), 0, atol=1e-10)
    # What is right is not touched.
    np.testing.assert_allclose(repaired(x, fixed, masses, target), fixed, atol=1e-10)
