"""Two files that meet mean the same atoms: order, elements, lengths, handedness, boxes."""

import itertools
import shutil
from pathlib import Path

import numpy as np
import openmm
import pytest
from openmm import app, unit

from mechanist.errors import SystemBuildError
from mechanist.settings.molecule import MoleculeSettings
from mechanist.systems.build.bonded import add_bonds, bonds_of
from mechanist.systems.build.identity import (
    centres_of,
    check_chirality,
    check_masses,
    mirrored,
    order_by_names,
)
from mechanist.systems.build.minimise import minimise
from mechanist.systems.build.molecule import build_molecule
from mechanist.systems.build.names import Name
from tests.bring import DATA, FORMATS, build, energy, put_files
from tests.conftest import REPOSITORY

INPUTS = DATA.parent / "inputs"
ALANINE = REPOSITORY / "systems" / "alanine_dipeptide" / "alanine_dipeptide.pdb"


def lines_of(path: Path) -> tuple[list[str], list[str], list[str]]:
    """Head, atoms and tail of a PDB, gro or crd file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    if path.suffix == ".pdb":
        atoms = [line for line in lines if line.startswith(("ATOM", "HETATM"))]
        bonds = [line for line in lines if line.startswith("CONECT")]
        return [line for line in lines if line.startswith("CRYST1")], atoms, [*bonds, "END"]
    first = 2 if path.suffix == ".gro" else next(i for i, x in enumerate(lines) if x[0] != "*") + 1
    return lines[:first], lines[first : first + 4], lines[first + 4 :]


def permute(path: Path, order) -> None:
    head, atoms, tail = lines_of(path)
    text = "\n".join([*head, *(atoms[i] for i in order), *tail]) + "\n"
    path.write_text(text, encoding="utf-8")


ORDERS = [(1, 0, 2, 3), (3, 2, 1, 0), (2, 3, 0, 1), (0, 2, 1, 3), (1, 2, 3, 0)]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("form", ["Amber with PDB", "GROMACS", "CHARMM"])
def test_another_order_is_mapped_by_names(form, order, tmp_path):
    put_files(tmp_path)
    right = build(tmp_path, FORMATS[form])
    permute(tmp_path / FORMATS[form]["structure"], order)
    found = build(tmp_path, FORMATS[form])
    assert np.allclose(found.positions, right.positions)
    assert energy(found) == pytest.approx(energy(right), rel=1e-9)
    moved = sum(i != k for k, i in enumerate(order))
    assert any(f"{moved} atoms stand in another order" in note for note in found.notes)


def test_the_order_of_the_topology_is_left_alone(tmp_path):
    put_files(tmp_path)
    for form in ("Amber with PDB", "GROMACS", "CHARMM"):
        assert not build(tmp_path, FORMATS[form]).notes


@pytest.mark.parametrize("order", [order for order in ORDERS if order != (3, 2, 1, 0)])
def test_another_order_beside_a_system_is_refused(order, tmp_path):
    """A System has no names; its masses and lengths tell, unless the molecule is symmetrical."""
    put_files(tmp_path)
    permute(tmp_path / "peroxide.pdb", order)
    with pytest.raises(SystemBuildError, match=r"atoms? \d"):
        build(tmp_path, FORMATS["OpenMM"])


@pytest.mark.parametrize("pair", [*itertools.combinations((0, 1, 2, 4, 7, 8), 2), (5, 6), (1, 5)])
def test_any_two_atoms_of_ethanol_that_are_swapped(pair, tmp_path):
    """Refused, or the energy is the same: swapped hydrogens of one carbon are the same molecule."""
    source = INPUTS / "no_conect"
    shutil.copy(source / "system.xml", tmp_path)
    shutil.copy(source / "without.pdb", tmp_path / "a.pdb")
    settings = MoleculeSettings(structure="a.pdb", topology="system.xml")
    right = energy_at_minimum(build_molecule(settings, tmp_path), tmp_path)
    found = right + 1
    head, atoms, tail = lines_of(tmp_path / "a.pdb")
    i, j = pair
    a, b = atoms[i], atoms[j]
    atoms[i], atoms[j] = a[:30] + b[30:54] + a[54:], b[:30] + a[30:54] + b[54:]
    (tmp_path / "a.pdb").write_text("\n".join([*head, *atoms, *tail]) + "\n", encoding="utf-8")
    told = ""
    try:
        found = energy_at_minimum(build_molecule(settings, tmp_path), tmp_path)
    except SystemBuildError as error:
        told = str(error)
    assert "nm apart" in told or found == pytest.approx(right, abs=0.1)


def energy_at_minimum(molecule, folder) -> float:
    positions = minimise(molecule.system, molecule.positions, folder, molecule.topology)
    return energy(type(molecule)(molecule.topology, positions, molecule.system))


def n(atom, residue="ALA", number="1", element=""):
    return Name(atom, residue, number, element)


def test_residues_in_another_order():
    own = [n("O", "HOH", "1"), n("H1", "HOH", "1"), n("H2", "HOH", "1"), n("NA", "NA", "2")]
    given = [own[3], own[1], own[2], own[0]]
    order = order_by_names(given, own, "f")
    assert order is not None
    assert order.tolist() == [3, 1, 2, 0]


def test_names_of_another_program_are_no_other_order():
    own = [n("N"), n("H"), n("HB2"), n("HB3")]
    given = [n("N"), n("HN"), n("HB1"), n("HB2")]
    assert order_by_names(given, own, "f") is None
    assert order_by_names([n("SOD", "SOD")], [n("NA", "NA", element="Na")], "f") is None
    assert order_by_names([n("1HB"), n("O*")], [n("HB1"), n("O'")], "f") is None


@pytest.mark.parametrize(
    "given",
    [
        [n("HN"), n("N"), n("CA")],
        [n("X", element="H"), n("Y", element="N"), n("Z", element="C")],
        [n("CA"), n("HX"), n("N")],
    ],
)
def test_the_first_atom_that_differs_is_named(given):
    own = [n("N", element="N"), n("H", element="H"), n("CA", element="C")]
    with pytest.raises(
        SystemBuildError, match=r"f: atom 0 is ALA1-\S+, in the topology it is ALA1-N"
    ):
        order_by_names(given, own, "f")


def test_several_atoms_of_one_name_stay_in_order():
    own = [n("C"), n("H"), n("H"), n("O")]
    assert order_by_names(own, own, "f") is None
    with pytest.raises(SystemBuildError, match="order of atoms differs"):
        order_by_names([n("H"), n("C"), n("H"), n("O")], own, "f")


def alanine(**options):
    pdb = app.PDBFile(str(ALANINE))
    system = app.ForceField("amber14-all.xml").createSystem(pdb.topology, **options)
    return pdb, system


@pytest.mark.parametrize("mass", [None, 1.5, 3.0, 4.0])
def test_hydrogen_masses_may_be_repartitioned(mass):
    pdb, system = alanine(hydrogenMass=mass and mass * unit.dalton)
    check_masses(pdb.topology, system, "f")


@pytest.mark.parametrize(
    ("atom", "mass", "fine"),
    [
        (1, 2.014, True),
        (1, 0.0, True),
        (0, 0.0, True),
        (1, 12.011, False),
        (0, 15.999, False),
        (0, 14.007, False),
        (0, 1.008, False),
        (1, 5.0, False),
    ],
)
def test_masses_of_other_elements(atom, mass, fine):
    pdb, system = alanine()
    system.setParticleMass(atom, mass)
    if fine:
        return check_masses(pdb.topology, system, "f")
    with pytest.raises(SystemBuildError, match=f"f: atom {atom}, ACE1-.* but has a mass of"):
        check_masses(pdb.topology, system, "f")
    return None


def test_united_atoms_and_beads_have_masses_of_their_own():
    topology = app.Topology()
    residue = topology.addResidue("BUT", topology.addChain())
    for name in ("C1", "C2"):
        topology.addAtom(name, app.element.carbon, residue)
    topology.addAtom("B", None, residue)
    system = openmm.System()
    for mass in (15.035, 14.027, 100.0):
        system.addParticle(mass)
    check_masses(topology, system, "f")


def test_handedness():
    pdb, _ = alanine()
    positions = np.array(pdb.positions.value_in_unit(unit.nanometer))
    mirror = positions * [-1, 1, 1]
    found = centres_of(pdb.topology)
    names = [atom.name for atom in pdb.topology.atoms()]
    assert [names[row[0]] for row in found] == ["CA"]
    assert mirrored(found, positions, positions @ np.diag([-1.0, -1.0, 1.0])) is None
    assert names[mirrored(found, positions, mirror)] == "CA"
    check_chirality(pdb.topology, positions, positions, "f")
    with pytest.raises(SystemBuildError, match="ALA2-CA, into its mirror image"):
        check_chirality(pdb.topology, positions, mirror, "f")


def test_minimisation_that_inverts_a_centre_is_refused():
    """Improper torsions pull CB and HA to the other side of N, CA and C."""
    pdb, system = alanine()
    names = {atom.name: atom.index for atom in pdb.topology.atoms() if atom.residue.name == "ALA"}
    start = np.array(pdb.positions.value_in_unit(unit.nanometer))
    told = []
    for sign in (1, -1):
        other = openmm.XmlSerializer.clone(system)
        force = openmm.CustomTorsionForce("1e5*(theta-at)^2")
        force.addPerTorsionParameter("at")
        for name, side in (("CB", 1), ("HA", -1)):
            atoms = [names[n] for n in ("CA", "N", "C", name)]
            force.addTorsion(*atoms, [0.6 * sign * side])
        other.addForce(force)
        try:
            minimise(other, start, Path("f"), pdb.topology)
        except SystemBuildError as error:
            told.append(str(error))
    assert len(told) == 1
    assert "ALA2-CA, into its mirror image" in told[0]


def test_bonds_of_a_system():
    pdb, system = alanine(constraints=app.HAngles)
    right = {tuple(sorted((b[0].index, b[1].index))) for b in pdb.topology.bonds()}
    assert set(bonds_of(system).bonds) == right
    bare = app.PDBFile(str(INPUTS / "no_conect" / "without.pdb")).topology
    text = (INPUTS / "no_conect" / "system.xml").read_text(encoding="utf-8")
    system = openmm.XmlSerializer.deserialize(text)
    assert add_bonds(bare, system) == 8
    assert add_bonds(bare, system) == 0


def test_bonds_of_rigid_water_and_of_a_ring_and_no_restraints():
    system = openmm.System()
    for _ in range(7):
        system.addParticle(12)
    for i, j, length in ((0, 1, 0.09572), (0, 2, 0.09572), (1, 2, 0.15139)):
        system.addConstraint(i, j, length)
    force = openmm.HarmonicBondForce()
    for i, j in ((3, 4), (4, 5), (3, 5)):
        force.addBond(i, j, 0.151, 2e5)
    force.addBond(0, 6, 1.0, 1000)
    system.addForce(force)
    found = bonds_of(system)
    assert set(found.bonds) == {(0, 1), (0, 2), (3, 4), (4, 5), (3, 5)}
    assert set(found.angles) == {(1, 2)}


def test_a_molecule_that_the_box_has_cut_is_made_whole_also_in_vacuum(tmp_path):
    put_files(tmp_path)
    right = energy(build(tmp_path, FORMATS["GROMACS"]))
    text = (tmp_path / "peroxide.gro").read_text(encoding="utf-8")
    cut = text.replace("1.1642\n", "3.1642\n", 1)
    assert cut != text
    (tmp_path / "peroxide.gro").write_text(cut, encoding="utf-8")
    assert energy(build(tmp_path, FORMATS["GROMACS"])) == pytest.approx(right, rel=1e-6)


@pytest.mark.parametrize("form", ["PDB and XML", "Amber with PDB", "OpenMM"])
def test_a_structure_in_other_units_is_refused(form, tmp_path):
    put_files(tmp_path)
    _, atoms, tail = lines_of(tmp_path / "peroxide.pdb")
    scaled = [
        line[:30] + "".join(f"{5 * float(line[k : k + 8]):8.3f}" for k in (30, 38, 46)) + line[54:]
        for line in atoms
    ]
    text = "\n".join([*scaled, *tail]) + "\n"
    (tmp_path / "peroxide.pdb").write_text(text, encoding="utf-8")
    with pytest.raises(SystemBuildError, match="nm apart, the force field holds them"):
        build(tmp_path, FORMATS[form])
