"""Expressions of model potentials."""

import numpy as np
import pytest

from mechanist.settings.load import validate
from mechanist.settings.system import PotentialSettings
from mechanist.systems.forces.potential import build_potential
from mechanist.systems.replicate import replicate


def energy(system, positions):
    import openmm

    platform = openmm.Platform.getPlatformByName("Reference")
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform)
    context.setPositions(positions)
    return context.getState(energy=True).getPotentialEnergy()._value


def built(expression, dimensions=1):
    settings = {"expression": expression, "dimensions": dimensions, "start": ["0.3 nm", "0.2 nm"]}
    settings["start"] = settings["start"][:dimensions]
    return build_potential(validate(PotentialSettings, settings, "test"))[2]


@pytest.mark.parametrize("end", ["", ";", "; \n"])
def test_definitions_after_semicolons(end):
    plain, defined = built("5*(x^2-1)^2"), built(f"h*w^2; w = x^2-1;\n h = 5{end}")
    for x in (-1.2, 0.3, 0.9):
        # y and z are harmonic in both.
        at = np.array([[x, 0.1, -0.2]])
        assert energy(defined, at) == pytest.approx(energy(plain, at), rel=1e-12)


def test_definitions_survive_stacking():
    system = built("h*w^2 + y^2; w = x^2-1; h = 5", dimensions=2)
    at = np.array([[0.3, 0.2, 0.1]])
    assert energy(replicate(system, 3, "pairs"), np.repeat(at, 3, axis=0)) == pytest.approx(
        3 * energy(system, at), rel=1e-12
    )
