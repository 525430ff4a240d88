"""Two structures to two states, from the command line; what is refused, in one line each."""

from pathlib import Path

import numpy as np
import pytest

from mechanist.settings.load import load_system
from mechanist.starts.make import make
from mechanist.systems.build.new import Sources
from mechanist.systems.build.request import Request
from tests.conftest import REPOSITORY
from tests.starts.commands import DATA, FIELD, prepare, run


@pytest.fixture
def work(tmp_path, monkeypatch):
    return prepare(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    root = tmp_path_factory.mktemp("ends")
    sources = Sources(DATA / "c7eq.pdb", None, ["amber99sbildn.xml"])
    made = make("dip", Request(sources, to=DATA / "c7ax.pdb"), root)
    return made.folder, made.states


def test_states_of_alanine_dipeptide_are_those_of_the_shipped_system(found):
    """Of the frames of MD in C7eq and C7ax, most lie in both: ours and the one that was found."""
    ours = load_system(REPOSITORY / "systems" / "alanine_dipeptide").states
    states = found[1]
    names = [one.candidate.descriptor.name for one in states.telling]
    assert names == ["phi", "psi"]
    for side, state in enumerate((ours.A, ours.B)):
        held = np.ones(len(states.values[side]), dtype=bool)
        for column, name in enumerate(names):
            low, high = (float(str(end).split()[0]) for end in state.boxes[0][name])
            held &= (np.mod(np.degrees(states.values[side][:, column]) - low, 360)) < high - low
        assert states.shares[side] > 0.9
        # C7eq of ours ends at phi = -150 deg, in the middle of C5.
        assert held.mean() > (0.7, 0.95)[side]


def test_nothing_is_left_to_fill_in(found):
    folder, states = found
    text = (folder / "system.yaml").read_text(encoding="utf-8")
    assert "FILL_IN" not in text
    assert "EDIT" not in text
    assert text.count("overlap of A and B") == len(states.telling)
    settings = load_system(folder)
    assert settings.states.A.name == "c7eq"
    assert settings.states.B.name == "c7ax"
    assert list(settings.descriptors) == ["phi", "psi"]


def test_check_passes_and_the_figure_is_there(work, capsys):
    code, told = run(capsys, f"new dip --from c7eq.pdb --to c7ax.pdb {FIELD}")
    assert code == 0, told
    assert "phi (named torsion): overlap 0.000" in told
    assert (work / "systems" / "dip" / "states.png").stat().st_size > 10_000
    code, told = run(capsys, "check dip")
    assert code == 0, told
    assert "the structure is in A" in told
    assert "No errors, no warnings." in told


def test_atoms_in_another_order(work, capsys):
    lines = (work / "c7ax.pdb").read_text(encoding="utf-8").splitlines()
    atoms = [line for line in lines if line.startswith(("ATOM", "HETATM"))]
    residues = {
        number: [x for x in atoms if x[22:26] == number] for number in ("   1", "   2", "   3")
    }
    shuffled = [line for rows in residues.values() for line in reversed(rows)]
    Path("other.pdb").write_text("\n".join([*shuffled, "END"]) + "\n", encoding="utf-8")
    code, told = run(capsys, f"new dip --from c7eq.pdb --to other.pdb {FIELD}")
    assert code == 0, told
    assert "other.pdb: 22 atoms stand in another order than in c7eq.pdb" in told
    assert "phi (named torsion): overlap 0.000" in told


def mirrored(text: str) -> str:
    return "\n".join(
        f"{line[:30]}{-float(line[30:38]):8.3f}{line[38:]}"
        if line[:6] in ("ATOM  ", "HETATM")
        else line
        for line in text.splitlines()
    )


def shaken(text: str) -> str:
    """The PDB file with all atoms displaced by up to 0.005 nm."""
    lines, rng = text.splitlines(), np.random.default_rng(5)
    for number, line in enumerate(lines):
        if line.startswith(("ATOM", "HETATM")):
            x, y, z = (float(line[k : k + 8]) + rng.uniform(-0.05, 0.05) for k in (30, 38, 46))
            lines[number] = f"{line[:30]}{x:8.3f}{y:8.3f}{z:8.3f}{line[54:]}"
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        ("c7eq.pdb", "c7eq.pdb: --to: is the same structure as c7eq.pdb"),
        ("near.pdb", "near.pdb: is in the same basin as c7eq.pdb: MD from both visits the same"),
        ("between.pdb", "between.pdb: is no minimum: phi is 5 deg in it, and MD from it stays at"),
        ("mirror.pdb", "ALA2-CA, is the mirror image of what it is in c7eq.pdb: no path without"),
        ("water.pdb", "water.pdb: is another molecule than c7eq.pdb: C6 H10"),
        ("missing.pdb", "missing.pdb: --to: there is no such file"),
        ("empty.pdb", "empty.pdb: "),
    ],
)
def test_refused_with_a_reason_and_no_folder(to, reason, work, capsys):
    text = (work / "c7ax.pdb").read_text(encoding="utf-8")
    Path("mirror.pdb").write_text(mirrored(text), encoding="utf-8")
    Path("empty.pdb").touch()
    own = (work / "c7eq.pdb").read_text(encoding="utf-8")
    Path("near.pdb").write_text(shaken(own), encoding="utf-8")
    Path("water.pdb").write_text(
        "HETATM    1  O   HOH A   1       0.000   0.000   0.000  1.00  0.00           O\n"
        "HETATM    2  H1  HOH A   1       0.957   0.000   0.000  1.00  0.00           H\n"
        "HETATM    3  H2  HOH A   1      -0.240   0.927   0.000  1.00  0.00           H\nEND\n",
        encoding="utf-8",
    )
    code, told = run(
        capsys,
        f"new dip --from c7eq.pdb --to {to} {FIELD} --force-field amber14/tip3p.xml",
    )
    assert code == 2
    assert reason in told
    assert "Traceback" not in told
    assert told.strip().splitlines()[-1].startswith("mechanist: error: ")
    assert list((work / "systems").iterdir()) == []


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("--from c7eq.pdb", "new: --from and --to: give both"),
        ("--structure c7eq.pdb --to c7ax.pdb", "new: --from and --to: give both"),
        ("", "new: give one of --structure, --smiles, --sdf, --xyz, or --from and --to"),
    ],
)
def test_options_that_do_not_go_together(options, reason, work, capsys):
    code, told = run(capsys, f"new dip {options} {FIELD}")
    assert code == 2
    assert reason in told
