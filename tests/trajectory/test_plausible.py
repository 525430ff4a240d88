"""Files whose numbers cannot be what they are taken for."""

from dataclasses import replace

import numpy as np
import pytest

from mechanist.errors import DataError
from mechanist.trajectory.store import save
from mechanist.trajectory.tools import fill, keep, learn, spectrum
from mechanist.trajectory.tools.plausible import check_positions
from mechanist.trajectory.tools.source import read
from mechanist.trajectory.trajectory import Trajectory


@pytest.fixture
def block(motion):
    """Positions and velocities without forces, as most files have them."""
    meta = replace(motion.meta, integrator_dt_ps=None)
    return replace(motion[1000:1400], forces=None, energy=None, meta=meta)


def refused(tmp_path, trajectory, match):
    save(trajectory, tmp_path / "file.npz")
    with pytest.raises(DataError, match=match) as caught:
        read(tmp_path / "file.npz")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("factor", [10.0, 0.1])
def test_positions_in_another_unit_are_refused(block, tmp_path, factor):
    wrong = replace(block, positions=factor * block.positions, velocities=None)
    refused(tmp_path, wrong, r"closest atoms.* are in another unit")


@pytest.mark.parametrize("factor", [10.0, 1e-3])
def test_velocities_in_another_unit_are_refused(block, tmp_path, factor):
    wrong = replace(block, velocities=factor * block.velocities)
    refused(tmp_path, wrong, r"as far as its velocities say: velocities are not in nm/ps")


def test_a_wrong_time_between_frames_is_refused_where_there_are_velocities(block, tmp_path):
    refused(tmp_path, replace(block, dt_ps=0.005), "or frames are not 5 fs apart")


def test_reversed_time_is_refused(block, tmp_path):
    wrong = replace(block, positions=block.positions[::-1])
    refused(tmp_path, replace(wrong, velocities=block.velocities[::-1]), "time is reversed")


def test_joined_trajectories_are_refused(motion, block, tmp_path):
    other = motion[4000:4400]
    parts = {
        name: np.concatenate([getattr(block, name), getattr(other, name)])
        for name in ("positions", "velocities")
    }
    refused(tmp_path, replace(block, **parts), "from frame 400 to the next .* joined")
    rare = block.positions[::40]
    # Ten frames say nothing about usual steps.
    check_positions(tmp_path, rare)


def test_frames_at_two_distances_are_refused(motion, tmp_path):
    rows = np.r_[0:2000, 2000:6000:4]
    save(
        Trajectory(motion.positions[rows], 5e-4, motion.numbers, motion.masses), tmp_path / "m.npz"
    )
    with pytest.raises(DataError, match=r"times as far .* frames must be equally spaced"):
        read(tmp_path / "m.npz")


def test_energies_and_forces_in_different_units_are_refused(motion, tmp_path):
    x, forces, energy = motion.positions[:500], motion.forces[:500], motion.energy[:500]
    kcal = {"R": 10 * x, "z": motion.numbers, "F": forces / 41.84, "E": energy / 4.184}
    np.savez(tmp_path / "right.npz", **kcal)
    notes = read(tmp_path / "right.npz").notes
    assert any("0.5 fs" in note and "temperature" in note for note in notes)
    np.savez(tmp_path / "wrong.npz", **(kcal | {"E": energy}))
    with pytest.raises(DataError, match=r"changes by 4\.18 times the work of its forces"):
        read(tmp_path / "wrong.npz")


def test_velocities_of_other_frames_are_not_used(block, tmp_path):
    mixed = np.random.default_rng(2).permutation(block.velocities)
    save(replace(block, velocities=mixed), tmp_path / "mixed.npz")
    source = read(tmp_path / "mixed.npz")
    assert any("do not fit positions" in note for note in source.notes)
    central = (block.positions[2:] - block.positions[:-2]) / (2 * block.dt_ps)
    np.testing.assert_allclose(source.trajectory.velocities, central)


def test_true_files_are_read_as_they_are(block, tmp_path):
    for every in (1, 4, 10):
        save(block[::every], tmp_path / "true.npz")
        found = read(tmp_path / "true.npz").trajectory
        np.testing.assert_array_equal(found.velocities, block.velocities[::every])


def test_coarse_frames_of_one_vibration_say_nothing_of_velocities(tmp_path):
    """Two atoms on a spring, looked at 0.7 periods apart: each step goes against the velocity."""
    time, omega = 0.007 * np.arange(60), 2 * np.pi / 0.01
    x, v = np.zeros((60, 2, 3)), np.zeros((60, 2, 3))
    x[:, 1, 0], v[:, 1, 0] = 0.1 + 0.01 * np.sin(omega * time), 0.01 * omega * np.cos(omega * time)
    save(Trajectory(x, 0.007, np.array([1, 9]), np.array([1.0, 19.0]), v), tmp_path / "hf.npz")
    assert read(tmp_path / "hf.npz").trajectory.velocities is not None


def test_a_spectrum_needs_frames_that_see_vibrations(block, tmp_path):
    save(replace(block, velocities=None)[::60], tmp_path / "few.npz")
    with pytest.raises(DataError, match=r"7 frames 30 fs apart; a spectrum needs 50"):
        spectrum(tmp_path / "few.npz", tmp_path / "s.csv")
    save(block[:1], tmp_path / "one.npz")
    with pytest.raises(DataError, match="a spectrum needs"):
        spectrum(tmp_path / "one.npz", tmp_path / "s.csv")
    assert not (tmp_path / "s.csv").exists()


def test_the_file_that_is_read_is_not_written(block, tmp_path):
    save(block, tmp_path / "file.npz")
    with pytest.raises(DataError, match="is the file that is read"):
        fill(tmp_path, tmp_path / "file.npz", tmp_path / "x" / ".." / "file.npz")


def test_models_of_an_earlier_file_do_not_stay(tmp_path):
    names = ("card.json", "forces.safetensors", "ridge_5.json", "forecast_10.safetensors")
    for name in (*names, "notes.txt", ".card.json.sha256"):
        (tmp_path / name).write_text("{}", encoding="utf-8")
    keep.clear(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    with pytest.raises(DataError, match="is a file"):
        learn(tmp_path / "nothing.npz", tmp_path / "notes.txt")
