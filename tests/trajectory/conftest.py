"""A small molecule in a force field that costs nothing: springs between all atoms."""

import numpy as np
import pytest

from benchmarks.trajectory.reference.molecules import molecule
from benchmarks.trajectory.reference.nve import constant_energy, heat
from mechanist.trajectory.trajectory import Meta, masses_of


class Springs:
    """V = sum over pairs of k/2 (r - r0)^2 + c (r - r0)^3, stiff where atoms are near."""

    def __init__(self, positions):
        self.i, self.j = np.triu_indices(len(positions), 1)
        self.rest = np.linalg.norm(positions[self.i] - positions[self.j], axis=1)
        self.k = np.where(self.rest < 0.16, 2.0e5, 1.0e4)

    def __call__(self, positions):
        away = positions[self.i] - positions[self.j]
        r = np.linalg.norm(away, axis=1)
        long = r - self.rest
        pull = -(self.k * long - 8 * self.k * long**2)[:, None] * away / r[:, None]
        forces = np.zeros_like(positions)
        np.add.at(forces, self.i, pull)
        np.add.at(forces, self.j, -pull)
        return float((self.k * (long**2 / 2 - 8 * long**3 / 3)).sum()), forces


@pytest.fixture(scope="session")
def springs():
    return Springs(molecule("ethanol").positions)


@pytest.fixture(scope="session")
def motion(springs):
    """6,000 frames of ethanol-like springs at constant energy, 0.5 fs, 300 K."""
    start = molecule("ethanol")
    masses = masses_of(start.numbers)
    rng = np.random.default_rng(11)
    x, v = heat(springs, start.positions, masses, 300.0, 1000, 5e-4, rng)
    meta = Meta(source="test", integrator_dt_ps=5e-4, seed=11)
    return constant_energy(springs, x, v, start.numbers, masses, 6000, 5e-4, meta)


def turn(rng):
    """A random rotation (3, 3)."""
    left, _, right = np.linalg.svd(rng.normal(size=(3, 3)))
    return left * np.sign(np.linalg.det(left @ right)) @ right
