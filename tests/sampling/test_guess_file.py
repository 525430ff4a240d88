"""A guessed path of the user: atoms in another order, molecules cut by the box, another box."""

import shutil
from dataclasses import replace
from pathlib import Path

import mdtraj
import numpy as np
import openmm
import pytest
from openmm import app, unit

from mechanist.errors import DataError
from mechanist.sampling.first_path import guess_file
from mechanist.sampling.first_path.guess_file import read_guess
from mechanist.settings.load import load_system
from mechanist.systems.build.molecule import build_molecule
from mechanist.systems.build.prepare import prepared_from
from mechanist.systems.descriptors.descriptor_set import DescriptorSet
from mechanist.systems.descriptors.states import State, States
from mechanist.systems.prepared import Prepared
from tests.bring import DATA
from tests.conftest import REPOSITORY

ALANINE = REPOSITORY / "systems" / "alanine_dipeptide"


@pytest.fixture
def own(tmp_path) -> tuple[Prepared, Path, mdtraj.Trajectory]:
    """Alanine dipeptide, its PDB file, and three frames."""
    settings = load_system(ALANINE)
    molecule = build_molecule(settings.molecule, ALANINE)
    nothing = States(DescriptorSet(()), State("A", ()), State("B", ()))
    prepared = prepared_from(settings, molecule.positions, molecule.system, nothing)
    pdb = tmp_path / "topology.pdb"
    with pdb.open("w", encoding="utf-8") as handle:
        app.PDBFile.writeFile(molecule.topology, molecule.positions * unit.nanometer, handle)
    rng = np.random.default_rng(1)
    xyz = molecule.positions + 0.002 * rng.standard_normal((3, *molecule.positions.shape))
    return prepared, pdb, mdtraj.Trajectory(xyz, mdtraj.load_topology(str(pdb)))


def in_box(prepared: Prepared, edge: float) -> Prepared:
    """The same molecule in a periodic box."""
    system = openmm.XmlSerializer.clone(prepared.system)
    system.setDefaultPeriodicBoxVectors([edge, 0, 0], [0, edge, 0], [0, 0, edge])
    for force in system.getForces():
        if isinstance(force, openmm.NonbondedForce):
            force.setNonbondedMethod(openmm.NonbondedForce.PME)
            force.setCutoffDistance(0.9)
    return replace(prepared, system=system)


def boxed(trajectory: mdtraj.Trajectory, edge: float) -> mdtraj.Trajectory:
    result = trajectory.slice(range(trajectory.n_frames))
    result.unitcell_lengths = np.full((3, 3), edge)
    result.unitcell_angles = np.full((3, 3), 90.0)
    return result


@pytest.mark.parametrize("suffix", ["xtc", "dcd", "trr", "pdb", "gro", "nc"])
def test_what_fits_is_read_as_it_is(suffix, own, tmp_path):
    prepared, pdb, trajectory = own
    file = tmp_path / f"path.{suffix}"
    boxed(trajectory, 4.0).save(str(file))
    frames, said = read_guess(file, pdb, prepared)
    assert said == []
    assert np.allclose(frames, trajectory.xyz, atol=2e-3)


@pytest.mark.parametrize("suffix", ["pdb", "gro"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_another_order_is_mapped_by_names(suffix, seed, own, tmp_path):
    prepared, pdb, trajectory = own
    rng = np.random.default_rng(seed)
    order = np.concatenate(
        [rng.permutation([a.index for a in residue.atoms]) for residue in trajectory.top.residues]
    )
    shuffled = reordered(trajectory, order)
    file = tmp_path / f"path.{suffix}"
    boxed(shuffled, 4.0).save(str(file))
    frames, said = read_guess(file, pdb, prepared)
    assert "put in the order of the system" in said[0]
    assert np.allclose(frames, trajectory.xyz, atol=2e-3)


def reordered(trajectory: mdtraj.Trajectory, order) -> mdtraj.Trajectory:
    topology = mdtraj.Topology()
    chain = topology.add_chain()
    residues = {
        r.index: topology.add_residue(r.name, chain, r.resSeq) for r in trajectory.top.residues
    }
    for i in order:
        atom = trajectory.top.atom(int(i))
        topology.add_atom(atom.name, atom.element, residues[atom.residue.index])
    return mdtraj.Trajectory(trajectory.xyz[:, order], topology)


@pytest.mark.parametrize("suffix", ["xtc", "dcd", "trr"])
def test_another_order_without_names_is_refused(suffix, own, tmp_path):
    prepared, pdb, trajectory = own
    file = tmp_path / f"path.{suffix}"
    reordered(trajectory, np.arange(22)[::-1]).save(str(file))
    with pytest.raises(DataError, match=r"initial.path: atoms \d+ and \d+, .* nm apart"):
        read_guess(file, pdb, prepared)


@pytest.mark.parametrize("periodic", [True, False])
def test_atoms_that_are_wrapped_one_by_one(periodic, own, tmp_path):
    prepared, pdb, trajectory = own
    cut = boxed(trajectory, 2.5)
    cut.xyz = (cut.xyz - cut.xyz[:, :1] + 0.1) % 2.5
    assert np.ptp(cut.xyz, axis=1).max() > 2
    file = tmp_path / "path.xtc"
    cut.save(str(file))
    prepared = in_box(prepared, 2.5) if periodic else prepared
    frames, said = read_guess(file, pdb, prepared)
    assert "3 frames were cut by the box and made whole" in said[0]
    inner = np.linalg.norm(frames[:, 1:] - frames[:, :1], axis=2)
    right = np.linalg.norm(trajectory.xyz[:, 1:] - trajectory.xyz[:, :1], axis=2)
    assert np.allclose(inner, right, atol=4e-3)


@pytest.mark.parametrize(("edge", "fine"), [(2.5, True), (2.51, True), (2.6, False), (4.0, False)])
def test_another_box(edge, fine, own, tmp_path):
    prepared, pdb, trajectory = own
    file = tmp_path / "path.xtc"
    boxed(trajectory, edge).save(str(file))
    if fine:
        read_guess(file, pdb, in_box(prepared, 2.5))
        return
    with pytest.raises(DataError, match=r"frame 0 has a box of .* the system one of 2.500 x"):
        read_guess(file, pdb, in_box(prepared, 2.5))


def test_the_mirror_image_is_refused(own, tmp_path):
    prepared, pdb, trajectory = own
    trajectory.xyz[2] *= [-1, 1, 1]
    trajectory.save(str(tmp_path / "path.xtc"))
    with pytest.raises(DataError, match=r"ALA2-CA, is in frame 2 the mirror image"):
        read_guess(tmp_path / "path.xtc", pdb, prepared)


def test_other_faults(own, tmp_path, monkeypatch):
    prepared, pdb, trajectory = own
    trajectory.xyz[1, 3] = np.nan
    trajectory.save(str(tmp_path / "nan.dcd"))
    with pytest.raises(DataError, match="not finite"):
        read_guess(tmp_path / "nan.dcd", pdb, prepared)
    monkeypatch.setattr(guess_file, "find_spec", lambda name: None)
    (tmp_path / "path.h5").write_bytes(b"HDF")
    with pytest.raises(DataError, match="needs PyTables"):
        read_guess(tmp_path / "path.h5", pdb, prepared)
    shutil.copy(DATA / "peroxide.pdb", tmp_path / "other.pdb")
    with pytest.raises(DataError, match="has 4 atoms, not the same atoms"):
        read_guess(tmp_path / "other.pdb", pdb, prepared)


@pytest.mark.parametrize(
    "suffix", ["xtc", "dcd", "trr", "pdb", "gro", "nc", "h5", "cif", "xyz", "q"]
)
def test_whatever_is_no_trajectory(suffix, own, tmp_path):
    prepared, pdb, _ = own
    for content in (b"", b"no trajectory\n" * 9, bytes(range(256))):
        (tmp_path / f"path.{suffix}").write_bytes(content)
        with pytest.raises(DataError, match=r"initial\.path: "):
            read_guess(tmp_path / f"path.{suffix}", pdb, prepared)
