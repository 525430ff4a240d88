"""Sorted values and sums over triples of atoms as forces of OpenMM."""

import numpy as np
import openmm
import pytest

from mechanist.errors import DataError
from mechanist.formula.export import openmm_force, openmm_xml
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from mechanist.systems.descriptors.shapes import Angular, Bridges, HydrogenBonds, Sorted
from tests.formula.test_export import context_of, energies
from tests.plumed.cases import (
    BOXES,
    COLLECTIVES,
    FIXED,
    FOR_ALL,
    SHELL,
    SORTED,
    TRIPLES,
    exact,
    frames_of,
    inputs_in,
)

TOLERANCE = 1e-6
LINK = FOR_ALL[-1]
OTHER = (*FOR_ALL[:-1], *FIXED, *COLLECTIVES)


def forces(force, frames, box=None):
    """Forces in kJ/mol/nm (F, N, 3), on the platform CPU, which the energies do not use."""
    context = context_of(force, frames.shape[1], box, "CPU")
    found = []
    for frame in frames:
        context.setPositions(frame)
        state = context.getState(getForces=True)
        found.append(state.getForces(asNumpy=True)._value)
    return np.array(found)


def check_forces(inputs, frames, rng):
    """By central differences along random directions, whose error is of order step^2.

    A value of two equivalent atoms has a kink where these change their order; within a step of
    1e-6 of that no frame of a hundred is expected.
    """
    (name,) = inputs.names
    found = forces(openmm_force(f"1*{name}", inputs), frames, inputs.box)
    ways = rng.normal(size=frames.shape)
    low, high = (exact(inputs, frames + sign * 1e-6 * ways)[:, 0] for sign in (-1, 1))
    slopes = (high - low) / 2e-6
    assert np.abs(slopes).max() > 0.1
    np.testing.assert_allclose(-(found * ways).sum(axis=(1, 2)), slopes, rtol=1e-5, atol=1e-5)
    # No force is left over: a shift of all atoms changes nothing.
    assert np.abs(found.sum(axis=1)).max() < 1e-4


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("descriptor", [*SORTED, *TRIPLES, LINK], ids=lambda d: d.name)
def test_value_and_forces_on_a_thousand_frames(descriptor, box, alanine):
    inputs = inputs_in(BOXES[box], [descriptor])
    frames = frames_of(alanine.positions, 1000, BOXES[box], 21)
    force = openmm.XmlSerializer.deserialize(openmm_xml(f"1*{descriptor.name}", inputs))
    found, right = energies(force, frames, BOXES[box]), exact(inputs, frames)[:, 0]
    assert right.std() > 0.01
    assert np.abs(found - right).max() < TOLERANCE
    check_forces(inputs, frames[:100], np.random.default_rng(22))


@pytest.mark.parametrize("descriptor", OTHER, ids=lambda d: d.name)
def test_forces_of_other_kinds(descriptor, alanine):
    inputs = inputs_in(None, [descriptor])
    frames = frames_of(alanine.positions, 20, None, 23)
    (name,) = inputs.names
    found = forces(openmm_force(f"sin({name})", inputs), frames)
    ways = np.random.default_rng(24).normal(size=frames.shape)
    low, high = (np.sin(exact(inputs, frames + sign * 1e-6 * ways)[:, 0]) for sign in (-1, 1))
    slopes = (high - low) / 2e-6
    # The platform computes some of these forces in single precision.
    np.testing.assert_allclose(-(found * ways).sum(axis=(1, 2)), slopes, rtol=1e-3, atol=1e-3)


def test_equal_values_share_their_ranks():
    frame = np.array([[[0, 0, 0], [0.1, 0, 0], [0, 0.1, 0], [0, 0, 0.25], [0, -0.3, 0]]])
    atoms = (0, 4, 0, 1, 0, 3, 0, 2)
    for rank, right in enumerate((0.1, 0.1, 0.25, 0.3)):
        inputs = DescriptorSet(
            (Descriptor("r", "sorted", atoms, 0, (), Sorted("distance", 4, rank)),)
        )
        assert inputs.values(frame)[0, 0] == right
        assert energies(openmm_force("1*r", inputs), frame)[0] == pytest.approx(right, abs=1e-15)


def test_sums_without_a_row_are_zero():
    none = Descriptor(
        "hb", "hydrogen_bonds", (1,), 0, ((0,), (0,)), HydrogenBonds(0.25, -0.5, 9, 5)
    )
    one = Descriptor("G5", "angular", (0,), 0, ((1,),), Angular(**SHELL, zeta=2, sign=1))
    frames = np.random.default_rng(3).normal(size=(3, 2, 3))
    inputs = DescriptorSet((none, one))
    assert (inputs.values(frames) == 0).all()
    assert (energies(openmm_force("hb + G5", inputs), frames) == 0).all()


def test_what_has_too_many_terms_is_refused():
    many = tuple(range(1, 1002))
    for descriptor, why in (
        (
            Descriptor("s", "sorted", many[:62], 0, (), Sorted("distance", 31, 0)),
            r"'s' \(sorted\) cannot be written for OpenMM: it is one of 31 sorted values, more"
            " than 30",
        ),
        (
            Descriptor("G5", "angular", (0,), 0, (many,), Angular(**SHELL, zeta=2, sign=1)),
            r"'G5' \(angular\) .*: it has 500500 pairs of atoms around the centre, more than"
            " 200000",
        ),
        (
            Descriptor(
                "hb", "hydrogen_bonds", many, 0, (many, many[:400]), HydrogenBonds(0.25, -0.5, 9, 5)
            ),
            r"'hb' \(hydrogen bonds\) .*: it has 400000 pairs H\.\.\.A, more than 200000",
        ),
        (
            Descriptor(
                "b", "bridges", many[:31], 0, (many[31:61], many[61:]), Bridges((0.3, 0.4), 9)
            ),
            r"'b' \(bridges\) .*: its groups have 61 atoms, more than 60",
        ),
    ):
        with pytest.raises(DataError, match=why):
            openmm_force(f"2*{descriptor.name}", DescriptorSet((descriptor,)))
