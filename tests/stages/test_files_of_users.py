"""Files as users have them, through ``new``, ``check`` and the first stages: each was a fault."""

import re
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from mechanist.cli.main import main
from mechanist.errors import SystemBuildError
from mechanist.settings.load import load_system
from mechanist.systems.build.molecule import build_molecule
from mechanist.systems.build.new import Sources, is_periodic, new
from mechanist.systems.descriptors.labels import topology_of
from tests.bring import DATA, FORMATS, put_files, write_wet

INPUTS = DATA.parent / "inputs"


def run(capsys, command: str) -> tuple[int, str]:
    code = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["mechanist", *command.split()])
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
    done = capsys.readouterr()
    return code, done.out + done.err


@pytest.fixture
def work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    shutil.copytree(INPUTS, tmp_path / "files")
    (tmp_path / "config.yaml").write_text(
        "{system: own, engine: {platform: Reference}}", encoding="utf-8"
    )
    return tmp_path


def fill(*edges: str) -> str:
    """The new system.yaml with states."""
    file = Path("systems/own/system.yaml")
    text = file.read_text(encoding="utf-8")
    for edge in edges:
        text = text.replace("FILL_IN, FILL_IN", edge, 1)
    file.write_text(text, encoding="utf-8")
    return text


@pytest.mark.parametrize(
    ("files", "edges", "inputs"),
    [
        (
            "beads/cg.pdb --topology files/beads/system.xml",
            ("-60 deg, 0 deg", "40 deg, 90 deg"),
            24,
        ),
        (
            "same_names/ethanol_T0.rst7 --topology files/same_names/etoh.prmtop",
            ("-80 deg, -40 deg", "40 deg, 80 deg"),
            15,
        ),
        (
            "no_conect/without.pdb --topology files/no_conect/system.xml",
            ("-80 deg, -40 deg", "40 deg, 80 deg"),
            15,
        ),
        (
            "implicit/alanine-dipeptide-implicit.pdb --force-field amber14-all.xml"
            " --force-field implicit/obc2.xml",
            ("-180 deg, -150 deg", "-20 deg, 20 deg"),
            None,
        ),
    ],
)
def test_from_files_to_inputs(files, edges, inputs, work, capsys):
    code, told = run(capsys, f"new own --structure files/{files}")
    assert code == 0, told
    assert "Not periodic" in told
    fill(*edges)
    code, told = run(capsys, "check own")
    assert code == 0, told
    for command in ("prepare", "describe"):
        code, told = run(capsys, command)
        assert code == 0, told
    content = yaml.safe_load(Path("results/own/system/inputs.json").read_text(encoding="utf-8"))
    names = [one["name"] for one in content["descriptors"]]
    assert len(set(names)) == len(names)
    assert inputs is None or len(names) == inputs, names


def test_the_hint_for_implicit_solvent_is_yaml_once_it_is_uncommented(work, capsys):
    files = "same_names/ethanol_T0.rst7 --topology files/same_names/etoh.prmtop"
    assert run(capsys, f"new own --structure files/{files}")[0] == 0
    file = Path("systems/own/system.yaml")
    text = file.read_text(encoding="utf-8")
    for hint in ("hydrogen_mass: 3 dalton", "implicit_solvent: OBC2"):
        assert f"  # {hint}" in text
        text = text.replace(f"  # {hint}", f"  {hint}")
    file.write_text(text, encoding="utf-8")
    fill("-80 deg, -40 deg", "40 deg, 80 deg")
    settings = load_system(file.parent)
    assert settings.molecule is not None
    assert settings.molecule.implicit_solvent == "OBC2"


@pytest.mark.parametrize("command", ["new", "check", "prepare"])
def test_what_openmm_refuses_when_a_context_is_made(command, work, capsys):
    names = "--structure files/same_names/ethanol_T0.rst7 --topology files/same_names/etoh.prmtop"
    bad = work / "files" / "periodicity" / "ethanol_T0.prmtop"
    if command == "new":
        shutil.copy(bad, work / "files" / "same_names" / "etoh.prmtop")
    code, told = run(capsys, f"new own {names}")
    if command != "new":
        fill("-80 deg, -40 deg", "40 deg, 80 deg")
        shutil.copy(bad, "systems/own/etoh.prmtop")
        code, told = run(capsys, "check own" if command == "check" else "prepare")
    assert code != 0
    assert "etoh.prmtop: OpenMM refuses it: PeriodicTorsionForce: periodicity must be" in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("limit", "fine"), [("0.005 ps", True), ("0.0024 ps", False), ("1 fs", False), ("1 ps", True)]
)
def test_a_half_path_shorter_than_a_frame(limit, fine, work, capsys):
    folder = work / "systems" / "own"
    folder.mkdir(parents=True)
    for name in ("peroxide.pdb", "peroxide.xml"):
        shutil.copy(INPUTS / "tiny_limit" / name, folder)
    text = (INPUTS / "tiny_limit" / "system.yaml").read_text(encoding="utf-8")
    text = text.replace("timestep: 2 fs", "timestep: 1 fs").replace("0.005 ps", limit)
    (folder / "system.yaml").write_text(text, encoding="utf-8")
    code, told = run(capsys, "prepare")
    assert (code == 0) == fine, told
    assert fine or "max_half_path" in told
    assert fine or "shorter than a frame" in told


def test_the_file_of_the_report(work, capsys):
    shutil.copytree(INPUTS / "tiny_limit", work / "systems" / "own")
    for command in ("check own", "prepare"):
        code, told = run(capsys, command)
        assert code != 0
        assert re.search(r"system.yaml:\d+: dynamics: .*max_half_path: 0.005 ps", told), told


class TestBoxes:
    """Boxes from any file; water by its composition; periodic or not, with the reason."""

    def test_water_without_a_box_is_said(self, work, capsys):
        code, told = run(capsys, "new own --structure files/no_box/nobox.pdb")
        assert code == 0
        assert "Not periodic: no file has a box, but there are 60 waters." in told
        text = fill("-180 deg, -90 deg", "0 deg, 90 deg")
        assert "implicit" not in text
        assert "60 waters in vacuum, not periodic: no file has a box" in run(capsys, "check own")[1]

    def test_water_in_a_box(self, work, capsys):
        code, told = run(capsys, "new own --structure files/no_box/withbox.pdb")
        assert code == 0
        assert "Periodic: a box of 1.472 x 1.472 x 1.472 nm with 60 waters." in told
        assert load(work)["nonbonded"] == "PME"

    @pytest.mark.parametrize("edge", ["1.000", "0.000", "1.900"])
    def test_a_box_of_an_angstrom_is_none(self, edge, work, capsys):
        file = work / "files" / "no_box" / "withbox.pdb"
        text = file.read_text(encoding="utf-8").replace("14.716", f"{edge:>6}")
        file.write_text(text, encoding="utf-8")
        code, told = run(capsys, "new own --structure files/no_box/withbox.pdb")
        assert code == 0, told
        assert "no file has a box, but there are 60 waters" in told

    @pytest.mark.parametrize("name", ["SPCE", "SOL", "WAT", "T3X", "H2O"])
    def test_water_of_any_name_in_gromacs(self, name, tmp_path):
        put_files(tmp_path)
        top, gro = water_in_gromacs(name)
        (tmp_path / "w.top").write_text(top, encoding="utf-8")
        (tmp_path / "w.gro").write_text(gro, encoding="utf-8")
        said: list[str] = []
        folder = new("own", Sources(tmp_path / "w.gro", tmp_path / "w.top"), tmp_path, said.append)
        assert said == ["Periodic: a box of 2.000 x 2.000 x 2.000 nm with 2 waters."]
        settings = yaml.safe_load((folder / "system.yaml").read_text(encoding="utf-8"))
        assert settings["molecule"]["nonbonded"] == "PME"
        molecule = build_molecule(load_settings(settings), folder)
        atoms = topology_of(molecule.topology)
        assert atoms.select("not water").tolist() == [0, 1, 2, 3]
        assert atoms.select("water").tolist() == [4, 5, 6, 7, 8, 9]

    def test_box_of_a_prmtop_beside_a_pdb_without(self, tmp_path):
        put_files(tmp_path)
        text = (tmp_path / "peroxide.prmtop").read_text(encoding="utf-8")
        structure = tmp_path / "peroxide.pdb"
        bare = structure.read_text(encoding="utf-8").splitlines()
        structure.write_text(
            "\n".join(line for line in bare if not line.startswith("CRYST1")), encoding="utf-8"
        )
        (tmp_path / "peroxide.prmtop").write_text(with_box(text), encoding="utf-8")
        said: list[str] = []
        new("own", Sources(structure, tmp_path / "peroxide.prmtop"), tmp_path, said.append)
        assert said == [
            "Not periodic: a box of 2.000 x 2.000 x 2.000 nm, but no water, and it is mostly empty."
        ]

    def test_a_box_that_is_not_used_is_said(self, work, capsys):
        assert run(capsys, "new own --structure files/no_box/withbox.pdb")[0] == 0
        file = Path("systems/own/system.yaml")
        text = fill("-180 deg, -90 deg", "0 deg, 90 deg")
        text = text.replace("nonbonded: PME", "nonbonded: NoCutoff").replace(
            "  cutoff: 0.7 nm\n", ""
        )
        file.write_text(text, encoding="utf-8")
        assert (
            "the box of the files is not used; write nonbonded: PME" in run(capsys, "check own")[1]
        )

    def test_a_system_and_a_structure_of_different_boxes(self, tmp_path):
        import openmm
        from openmm import app

        write_wet(tmp_path, 60)
        pdb = app.PDBFile(str(tmp_path / "wet.pdb"))
        field = app.ForceField(str(tmp_path / "peroxide.xml"), "amber14/tip3p.xml")
        system = field.createSystem(pdb.topology, nonbondedMethod=app.PME, nonbondedCutoff=0.5)
        edge = 2 * pdb.topology.getPeriodicBoxVectors()[0][0]._value
        system.setDefaultPeriodicBoxVectors([edge, 0, 0], [0, edge, 0], [0, 0, edge])
        text = openmm.XmlSerializer.serialize(system)
        (tmp_path / "system.xml").write_text(text, encoding="utf-8")
        settings = load_settings({"molecule": {"structure": "wet.pdb", "topology": "system.xml"}})
        molecule = build_molecule(settings, tmp_path)
        assert any(
            "its box" in note and "not that of system.xml" in note for note in molecule.notes
        )


def load(work: Path) -> dict:
    file = work / "systems" / "own" / "system.yaml"
    return dict(yaml.safe_load(file.read_text(encoding="utf-8"))["molecule"])


def load_settings(content: dict):
    from mechanist.settings.molecule import MoleculeSettings

    return MoleculeSettings.model_validate(content["molecule"])


def water_in_gromacs(name: str) -> tuple[str, str]:
    """Peroxide with two waters in a residue of a name."""
    top = (DATA / "peroxide.top").read_text(encoding="utf-8")
    types = (
        (DATA / "types.itp")
        .read_text(encoding="utf-8")
        .replace(
            "[ bondtypes ]",
            "ow 8 15.999 -0.834 A 0.3150752 0.635968\nhw 1 1.008 0.417 A 0.0 0.0\n[ bondtypes ]\n"
            "ow hw 1 0.09572 462750",
        )
        .replace("[ angletypes ]", "[ angletypes ]\nhw ow hw 1 104.52 836.8")
    )
    water = (
        f"[ moleculetype ]\n{name} 2\n[ atoms ]\n1 ow 1 {name} OW 1 -0.834\n"
        f"2 hw 1 {name} HW1 1 0.417\n3 hw 1 {name} HW2 1 0.417\n"
        "[ bonds ]\n1 2 1\n1 3 1\n[ angles ]\n2 1 3 1\n[ system ]"
    )
    top = top.replace('#include "types.itp"', types).replace("[ system ]", water)
    top = top.rstrip() + f"\n{name} 2\n"
    gro = (DATA / "peroxide.gro").read_text(encoding="utf-8").splitlines()
    rows = []
    for k in range(2):
        for i, (atom, dx, dy) in enumerate(
            (("OW", 0, 0), ("HW1", 0.0957, 0), ("HW2", -0.024, 0.0927))
        ):
            number = 5 + 3 * k + i
            rows.append(
                f"{k + 2:5d}{name:5}{atom:>5}{number:5d}"
                f"{0.3 + dx:8.4f}{0.3 + dy:8.4f}{0.3 + k:8.4f}"
            )
    return top, "\n".join([gro[0], "   10", *gro[2:6], *rows, *gro[6:]]) + "\n"


def with_box(prmtop: str) -> str:
    """The topology with a periodic box of 2 nm."""
    lines = prmtop.splitlines()
    start = next(i for i, line in enumerate(lines) if "POINTERS" in line)
    rows = [i for i in range(start + 2, start + 6) if not lines[i].startswith("%")]
    words = [lines[i][k : k + 8] for i in rows for k in range(0, len(lines[i]), 8)]
    words[27] = f"{1:8d}"
    for n, i in enumerate(rows):
        lines[i] = "".join(words[10 * n : 10 * n + 10])
    lines += ["%FLAG SOLVENT_POINTERS", "%FORMAT(3I8)", f"{1:8d}{1:8d}{2:8d}"]
    lines += ["%FLAG ATOMS_PER_MOLECULE", "%FORMAT(10I8)", f"{4:8d}"]
    lines += ["%FLAG BOX_DIMENSIONS", "%FORMAT(5E16.8)", f"{90:16.8E}" + f"{20:16.8E}" * 3]
    return "\n".join(lines) + "\n"


def test_two_force_fields_of_one_name_are_both_kept(tmp_path):
    place = INPUTS / "same_basename"
    fields = [str(place / "a" / "lig.xml"), str(place / "b" / "lig.xml")]
    folder = new("own", Sources(INPUTS / "tiny_limit" / "peroxide.pdb", None, fields), tmp_path)
    kept = yaml.safe_load((folder / "system.yaml").read_text(encoding="utf-8"))["molecule"]
    assert kept["force_field"] == ["lig.xml", "lig_2.xml"]
    for name, source in zip(kept["force_field"], fields, strict=True):
        assert (folder / name).read_bytes() == Path(source).read_bytes()


def test_the_same_file_twice_is_kept_once(tmp_path):
    field = str(DATA / "peroxide.xml")
    with pytest.raises(SystemBuildError):
        new("own", Sources(DATA / "peroxide.pdb", None, [field, field]), tmp_path)


def test_what_a_force_field_includes_is_copied(tmp_path):
    put_files(tmp_path / "job")
    outer = '<ForceField><Include file="peroxide.xml"/></ForceField>'
    (tmp_path / "job" / "outer.xml").write_text(outer, encoding="utf-8")
    sources = Sources(
        tmp_path / "job" / "peroxide.pdb", None, [str(tmp_path / "job" / "outer.xml")]
    )
    folder = new("own", sources, tmp_path / "work")
    assert (folder / "peroxide.xml").is_file()


def test_a_liquid_without_water_is_periodic(tmp_path):
    put_files(tmp_path)
    molecule = build_molecule(load_settings({"molecule": FORMATS["GROMACS"]}), tmp_path)
    assert not is_periodic(molecule)
