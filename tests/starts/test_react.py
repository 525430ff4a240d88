"""States of a reaction from bonds that break and form, from the command line."""

import numpy as np
import pytest
import yaml

from mechanist.bookkeeping.layout import Layout
from mechanist.settings.load import load_system
from mechanist.starts.react import parse_reaction
from mechanist.systems.build.bare import bare
from mechanist.systems.build.coordinates import read_structure
from mechanist.systems.build.prepare import prepare
from mechanist.systems.build.radii import radii
from mechanist.systems.prepared import load
from tests.conftest import REPOSITORY
from tests.starts.commands import run

PDB = REPOSITORY / "systems" / "malonaldehyde" / "malonaldehyde.pdb"

O1, C1, C2, C3, O2, HO = range(6)


@pytest.fixture
def work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_proton_transfer_is_ready_to_run(work, capsys):
    command = ["new", "mal", "--structure", str(PDB), "--forces", "gfn2-xtb", "--react"]
    code, said = run(capsys, [*command, "break O1-HO, form 4-5"])
    assert code == 0, said
    assert "Reaction: break O1-HO, form O2-HO." in said
    assert "Next: mechanist check mal" in said
    folder = work / "systems" / "mal"
    settings = load_system(folder)
    assert settings.dynamics.timestep == 0.5
    layout = Layout(work / "run")
    prepare(settings, folder, layout)
    states = load(layout).states
    start = load(layout).positions
    other = start.copy()
    # Put the proton 0.1 nm from O2, on the line between the oxygens.
    other[HO] = start[O2] + 0.1 * (start[O1] - start[O2]) / np.linalg.norm(start[O1] - start[O2])
    between = 0.5 * (start + other)
    between[HO] = 0.5 * (start[O1] + start[O2])
    assert states.label_positions(np.stack([start, between, other])).tolist() == [-1, 0, 1]
    written = yaml.safe_load((folder / "system.yaml").read_text(encoding="utf-8"))
    assert {"all": "differences", "select": "index 0 4 5"} in written["inputs"]


SPLIT = {
    "homolysis": ("CO", "break C1-O1", (), "CH3 and HO, each with an odd number of electrons"),
    "triplet": ("CO", "break C1-O1", ("--multiplicity", "3"), None),
    "charged": ("C[OH2+]", "break C1-O1", (), None),
    "a pair stays": ("[NH3+][BH3-]", "break 0-1", (), None),
    "a ring opens": ("C1=CCC1", "break C3-C4", (), None),
    "elimination": ("CCCl", "break 1-2, break 0-3, form 2-3", (), None),
}


@pytest.mark.parametrize("case", SPLIT)
def test_radicals_under_a_closed_shell_are_said(case, work, capsys):
    pytest.importorskip("rdkit", reason="rdkit is not installed")
    pytest.importorskip("tblite", reason="tblite is not installed")
    smiles, reaction, options, said_so = SPLIT[case]
    command = ["new", "split", "--smiles", smiles, "--forces", "gfn2-xtb", "--react", reaction]
    code, said = run(capsys, [*command, *options])
    assert code == 0, said
    written = (work / "systems" / "split" / "system.yaml").read_text(encoding="utf-8")
    for text in (said, " ".join(written.replace("#", " ").split())):
        assert ("Warning: the product has" in text) == (said_so is not None)
        assert said_so is None or said_so in text


def test_covalent_radii():
    # H, C, O, Cl, I: bonds H-H, C-H, C-C, O-H, C-Cl within 15 %.
    assert radii([1, 6, 8, 17, 53]).tolist() == [0.032, 0.075, 0.063, 0.099, 0.133]
    for pair, length in (((1, 1), 0.074), ((6, 1), 0.109), ((6, 6), 0.153), ((6, 17), 0.178)):
        assert radii(list(pair)).sum() == pytest.approx(length, rel=0.15)


def test_bonds_of_a_structure_without_any():
    structure = read_structure(PDB)
    given = {(bond[0].index, bond[1].index) for bond in structure.topology.bonds()}
    structure.topology._bonds.clear()
    bare(structure.topology, structure.positions, PDB)
    found = {(bond[0].index, bond[1].index) for bond in structure.topology.bonds()}
    assert found == given


BAD = {
    "no law": ([], "break 0-5", "--react: needs a force law under which bonds break: --forces"),
    "no bond": (None, " , ", "names no bond; write 'break 0-5, form 4-5'"),
    "unknown word": (None, "cut 0-5", "'cut 0-5': must read 'break 0-5' or 'form 4-5'"),
    "half a pair": (None, "break 0", "'break 0': must read"),
    "out of range": (None, "break 0-9", "9: atoms count from 0 to 8"),
    "no such name": (None, "break OX-HO", "'OX': no atom has this name; give an index from 0"),
    "itself": (None, "break 0-O1", "'break 0-O1': names one atom twice"),
    "twice": (None, "break 0-5, form HO-O1", "this pair stands there twice"),
    "not bonded": (None, "break 4-5", "break 4-5 (O2-HO): 0.172 nm apart in the structure, so"),
    "bonded": (None, "form 0-5", "form 0-5 (O1-HO): 0.100 nm apart in the structure, so they are"),
    "unknown law": (["--forces", "gfn9"], "break 0-5", 'forces: "gfn9": must be gfn2-xtb'),
    "not YAML": (["--forces", "{xtb: "], "break 0-5", "--forces: '{xtb: ': not YAML"),
    "missing file": (
        ["--forces", "{python: f.py}"],
        "break 0-5",
        "--forces: there is no such file",
    ),
    "with a topology": (
        ["--forces", "gfn2-xtb", "--force-field", "amber14-all.xml"],
        "break 0-5",
        "--forces: goes with none of --topology, --force-field",
    ),
    "odd electrons": (
        ["--forces", "{xtb: gfn2-xtb, charge: 1}"],
        "break 0-5",
        "37 electrons (charge 1) are an odd number",
    ),
    "two ends": (
        ["--forces", "gfn2-xtb", "--from", str(PDB), "--to", str(PDB)],
        "break 0-5",
        "--react: the states come from it or from --to, not from both",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_ends_in_one_line(case, work, capsys):
    law, text, message = BAD[case]
    law = ["--forces", "gfn2-xtb"] if law is None else law
    ends = [] if "--from" in law else ["--structure", str(PDB)]
    code, said = run(capsys, ["new", "mal", *ends, *law, "--react", text])
    assert code == 2
    assert message in said.strip().splitlines()[-1]
    assert said.count("error: ") == 1
    # No folder is left behind.
    assert not list(work.glob("systems/*"))


def test_two_atoms_of_one_name():
    class Atom:
        def __init__(self, index, name):
            self.index, self.name = index, name

    class Topology:
        n_atoms = 3
        atoms = (Atom(0, "H"), Atom(1, "H"), Atom(2, "O"))

    with pytest.raises(Exception, match="'H': 2 atoms have this name; give an index from 0"):
        parse_reaction("break O-H", Topology())
    assert parse_reaction("break 2-1, form 0-1", Topology()) == ([(1, 2)], [(0, 1)])
