"""Forces that were learned from a trajectory, as a force law."""

import json
import shutil

import numpy as np
import pytest

from mechanist.bookkeeping.files import sha256
from mechanist.bookkeeping.layout import Layout
from mechanist.errors import DataError, MechanistError
from mechanist.settings.load import load_system
from mechanist.systems.build.prepare import prepare
from mechanist.systems.forces.law import ForceLawError
from mechanist.systems.forces.learned import Learned
from mechanist.systems.prepared import load
from mechanist.trajectory.tools import keep
from mechanist.trajectory.tools.learning import learn
from tests.bring import build, write_system

NUMBERS = np.array([1, 8, 8, 1])
MASSES = np.array([1.008, 15.999, 15.999, 1.008])[:, None]
PAIRS = np.triu_indices(4, 1)
STIFF = 5e4


def springs(x: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Forces (N, 3) of springs between all atoms, in kJ/mol/nm."""
    away = x[PAIRS[0]] - x[PAIRS[1]]
    lengths = np.linalg.norm(away, axis=1)
    pull = (STIFF * (rest - lengths) / lengths)[:, None] * away
    forces = np.zeros_like(x)
    np.add.at(forces, PAIRS[0], pull)
    np.add.at(forces, PAIRS[1], -pull)
    return forces


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    folder = tmp_path_factory.mktemp("start")
    write_system(folder, {"structure": "peroxide.pdb", "forces": "gfn2-xtb"})
    return folder, build(folder, {"structure": "peroxide.pdb", "forces": "gfn2-xtb"}).positions


@pytest.fixture(scope="module")
def rest(start):
    return np.linalg.norm(start[1][PAIRS[0]] - start[1][PAIRS[1]], axis=1)


@pytest.fixture(scope="module")
def models(start, rest, tmp_path_factory):
    """Learned from 1,200 steps of 0.5 fs at constant energy, some 400 K."""
    folder, rng = tmp_path_factory.mktemp("models"), np.random.default_rng(4)
    x, dt = start[1].copy(), 0.0005
    v = np.sqrt(2 * 3.3 / MASSES) * rng.standard_normal(x.shape)
    v -= (MASSES * v).sum(axis=0) / MASSES.sum()
    frames, forces, force = [], [], springs(x, rest)
    for _ in range(1200):
        v += 0.5 * dt * force / MASSES
        x = x + dt * v
        force = springs(x, rest)
        v += 0.5 * dt * force / MASSES
        frames.append(x)
        forces.append(force)
    file = folder / "peroxide.npz"
    kcal = 4.184
    zeros = np.zeros(len(frames))
    np.savez(file, z=NUMBERS, R=10 * np.array(frames), F=np.array(forces) / kcal / 10, E=zeros)
    learn(file, folder / "learned", None, dt, ("bridge",), (2,), 0, 120, lambda _: None)
    return folder / "learned", np.array(frames), np.array(forces)


def test_energy_and_forces_belong_together_and_are_those_that_were_learned(models, capsys):
    folder, frames, truth = models
    law = Learned(str(folder / "forces.safetensors"), NUMBERS)
    assert "kJ/mol/nm a component on frames held out" in capsys.readouterr().err
    held = frames[-250::10]
    energies, forces = law.energy_forces(held)
    # Squared distances are differences of numbers of some hundred, here and there in other orders;
    # forces are some hundred kJ/mol/nm.
    assert np.allclose(forces, keep.load_bridge(folder).forces(held), rtol=1e-7, atol=1e-4)
    error = np.sqrt(((forces - truth[-250::10]) ** 2).mean())
    # The last block is another one than that on which the error was measured.
    assert error < 3 * law.error + 1e-3 * np.abs(truth).max()
    # Terms of the energy are large and cancel, which leaves 1e-6 kJ/mol of rounding.
    step = 1e-5 * np.random.default_rng(1).standard_normal(held.shape)
    up, down = (law.energy_forces(held + sign * step)[0] for sign in (1, -1))
    assert -(up - down) / 2 == pytest.approx((forces * step).sum(axis=(1, 2)), rel=1e-3, abs=2e-6)
    assert np.isfinite(energies).all()


def test_outside_of_what_was_learned_there_is_no_result(models):
    folder, frames, _ = models
    law = Learned(str(folder / "forces.safetensors"), NUMBERS)
    broken = frames[:3].copy()
    broken[1, 0] += 0.1
    energies, forces = law.energy_forces(broken)
    assert np.isfinite(energies).tolist() == [True, False, True]
    assert np.isnan(forces[1]).all()
    with pytest.raises(ForceLawError, match="outside of what was learned"):
        law.energy_forces(broken[1:2])


def test_a_system_under_learned_forces(models, tmp_path):
    """Prepared, read back, named in files by its hash; the minimum is that of the springs."""
    shutil.copytree(models[0], tmp_path / "learned")
    write_system(tmp_path, {"structure": "peroxide.pdb", "forces": {"learned": "learned"}})
    layout = Layout(tmp_path / "run")
    prepare(load_system(tmp_path), tmp_path, layout)
    prepared = load(layout)
    assert prepared.law is not None
    assert prepared.law.law.batched
    named = json.loads(layout.dynamics.read_text(encoding="utf-8"))["forces"]
    assert named["settings"]["learned"] == "learned"
    assert named["sha256"] == sha256(tmp_path / "learned" / "forces.safetensors")
    assert 0 < named["step_seconds"] < 1


def refused(tmp_path, forces, match, kind=MechanistError):
    write_system(tmp_path, {"structure": "peroxide.pdb", "forces": forces})
    with pytest.raises(kind, match=match) as caught:
        prepare(load_system(tmp_path), tmp_path, Layout(tmp_path / "run"))
    assert "\n" not in str(caught.value)


def test_what_is_wrong_is_said_in_one_line(models, tmp_path):
    refused(tmp_path, {"learned": "nothing"}, r"nothing/forces\.safetensors.*no such file")
    target = tmp_path / "learned"
    shutil.copytree(models[0], target)
    with pytest.raises(MechanistError, match=r"atomic numbers 1 8 8 1, but the system has 8 1 1 8"):
        Learned(str(target / "forces.safetensors"), NUMBERS[[1, 0, 3, 2]])
    (target / "forces.json").unlink()
    refused(tmp_path, {"learned": "learned"}, r"forces\.json.*missing", DataError)
