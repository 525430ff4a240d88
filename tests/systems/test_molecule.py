"""Molecules from every format: same atoms, same energy, boxes, masses, what is left out."""

import numpy as np
import pytest
from openmm import unit

from mechanist.errors import SystemBuildError
from mechanist.settings.load import load_system
from mechanist.systems.build.periodic import as_vectors, whole
from mechanist.systems.build.source_files import source_files
from mechanist.systems.descriptors.box import box_of
from mechanist.systems.forces.gromacs import included
from tests.bring import FORMATS, build, energy, put_files, write_system, write_wet

BOX = ["2 nm", "2 nm", "2 nm"]
PME = {"nonbonded": "PME", "cutoff": "0.9 nm", "box": BOX, "dispersion_correction": False}
OWN = {k: v for k, v in FORMATS.items() if k != "OpenMM"}
VARIANTS = {
    "NoCutoff": {},
    "flexible": {"constraints": "none"},
    "all bonds": {"constraints": "AllBonds"},
    "cutoff": {"nonbonded": "CutoffNonPeriodic", "cutoff": "0.9 nm", "switching": "0.8 nm"},
    "periodic cutoff": {
        "nonbonded": "CutoffPeriodic",
        "cutoff": "0.9 nm",
        "box": BOX,
        "dispersion_correction": False,
    },
    "PME": PME,
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return put_files(tmp_path_factory.mktemp("peroxide"))


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_format_gives_the_same_energy(files, variant):
    energies = {
        name: energy(build(files, molecule | VARIANTS[variant])) for name, molecule in OWN.items()
    }
    first = energies["PDB and XML"]
    # The crd file has 5 digits of an angstrom, the others as many as this structure needs.
    assert energies == pytest.approx(dict.fromkeys(energies, first), abs=1e-4)


def test_a_serialised_system_is_taken_without_what_moves_it(files):
    molecule = build(files, FORMATS["OpenMM"])
    assert energy(molecule) == pytest.approx(energy(build(files, FORMATS["PDB and XML"])), abs=1e-9)
    names = {type(force).__name__ for force in molecule.system.getForces()}
    assert not names & {"CMMotionRemover", "AndersenThermostat"}
    text = " ".join(molecule.notes)
    assert "CMMotionRemover was removed" in text
    assert "AndersenThermostat was removed" in text


@pytest.mark.parametrize("name", OWN)
def test_no_format_brings_a_motion_remover(files, name):
    molecule = build(files, FORMATS[name])
    names = {type(force).__name__ for force in molecule.system.getForces()}
    assert "CMMotionRemover" not in names
    assert molecule.system.getNumConstraints() == 2
    assert not molecule.notes


@pytest.mark.parametrize("name", OWN)
def test_heavy_hydrogens(files, name):
    system = build(files, FORMATS[name] | {"hydrogen_mass": "3 dalton"}).system
    masses = [system.getParticleMass(i).value_in_unit(unit.dalton) for i in range(4)]
    assert masses == pytest.approx([3.0, 14.007, 14.007, 3.0])


@pytest.mark.parametrize(
    ("name", "extra", "edges"),
    [
        ("PDB and XML", {}, 2.0),
        ("Amber", {}, 2.0),
        ("GROMACS", {}, 2.0),
        ("GROMACS", {"box": ["2.5 nm", "2.5 nm", "2.5 nm"]}, 2.5),
        ("CHARMM", {"box": ["2.5 nm", "2.5 nm", "2.5 nm"]}, 2.5),
    ],
)
def test_the_box_is_that_of_the_file_or_the_given_one(files, name, extra, edges):
    settings = FORMATS[name] | {"nonbonded": "PME", "cutoff": "0.9 nm"} | extra
    molecule = build(files, settings)
    np.testing.assert_allclose(box_of(molecule.system), np.eye(3) * edges, atol=1e-12)


def test_without_a_cutoff_the_box_of_a_file_does_not_matter(files):
    assert box_of(build(files, FORMATS["GROMACS"]).system) is None


@pytest.mark.parametrize("name", ["Amber", "CHARMM"])
def test_implicit_solvent_of_a_topology(files, name):
    settings = FORMATS[name] | {"implicit_solvent": "OBC2"}
    solvated, vacuum = energy(build(files, settings)), energy(build(files, FORMATS[name]))
    # A polar molecule gains in water; peroxide about 40 kJ/mol with these charges.
    assert solvated < vacuum - 10


def test_implicit_solvent_by_xml(tmp_path):
    from tests.conftest import REPOSITORY

    folder = REPOSITORY / "systems" / "alanine_dipeptide"
    plain = {"structure": "alanine_dipeptide.pdb", "force_field": ["amber14-all.xml"]}
    water = plain | {"force_field": ["amber14-all.xml", "implicit/obc2.xml"]}
    assert energy(build(folder, water)) < energy(build(folder, plain)) - 20


@pytest.mark.parametrize("force", ["DrudeForce", "RMSDForce"])
def test_forces_that_cannot_be_sampled_are_refused(files, force, tmp_path):
    import openmm

    put_files(tmp_path)
    text = (tmp_path / "system.xml").read_text(encoding="utf-8")
    system = openmm.XmlSerializer.deserialize(text)
    made = openmm.RMSDForce([openmm.Vec3(0, 0, 0)] * 4) if force == "RMSDForce" else None
    system.addForce(made or openmm.DrudeForce())
    (tmp_path / "system.xml").write_text(openmm.XmlSerializer.serialize(system), encoding="utf-8")
    with pytest.raises(SystemBuildError, match=f"{force}.*cannot be sampled"):
        build(tmp_path, FORMATS["OpenMM"])


def test_molecules_are_made_whole():
    box = as_vectors([[3, 0, 0], [1, 3, 0], [-1, 1, 3]])
    rng = np.random.default_rng(5)
    straight = np.cumsum(rng.normal(0, 0.1, (20, 3)), axis=0) + 1.5
    shifts = rng.integers(-2, 3, (20, 3)) @ box
    shifts[0] = 0
    bonds = [(i, i + 1) for i in range(19)]
    np.testing.assert_allclose(whole(straight + shifts, bonds, box), straight, atol=1e-9)


def test_a_broken_molecule_in_a_file_is_made_whole(files, tmp_path):
    put_files(tmp_path)
    lines = (tmp_path / "peroxide.gro").read_text(encoding="utf-8").splitlines()
    x = float(lines[2][20:28])
    lines[2] = lines[2][:20] + f"{x - 2.0:8.4f}" + lines[2][28:]
    (tmp_path / "peroxide.gro").write_text("\n".join(lines) + "\n", encoding="utf-8")
    broken, good = (build(folder, FORMATS["GROMACS"] | PME) for folder in (tmp_path, files))
    assert energy(broken) == pytest.approx(energy(good), abs=1e-6)


@pytest.mark.parametrize(
    "box", [[0, 1, 1], [[1, 0.5, 0], [0, 1, 0], [0, 0, 1]], [1, 1, float("nan")]]
)
def test_what_is_no_box(box):
    with pytest.raises(ValueError, match=r"volume|along x"):
        as_vectors(box)


def test_files_that_count(files, tmp_path):
    folder = write_system(tmp_path, FORMATS["GROMACS"])
    names = {path.name for path in source_files(load_system(folder), folder)}
    assert names == {"peroxide.gro", "peroxide.top", "types.itp"}
    assert [path.name for path in included(folder / "peroxide.top", None)] == ["types.itp"]


@pytest.mark.parametrize("used", [True, False])
def test_functions_of_the_user_count_if_they_are_used(tmp_path, used):
    descriptors = {"phi": {"torsion": [0, 1, 2, 3]}}
    if used:
        descriptors["own"] = {"function": "f"}
    folder = write_system(tmp_path, FORMATS["Amber"], descriptors=descriptors)
    (folder / "descriptors.py").write_text("def f(x):\n    return x[:, 0, 0]\n", encoding="utf-8")
    names = {path.name for path in source_files(load_system(folder), folder)}
    assert ("descriptors.py" in names) == used


def test_an_include_folder(tmp_path):
    put_files(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "types.itp").rename(tmp_path / "elsewhere" / "types.itp")
    with pytest.raises(SystemBuildError, match=r"types.itp.*molecule.include"):
        build(tmp_path, FORMATS["GROMACS"])
    molecule = build(tmp_path, FORMATS["GROMACS"] | {"include": "elsewhere"})
    assert molecule.system.getNumParticles() == 4
    assert included(tmp_path / "peroxide.top", tmp_path / "elsewhere")


def test_a_user_residue_in_water(tmp_path):
    """A residue of a user's XML beside TIP4P-Ew water, whose sites the PDB file lacks."""
    settings = write_wet(tmp_path, 200)
    molecule = build(tmp_path, settings)
    assert molecule.system.getNumParticles() == 4 + 4 * 200
    assert sum(molecule.system.isVirtualSite(i) for i in range(804)) == 200
    assert molecule.positions.shape == (804, 3)
