"""Integrated gradients: of functions whose answer is known, and of propagators."""

import numpy as np
import pytest
import torch

from benchmarks.trajectory.measure import twist
from benchmarks.trajectory.measure.attribution import (
    inputs_of,
    integrated_gradients,
    later,
    names,
)
from benchmarks.trajectory.measure.outcomes import agreement, ends_of, sides, stability
from benchmarks.trajectory.reference.molecules import molecule
from mechanist.trajectory.propagator.learned import LearnedMotion
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
    learned = LearnedMotion(forces, motion.masses, motion.dt_ps)
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


def test_outcomes_and_stability_of_springs(explained):
    found = explained["outcomes"]
    assert found["ends"] == 4
    # The springs' rest is at 90 degrees, so that most ends are near.
    assert found["undecided"] == 75
    assert found["percent"] == 100
    assert found["error"] < 5
    stable = explained["stability"]
    assert stable["rankings"] == 2 * len(twist.BASELINES) - 1
    assert 0.5 < stable["lowest"] <= stable["spearman"] <= 1


def test_agreement_of_outcomes():
    degrees = np.radians
    true = [degrees(np.array([10.0, 170.0])), degrees(np.array([350.0, 95.0]))]
    made = [degrees(np.array([355.0, 150.0])), degrees(np.array([30.0, 140.0]))]
    found = agreement(made, true)
    # Of four ends the last is undecided in truth and trans in the other motion.
    assert found["ends"] == 4
    assert found["percent"] == 75
    assert found["trans"] == found["undecided"] == 25
    assert found["error"] == pytest.approx(np.median([15, 20, 40, 45]))
    assert list(sides(degrees(np.array([0.0, 69.0, 71.0, 109.0, 111.0])))) == [-1, -1, 0, 0, 1]


def test_stability_of_rankings():
    told, same = np.array([5.0, -4.0, 3.0, 2.0, 1.0]), np.array([-50.0, 40.0, 30.0, 20.0, 10.0])
    other = np.array([4.0, 1.0, 3.0, 2.0, 5.0])
    found = stability([told, same, other], (0, 1))
    assert found["rankings"] == 2
    assert found["first"] == pytest.approx(200 / 3)
    # Of ranks 5 4 3 2 1 and 4 1 3 2 5: 1 - 6 (1 + 9 + 0 + 0 + 16) / (5 * 24).
    assert found["lowest"] == pytest.approx(-0.3)
    assert found["spearman"] == pytest.approx(0.35)


def test_ends_of_a_shot_are_those_of_the_motion(motion):
    rows = np.linspace(0, 4000, 30).astype(int)
    orders = molecule("ethanol").permutations
    learned = LearnedMotion(
        fit_forces(motion.positions[rows], motion.forces[rows], orders), motion.masses, motion.dt_ps
    )
    shot = motion[2000:2021]
    found = ends_of(learned, shot)
    moved = np.abs(shot.positions[[0, -1]] - shot.positions[10]).max()
    assert np.abs(found - shot.positions[[0, -1]]).max() < 0.05 * moved
