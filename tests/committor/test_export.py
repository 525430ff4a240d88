"""The network in other programs gives the same q as here, from positions."""

import importlib.util
import subprocess
import sys

import numpy as np
import openmm
import pytest

from mechanist.committor.export import EXPORTS, plumed_network, write_network
from mechanist.committor.network import save
from mechanist.errors import DataError
from mechanist.systems.descriptors.descriptor_set import Descriptor
from mechanist.systems.descriptors.plumed_actions import PLUMED
from mechanist.systems.descriptors.shapes import Column, HydrogenBonds
from mechanist.systems.prepared import load_inputs
from tests.formula.test_export import energies
from tests.plumed.cases import (
    BOXES,
    EVERY,
    FIXED,
    FOR_ALL,
    double_q,
    frames_of,
    inputs_in,
    network_of,
)

TOLERANCE = 1e-6

COLUMN = Descriptor("rg", "column", (3,), 1, shape=Column("nm", False))


def exported(model, inputs, folder, name="network"):
    """The folder committor of a run, and its Python file imported under a name."""
    folder.mkdir(exist_ok=True)
    save(model, folder / "model.safetensors", folder / "model.json")
    write_network(model, inputs, folder)
    spec = importlib.util.spec_from_file_location(name, folder / EXPORTS["python"])
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("box", BOXES)
def test_python_and_openmm_agree_on_every_kind(box, alanine, tmp_path):
    inputs = inputs_in(BOXES[box], EVERY, () if BOXES[box] else FIXED)
    frames = frames_of(alanine.positions, 1000, BOXES[box], 1)
    model = network_of(inputs, frames)
    features = inputs.features(inputs.values(frames))
    right = double_q(model, features)
    assert right.std() > 0.5
    module = exported(model, inputs, tmp_path / "a", f"network_{box}")
    # G5 is computed in single precision here: 1e-5 of values of order 100.
    rounding = 1e-5 * np.abs(features).max() * np.abs(module.network().of_features(features[0])[1])
    q = module.q(frames)
    assert np.abs(q - right).max() < max(TOLERANCE, rounding.max())
    # The model itself is evaluated in single precision.
    assert np.abs(model.q(features) - right).max() < 1e-5
    np.testing.assert_allclose(module.p_B(frames[0]), 1 / (1 + np.exp(-module.q(frames[0]))))
    found = energies(module.openmm_force(), frames, BOXES[box])
    assert np.abs(found - q).max() < TOLERANCE


@pytest.mark.parametrize("box", BOXES)
def test_the_gradient_is_that_of_q(box, alanine, tmp_path):
    """By central differences, whose error is of order step^2."""
    inputs = inputs_in(BOXES[box], EVERY, () if BOXES[box] else FIXED)
    frames = frames_of(alanine.positions, 200, BOXES[box], 2)
    module = exported(network_of(inputs, frames), inputs, tmp_path / "a", f"slope_{box}")
    rng = np.random.default_rng(1)
    for frame in frames[:10]:
        _, gradient = module.network().q_and_gradient(frame)
        way = rng.normal(size=frame.shape)
        low, high = (module.q(frame + sign * 1e-6 * way) for sign in (-1, 1))
        assert (gradient * way).sum() == pytest.approx((high - low) / 2e-6, rel=1e-5, abs=1e-4)
        # A shift of all atoms changes nothing but coordinates.
        if BOXES[box]:
            assert np.abs(gradient.sum(axis=0)).max() < 1e-9 * np.abs(gradient).max()


def test_all_inputs_of_a_shipped_system(alanine_layout, alanine, tmp_path):
    inputs = load_inputs(alanine_layout)
    frames = frames_of(alanine.positions, 100, None, 4)
    model = network_of(inputs, frames)
    module = exported(model, inputs, tmp_path / "a", "network_all")
    right = double_q(model, inputs.features(inputs.values(frames)))
    assert np.abs(module.q(frames) - right).max() < TOLERANCE


@pytest.mark.parametrize("hidden", [(), (4,), (3, 3, 3)])
def test_networks_of_other_depths(hidden, alanine, tmp_path):
    inputs = inputs_in(None, FOR_ALL)
    frames = frames_of(alanine.positions, 50, None, 5)
    model = network_of(inputs, frames, 2, hidden)
    module = exported(model, inputs, tmp_path / "a", f"network_{len(hidden)}")
    right = double_q(model, inputs.features(inputs.values(frames)))
    assert np.abs(module.q(frames) - right).max() < TOLERANCE


def test_as_a_variable_of_metadynamics(alanine, tmp_path):
    """A collective variable is copied by OpenMM, which needs the module by its name."""
    inputs = inputs_in(None, FOR_ALL)
    frames = frames_of(alanine.positions, 20, None, 6)
    module = exported(network_of(inputs, frames), inputs, tmp_path / "a", "network_cv")
    force = openmm.CustomCVForce("0.5*(q - 1)^2")
    force.addCollectiveVariable("q", module.openmm_force())
    np.testing.assert_allclose(
        energies(force, frames), 0.5 * (module.q(frames) - 1) ** 2, atol=TOLERANCE
    )


def test_the_file_needs_numpy_alone(alanine, tmp_path):
    inputs = inputs_in(None, FOR_ALL)
    frames = frames_of(alanine.positions, 20, None, 7)
    module = exported(network_of(inputs, frames), inputs, tmp_path / "a", "network_alone")
    np.save(tmp_path / "a" / "frames.npy", frames)
    code = (
        "import sys, numpy as np\nfrom network import q\nprint(*q(np.load('frames.npy')))\n"
        "print(*(n for n in ('mechanist', 'torch', 'openmm', 'safetensors') if n in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path / "a", env={}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    numbers, loaded = done.stdout.split("\n")[:2]
    np.testing.assert_array_equal([float(word) for word in numbers.split()], module.q(frames))
    assert loaded == ""


def test_what_cannot_be_written_is_said(alanine, tmp_path):
    inputs = inputs_in(None, FOR_ALL, [COLUMN])
    frames = frames_of(alanine.positions, 20, None, 8)
    model = network_of(inputs, frames)
    with pytest.raises(DataError, match="q uses rg, a column of the imported table"):
        plumed_network(model, inputs)
    folder = tmp_path / "a"
    folder.mkdir()
    save(model, folder / "model.safetensors", folder / "model.json")
    write_network(model, inputs, folder)
    assert (folder / EXPORTS["plumed"]).read_text(encoding="utf-8") == (
        "# q uses rg, a column of the imported table\n"
    )
    module = exported(model, inputs_in(None, FOR_ALL, FIXED[:1]), folder, "network_said")
    assert module.NETWORKS == {}
    with pytest.raises(ValueError, match="do not belong together"):
        module.network()
    write_network(model, inputs, folder)
    with pytest.raises(ValueError, match="rg has no definition by positions"):
        module.network()


def test_too_many_pairs_of_hydrogen_bonds_are_refused():
    many = Descriptor(
        "hb", "hydrogen_bonds", tuple(range(400)), 0,
        (tuple(range(400, 800)), tuple(range(700, 1000))), HydrogenBonds(0.25, -0.5, 9, 5),
    )  # fmt: skip
    # Of 400 times 300 pairs, 100 are of a donor with itself.
    assert PLUMED.fault([many]) == (
        "'hb' (hydrogen bonds) cannot be written for PLUMED: it has 119900 pairs H...A, more than"
        " 100000"
    )
