"""Bad input to ``mechanist new``: one line that says where, what, and what to do; no folder."""

from pathlib import Path

import numpy as np
import pytest

from mechanist.systems.build import gaff
from tests.starts.commands import FIELD, GAFF, PDBFIXER, RDKIT, prepare, run

LAW = ["--forces", "gfn2-xtb"]
WET = ["--structure", "raw.pdb", "--add-hydrogens"]

FILES = {
    "empty.xyz": "",
    "empty.sdf": "",
    "words.xyz": "three\n\nO 0 0 0\n",
    "short.xyz": "3\n\nO 0 0 0\nH 0 0 1\n",
    "letters.xyz": "2\n\nH 0 0 0\nH 0 zero 1\n",
    "unknown.xyz": "2\n\nXq 0 0 0\nH 0 0 1\n",
    "heavy.xyz": "2\n\nFm 0 0 0\nH 0 0 1.5\n",
    "odd.xyz": "2\n\nO 0 0 0\nH 0 0 0.97\n",
    "one.xyz": "2\n\nH 0 0 0\nH 0 0 0\n",
    "no.sdf": "this is no molecule\n",
    "ligand.pdb": (
        "HETATM    1  C1  XYZ A   1       0.000   0.000   0.000  1.00  0.00           C\n"
        "HETATM    2  C2  XYZ A   1       1.500   0.000   0.000  1.00  0.00           C\nEND\n"
    ),
}

BAD = [
    pytest.param(["--smiles", "C(C"], "--smiles 'C(C': cannot be read as a SMILES", marks=RDKIT),
    pytest.param(["--smiles", ""], "--smiles '': must have 1 to 2,000 letters", marks=RDKIT),
    pytest.param(
        ["--smiles", "C(C)(C)(C)(C)C", *LAW],
        "Explicit valence for atom # 0 C, 5, is greater than",
        marks=RDKIT,
    ),
    pytest.param(["--smiles", "C*", *LAW], "atom 1, '*', is no element", marks=RDKIT),
    pytest.param(["--smiles", "C.O", *LAW], "has 2 molecules, and nothing says how", marks=RDKIT),
    pytest.param(
        ["--smiles", "CC", *LAW, "--charge", "1"],
        "--charge 1: is drawn with charge +0",
        marks=RDKIT,
    ),
    pytest.param(
        ["--smiles", "CC", *LAW, "--multiplicity", "2"],
        "--charge 0 (as drawn) and --multiplicity 2 do not fit: 18 electrons, an even number",
        marks=RDKIT,
    ),
    pytest.param(
        ["--smiles", "CC", "--forces", "dft"], 'forces: "dft": must be gfn2-xtb', marks=RDKIT
    ),
    pytest.param(
        ["--smiles", "CC", "--force-field", "amber14-all.xml"],
        "--topology and --force-field: not with SMILES, SDF and XYZ; give --forces",
        marks=RDKIT,
    ),
    pytest.param(
        ["--smiles", "[SiH4]"],
        "GAFF2 has no parameters for Si; use --forces gfn2-xtb",
        marks=[RDKIT, GAFF],
    ),
    pytest.param(["--sdf", "empty.sdf", *LAW], "empty.sdf: holds no molecule", marks=RDKIT),
    pytest.param(["--sdf", "no.sdf", *LAW], "no.sdf: cannot be read as an SDF file", marks=RDKIT),
    (["--xyz", "empty.xyz", *LAW], "empty.xyz: is empty, or line 1 is not the number"),
    (["--xyz", "words.xyz", *LAW], "words.xyz:1: 'three': must be the number of atoms"),
    (["--xyz", "short.xyz", *LAW], "short.xyz: truncated: fewer than 3 atoms"),
    (["--xyz", "letters.xyz", *LAW], "letters.xyz:4: 'H 0 zero 1': not an element and three"),
    (["--xyz", "unknown.xyz", *LAW], "unknown.xyz:3: 'Xq': there is no such element"),
    (["--xyz", "heavy.xyz", *LAW, "--multiplicity", "2"], "gfn2-xtb"),
    (
        ["--xyz", "odd.xyz", *LAW],
        "odd.xyz: --charge 0 (the default) and --multiplicity 1 (the default) do not fit: 9"
        " electrons, an odd number",
    ),
    (["--xyz", "one.xyz", *LAW], "one.xyz: atoms 0 and 1 are 0.000 nm apart"),
    (["--xyz", "missing.xyz", *LAW], "missing.xyz: --structure: there is no such file"),
    (["--from", "left.xyz", "--to", "left.xyz", *LAW], "--to: is the same structure as left.pdb"),
    (
        ["--from", "left.xyz", "--to", "glycol.xyz", *LAW],
        "glycol.pdb: is another molecule than left.pdb: C1 more in left.pdb, H2 more in glycol.pdb",
    ),
    (["--from", "c7eq.pdb", *FIELD.split()], "--from and --to: give both"),
    (["--structure", "c7eq.pdb", "--smiles", "CC"], "give one of --structure, --smiles"),
    (["--structure", "ligand.pdb"], "ligand.pdb: No template found for residue 0 (XYZ)"),
    (["--structure", "c7eq.pdb", "--states", "1,2"], "--states: numbers of basins; give --explore"),
    (
        ["--structure", "c7eq.pdb", "--explore", "--states", "1"],
        "--states: '1': must be two numbers such as 1,3",
    ),
    (
        [
            "--structure",
            "peroxide.pdb",
            "--force-field",
            "peroxide.xml",
            "--explore",
            "--states",
            "1,9",
        ],
        "--states: 9: basins were found from 1 to 2",
    ),
    (
        ["--structure", "c7eq.pdb", "--explore", "--explore-temperature", "600"],
        "--explore-temperature: '600': the unit does not fit; write a number and a unit of K",
    ),
    (
        ["--from", "c7eq.pdb", "--to", "c7ax.pdb", "--explore", *FIELD.split()],
        "--explore: not with --from and --to",
    ),
    (
        ["--from", "c7eq.pdb", "--to", "c7ax.pdb", "--md", "1 fs"],
        "--md: '1 fs': must be from 0.5 ps",
    ),
    ([*WET, "--pH", "15"], "--pH: 15: must be between 0 and 14"),
    ([*WET, "--solvate", "tip3p", "--padding", "0 nm"], "--padding: 0 nm: must be above 0"),
    ([*WET, "--solvate", "tip3p", "--padding", "10"], "--padding: '10': "),
    ([*WET, "--solvate", "tip3p", "--ions", "-0.1"], "--ions: -0.1: must be between 0 and 5"),
    ([*WET, "--solvate", "water"], "--solvate: 'water': must be one of tip3p, spce, tip4pew"),
    ([*WET, *LAW], "--add-hydrogens and --solvate: for a PDB file with a force field in XML only"),
    pytest.param(
        ["--structure", "ligand.pdb", "--add-hydrogens"],
        "ligand.pdb: hydrogens cannot be added: No template found for residue 0 (XYZ)",
        marks=PDBFIXER,
    ),
]


@pytest.fixture
def work(tmp_path, monkeypatch):
    folder = prepare(tmp_path, monkeypatch)
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(("options", "reason"), BAD)
def test_one_line_and_no_folder(options, reason, work, capsys):
    code, told = run(capsys, ["new", "own", *options])
    assert code == 2, told
    assert "Traceback" not in told
    last = told.strip().splitlines()[-1]
    assert last.startswith("mechanist: error: ")
    assert reason in last
    assert "mechanist: error" not in told.replace(last, "", 1)
    assert not list(work.glob("systems/*"))
    assert not list(work.glob("systems/.*"))


def test_a_name_that_is_taken(work, capsys):
    Path("systems/own").mkdir(parents=True)
    code, told = run(capsys, ["new", "own", "--xyz", "glycol.xyz", *LAW])
    assert code == 2
    assert "systems/own: exists already; choose another name or remove it" in told


def test_without_antechamber_it_says_how(work, capsys, monkeypatch):
    monkeypatch.setattr(gaff.shutil, "which", lambda name, path=None: None)
    code, told = run(capsys, ["new", "own", "--xyz", "glycol.xyz"])
    assert code == 2
    assert "--forces gfn2-xtb, or install antechamber for GAFF2 (pip install ambertools-" in told


def test_without_rdkit_it_says_how(work, capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "rdkit", None)
    code, told = run(capsys, ["new", "own", "--smiles", "CC", *LAW])
    assert code == 2
    assert "rdkit: is not installed, and reads SMILES and SDF; pip install" in told


def mutated(text: str, rng: np.random.Generator) -> str:
    """The text with a few letters dropped, doubled, swapped or replaced, or cut short."""
    letters = list(text)
    for _ in range(int(rng.integers(1, 6))):
        if not letters:
            break
        place = int(rng.integers(len(letters)))
        kind = int(rng.integers(5))
        if kind == 0:
            del letters[place]
        elif kind == 1:
            letters.insert(place, letters[place])
        elif kind == 2:
            letters[place] = chr(int(rng.integers(1, 0x250)))
        elif kind == 3:
            letters[place] = str(rng.choice(list("CNOFPS[]()=#+-123.@/\\ \n")))
        else:
            letters = letters[: max(1, place)]
    return "".join(letters)


SMILES = (
    "CC(=O)NC(C)C(=O)NC",
    "C1CCCCC1",
    "c1ccccc1N=Nc1ccccc1",
    "O=C/C=C\\O",
    "[O-]C=O",
    "C[C@H](F)Cl",
    "OO",
    "C[N+](C)(C)C",
)


@RDKIT
@pytest.mark.parametrize("kind", ["smiles", "sdf", "xyz"])
def test_fuzzed_molecules_end_in_one_line_or_in_a_molecule(kind, work):
    """A hundred of each: no exception but ours; what is accepted has finite positions."""
    from mechanist.errors import MechanistError
    from mechanist.systems.build.drawn import from_sdf, from_smiles
    from mechanist.systems.build.xyz import read_xyz

    rng = np.random.default_rng({"smiles": 11, "sdf": 12, "xyz": 13}[kind])
    accepted, refusals = 0, []
    for number in range(100):
        try:
            if kind == "smiles":
                atoms = from_smiles(mutated(SMILES[number % len(SMILES)], rng))
            else:
                source = work / ("butane.sdf" if kind == "sdf" else "glycol.xyz")
                file = work / f"fuzzed.{kind}"
                file.write_text(mutated(source.read_text(encoding="utf-8"), rng), encoding="utf-8")
                atoms = from_sdf(file) if kind == "sdf" else read_xyz(file)
        except MechanistError as error:
            refusals.append(str(error))
            continue
        accepted += 1
        assert np.isfinite(atoms.positions).all()
        assert len(atoms.positions) == len(atoms.numbers) > 0
    assert not any("\n" in refusal for refusal in refusals)
    assert accepted >= 5
    assert len(refusals) >= 5
