"""Exported formulas and networks in PLUMED itself; skipped where there is no kernel."""

import re

import numpy as np
import openmm
import pytest
from openmm import unit

from mechanist.committor.export import plumed_network
from mechanist.formula.export import plumed_text
from mechanist.formula.expression import evaluate
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from mechanist.systems.descriptors.shapes import Rmsd
from mechanist.systems.prepared import load_inputs
from tests.conftest import REPOSITORY
from tests.plumed.cases import (
    ALL_KINDS,
    BOXES,
    EVERY,
    FIXED,
    FOR_ALL,
    double_q,
    exact,
    frames_of,
    inputs_in,
    network_of,
)
from tests.plumed.kernel import Session, debug_forces, kernel, values

__all__ = ["kernel"]

TOLERANCE = 1e-6


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("descriptor", [*EVERY, *FIXED], ids=lambda d: d.name)
def test_every_descriptor_and_its_forces(descriptor, box, kernel, alanine):
    inputs = inputs_in(BOXES[box], [descriptor])
    frames = frames_of(alanine.positions, 1000, BOXES[box], 1)
    text = plumed_text(f"1*{descriptor.name}", inputs)
    right = exact(inputs, frames)[:, 0]
    assert np.abs(values(text, "q", frames, BOXES[box]) - right).max() < TOLERANCE
    check_forces(text, frames[:2], BOXES[box])


def check_forces(text, frames, box):
    """Numerical forces are forward differences, written with six decimals."""
    own, numerical = debug_forces(text, "q", frames, box)
    atoms = 3 * frames.shape[1]
    rows = np.concatenate([np.arange(k * (atoms + 9), k * (atoms + 9) + atoms) for k in (0, 1)])
    assert np.abs(own[rows]).max() > 0.01
    assert np.abs(own - numerical)[rows].max() < 2e-3 * np.abs(own[rows]).max() + 1e-4


@pytest.mark.parametrize("box", BOXES)
def test_formula_on_a_thousand_frames(box, kernel, alanine):
    inputs = inputs_in(BOXES[box], EVERY)
    frames = frames_of(alanine.positions, 1000, BOXES[box], 2)
    columns = dict(zip(inputs.names, exact(inputs, frames).T, strict=True))
    text = plumed_text(ALL_KINDS, inputs)
    found = values(text, "q", frames, BOXES[box])
    assert np.abs(found - evaluate(ALL_KINDS, columns)).max() < TOLERANCE
    check_forces(text, frames[:2], BOXES[box])


@pytest.mark.parametrize("box", BOXES)
def test_network_on_a_thousand_frames(box, kernel, alanine):
    inputs = inputs_in(BOXES[box], EVERY, () if BOXES[box] else FIXED)
    frames = frames_of(alanine.positions, 1000, BOXES[box], 3)
    model = network_of(inputs, frames)
    text = plumed_network(model, inputs)
    right = double_q(model, inputs.features(exact(inputs, frames)))
    assert np.abs(values(text, "q", frames, BOXES[box]) - right).max() < TOLERANCE
    check_forces(text, frames[:2], BOXES[box])


def test_network_of_all_inputs_of_a_shipped_system(kernel, alanine, alanine_layout):
    inputs = load_inputs(alanine_layout)
    frames = frames_of(alanine.positions, 100, None, 4)
    model = network_of(inputs, frames)
    right = double_q(model, inputs.features(inputs.values(frames)))
    assert np.abs(values(plumed_network(model, inputs), "q", frames) - right).max() < TOLERANCE


def test_structures_of_atoms_that_five_digits_do_not_number(kernel):
    atoms = (2, 99_998, 99_999, 100_000, 112_345)
    rng = np.random.default_rng(7)
    reference = tuple(map(tuple, rng.normal(size=(5, 3)).round(5).tolist()))
    inputs = DescriptorSet((Descriptor("far", "rmsd", atoms, shape=Rmsd(reference, 120_000)),))
    frames = rng.normal(size=(2, 120_000, 3))
    found = values(plumed_text("1*far", inputs), "q", frames)
    np.testing.assert_allclose(found, inputs.values(frames)[:, 0], atol=TOLERANCE)


def test_names_of_descriptors_that_stand_for_something_else(kernel, alanine):
    names = ("q", "n0l0u0", "nq", "e", "x", "n", "u", "nn1", "nu")
    inputs = inputs_in(
        None, [type(d)(name, *fields(d)) for name, d in zip(names, FOR_ALL, strict=True)]
    )
    frames = frames_of(alanine.positions, 20, None, 5)
    model = network_of(inputs, frames, 2, (3, 2))
    right = double_q(model, inputs.features(inputs.values(frames)))
    assert np.abs(values(plumed_network(model, inputs), "q_", frames) - right).max() < TOLERANCE


def fields(d):
    return d.kind, d.atoms, d.axis, d.others, d.shape


def test_the_input_of_the_page(kernel, alanine, tmp_path, monkeypatch):
    page = (REPOSITORY / "docs" / "use-q-elsewhere.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```\n(INCLUDE.*?)```", page, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    text = plumed_text("8*sin(phi)", inputs_in(None, FOR_ALL))
    (tmp_path / "formula.plumed").write_text(text, encoding="utf-8")
    session = Session(block, len(alanine.masses)).watch("b")
    for _ in range(300):
        energy, _ = session.forces(alanine.positions)
    q = evaluate(
        "8*sin(phi)", {"phi": inputs_in(None, FOR_ALL[:1]).values(alanine.positions[None])[:, 0]}
    )
    assert session.data["b"][0] == pytest.approx(10 * np.tanh(q[0] / 10), abs=1e-9)
    assert energy == pytest.approx(2, abs=0.01)


@pytest.mark.parametrize("what", ["formula", "network"])
def test_metadynamics_along_q(what, kernel, alanine):
    """PLUMED biases alanine dipeptide, which OpenMM moves; each hill pushes q from where it was."""
    inputs = inputs_in(None, FOR_ALL)
    frames = frames_of(alanine.positions, 100, None, 6)
    text = plumed_text("8*sin(phi)", inputs)
    if what == "network":
        text = plumed_network(network_of(inputs, frames, 2, (8, 4)), inputs)
    text += "m: METAD ARG=q SIGMA=0.4 HEIGHT=2.0 PACE=20 GRID_MIN=-60 GRID_MAX=60 FILE=/dev/null\n"
    session = Session(text, len(alanine.masses)).watch("q", "m.bias")
    history = []

    def bias(state):
        energy, forces = session.forces(state.getPositions(asNumpy=True)._value)
        history.append((float(session.data["q"][0]), energy))
        return energy, forces

    system = openmm.XmlSerializer.clone(alanine.system)
    system.addForce(openmm.PythonForce(bias))
    integrator = openmm.LangevinMiddleIntegrator(300 * unit.kelvin, 1 / unit.picosecond, 0.002)
    integrator.setRandomNumberSeed(1)
    platform = openmm.Platform.getPlatformByName("Reference")
    context = openmm.Context(system, integrator, platform)
    context.setPositions(alanine.positions)
    context.setVelocitiesToTemperature(300 * unit.kelvin, 1)
    integrator.step(3000)
    q, energy = np.array(history).T
    assert energy[:20].max() == 0
    # A hundred hills and more lie where q has been: the bias at q is many of them.
    assert energy[-1000:].mean() > 8
    assert np.isfinite(q).all()
    # The bias drives q through a wider range than it covers before the hills are high.
    assert np.ptp(q[-1000:]) > np.ptp(q[:500])
