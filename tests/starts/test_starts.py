"""A table of starts: what they are made from, and what is in system.yaml then."""

import pytest
import yaml

from mechanist.settings.load import load_system
from tests.starts.commands import FIELD, GAFF, PDBFIXER, RDKIT, prepare, run

LAW = "--forces gfn2-xtb"
HOOH = "torsion_H11_O11_O21_H21"

STARTS = [
    pytest.param(
        f"--from c7eq.pdb --to c7ax.pdb {FIELD}",
        ["phi", "psi"],
        {"nonbonded": "NoCutoff"},
        id="two PDB files",
    ),
    pytest.param(
        "--structure peroxide.pdb --force-field stiff.xml --explore --states 1,2",
        [HOOH],
        {},
        id="PDB explored",
    ),
    pytest.param(
        "--structure peroxide.inpcrd --topology peroxide.prmtop",
        None,
        {"topology": "peroxide.prmtop"},
        id="Amber",
    ),
    pytest.param(
        "--structure peroxide.gro --topology peroxide.top",
        None,
        {"topology": "peroxide.top"},
        id="GROMACS",
    ),
    pytest.param(
        "--structure peroxide.crd --topology peroxide.psf --force-field peroxide.prm",
        None,
        {"topology": "peroxide.psf"},
        id="CHARMM",
    ),
    pytest.param(
        f"--smiles OO {LAW}",
        None,
        {"forces": {"xtb": "gfn2-xtb"}},
        id="SMILES under a force law",
        marks=RDKIT,
    ),
    pytest.param(
        f"--smiles [O-]C=O {LAW}",
        None,
        {"forces": {"charge": -1, "xtb": "gfn2-xtb"}},
        id="charge as drawn",
        marks=RDKIT,
    ),
    pytest.param(
        f"--smiles C[CH2] {LAW}",
        None,
        {"forces": {"multiplicity": 2, "xtb": "gfn2-xtb"}},
        id="radical as drawn",
        marks=RDKIT,
    ),
    pytest.param(
        f"--sdf butane.sdf {LAW}",
        None,
        {"structure": "butane.pdb"},
        id="SDF under a force law",
        marks=RDKIT,
    ),
    pytest.param(
        f"--xyz glycol.xyz {LAW}", None, {"structure": "glycol.pdb"}, id="XYZ under a force law"
    ),
    pytest.param(
        "--sdf butane.sdf",
        None,
        {"topology": "butane.prmtop", "constraints": "HBonds"},
        id="SDF with GAFF2",
        marks=[RDKIT, GAFF],
    ),
    pytest.param(
        "--smiles CCCC --explore --states 1,2",
        ["torsion_C11_C21_C31_C41"],
        {"structure": "basin_1.pdb", "topology": "own.prmtop"},
        id="SMILES with GAFF2 explored",
        marks=[RDKIT, GAFF, pytest.mark.slow],
    ),
    pytest.param(
        "--structure raw.pdb --add-hydrogens --pH 7",
        None,
        {"force_field": ["amber14-all.xml"]},
        id="hydrogens",
        marks=PDBFIXER,
    ),
    pytest.param(
        "--structure raw.pdb --add-hydrogens --solvate tip3p --padding 0.5nm --ions 0.15",
        None,
        {"nonbonded": "PME", "force_field": ["amber14-all.xml", "amber14/tip3p.xml"]},
        id="hydrogens, water and ions",
        marks=PDBFIXER,
    ),
    pytest.param(
        "--structure c7eq.pdb --solvate spce --padding 0.6nm",
        None,
        {"force_field": ["amber14-all.xml", "amber14/spce.xml"]},
        id="water alone",
        marks=pytest.mark.slow,
    ),
    pytest.param(
        "--sdf cyclohexane.sdf --explore --explore-temperature 1000K --states 1,2",
        ["torsion_C61_C11_C21_C31", "torsion_C21_C31_C41_C51"],
        {},
        id="ring flip",
        marks=[RDKIT, GAFF, pytest.mark.slow],
    ),
    pytest.param(
        "--smiles CCCCC --explore --states 1,2",
        ["torsion_C21_C31_C41_C51"],
        {},
        id="pentane",
        marks=[RDKIT, GAFF, pytest.mark.slow],
    ),
    pytest.param(
        f"--from left.xyz --to right.xyz {LAW} --md 1ps",
        ["distance_O11_H11", "distance_O21_H11"],
        {"structure": "left.pdb"},
        id="a bond that breaks",
        marks=pytest.mark.slow,
    ),
    pytest.param(
        "--from raw.pdb --to raw_c7ax.pdb --add-hydrogens --solvate tip3p --padding 0.7nm"
        " --ions 0.15 --md 2ps",
        ["phi"],
        {"nonbonded": "PME"},
        id="two raw files into water",
        marks=[PDBFIXER, pytest.mark.slow],
    ),
]


@pytest.fixture
def work(tmp_path, monkeypatch):
    folder = prepare(tmp_path, monkeypatch)
    # With a barrier that no run of a few ps crosses.
    text = (folder / "peroxide.xml").read_text(encoding="utf-8")
    stiff = text.replace('k2="9.204800"', 'k2="23"')
    assert stiff != text
    (folder / "stiff.xml").write_text(stiff, encoding="utf-8")
    return folder


@pytest.mark.parametrize(("options", "descriptors", "molecule"), STARTS)
def test_start(options, descriptors, molecule, work, capsys):
    """With states, ``check`` passes; without, it names nothing but them."""
    code, told = run(capsys, f"new own {options}")
    assert code == 0, told
    folder = work / "systems" / "own"
    text = (folder / "system.yaml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    assert {key: content["molecule"][key] for key in molecule} == molecule
    assert ("FILL_IN" in text) == (descriptors is None)
    code, told = run(capsys, "check own")
    if descriptors is None:
        errors = [line for line in told.splitlines() if "error: " in line]
        assert errors
        assert all("still FILL_IN" in line for line in errors), told
        return
    assert code == 0, told
    assert "the structure is in A" in told
    settings = load_system(folder)
    assert set(settings.states.A.boxes[0]) == set(settings.states.B.boxes[0])
    # Which of several like torsions is chosen may depend on the processor.
    kinds = [name.partition("_")[0] for name in settings.states.A.boxes[0]]
    assert kinds == [name.partition("_")[0] for name in descriptors]
    assert (folder / "states.png").is_file()


@RDKIT
def test_what_a_drawing_leaves_open_is_said(work, capsys):
    code, told = run(capsys, "new own --smiles CC(F)C=CCl --forces gfn2-xtb")
    assert code == 0, told
    assert "stereo centre 1 is not specified; here it is" in told
    assert "the double bond between atoms 3 and 4 is not specified; here it is" in told
    text = (work / "systems" / "own" / "system.yaml").read_text(encoding="utf-8")
    assert "# stereo centre 1 is not specified" in text
    assert "# protonation as drawn: 12 atoms, charge +0" in text


def test_explored_basins_are_listed_with_a_picture(work, capsys):
    code, told = run(
        capsys, "new own --structure peroxide.pdb --force-field peroxide.xml --explore"
    )
    assert code == 0, told
    assert "2 basins at 600 K" in told
    folder = work / "systems" / "own"
    assert (folder / "basins.png").stat().st_size > 10_000
    assert sorted(file.name for file in (folder / "basins").iterdir()) == ["1.pdb", "2.pdb"]
    # The two basins are mirror images with equal populations: 400 frames of 8 runs.
    share = float(told.split("\n  1 ")[1].split()[0])
    assert 50 <= share < 70


@PDBFIXER
def test_the_same_command_gives_the_same_files(work, capsys):
    options = "--structure raw.pdb --add-hydrogens --solvate tip3p --padding 0.6nm --ions 0.3"
    for name in ("one", "two"):
        assert run(capsys, f"new {name} {options}")[0] == 0
    one, two = (work / "systems" / n / "raw_complete.pdb" for n in ("one", "two"))
    count = sum("HOH" in line for line in one.read_text(encoding="utf-8").splitlines())
    assert count == sum("HOH" in line for line in two.read_text(encoding="utf-8").splitlines())


@PDBFIXER
def test_waters_of_a_crystal_and_insertion_codes(work, capsys):
    lines = (work / "raw.pdb").read_text(encoding="utf-8").splitlines()
    atoms = [line for line in lines if line.startswith(("ATOM", "HETATM"))]
    # The last residue gets the number of the one before it, and a code.
    number = atoms[-1][22:26]
    before = next(line[22:26] for line in reversed(atoms) if line[22:26] != number)
    atoms = [
        line[:22] + before + "A" + line[27:] if line[22:26] == number else line for line in atoms
    ]
    water = "HETATM 9001  O   HOH W 501      30.000  30.000  30.000  1.00  0.00           O"
    (work / "crystal.pdb").write_text(
        "\n".join([*atoms, "TER", water, "END", ""]), encoding="utf-8"
    )
    code, told = run(capsys, "new own --structure crystal.pdb --add-hydrogens")
    assert code == 0, told
    assert "but there is 1 water." in told
    text = (work / "systems" / "own" / "system.yaml").read_text(encoding="utf-8")
    assert "force_field: [amber14-all.xml, amber14/tip3p.xml]" in text
    added = told.split("heavy atoms were added: ")[1].split("\n")[0] if "heavy" in told else ""
    assert "OXT" not in added or f"{before.strip()}A-OXT" in added
