"""Platforms that a structure is minimised on."""

import numpy as np
import openmm
import pytest

from mechanist.errors import SystemBuildError
from mechanist.systems.build.minimise import LARGE, minimise, suitable

EVERY = ["Reference", "CPU", "OpenCL", "CUDA"]


@pytest.mark.parametrize(
    ("atoms", "periodic", "there", "gpu", "expected"),
    [
        (22, False, EVERY, True, ["Reference"]),
        (22, True, EVERY, True, ["CPU"]),
        (LARGE, True, EVERY, True, ["CUDA", "OpenCL", "CPU"]),
        (LARGE, True, EVERY, False, ["CPU"]),
        (LARGE, True, ["Reference"], False, ["Reference"]),
    ],
)
def test_large_systems_are_minimised_on_a_gpu_if_there_is_one(
    atoms, periodic, there, gpu, expected
):
    assert suitable(atoms, periodic, there, gpu) == expected


def test_a_minimum_is_found_and_what_has_none_is_refused(tmp_path):
    system = openmm.System()
    system.addParticle(1)
    system.addParticle(1)
    bond = openmm.HarmonicBondForce()
    bond.addBond(0, 1, 0.15, 1000)
    system.addForce(bond)
    start = np.array([[0, 0, 0], [0.3, 0, 0]])
    found = minimise(system, start, tmp_path / "two.pdb")
    assert np.linalg.norm(found[1] - found[0]) == pytest.approx(0.15, abs=2e-3)
    broken = openmm.CustomExternalForce("1/(x-x)")
    broken.addParticle(0)
    system.addForce(broken)
    with pytest.raises(SystemBuildError, match=r"two\.pdb"):
        minimise(system, start, tmp_path / "two.pdb")
