"""Collective variables of many atoms: against mdtraj, direct sums, OpenMM and the Python export."""

import json
import subprocess
from dataclasses import replace

import mdtraj
import numpy as np
import openmm
import pytest

from mechanist.errors import SystemBuildError
from mechanist.formula.export.openmm import openmm_force
from mechanist.formula.export.plumed import plumed_text
from mechanist.formula.export.python import python_text
from mechanist.sampling.first_path.restraints import Restrained
from mechanist.sampling.first_path.targets import WIDTHS
from mechanist.settings.load import load_system
from mechanist.systems.build.source_files import source_files
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from mechanist.systems.descriptors.resolve import Resolver
from mechanist.systems.descriptors.shapes import Centres, PathVariable, Rmsd
from tests.conftest import REPOSITORY

ATOMS = 12
SELECTED = (1, 2, 4, 5, 7, 9)
BOX = ((1.9, 0.0, 0.0), (0.6, 1.8, 0.0), (-0.6, 0.9, 1.55))


@pytest.fixture
def frames(rng):
    """A chain whose neighbours are closer than 0.4 nm, in 15 conformations."""
    base = np.cumsum(0.12 * rng.normal(size=(ATOMS, 3)), axis=0)
    return base + 0.03 * rng.normal(size=(15, ATOMS, 3))


def structures(frames, count):
    """Some frames turned and moved, which a superposition undoes."""
    turn, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))
    turn *= np.sign(np.linalg.det(turn))
    rows = frames[:count, SELECTED] @ turn + [0.3, -0.2, 5.0]
    return tuple(tuple(tuple(map(float, x)) for x in one) for one in np.round(rows, 6))


@pytest.fixture
def every(frames):
    masses = (12.0, 1.0, 16.0), (14.0, 1.0)
    path = PathVariable(structures(frames, 4), 300.0, ATOMS)
    return DescriptorSet(
        (
            Descriptor("c", "centre_distance", (0, 3, 5), 0, ((8, 11),), Centres(masses)),
            Descriptor("r", "rmsd", SELECTED, shape=Rmsd(structures(frames, 1)[0], ATOMS)),
            Descriptor("s", "path_s", SELECTED, shape=path),
            Descriptor("z", "path_z", SELECTED, shape=path),
        )
    )


def test_against_mdtraj_and_the_definition(frames, every):
    values = every.values(frames)
    first = np.average(frames[:, (0, 3, 5)], axis=1, weights=(12, 1, 16))
    second = np.average(frames[:, (8, 11)], axis=1, weights=(14, 1))
    np.testing.assert_allclose(values[:, 0], np.linalg.norm(first - second, axis=1), rtol=1e-12)
    topology = mdtraj.Topology()
    residue = topology.add_residue("A", topology.add_chain())
    for _ in SELECTED:
        topology.add_atom("C", mdtraj.element.carbon, residue)
    moved = mdtraj.Trajectory(frames[:, SELECTED], topology)
    fixed = mdtraj.Trajectory(np.array(structures(frames, 4)), topology)
    deviations = np.array([mdtraj.rmsd(moved, fixed, p) for p in range(4)]).T
    # mdtraj works in single precision.
    np.testing.assert_allclose(values[:, 1], deviations[:, 0], atol=2e-4)
    terms = np.exp(-300 * deviations.astype(float) ** 2)
    np.testing.assert_allclose(values[:, 2], terms @ [1, 2, 3, 4] / terms.sum(axis=1), atol=2e-3)
    np.testing.assert_allclose(values[:, 3], -np.log(terms.sum(axis=1)) / 300, atol=2e-5)
    # On the path itself: the first structure, and far from the others.
    assert values[0, 1] < 1e-5
    sharp = replace(every.descriptors[2].shape, sharpness=1e5)
    on = DescriptorSet((replace(every.descriptors[2], shape=sharp),)).values(frames[:4])
    np.testing.assert_allclose(on[:, 0], [1, 2, 3, 4], atol=1e-6)


def test_a_mirror_image_is_another_structure(frames, every):
    mirrored = frames * [-1, 1, 1]
    assert every.values(mirrored)[0, 1] > 0.05
    assert every.values(frames)[0, 1] < 1e-5


def test_far_from_a_path_there_is_a_value(frames, every):
    far = every.values(frames * 30)
    assert np.isfinite(far).all()
    assert (far[:, 2] >= 1).all()
    assert (far[:, 2] <= 4).all()


def test_frames_that_exploded_have_no_value_and_do_no_harm(frames, every):
    broken = frames.copy()
    broken[3, 4] = np.nan
    values = every.values(broken)
    assert np.isnan(values[3, 1:]).all()
    good = np.delete(np.arange(len(frames)), 3)
    np.testing.assert_array_equal(values[good], every.values(frames[good]))


def test_groups_are_made_whole_in_a_box(frames, every, rng):
    boxed = replace(every, box=BOX)
    shifts = rng.integers(-2, 3, (len(frames), ATOMS, 3)) @ np.array(BOX)
    expected = every.values(frames)
    np.testing.assert_allclose(
        boxed.values(frames + shifts)[:, 1:], expected[:, 1:], rtol=1e-9, atol=1e-10
    )
    # The chain is shorter than half the box, so that nearest images of centres are those inside.
    np.testing.assert_allclose(boxed.values(frames + shifts)[:, 0], expected[:, 0], rtol=1e-9)


FORMULA = "2*c - 3*r + 0.7*s + 11*z"


@pytest.mark.parametrize("box", [None, BOX])
def test_exports_to_python_agree(frames, every, box, rng):
    known = replace(every, box=box)
    shifts = 0 if box is None else rng.integers(-2, 3, frames.shape) @ np.array(box)
    places = frames + shifts
    space: dict = {}
    exec(python_text(FORMULA, known), space)
    expected = known.values(places) @ [2, -3, 0.7, 11]
    np.testing.assert_allclose(space["q"](places), expected, rtol=1e-9, atol=1e-9)
    assert space["q"](places[3]) == pytest.approx(expected[3])


def test_exports_to_openmm_agree_with_forces(frames, every):
    system = openmm.System()
    for _ in range(ATOMS):
        system.addParticle(1)
    system.addForce(openmm_force(FORMULA, every))
    reference = openmm.Platform.getPlatformByName("Reference")
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), reference)
    expected = every.values(frames) @ [2, -3, 0.7, 11]
    step = 1e-5
    for frame, q in zip(frames[1:5], expected[1:5], strict=True):
        context.setPositions(frame)
        state = context.getState(energy=True, forces=True)
        assert state.getPotentialEnergy()._value == pytest.approx(q, abs=1e-6)
        forces = state.getForces(asNumpy=True)._value
        for atom, axis in ((0, 0), (5, 2), (9, 1)):
            two = np.stack([frame, frame])
            two[0, atom, axis] -= step
            two[1, atom, axis] += step
            low, high = every.values(two) @ [2, -3, 0.7, 11]
            assert forces[atom, axis] == pytest.approx(-(high - low) / (2 * step), abs=1e-4)


def test_json_and_units(every):
    content = json.loads(json.dumps(every.to_json()))
    assert DescriptorSet.from_json(content) == every
    assert [d.unit for d in every.descriptors] == ["nm", "nm", "1", "1"]


def test_centres_can_be_pulled_along(alanine):
    descriptor = Descriptor(
        "c", "centre_distance", (0, 1, 4), 0, ((18, 19),), Centres(((1, 12, 12), (12, 1)))
    )
    assert "centre_distance" in WIDTHS
    calm = Restrained(replace(alanine, friction=50.0), [descriptor], "Reference", 1)
    calm.place(alanine.positions, 3)
    known = DescriptorSet((descriptor,))
    now = known.values(alanine.positions[None])[0, 0]
    aim = now + (-0.1 if now > 0.6 else 0.1)
    calm.aim(np.array([aim]), np.array([20_000.0]))
    calm.step(2_000)
    found = [known.values(calm.step(20)[None])[0, 0] for _ in range(20)]
    # sqrt(kT/k) is 0.011 nm.
    assert np.mean(found) == pytest.approx(aim, abs=0.02)


SYSTEM = """
name: test
molecule:
  structure: alanine_dipeptide.pdb
  force_field: [amber99sbildn.xml]
dynamics: {temperature: 300 K, friction: 1 /ps, timestep: 2 fs, stride: 10, max_half_path: 20 ps}
descriptors:
  c: {centre_distance: {between: [resname ACE, resname NME and not element H]}}
  r: {rmsd: {to: start.pdb, select: not element H}}
  s: {path_s: {frames: path.pdb, select: not element H}}
  z: {path_z: {frames: path.pdb, select: not element H, sharpness: 500 nm^-2}}
states:
  A: {name: a, box: {r: [0 nm, 0.02 nm]}}
  B: {name: b, box: {r: [0.2 nm, 1 nm]}}
inputs: [c, r, s, z]
"""


@pytest.fixture
def folder(tmp_path, rng):
    """A system with files of structures: one with all atoms, one with those selected."""
    source = REPOSITORY / "systems" / "alanine_dipeptide" / "alanine_dipeptide.pdb"
    (tmp_path / "alanine_dipeptide.pdb").write_bytes(source.read_bytes())
    (tmp_path / "system.yaml").write_text(SYSTEM, encoding="utf-8")
    start = mdtraj.load(str(source))
    start.save_pdb(str(tmp_path / "start.pdb"))
    heavy = start.atom_slice(start.topology.select("not element H"))
    moved = heavy.xyz[0] + 0.02 * np.arange(3)[:, None, None] * rng.normal(size=heavy.xyz.shape)
    mdtraj.Trajectory(moved, heavy.topology).save_pdb(str(tmp_path / "path.pdb"))
    return tmp_path


def resolver(folder):
    topology = mdtraj.load(str(folder / "alanine_dipeptide.pdb")).topology
    return Resolver(folder / "system.yaml", topology)


def test_files_of_structures_are_found_and_are_sources_of_the_system(folder):
    settings, find = load_system(folder), resolver(folder)
    found = {name: find.descriptor(name, one) for name, one in settings.descriptors.items()}
    positions = mdtraj.load(str(folder / "start.pdb")).xyz.astype(float)
    values = DescriptorSet(tuple(found.values())).values(positions)[0]
    assert values[1] == pytest.approx(0, abs=1e-4)
    assert values[2] == pytest.approx(1, abs=0.2)
    assert found["z"].shape.sharpness == 500
    # exp(-2.3) between neighbours.
    path = found["s"].shape
    spacing = np.mean(
        [
            DescriptorSet((replace(found["r"], shape=Rmsd(one, 22)),)).values(_placed(other, found))
            ** 2
            for one, other in zip(path.references[:-1], path.references[1:], strict=True)
        ]
    )
    assert path.sharpness * spacing == pytest.approx(2.3, rel=1e-6)
    names = {file.name for file in source_files(settings, folder)}
    assert {"start.pdb", "path.pdb"} <= names


def _placed(reference, found):
    frame = np.zeros((1, 22, 3))
    frame[0, list(found["r"].atoms)] = reference
    return frame


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ({"missing": "start.pdb"}, r"descriptors.r.rmsd.to: 'start.pdb': there is no such file"),
        ({"garbage": "start.pdb"}, r"'start.pdb': mdtraj cannot read it"),
        ({"edit": ("to: start.pdb", "to: path.pdb")}, r"'path.pdb': has 3 models, not 1"),
        ({"edit": ("frames: path.pdb", "frames: start.pdb")}, r"has 1 model, not several"),
        (
            {"edit": ("select: not element H}}\n  s", "select: element N}}\n  s")},
            r"matches 2 atoms",
        ),
        ({"edit": ("rmsd: {to: start", "rmsd: {to: water")}, r"there is no such file"),
        ({"wrong": "path.pdb"}, r"'path.pdb': has 21 atoms; must have the 22 of the system"),
        ({"edit": ("resname NME and not element H", "resname ACE")}, r"match the same atoms"),
        ({"edit": ("between: [resname ACE", "between: [resname XYZ")}, r"matches no atom"),
    ],
)
def test_what_is_wrong_is_one_line(folder, what, message):
    if "missing" in what:
        (folder / what["missing"]).unlink()
    if "garbage" in what:
        (folder / what["garbage"]).write_text("no structure", encoding="utf-8")
    if "wrong" in what:
        start = mdtraj.load(str(folder / "start.pdb"))
        some = start.atom_slice(range(21))
        mdtraj.Trajectory(np.repeat(some.xyz, 3, axis=0), some.topology).save_pdb(
            str(folder / what["wrong"])
        )
    if "edit" in what:
        file = folder / "system.yaml"
        text = file.read_text(encoding="utf-8")
        assert what["edit"][0] in text
        file.write_text(text.replace(*what["edit"]), encoding="utf-8")
    settings, find = load_system(folder), resolver(folder)
    with pytest.raises(SystemBuildError, match=message):
        [find.descriptor(name, one) for name, one in settings.descriptors.items()]


def test_plumed_input_holds_its_structures(frames, every, tmp_path):
    """The commands in the file write the PDB files that it names."""
    text = plumed_text(FORMULA, every)
    (tmp_path / "formula.plumed").write_text(text, encoding="utf-8")
    for name, count in (("r", 1), ("s", 4), ("z", 4)):
        command = next(line for line in text.splitlines() if f"To write {name}.pdb:" in line)
        command = command.partition(":  ")[2].replace("THIS_FILE", "formula.plumed")
        subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True)
        models = (tmp_path / f"{name}.pdb").read_text(encoding="utf-8").split("END\n")
        assert len(models) == count + 1
        reference = structures(frames, 4)[0]
        reference = np.array(reference) - np.mean(reference, axis=0)
        for line, atom, place in zip(models[0].splitlines(), SELECTED, reference, strict=True):
            assert int(line[6:11]) == atom + 1
            found = [float(line[i : i + 8]) / 10 for i in (30, 38, 46)]
            # In Angstrom with five digits or more, relative to the centre.
            np.testing.assert_allclose(found, place, atol=6e-7)
    assert "CENTER ATOMS=1,4,6 WEIGHTS=12.0,1.0,16.0 NOPBC" in text
    assert "ARG=c,r,s_p.sss,z_p.zzz VAR=c,r,s,z" in text


def test_plumed_agrees(frames, every, tmp_path, monkeypatch):
    plumed = pytest.importorskip("plumed", reason="the Python package plumed is not installed")
    text = plumed_text(FORMULA, every)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "formula.plumed").write_text(text, encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("# To write"):
            command = line.partition(":  ")[2].replace("THIS_FILE", "formula.plumed")
            subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True)
    expected = every.values(frames) @ [2, -3, 0.7, 11]
    found = []
    for step, frame in enumerate(frames):
        kernel = plumed.Plumed()
        kernel.cmd("setNatoms", ATOMS)
        kernel.cmd("setLogFile", "log")
        kernel.cmd("init")
        kernel.cmd("readInputLines", text)
        kernel.cmd("getDataRank q", np.zeros(1, dtype=np.int_))
        kernel.cmd("getDataShape q", np.ones(1, dtype=np.int_))
        value = np.zeros(1)
        kernel.cmd("setMemoryForData q", value)
        kernel.cmd("setStep", step)
        positions, forces = np.ascontiguousarray(frame), np.zeros((ATOMS, 3))
        kernel.cmd("setPositions", positions)
        kernel.cmd("setForces", forces)
        kernel.cmd("setMasses", np.ones(ATOMS))
        kernel.cmd("setCharges", np.zeros(ATOMS))
        kernel.cmd("setBox", np.zeros((3, 3)))
        kernel.cmd("setVirial", np.zeros((3, 3)))
        kernel.cmd("calc")
        found.append(value[0])
        kernel.finalize()
    np.testing.assert_allclose(found, expected, atol=1e-5)
