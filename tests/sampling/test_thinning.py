"""Paths stored in part: what is kept, what is read again, and what is refused."""

import json
from dataclasses import replace

import mdtraj
import numpy as np
import openmm
import pytest
from openmm import app, unit

from mechanist.errors import DataError, SettingsError
from mechanist.sampling.chains.current_path import CurrentPath
from mechanist.sampling.chains.job_tables import path_table
from mechanist.sampling.records.tables import (
    PATH_COLUMNS,
    read_notes,
    read_paths,
    write_frames,
    write_table,
)
from mechanist.sampling.records.thinning import (
    NOTE,
    Thinning,
    check_descriptors,
    make_thinning,
    thinning_of,
)
from mechanist.settings.run import StoreSettings
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from mechanist.systems.prepared import Prepared

EDGE = 2.4
"""Of the box in nm."""


def places(rng, frames, waters=60):
    """Two ions near the middle of a box, and rigid waters; first an ion, then waters, then one."""
    result = np.empty((frames, 2 + 3 * waters, 3))
    middle = np.full(3, EDGE / 2)
    result[:, 0] = middle - [0.15, 0, 0] + 0.03 * rng.standard_normal((frames, 3))
    result[:, -1] = middle + [0.15, 0, 0] + 0.03 * rng.standard_normal((frames, 3))
    oxygen = rng.uniform(0, EDGE, (frames, waters, 3))
    inner = np.array([[0, 0, 0], [0.0957, 0, 0], [-0.024, 0.0927, 0]])
    result[:, 1:-1] = (oxygen[:, :, None] + inner).reshape(frames, -1, 3)
    # Trajectories are not wrapped into the box.
    shift = EDGE * rng.integers(-2, 3, (frames, waters, 1, 3))
    result[:, 1:-1] += np.broadcast_to(shift, (frames, waters, 3, 3)).reshape(frames, -1, 3)
    return result.astype(np.float32)


@pytest.fixture
def box(tmp_path, rng, double_well):
    """A system of two ions and 60 waters in a periodic box, and its topology file."""
    topology, system = app.Topology(), openmm.System()
    chain = topology.addChain()

    def add(name, residue, element):
        topology.addAtom(name, app.Element.getBySymbol(element), residue)
        system.addParticle(app.Element.getBySymbol(element).mass)

    add("Li", topology.addResidue("LI", chain), "Li")
    for _ in range(60):
        residue = topology.addResidue("HOH", chain)
        for name in ("O", "H1", "H2"):
            add(name, residue, name[0])
    add("Cl", topology.addResidue("CL", chain), "Cl")
    system.setDefaultPeriodicBoxVectors(*(EDGE * np.eye(3)))
    force = openmm.NonbondedForce()
    force.setNonbondedMethod(openmm.NonbondedForce.CutoffPeriodic)
    for _ in range(system.getNumParticles()):
        force.addParticle(0, 0.1, 0)
    system.addForce(force)
    positions = places(rng, 1)[0].astype(float)
    file = tmp_path / "topology.pdb"
    with file.open("w", encoding="utf-8") as handle:
        app.PDBFile.writeFile(topology, positions * unit.nanometer, handle, keepIds=True)
    masses = np.array(
        [system.getParticleMass(i).value_in_unit(unit.dalton) for i in range(len(positions))]
    )
    ions = DescriptorSet((Descriptor("r", "distance", (0, len(positions) - 1)),))
    states = replace(double_well.states, descriptors=ions)
    prepared: Prepared = replace(
        double_well, system=system, positions=positions, masses=masses, states=states
    )
    return prepared, file


def coordination(frames, width=0.02, radius=0.5):
    """Smooth count of oxygens about each ion by a direct loop, minimum image: (F, 2)."""
    result = np.zeros((len(frames), 2))
    for f, frame in enumerate(frames.astype(float)):
        for i, ion in enumerate((0, len(frame) - 1)):
            for oxygen in range(1, len(frame) - 1, 3):
                away = frame[oxygen] - frame[ion]
                away -= EDGE * np.round(away / EDGE)
                r = np.linalg.norm(away)
                result[f, i] += 1 / (1 + np.exp(min((r - radius) / width, 500)))
    return result


def test_what_waters_near_the_solute_decide_is_the_same(box, rng):
    prepared, file = box
    frames = places(rng, 12)
    full = coordination(frames)
    thinning = make_thinning(StoreSettings(waters=25), prepared, file)
    reduced = thinning.waters.reduce(frames)
    assert reduced.shape == (12, 2 + 3 * 25, 3)
    np.testing.assert_array_equal(reduced[:, [0, -1]], frames[:, [0, -1]])
    again = thinning.waters.expand(reduced)
    assert again.shape == frames.shape
    np.testing.assert_array_equal(again[:, [0, -1]], frames[:, [0, -1]])
    # About 12 waters of 60 lie within 0.7 nm of either ion, where the count has fallen to 5e-5.
    np.testing.assert_allclose(coordination(again), full, atol=1e-3)
    # Too few: those that count are missing.
    few = make_thinning(StoreSettings(waters=3), prepared, file).waters
    assert np.abs(coordination(few.expand(few.reduce(frames))) - full).max() > 0.5


def test_kept_waters_are_whole_and_in_order(box, rng):
    prepared, file = box
    frames = places(rng, 5)
    thinning = make_thinning(StoreSettings(waters=10), prepared, file)
    for frame, reduced in zip(frames, thinning.waters.reduce(frames), strict=True):
        found = [int(np.flatnonzero((frame == atom).all(axis=1))[0]) for atom in reduced[1:-1:3]]
        assert found == sorted(found)
        for i, oxygen in enumerate(found):
            np.testing.assert_array_equal(
                reduced[1 + 3 * i : 4 + 3 * i], frame[oxygen : oxygen + 3]
            )
        # The nearest by a direct loop.
        away = frame[1:-1:3, None] - frame[[0, -1]]
        away -= EDGE * np.round(away / EDGE)
        nearest = np.argsort(np.linalg.norm(away, axis=2).min(axis=1))[:10]
        assert found == sorted((1 + 3 * nearest).tolist())


def test_descriptors_that_need_more_are_refused(box, rng):
    prepared, file = box
    paths = [places(rng, 9), places(rng, 30)]
    thinning = make_thinning(StoreSettings(waters=20), prepared, file)
    ions = Descriptor("r_LiCl", "distance", (0, prepared.atoms - 1))
    edges = ((EDGE, 0.0, 0.0), (0.0, EDGE, 0.0), (0.0, 0.0, EDGE))
    check_descriptors(thinning, paths, [DescriptorSet((ions,), edges)])
    one_water = Descriptor("r_one", "distance", (0, 100))
    with pytest.raises(SettingsError, match=r"store.waters: 20: too few for 'r_one'"):
        check_descriptors(thinning, paths, [DescriptorSet((ions, one_water), edges)])


def test_a_system_without_water_is_refused(double_well, double_well_layout):
    with pytest.raises(SettingsError, match=r"store.waters: 5: the system has no waters"):
        make_thinning(StoreSettings(waters=5), double_well, double_well_layout.topology)


@pytest.mark.parametrize("every", [2, 3, 7])
def test_every_inner_frame_has_the_same_chance(every):
    thinning = Thinning(every, None)
    for length in (2, 3, 10, 50):
        counts = np.zeros(length, dtype=int)
        for move in range(every):
            rows = thinning.rows(length, move)
            assert (np.diff(rows) > 0).all()
            counts[rows] += 1
        assert counts[0] == counts[-1] == every
        assert (counts[1:-1] == 1).all()


def test_paths_are_read_again_with_all_atoms(box, rng, tmp_path):
    prepared, file = box
    thinning = make_thinning(StoreSettings(every=4, waters=25), prepared, file)
    paths = {0: [CurrentPath(places(rng, 17), move, 3, 1) for move in (-1, 4)]}
    index, frames = path_table(paths, 0, 0, thinning)
    assert index["length"].tolist() == [17, 17]
    trr, parquet = tmp_path / "paths.trr", tmp_path / "paths.parquet"
    write_frames(trr, frames, waters=thinning.waters)
    write_table(parquet, index, PATH_COLUMNS, {NOTE: thinning.note()})
    assert thinning_of(read_notes(parquet), parquet).every == 4
    table = read_paths(trr, parquet, prepared.atoms)
    for i, path in enumerate(paths[0]):
        rows = thinning.rows(17, path.move)
        assert len(table.path(i)) == len(rows)
        full = path.frames[rows]
        np.testing.assert_array_equal(table.path(i)[:, [0, -1]], full[:, [0, -1]])
        np.testing.assert_allclose(coordination(table.path(i)), coordination(full), atol=1e-3)
    # What is kept opens with a topology of its own.
    part = mdtraj.load(str(file)).atom_slice(thinning.waters.kept_atoms)
    part.save_pdb(str(tmp_path / "part.pdb"))
    opened = mdtraj.load(str(trr), top=str(tmp_path / "part.pdb"))
    assert opened.n_frames == len(table.frames)
    assert sum(residue.is_water for residue in opened.topology.residues) == 25


def test_a_damaged_note_is_one_line(tmp_path):
    with pytest.raises(DataError, match="damaged note on what is stored"):
        thinning_of({NOTE: '{"waters": 3}'}, tmp_path / "paths.parquet")


def peptide_and_ions(tmp_path, named, double_well):
    """A glycine-like residue of 3 carbons, two ions and 40 waters; states name an ion or do not."""
    topology, system = app.Topology(), openmm.System()
    chain = topology.addChain()

    def add(names, residue):
        for name in names:
            element = app.Element.getBySymbol(name.rstrip("123"))
            topology.addAtom(name, element, residue)
            system.addParticle(element.mass)

    add(["C1", "C2", "C3"], topology.addResidue("GLY", chain))
    add(["Na"], topology.addResidue("NA", chain))
    add(["Cl"], topology.addResidue("CL", chain))
    for _ in range(40):
        add(["O", "H1", "H2"], topology.addResidue("HOH", chain))
    count = system.getNumParticles()
    rng = np.random.default_rng(3)
    positions = rng.uniform(0, 3, (count, 3))
    file = tmp_path / "topology.pdb"
    with file.open("w", encoding="utf-8") as handle:
        app.PDBFile.writeFile(topology, positions * unit.nanometer, handle, keepIds=True)
    distance = DescriptorSet((Descriptor("d", "distance", named),))
    states = replace(double_well.states, descriptors=distance)
    return replace(
        double_well, system=system, positions=positions, masses=np.ones(count), states=states
    ), file


@pytest.mark.parametrize(
    ("named", "centres"), [((0, 2), [0, 1, 2]), ((0, 3), [0, 1, 2, 3]), ((3, 4), [0, 1, 2, 3, 4])]
)
def test_waters_are_those_around_the_molecule_and_the_ions_that_states_name(
    named, centres, tmp_path, double_well
):
    prepared, file = peptide_and_ions(tmp_path, named, double_well)
    thinning = make_thinning(StoreSettings(waters=5), prepared, file)
    waters = thinning.waters
    assert waters.centres.tolist() == centres
    assert waters.solute.tolist() == [0, 1, 2, 3, 4]
    away = prepared.positions[5::3, None] - prepared.positions[centres]
    nearest = np.argsort(np.linalg.norm(away, axis=2).min(axis=1))[:5]
    stored = waters.reduce(prepared.positions[None].astype(np.float32))[0]
    kept = [0, 1, 2, 3, 4, *(5 + 3 * np.sort(nearest)[:, None] + np.arange(3)).ravel()]
    np.testing.assert_array_equal(stored, prepared.positions[kept].astype(np.float32))
    # All is in the note that readers need; notes of earlier versions have no centres.
    content = json.loads(thinning.note())
    assert thinning_of({NOTE: json.dumps(content)}, file).waters.around.tolist() == centres
    del content["centres"]
    assert thinning_of({NOTE: json.dumps(content)}, file).waters.around.tolist() == [0, 1, 2, 3, 4]
