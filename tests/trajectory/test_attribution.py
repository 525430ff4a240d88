"""Integrated gradients: of functions whose answer is known, and of propagators."""

import numpy as np
import pytest
import torch

from mechanist.trajectory.molecules import molecule
from mechanist.trajectory.propagator import twist
from mechanist.trajectory.propagator.attribution import (
    inputs_of,
    integrated_gradients,
    later,
    names,
)
from mechanist.trajectory.propagator.learned import motion_of
from mechanist.trajectory.propagator.zmatrix import zmatrix_of
from mechanist.trajectory.superres.forcefield import fit_forces


def test_attributions_of_a_polynomial():
    point = torch.tensor([1.0, 2.0, 5.0], dtype=torch.float64)
    baseline = torch.tensor([0.0, 1.0, 5.0], dtype=torch.float64)
    found = integrated_gradients(lambda z: z[:, 0] * z[:, 1] + z[:, 2] ** 2, point, baseline)
    # x y along (k, 1 + k): the integrals of 1 + k and of k.
    np.testing.assert_allclose(found.values, [1.5, 0.5, 0.0], atol=1e-12)
    assert found.difference == pytest.approx(2.0)
    assert found.incompleteness < 1e-12


def test_attributions_of_a_propagator_add_up(motion):
    rows = np.linspace(0, 4000, 30).astype(int)
    orders = molecule("ethanol").permutations
    forces = fit_forces(motion.positions[rows], motion.forces[rows], orders)
    learned = motion_of(forces, motion.masses, motion.dt_ps)
    zmatrix = zmatrix_of(motion.positions[0])
    x, v = motion.positions[4600], motion.velocities[4600]
    rest = motion.positions[4500]
    point = inputs_of(zmatrix, x, v)
    baseline = inputs_of(zmatrix, rest, np.zeros_like(rest), point.numpy())
    which = 8, 2
    output = later(learned, zmatrix, which, 10)
    found = integrated_gradients(output, point, baseline, 41)
    assert found.incompleteness < 0.01
    made = learned(np.array([x, rest]), np.array([v, 0 * v]), np.array([10 * motion.dt_ps]))
    angles = zmatrix.internal(torch.tensor(made.positions[:, 0]))[:, which[0], which[1]]
    assert np.sin(found.difference) == pytest.approx(float(torch.sin(angles[0] - angles[1])))
    label = names(zmatrix, motion.numbers)
    assert len(label) == len(found.values) == 54
    one, other = 3 * 8 + 2, label.index("distance H3-C0")
    assert label[one].startswith("dihedral H8-O2-C1-")
    # A bond far away pushes less than the dihedral itself.
    assert abs(found.values[one]) > abs(found.values[other])


def test_azobenzene_of_springs_is_explained(explained):
    known, found = twist.azobenzene(), explained
    assert found["incompleteness"] < 0.01
    assert found["dihedral"] == "dihedral C8-N1-N0-C2"
    assert found["ranking"][0]["input"] == found["dihedral"]
    sizes = [abs(row["degrees"]) for row in found["ranking"]]
    assert sizes == sorted(sizes, reverse=True)
    assert abs(found["after"] - 90) < 20
    again = known.zmatrix.internal(torch.tensor(known.turned(1.0))[None])
    assert float(again[0, known.row, 2]) == pytest.approx(1.0)
