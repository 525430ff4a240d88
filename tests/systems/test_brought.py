"""Files as other programs write them: read, or refused by what is in them."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import openmm
import pytest
from openmm import app, unit

from mechanist.errors import SystemBuildError
from mechanist.settings.molecule import MoleculeSettings
from mechanist.systems.build.coordinates import read_structure
from mechanist.systems.build.minimise import minimise
from mechanist.systems.build.molecule import build_molecule
from mechanist.systems.build.new import Sources, new
from tests.bring import DATA, FORMATS, build, energy, put_files
from tests.conftest import REPOSITORY

HEAD = (
    "[ defaults ]\n1 2 yes 0.5 0.8\n[ atomtypes ]\nAR 18 39.948 0 A 0.34 0.99\n"
    "OW 8 15.999 0 A 0.315 0.65\nHW 1 1.008 0 A 0.1 0\nMW 0 0 0 V 0.1 0\n"
)
ARGON = "[ moleculetype ]\nAR 1\n[ atoms ]\n1 AR 1 AR AR 1 0 39.948\n"
TIP4P = (
    "[ moleculetype ]\nSOL 2\n[ atoms ]\n1 OW 1 SOL OW 1 0 15.999\n2 HW 1 SOL HW1 1 0.52 1.008\n"
    "3 HW 1 SOL HW2 1 0.52 1.008\n4 MW 1 SOL MW 1 -1.04 0\n[ settles ]\n1 1 0.09572 0.15139\n"
    "[ virtual_sites3 ]\n4 1 2 3 1 0.128012065 0.128012065\n"
    "[ exclusions ]\n1 2 3 4\n2 1 3 4\n3 1 2 4\n4 1 2 3\n"
)
END = "[ system ]\nx\n[ molecules ]\n"


def gro(path: Path, names: list[tuple[int, str, str]], x: np.ndarray, edge: float) -> Path:
    """A gro file of atoms with number and name of the residue, and a name."""
    rows = [
        f"{number:5d}{residue:<5}{name:>5}{i + 1:5d}" + "".join(f"{v:8.3f}" for v in x[i])
        for i, (number, residue, name) in enumerate(names)
    ]
    text = "\n".join(["x", str(len(names)), *rows, f"{edge} {edge} {edge}", ""])
    path.write_text(text, encoding="utf-8")
    return path


def said_of(tmp_path: Path, structure: Path, topology: str) -> str:
    """What ``new`` says first of a GROMACS topology."""
    (tmp_path / "x.top").write_text(topology, encoding="utf-8")
    said: list[str] = []
    new("own", Sources(structure, tmp_path / "x.top"), tmp_path / "work", said.append)
    return said[0]


class TestBoxes:
    """What has no bonds, and a single molecule in a box that just holds it."""

    def test_of_atoms_without_bonds(self, tmp_path):
        x = np.array([[1.0, 1, 1], [1.5, 1, 1]])
        structure = gro(tmp_path / "x.gro", [(1, "AR", "AR"), (2, "AR", "AR")], x, 3.0)
        assert "mostly empty" in said_of(tmp_path, structure, HEAD + ARGON + END + "AR 2\n")

    def test_of_water_without_bonds(self, tmp_path):
        x = np.array([[1, 1, 1], [1.0586, 1.0757, 1], [1.0586, 0.9243, 1], [1.015, 1, 1.0]])
        names = [(1, "SOL", name) for name in ("OW", "HW1", "HW2", "MW")]
        structure = gro(tmp_path / "x.gro", names, x, 2.0)
        said = said_of(tmp_path, structure, HEAD + TIP4P + END + "SOL 1\n")
        assert said == "Periodic: a box of 2.000 x 2.000 x 2.000 nm with 1 water."

    @pytest.mark.parametrize("bonded", [True, False], ids=["a chain", "a liquid"])
    def test_of_twelve_residues(self, bonded, tmp_path):
        count = 12
        x = np.array(
            [
                [0.2 + 0.34 * (i % 3), 0.2 + 0.34 * (i // 3 % 2), 0.2 + 0.34 * (i // 6)]
                for i in range(count)
            ]
        )
        structure = gro(tmp_path / "x.gro", [(i + 1, "AR", "AR") for i in range(count)], x, 1.2)
        topology = HEAD + ARGON + END + f"AR {count}\n"
        if bonded:
            order = [0, 1, 2, 5, 4, 3, 9, 10, 11, 8, 7, 6]
            atoms = "".join(f"{i} AR {i} AR AR {i} 0 39.948\n" for i in range(1, count + 1))
            bonds = "".join(f"{a + 1} {b + 1} 1 0.34 1000\n" for a, b in pairwise(order))
            topology = (
                f"{HEAD}[ moleculetype ]\nCHN 3\n[ atoms ]\n{atoms}[ bonds ]\n{bonds}{END}CHN 1\n"
            )
        said = said_of(tmp_path, structure, topology)
        assert said.endswith("one molecule in it." if bonded else "a liquid or solid.")


class TestRestarts:
    """Amber's restart files are NetCDF unless one asks for text."""

    @pytest.mark.parametrize("name", ["own.ncrst", "own.rst7", "own.rst"])
    def test_as_netcdf(self, name, tmp_path):
        from scipy.io import netcdf_file

        right = read_structure(DATA / "peroxide.inpcrd")
        with netcdf_file(tmp_path / name, "w", version=2) as file:
            file.Conventions, file.ConventionVersion = b"AMBERRESTART", b"1.0"
            file.createDimension("atom", len(right.positions))
            for size in ("spatial", "cell_spatial", "cell_angular"):
                file.createDimension(size, 3)
            file.createVariable("coordinates", "d", ("atom", "spatial"))[:] = 10 * right.positions
            file.createVariable("time", "d", ())[...] = 0.0
            file.createVariable("cell_lengths", "d", ("cell_spatial",))[:] = (21.0, 22.0, 23.0)
            file.createVariable("cell_angles", "d", ("cell_angular",))[:] = 90.0
        found = read_structure(tmp_path / name, amber=True)
        assert found.positions == pytest.approx(right.positions, abs=1e-12)
        assert np.diag(found.box) == pytest.approx([2.1, 2.2, 2.3])

    def test_cut_off(self, tmp_path):
        (tmp_path / "own.rst7").write_bytes(b"CDF\x02" + bytes(20))
        with pytest.raises(SystemBuildError, match=r"own\.rst7: cannot be read as a struct"):
            read_structure(tmp_path / "own.rst7", amber=True)


class TestXml:
    """A State, a Context's integrator or a force field in place of a System."""

    @pytest.mark.parametrize("kind", ["State", "Integrator", "ForceField"])
    def test_says_what_it_is(self, kind, tmp_path):
        put_files(tmp_path)
        system = openmm.System()
        system.addParticle(1.0)
        integrator = openmm.LangevinIntegrator(300, 1, 0.001)
        context = openmm.Context(system, integrator, openmm.Platform.getPlatform("Reference"))
        context.setPositions([openmm.Vec3(0, 0, 0)])
        texts = {
            "State": openmm.XmlSerializer.serialize(context.getState(positions=True, energy=True)),
            "Integrator": openmm.XmlSerializer.serialize(integrator),
            "ForceField": (DATA / "peroxide.xml").read_text(encoding="utf-8"),
        }
        (tmp_path / "own.xml").write_text(texts[kind], encoding="utf-8")
        with pytest.raises(SystemBuildError, match=f"own.xml: .* contains a.? {kind}, not a"):
            build(tmp_path, FORMATS["OpenMM"] | {"topology": "own.xml"})


def sections(name: str, numbers: str) -> str:
    return f"%FLAG {name}\n%FORMAT(10I8)\n{numbers}\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (sections("LES_NTYP", "       2"), "enhanced sampling"),
        (sections("AMOEBA_FORCEFIELD", "       1"), "amoeba2018.xml"),
        (sections("POLARIZABILITY", "  1.06000000E+00  0.0"), "induced dipoles"),
        (sections("LENNARD_JONES_DCOEF", "  0.00000000E+00  2.1E+01"), "polarization term"),
    ],
)
def test_sections_that_openmm_leaves_out(text, words, tmp_path):
    put_files(tmp_path)
    file = tmp_path / "peroxide.prmtop"
    old = file.read_text(encoding="utf-8")
    file.write_text(old + text, encoding="utf-8")
    number = old.count("\n") + 1
    with pytest.raises(SystemBuildError, match=rf"prmtop:{number}: %FLAG .*{words}"):
        build(tmp_path, FORMATS["Amber"])


def test_zeros_are_nothing(tmp_path):
    put_files(tmp_path)
    file = tmp_path / "peroxide.prmtop"
    text = sections("POLARIZABILITY", "  0.00000000E+00  0.00000000E+10")
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")
    assert build(tmp_path, FORMATS["Amber"]).system.getNumParticles() == 4


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("geom", "geometric mean"),
        ("-\n  geometric ! as OPLS", "geometric mean"),
        ("rdielectric", "grows with distance"),
        ("eps 4.0", "eps 4.0"),
    ],
)
def test_options_that_openmm_leaves_out(option, words, tmp_path):
    put_files(tmp_path)
    file = tmp_path / "peroxide.prm"
    text = file.read_text(encoding="utf-8")
    head = next(line for line in text.split("\n") if line.startswith("NONB"))
    file.write_text(text.replace(head, f"{head.rstrip(' -')} {option}"), encoding="utf-8")
    with pytest.raises(SystemBuildError, match=rf"peroxide.prm:\d+: NONBONDED: .*{words}"):
        build(tmp_path, FORMATS["CHARMM"])


def test_usual_options_are_read(tmp_path):
    put_files(tmp_path)
    file = tmp_path / "peroxide.prm"
    text = file.read_text(encoding="utf-8")
    head = next(line for line in text.split("\n") if line.startswith("NONB"))
    usual = "nbxmod 5 atom cdiel fshift vatom vfswitch -\ncutnb 14.0 eps 1.0 e14fac 1.0 wmin 1.5"
    file.write_text(text.replace(head, f"NONBONDED {usual}"), encoding="utf-8")
    assert build(tmp_path, FORMATS["CHARMM"]).system.getNumParticles() == 4


class TestStructures:
    """Faults that readers report without a line."""

    @pytest.mark.parametrize("line", ["MODEL", "MODEL 1"])
    def test_number_of_a_model(self, line, tmp_path):
        file = tmp_path / "own.pdb"
        text = (DATA / "peroxide.pdb").read_text(encoding="utf-8")
        file.write_text(f"{line}\n{text}", encoding="utf-8")
        with pytest.raises(SystemBuildError, match=rf"own.pdb:1: '{line}': .* columns 11 to 14"):
            read_structure(file)

    def test_structure_factors(self, tmp_path):
        file = tmp_path / "own.cif"
        file.write_text("data_x\nloop_\n_refln.index_h\n_refln.index_k\n1 2\n", encoding="utf-8")
        with pytest.raises(SystemBuildError, match=r"own\.cif: holds no atoms: _atom_site\."):
            read_structure(file)

    @pytest.mark.parametrize("count", [3, 4, 9, 40])
    def test_atoms_on_each_other(self, count, tmp_path):
        topology, system = app.Topology(), openmm.System()
        chain, force = topology.addChain(), openmm.NonbondedForce()
        for i in range(count):
            residue = topology.addResidue("AR", chain)
            topology.addAtom(f"AR{i}", app.element.argon, residue)
            system.addParticle(39.948)
            force.addParticle(0, 0.34, 0.99)
        system.addForce(force)
        x = np.array([[0.5 * i, 0, 0] for i in range(count)])
        x[count - 1] = x[1]
        with pytest.raises(SystemBuildError) as told:
            minimise(system, x, tmp_path / "own.pdb", topology)
        said = f"atoms 1 and {count - 1}, AR2-AR1 and AR{count}-AR{count - 1}, are 0.000 nm apart"
        assert said in str(told.value)


class TestTemplates:
    """Residues that a force field does not have."""

    def brought(self, tmp_path: Path, left: str, *fields: str) -> str:
        """The error for alanine dipeptide without the atoms whose element is ``left``."""
        source = REPOSITORY / "systems" / "alanine_dipeptide" / "alanine_dipeptide.pdb"
        pdb = app.PDBFile(str(source))
        modeller = app.Modeller(pdb.topology, pdb.positions)
        modeller.delete([a for a in modeller.topology.atoms() if a.element.symbol == left])
        first = next(iter(modeller.topology.residues()))
        first.id, first.insertionCode, first.chain.id = "0", "B", "H"
        if not left:
            place = [openmm.Vec3(3, 3, 3 + 0.1 * k) for k in range(3)] * unit.nanometer
            water = app.Topology()
            residue = water.addResidue("HOH", water.addChain("W"), id="7")
            atoms = [
                water.addAtom(n, app.Element.getBySymbol(n[0]), residue) for n in ("O", "H1", "H2")
            ]
            for one in atoms[1:]:
                water.addBond(atoms[0], one)
            modeller.add(water, place)
        with (tmp_path / "own.pdb").open("w", encoding="utf-8") as handle:
            app.PDBFile.writeFile(modeller.topology, modeller.positions, handle, keepIds=True)
        with pytest.raises(SystemBuildError) as told:
            build_molecule(MoleculeSettings(structure="own.pdb", force_field=fields), tmp_path)
        return str(told.value)

    def test_without_hydrogens(self, tmp_path):
        said = self.brought(tmp_path, "H", "amber14-all.xml")
        assert "(ACE), number 0B of chain H." in said
        assert said.endswith("mechanist new --add-hydrogens adds them.")
        assert "Modeller" not in said

    def test_water_without_a_model(self, tmp_path):
        said = self.brought(tmp_path, "", "amber14-all.xml")
        assert "(HOH), number 7 of chain W." in said
        assert said.endswith(
            "(is there a water model in amber14-all.xml? amber14/tip3p.xml is one)"
        )


FLEXIBLE = (
    "[ moleculetype ]\nSOL 2\n[ atoms ]\n1 OW 1 {0} OW 1 -0.8 15.999\n2 HW 1 {0} HW1 1 0.4 1.008\n"
    "3 HW 1 {0} HW2 1 0.4 1.008\n#ifndef FLEXIBLE\n[ settles ]\n1 1 0.09572 0.15139\n"
    "[ exclusions ]\n1 2 3\n2 1 3\n3 1 2\n#else\n[ bonds ]\n1 2 1 0.09572 502416\n"
    "1 3 1 0.09572 502416\n[ angles ]\n2 1 3 1 104.52 628.02\n#endif\n"
)
"""Water as force fields of GROMACS write it."""


class TestRigidWater:
    """Waters are rigid whatever their residue is called."""

    def built(self, tmp_path: Path, name: str, **options) -> tuple[list[float], float]:
        """Lengths of the constraints in nm, and the energy in kJ/mol."""
        x = np.array([[1, 1, 1], [1.06, 1.08, 1], [1.06, 0.92, 1]])
        rows = [(k + 1, name, atom) for k in range(2) for atom in ("OW", "HW1", "HW2")]
        gro(tmp_path / "x.gro", rows, np.concatenate([x, x + 0.4]), 3.0)
        text = HEAD + FLEXIBLE.format(name) + END + "SOL 2\n"
        (tmp_path / "x.top").write_text(text, encoding="utf-8")
        settings = MoleculeSettings(structure="x.gro", topology="x.top", **options)
        molecule = build_molecule(settings, tmp_path)
        count = molecule.system.getNumConstraints()
        lengths = [molecule.system.getConstraintParameters(k)[2]._value for k in range(count)]
        return sorted(lengths), energy(molecule)

    @pytest.mark.parametrize("constraints", ["HBonds", "none", "HAngles"])
    @pytest.mark.parametrize("name", ["OPC", "SPCE", "WTR", "W"])
    def test_of_any_name(self, name, constraints, tmp_path):
        right, value = self.built(tmp_path, "HOH", constraints=constraints)
        found, other = self.built(tmp_path, name, constraints=constraints)
        assert right == pytest.approx([0.09572] * 4 + [0.15139] * 2, abs=1e-5)
        assert found == pytest.approx(right, abs=1e-5)
        assert other == pytest.approx(value, rel=1e-6)

    def test_unless_they_are_to_be_flexible(self, tmp_path):
        found, _ = self.built(tmp_path, "OPC", constraints="none", rigid_water=False)
        assert found == []
