"""Models of a user's own trajectory: learned, filled, refused."""

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import mdtraj
import numpy as np
import pytest

from benchmarks.trajectory.reference.molecules import molecule
from mechanist.errors import DataError
from mechanist.trajectory.propagator import gicnet_learn, gicnet_store
from mechanist.trajectory.propagator.gicnet_learn import GicnetBudget
from mechanist.trajectory.store import load, save
from mechanist.trajectory.tools import fill, forecast, learn, propagate, propagation, spectrum
from mechanist.trajectory.tools.card import read_card
from mechanist.trajectory.tools.judge import MOVING, POSITIONS, best, error_of, missing
from mechanist.trajectory.tools.keep import files
from mechanist.trajectory.tools.mdtraj_files import write
from mechanist.trajectory.tools.molecule import Molecule
from mechanist.trajectory.tools.propagation import drawn
from mechanist.trajectory.tools.source import read
from mechanist.trajectory.trajectory import Trajectory, masses_of

LEARNED, STRIDE = 4000, 5


def md17(trajectory, path, **more):
    """A file in the layout of MD17: Angstrom and kcal/mol, without times and velocities."""
    forces = trajectory.forces / 41.84
    np.savez(path, R=10 * trajectory.positions, z=trajectory.numbers, F=forces, **more)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tools")


@pytest.fixture(scope="module")
def dense(motion, folder):
    return md17(motion[:LEARNED], folder / "dense.npz")


@pytest.fixture(scope="module")
def model(dense, folder):
    lines = []
    learn(dense, folder / "model", strides=(STRIDE, 10), geometries=60, log=lines.append)
    assert any("0.5 fs" in line for line in lines)
    return folder / "model"


@pytest.fixture(scope="module")
def fresh(motion):
    """A block that was not learned, from one known frame to another one."""
    return motion[LEARNED + 100 : LEARNED + 100 + 800 + 1]


def sparse(fresh, path, velocities=False):
    some = fresh[::STRIDE]
    save(replace(some, forces=None, velocities=some.velocities if velocities else None), path)
    return path


@pytest.mark.parametrize("velocities", [False, True])
def test_errors_of_a_fresh_block_lie_in_the_interval_of_the_card(model, fresh, folder, velocities):
    out = folder / "filled.npz"
    made = fill(model, sparse(fresh, folder / "sparse.npz", velocities), out, log=lambda _: None)
    found = load(out)
    assert len(found) == len(fresh)
    assert np.array_equal(found.positions[::STRIDE], fresh.positions[::STRIDE])
    away = np.linalg.norm(found.positions - fresh.positions, axis=2)
    error = error_of(missing(away, STRIDE), "fill")
    row = best(read_card(model).fill, MOVING if velocities else POSITIONS, STRIDE)
    assert made.by == row
    assert row.low_nm < error.mean_nm < row.high_nm
    spline = {one.model: one for one in read_card(model).fill if one.stride == STRIDE}["spline"]
    assert row.mean_nm < 0.1 * spline.mean_nm


def test_rounded_positions_of_xtc_are_filled_by_a_model_that_was_judged_with_them(
    model, fresh, folder
):
    some = replace(fresh[::STRIDE], positions=np.round(fresh.positions[::STRIDE], 3))
    topology = mdtraj.load_topology(str(model / "topology.pdb"))
    times = some.dt_ps * np.arange(len(some))
    path = folder / "sparse.xtc"
    mdtraj.Trajectory(some.positions.astype(np.float32), topology, time=times).save(str(path))
    made = fill(model, path, folder / "filled.xtc", log=lambda _: None)
    assert made.by.known == "x to 0.001 nm"
    away = np.linalg.norm(made.trajectory.positions - fresh.positions, axis=2)
    error = error_of(missing(away, STRIDE), "fill")
    assert made.by.low_nm < error.mean_nm < made.by.high_nm
    assert mdtraj.load(str(folder / "filled.xtc"), top=topology).n_frames == len(fresh)


def test_velocities_of_half_steps_are_found_and_replaced(motion, folder):
    x, dt = motion.positions, motion.dt_ps
    half = (x[1:] - x[:-1]) / dt
    save(replace(motion[:-1], velocities=half), folder / "half.npz")
    source = read(folder / "half.npz")
    assert np.allclose(source.trajectory.velocities, motion.velocities[1:-2], rtol=1e-6)
    assert any("half a step" in note for note in source.notes)
    save(motion, folder / "whole.npz")
    assert np.array_equal(read(folder / "whole.npz").trajectory.velocities, motion.velocities)


def test_frames_without_order_in_time_are_refused(motion, folder):
    rows = np.random.default_rng(0).permutation(1000)
    mixed = replace(motion[:1000], positions=motion.positions[rows], forces=motion.forces[rows])
    with pytest.raises(DataError, match="not in the order of time"):
        read(md17(mixed, folder / "mixed.npz"))


def test_a_stated_time_that_forces_contradict_is_refused(dense):
    with pytest.raises(DataError, match=r"--dt 1 fs: .* say 0\.5 fs"):
        read(dense, dt_ps=1e-3)


def test_another_molecule_is_refused(model, fresh, folder):
    save(replace(fresh[::STRIDE], numbers=np.array([8, 6, 6, 1, 1, 1, 1, 1, 1])), folder / "o.npz")
    with pytest.raises(DataError, match="atom 1 is O"):
        fill(model, folder / "o.npz", folder / "x.npz")
    less = fresh[::STRIDE]
    fewer = {name: getattr(less, name)[:, :8] for name in ("positions", "velocities", "forces")}
    save(replace(less, numbers=less.numbers[:8], masses=less.masses[:8], **fewer), folder / "l.npz")
    with pytest.raises(DataError, match=r"has 8 atoms \(C2H5O\)"):
        fill(model, folder / "l.npz", folder / "x.npz")


def test_a_new_conformation_is_refused(model, fresh, folder):
    x = fresh.positions[::STRIDE].copy()
    # The hydroxyl hydrogen turned to the other side of the C-O bond.
    axis = x[:, 2] - x[:, 1]
    axis /= np.linalg.norm(axis, axis=1, keepdims=True)
    away = x[:, 8] - x[:, 2]
    x[:, 8] = x[:, 2] + 2 * (away * axis).sum(axis=1, keepdims=True) * axis - away
    save(replace(fresh[::STRIDE], positions=x, velocities=None, forces=None), folder / "new.npz")
    with pytest.raises(DataError, match=r"conformations that .* has not learned"):
        fill(model, folder / "new.npz", folder / "x.npz")


def test_a_stride_that_was_not_judged_is_refused(model, fresh, folder):
    save(replace(fresh[::4], velocities=None, forces=None), folder / "four.npz")
    with pytest.raises(DataError, match="learn again with --stride 4"):
        fill(model, folder / "four.npz", folder / "x.npz")


def test_a_model_above_the_error_of_a_polynomial_is_refused(model, folder, fresh):
    card = model / "card.json"
    rows = {
        one.model: one
        for one in read_card(model).fill
        if (one.stride, one.known) == (STRIDE, POSITIONS)
    }
    worse = [kind for kind, one in rows.items() if one.mean_nm > rows["spline"].mean_nm]
    for kind in worse:
        with pytest.raises(DataError, match="is above that of a spline"):
            fill(model, sparse(fresh, folder / "s.npz"), folder / "x.npz", kind=kind)
    assert card.is_file()


def test_noise_leaves_nothing_to_learn(folder):
    """White noise: no model can be better than a spline, so filling is refused."""
    rng = np.random.default_rng(3)
    numbers = np.array([8, 1, 1])
    x = 0.1 * np.eye(3)[None] + 1e-3 * np.cumsum(rng.normal(size=(900, 3, 3)), axis=0)
    save(Trajectory(x, 1.0, numbers, masses_of(numbers)), folder / "walk.npz")
    learn(folder / "walk.npz", folder / "walk", strides=(4,), log=lambda _: None)
    card = read_card(folder / "walk")
    assert {row.model for row in card.fill} == {"spline", "map"}


def test_large_molecules_are_refused(folder):
    numbers = np.full(150, 6)
    x = np.random.default_rng(0).normal(size=(1, 150, 3)) + np.zeros((400, 1, 1))
    save(Trajectory(x, 1.0, numbers, np.full(150, 12.0)), folder / "large.npz")
    with pytest.raises(DataError, match="150 atoms; motion is learned for up to 100"):
        learn(folder / "large.npz", folder / "none", log=lambda _: None)


@pytest.mark.parametrize("name", ["ethanol", "toluene", "azobenzene", "benzene"])
def test_permutations_come_from_the_graph(name):
    known = molecule(name)
    found = Molecule(known.numbers, known.positions).permutations
    assert {tuple(one) for one in found} == {tuple(one) for one in known.permutations}


def test_a_bond_that_breaks_is_no_permutation_of_the_graph():
    """The proton that moves in malonaldehyde is bonded to one of the oxygens."""
    known = molecule("malonaldehyde")
    assert len(Molecule(known.numbers, known.positions).permutations) == 1


def test_very_symmetric_molecules_have_no_permutations():
    """A star of 40 hydrogens has 40! automorphisms."""
    numbers = np.array([6, *[1] * 40])
    rng = np.random.default_rng(5)
    away = rng.normal(size=(40, 3))
    away *= 0.1 / np.linalg.norm(away, axis=1, keepdims=True)
    star = Molecule(numbers, np.concatenate([np.zeros((1, 3)), away]))
    star.graph.remove_edges_from([(i, j) for i, j in star.graph.edges if i and j])
    assert len(star.permutations) == 1


def test_files_of_hdf5_hold_velocities_or_say_what_is_missing(model, fresh, folder):
    topology = mdtraj.load_topology(str(model / "topology.pdb"))
    if find_spec("tables") is None:
        with pytest.raises(DataError, match=r"pip install tables"):
            write(fresh, topology, folder / "fresh.h5")
        (folder / "other.h5").write_bytes(b"nothing")
        with pytest.raises(DataError, match=r"pip install tables"):
            read(folder / "other.h5")
    else:
        write(fresh, topology, folder / "fresh.h5")
        found = read(folder / "fresh.h5").trajectory
        assert np.allclose(found.velocities, fresh.velocities, atol=1e-5)
        assert np.allclose(found.positions, fresh.positions, atol=1e-6)
        assert found.dt_ps == pytest.approx(fresh.dt_ps)


def test_files_without_times_are_refused_unless_the_time_is_stated(model, fresh, folder):
    """Mdtraj counts frames of DCD files as ps."""
    topology = mdtraj.load_topology(str(model / "topology.pdb"))
    write(fresh, topology, folder / "fresh.dcd")
    with pytest.raises(DataError, match=r"fresh\.dcd: holds no times: state --dt, such as 0\.5fs"):
        read(folder / "fresh.dcd", topology)
    assert read(folder / "fresh.dcd", topology, dt_ps=5e-4).trajectory.dt_ps == 5e-4
    write(fresh[::STRIDE], topology, folder / "sparse.dcd")
    with pytest.raises(DataError, match=r"holds no times: state --stride$"):
        fill(model, folder / "sparse.dcd", folder / "x.npz")
    made = fill(model, folder / "sparse.dcd", folder / "x.npz", STRIDE, log=lambda _: None)
    assert len(made.trajectory) == len(fresh)


def test_forces_in_ev_are_refused_by_the_temperature(motion, folder):
    """They make frames 4.8 times as far apart, and motion 23 times as cold."""
    some = replace(motion[:500], forces=motion.forces[:500] / 23.06)
    md17(some, folder / "ev.npz")
    with pytest.raises(DataError, match=r"mean temperature .* in other units than kcal/mol"):
        read(folder / "ev.npz")
    with pytest.raises(DataError, match=r"--dt 0\.5 fs: .*, or they are in other units"):
        read(folder / "ev.npz", dt_ps=5e-4)
    assert read(folder / "ev.npz", dt_ps=5e-4 * 23.06**0.5).trajectory.dt_ps > 2e-3


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("no.xtc", None, "no such file"),
        ("bad.xtc", b"nothing", "mdtraj cannot read it"),
        ("bad.npz", b"nothing", "damaged"),
    ],
)
def test_files_that_cannot_be_read(folder, model, name, content, message):
    path = folder / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read(path, mdtraj.load_topology(str(model / "topology.pdb")))


def test_an_output_of_an_unknown_format_is_refused_before_any_work(folder):
    with pytest.raises(DataError, match=r"suffix '\.mov'"):
        fill(Path("nowhere"), Path("nothing.xtc"), folder / "x.mov")


def test_errors_of_motion_and_forecasts_are_on_the_card(model):
    card = read_card(model)
    assert [row.ps for row in card.motion][:2] == [0.001, 0.002]
    assert all(row.mean_nm < row.straight_nm for row in card.motion)
    found = {(row.model, row.stride, row.frames) for row in card.forecast}
    assert {("ridge", STRIDE, 20), ("forces", STRIDE, 20), ("last frame", 10, 1)} <= found
    assert ("ridge", 1, 5) in found


def test_motion_starts_at_the_given_state_and_conserves_energy(model, fresh, folder, springs):
    save(replace(fresh[:1], forces=None), folder / "start.npz")
    made = propagate(model, folder / "start.npz", 0.5, folder / "far.npz", log=lambda _: None)
    assert np.array_equal(made.positions[0], fresh.positions[0])
    assert len(made) == 501
    assert made.dt_ps == pytest.approx(0.001)
    energy = made.kinetic() + np.array([springs(x)[0] for x in made.positions])
    assert energy.std() < 0.02 * made.kinetic().mean()


def test_motion_starts_from_a_file_without_times(model, fresh, folder):
    lines = []
    md17(fresh[:5], folder / "start_md17.npz")
    made = propagate(model, folder / "start_md17.npz", 0.01, folder / "y.npz", log=lines.append)
    assert np.allclose(made.positions[0], fresh.positions[4], atol=1e-12)
    assert any("drawn at" in line for line in lines)
    with pytest.raises(DataError, match=r"holds no times: state --stride$"):
        fill(model, folder / "start_md17.npz", folder / "x.npz")


def test_velocities_are_drawn_without_total_momentum(model, fresh, folder):
    card = read_card(model)
    v = drawn(fresh.positions[:1], card.masses, 300.0, 1)[0]
    assert np.abs(card.masses @ v).max() < 1e-9
    spin = (card.masses[:, None] * np.cross(fresh.positions[0], v)).sum(axis=0)
    assert np.abs(spin).max() < 1e-9


def test_motion_that_leaves_the_learned_conformations_is_stopped(model, fresh, folder):
    save(replace(fresh[:1], velocities=None, forces=None), folder / "hot.npz")
    out = folder / "hot_far.npz"
    with pytest.raises(DataError, match=r"leaves the learned conformations"):
        propagate(model, folder / "hot.npz", 2.0, out, temperature_K=20_000.0, log=lambda _: None)
    assert len(load(out)) < 2001


@pytest.mark.parametrize("rounded", [False, True])
def test_forecasts_are_as_good_as_the_card_says(model, motion, folder, rounded):
    card, away = read_card(model), []
    for start in range(LEARNED, 5700, 200):
        block = motion[start : start + 30 * STRIDE : STRIDE]
        x = np.round(block.positions, 3) if rounded else block.positions
        known = replace(block, positions=x, velocities=None, forces=None)
        save(known[:10], folder / "history.npz")
        made = forecast(model, folder / "history.npz", 20, folder / "f.npz", log=lambda _: None)
        away.append(np.linalg.norm(made.positions - block.positions[10:], axis=2)[[0, 4, 19]])
    own = "x to 0.001 nm" if rounded else "x"
    rows = [row for row in card.forecast if (row.stride, row.known) == (STRIDE, own)]
    name = min((row for row in rows if row.frames == 20), key=lambda row: row.mean_nm).model
    for number, frames in enumerate((1, 5, 20)):
        row = next(one for one in rows if (one.model, one.frames) == (name, frames))
        assert row.low_nm < np.mean([one[number] for one in away]) < row.high_nm


def test_a_short_history_is_refused(model, fresh, folder):
    save(replace(fresh[: 9 * STRIDE : STRIDE], velocities=None, forces=None), folder / "9.npz")
    with pytest.raises(DataError, match=r"9 frames; 10 are needed"):
        forecast(model, folder / "9.npz", 5, folder / "x.npz")


def test_the_spectrum_has_the_peaks_of_harmonic_springs(folder):
    """Two atoms on a spring of 2000 1/cm."""
    numbers = np.array([1, 1])
    masses = masses_of(numbers)
    omega = 2 * np.pi * 2000 * 0.0299792458
    time = 5e-4 * np.arange(4000)
    x = np.zeros((4000, 2, 3))
    x[:, 1, 0] = 0.08 + 0.005 * np.cos(omega * time)
    save(Trajectory(x, 5e-4, numbers, masses), folder / "spring.npz")
    lines = []
    spectrum(folder / "spring.npz", folder / "spring.csv", log=lines.append)
    assert "peaks at 2000 1/cm" in lines[-1]
    assert (folder / "spring.png").stat().st_size > 1000
    table = np.loadtxt(folder / "spring.csv", delimiter=",", skiprows=1)
    assert table[table[:, 1].argmax(), 0] == pytest.approx(2000, abs=5)


BRIEF = GicnetBudget(
    widths=(64, 64), energy_widths=(32, 16), steps=400, energy_steps=900, pairs=10_000, batch=256
)


@pytest.fixture(scope="module")
def still(motion, folder):
    """Velocities, but no forces, and positions to 1e-5 nm: what many programs write."""
    return replace(
        motion,
        positions=np.round(motion.positions, 5),
        forces=None,
        energy=None,
        meta=replace(motion.meta, integrator_dt_ps=None),
    )


@pytest.fixture(scope="module")
def network(still, folder):
    save(still[:LEARNED], folder / "still.npz")
    lines = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gicnet_learn, "USUAL", BRIEF)
        learn(folder / "still.npz", folder / "network", strides=(STRIDE,), log=lines.append)
    assert any("no bridge" in line for line in lines)
    return folder / "network"


def test_a_4d_network_follows_motion_where_there_are_no_forces(network, still, folder, monkeypatch):
    rows = read_card(network).motion
    assert {row.model for row in rows} == {"4d"}
    assert rows[-1].ps == pytest.approx(0.01)
    assert rows[-1].mean_nm < 0.5 * rows[-1].straight_nm
    first = np.arange(LEARNED + 100, 5900, 30)
    x, v = still.positions[first], still.velocities[first]
    made = gicnet_store.load(*files(network, "4d"))(x, v, np.array([0.01])).positions[:, 0]
    away = np.linalg.norm(made - still.positions[first + 20], axis=2)
    assert rows[-1].low_nm < away.mean() < rows[-1].high_nm
    save(still[LEARNED + 100 : LEARNED + 101], folder / "from.npz")
    # So brief a training explains half of the energy.
    monkeypatch.setattr(propagation, "EXPLAINED", 0.3)
    far = propagate(network, folder / "from.npz", 0.05, folder / "by.npz", log=lambda _: None)
    assert len(far) == 51
    assert np.array_equal(far.positions[0], still.positions[LEARNED + 100])
    near = np.linalg.norm(far.positions[10] - still.positions[LEARNED + 120], axis=1)
    assert near.mean() < 3 * rows[-1].high_nm
    energy = gicnet_store.load(*files(network, "4d")).total_energy(
        far.positions[::10], far.velocities[::10]
    )
    assert np.abs(energy - energy[0]).max() < propagation.HELD


def test_long_motion_needs_the_energy(network, folder):
    with pytest.raises(DataError, match=r"--time: 0\.05 ps: .* not known well enough"):
        propagate(network, folder / "from.npz", 0.05, folder / "x.npz", log=lambda _: None)
    propagate(network, folder / "from.npz", 0.01, folder / "x.npz", log=lambda _: None)
    with pytest.raises(DataError, match="--every: 3 fs: must divide 10 fs"):
        propagate(network, folder / "from.npz", 0.009, folder / "x.npz", every_ps=0.003)


def test_a_4d_network_that_is_not_better_is_not_kept(motion, folder):
    save(motion[:2000], folder / "both.npz")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gicnet_learn, "USUAL", replace(BRIEF, steps=5, energy_steps=5, members=1))
        kinds = ("bridge", "4d")
        card = learn(folder / "both.npz", folder / "both", None, None, kinds, (STRIDE,), 0, 20)
    assert any(text.startswith("4d: not kept") for text in card.warnings)
    assert {row.model for row in card.motion} == {"bridge"}
    assert not (folder / "both" / "4d.json").exists()
    with pytest.raises(DataError, match="--model 4d: motion is followed by bridge"):
        propagate(folder / "both", folder / "from.npz", 0.01, folder / "x.npz", kind="4d")
