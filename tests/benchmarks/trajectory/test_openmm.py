"""Motion by OpenMM, and table T2."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.trajectory.files import TrajectoryFiles
from benchmarks.trajectory.job import Job
from benchmarks.trajectory.measure.openmm import (
    EXACT,
    OPENMM_SIZES,
    known_bridge,
)
from benchmarks.trajectory.measure.rows import plain_models
from benchmarks.trajectory.measure.superres_errors import errors
from benchmarks.trajectory.names import BRIDGE_KNOWN
from benchmarks.trajectory.page.entries import Lookup
from benchmarks.trajectory.page.openmm import (
    NOISY,
    TITLES,
    name_of,
    openmm,
    openmm_entries,
    openmm_markdown,
    ratio_column,
)
from benchmarks.trajectory.reference.openmm_motion import (
    KINDS,
    Force,
    Kind,
    kinetic_temperature,
    lowest,
    move,
    noise,
    sample,
)
from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.journal import Journal
from mechanist.errors import DataError, SystemBuildError
from mechanist.settings.config import Config
from mechanist.settings.load import validate
from mechanist.trajectory.dataset import by_time, windows
from mechanist.trajectory.store import load, save
from mechanist.trajectory.trajectory import GAS

SYSTEMS = Path(__file__).resolve().parents[3] / "systems"


def test_constant_energy_is_kept_with_velocities_on_step(moved):
    one = moved["nve"]
    total = one.energy + one.kinetic()
    # 60 degrees of freedom at 300 K hold 75 kJ/mol each of kinetic and potential energy.
    assert total.std() < 0.3
    assert one.energy.std() > 5
    momentum = np.einsum("n,tnx->tx", one.masses, one.velocities)
    assert np.abs(momentum).max() < 1e-9
    # Velocity Verlet: the velocity is exactly the central difference of the positions.
    central = (one.positions[2:] - one.positions[:-2]) / (2 * one.dt_ps)
    np.testing.assert_allclose(one.velocities[1:-1], central, atol=1e-9)
    bend = (one.positions[2:] - 2 * one.positions[1:-1] + one.positions[:-2]) / one.dt_ps**2
    np.testing.assert_allclose(one.masses[:, None] * bend, one.forces[1:-1], atol=1e-5)
    assert one.meta.ensemble == "nve"
    assert not one.meta.constraints
    assert one.meta.friction_ps is None


def test_rigid_bonds_keep_their_lengths_and_velocities_fit(moved, molecules):
    one = moved["rigid"]
    total = one.energy + one.kinetic()
    assert total.std() < 0.3
    system = molecules["rigid"].system
    count = system.getNumConstraints()
    held = [system.getConstraintParameters(k) for k in range(count)]
    i, j = np.array([pair[:2] for pair in held]).T
    lengths = np.array([pair[2]._value for pair in held])
    away = one.positions[:, i] - one.positions[:, j]
    assert count == 12
    np.testing.assert_allclose(np.linalg.norm(away, axis=2) / lengths - 1, 0, atol=1e-9)
    # No atom moves along a rigid bond.
    along = ((one.velocities[:, i] - one.velocities[:, j]) * away).sum(axis=2) / lengths
    assert np.abs(along).max() < 1e-7
    # Half a step aside, velocities would be off by a dt / 2.
    central = (one.positions[2:] - one.positions[:-2]) / (2 * one.dt_ps)
    aside = (one.positions[2:] - one.positions[1:-1]) / one.dt_ps
    wrong = np.abs(one.velocities[1:-1] - central).mean()
    assert wrong < 0.02 * np.abs(aside - central).mean()
    assert one.meta.constraints
    # Forces hold those of the constraints: along bonds nothing is left of C-H stretching.
    plain = Force(system)(one.positions[:3])
    assert np.abs(plain - one.forces[:3]).max() > 10


def test_the_thermostat_adds_the_noise_that_the_floor_takes(moved):
    one = moved["langevin"]
    bend = (one.positions[2:] - 2 * one.positions[1:-1] + one.positions[:-2]) / one.dt_ps**2
    added = one.masses[:, None] * bend - one.forces[1:-1]
    wanted = noise(one.masses, 1.0, 300.0, one.dt_ps)
    ratio = (added / wanted[:, None]).ravel()
    # The standard deviation of n normal numbers is known to 1 / sqrt(2 n); four of these. Friction
    # itself, gamma v, is a hundredth of the noise and adds 1e-4 to the ratio.
    assert ratio.std() == pytest.approx(1, rel=4 / np.sqrt(2 * ratio.size) + 1e-4)
    # It is without memory.
    alike = (added[1:] * added[:-1] / wanted[:, None] ** 2).mean()
    assert abs(alike) < 4 / np.sqrt(ratio.size) + 1e-3
    assert one.meta.ensemble == "langevin"
    assert one.meta.friction_ps == 1.0


def test_the_thermostat_holds_the_temperature(molecules):
    molecule = molecules["nve"]
    one = move(molecule, Kind(friction=50.0), 8000, 5)
    kinetic = one.kinetic().reshape(20, -1).mean(axis=1)
    degrees = 3 * len(one.masses)
    found = 2 * kinetic / (degrees * GAS)
    assert kinetic_temperature(one, molecule) == pytest.approx(found.mean())
    # 20 blocks of 0.2 ps, ten times longer than the thermostat remembers; four standard errors.
    # At 0.5 fs the scheme itself is off by under 1 %.
    assert found.mean() == pytest.approx(300, abs=4 * found.std(ddof=1) / np.sqrt(20) + 3)
    held = replace(one, meta=replace(one.meta, ensemble="nve"))
    rigid = molecules["rigid"]
    assert kinetic_temperature(held, rigid) == pytest.approx(found.mean() * 66 / 48)


def test_constant_energy_is_that_of_vibrations_at_the_temperature(molecules, moved):
    for name, degrees in (("nve", 60), ("rigid", 48)):
        one, molecule = moved[name], molecules[name]
        total = (one.energy + one.kinetic()).mean() - lowest(molecule)
        # Up to the error of velocity Verlet.
        assert total == pytest.approx(degrees * GAS * 300, abs=0.5)
        # The minimum is one: nothing that was seen lies below.
        assert one.energy.min() > lowest(molecule)


def test_motion_follows_from_its_seed(molecules, moved, tmp_path):
    again = move(molecules["langevin"], KINDS["langevin"], 50, 3)
    np.testing.assert_array_equal(again.positions, moved["langevin"].positions[:50])
    other = move(molecules["langevin"], KINDS["langevin"], 50, 4)
    assert np.abs(other.positions - again.positions).max() > 0.01
    save(again, tmp_path / "a.npz")
    assert load(tmp_path / "a.npz").meta == again.meta


def test_forces_are_those_of_the_motion(molecules, moved):
    force = Force(molecules["nve"].system)
    x = moved["nve"].positions[:5]
    np.testing.assert_allclose(force(x), moved["nve"].forces[:5], atol=1e-9)
    np.testing.assert_allclose(force(x).sum(axis=1), 0, atol=1e-8)


def test_only_molecules_are_moved():
    with pytest.raises(SystemBuildError, match="no molecule"):
        sample(SYSTEMS / "double_well", False)


def test_known_forces_give_the_motion_itself_at_constant_energy(molecules, moved):
    data = by_time(moved["nve"], 22, 0.1, 0.1)
    test = windows(data.test, 20)
    bridge = known_bridge(data, Force(molecules["nve"].system))
    assert (bridge.errors == EXACT).all()
    np.testing.assert_allclose(bridge(test.ends).positions, test.positions[:, 1:-1], atol=1e-10)


def test_what_the_known_forces_lack_of_constraints_is_measured(molecules, moved):
    bridge = known_bridge(by_time(moved["rigid"], 22, 0.1, 0.1), Force(molecules["rigid"].system))
    # Constraints pull at bonds to hydrogen; oxygens have none.
    light = moved["rigid"].numbers == 1
    assert bridge.errors[light].min() > 10
    assert bridge.errors[moved["rigid"].numbers == 8].max() < 1e-3
    assert bridge.memory > 2 * moved["rigid"].dt_ps


def test_nobody_is_below_the_floor(molecules, moved):
    one = moved["langevin"]
    data = by_time(one, 22, 0.1, 0.16)
    bridge = known_bridge(data, Force(molecules["langevin"].system))
    for gap in (10, 20):
        test = windows(data.test, gap)
        floor = errors(bridge(test.ends), test, one.numbers)
        for model in plain_models(data, gap, OPENMM_SIZES["small"]):
            assert floor.position < errors(model.fill(test), test, one.numbers).position
        # A free particle (reference in docs): variance (2 kT gamma / m) h^3 u^3 (1 - u)^3 / 3.
        u, h = np.arange(1, gap + 1) / (gap + 1), (gap + 1) * one.dt_ps
        width = np.sqrt((u * (1 - u) * h) ** 3 / 3).mean() * np.sqrt(2 / np.pi)
        free = width * np.sqrt(2 * GAS * 300 / one.masses)
        light = one.numbers == 1
        # 19 gaps of 22 atoms or more, three axes: 4 %; atoms are not free, which at 20 frames
        # of 0.5 fs, as long as a C-H vibration, is as much as a quarter.
        assert floor.position_hydrogen == pytest.approx(free[light].mean(), rel=0.3)
        assert floor.position_heavy == pytest.approx(free[~light].mean(), rel=0.3)


def test_every_model_has_a_row_for_each_kind_of_motion(openmm_records):
    assert set(TITLES) == set(KINDS)
    models = {
        BRIDGE_KNOWN,
        "bridge (x, v), ours",
        "bridge (x, v, a), ours",
        "linear",
        "cubic spline (x)",
        "Hermite (x, v)",
        "Hermite (x, v, a)",
        "ridge (x, v)",
        "ridge (x, v, a)",
    }
    for record in openmm_records:
        for kind in KINDS:
            rows = record["kinds"][kind]["rows"]
            assert {(row["model"], row["gap"]) for row in rows} == {
                (model, gap) for model in models for gap in (5, 10)
            }
            errors_ = {row["model"]: row["position"] for row in rows if row["gap"] == 10}
            assert errors_["Hermite (x, v)"] < errors_["linear"]
        nve = {row["model"]: row["position"] for row in record["kinds"]["nve"]["rows"]}
        assert nve[BRIDGE_KNOWN] < 1e-10


def test_errors_are_told_relative_to_the_floor(openmm_records):
    numbers = openmm_entries(openmm_records)
    table = name_of("alanine_dipeptide", NOISY)
    by = {(one.table, one.row, one.column): one for one in numbers}
    assert by[table, BRIDGE_KNOWN, ratio_column(5)].value == 1
    assert by[table, BRIDGE_KNOWN, ratio_column(5)].std == 0
    ratios = []
    for record in openmm_records:
        rows = {
            (row["model"], row["gap"]): row["position"] for row in record["kinds"][NOISY]["rows"]
        }
        ratios.append(rows["linear", 10] / rows[BRIDGE_KNOWN, 10])
    entry = by[table, "linear", ratio_column(10)]
    assert entry.value == pytest.approx(np.mean(ratios))
    assert entry.std == pytest.approx(np.std(ratios, ddof=1))
    others = {one.table for one in numbers if one.column == ratio_column(10)}
    assert others == {table}
    look = Lookup(numbers[:1], "", name_of("alanine_dipeptide", "nve"))
    assert look.models == [numbers[0].row]
    text = "\n".join(openmm_markdown(numbers, openmm_records))
    assert text.count("relative to the floor") == 1
    assert text.count("## T2 alanine dipeptide, ") == 3


def test_wrong_records_are_refused(openmm_records, tmp_path):
    files = TrajectoryFiles(tmp_path)
    config = validate(Config, {"trajectory": {"seeds": 2}}, "test")
    for record in openmm_records:
        write_json(files.openmm(record["number"]), record)
    assert len(openmm(Job(config, files, Journal()))[0]) == len(openmm_entries(openmm_records))
    good = openmm_records[1]
    for wrong, told in (
        ({"size": "full"}, "repeat the step openmm"),
        ({"number": 0}, "repeat the step openmm"),
        ({"kinds": {}}, "openmm_alanine_dipeptide_001"),
        ({"frames": "many"}, "openmm_alanine_dipeptide_001"),
    ):
        write_json(files.openmm(1), {**good, **wrong})
        with pytest.raises(DataError, match=told):
            openmm(Job(config, files, Journal()))
