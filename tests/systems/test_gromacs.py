"""GROMACS topologies as users have them: includes, macros, and sections that would be left out."""

import shutil
from pathlib import Path

import pytest

from mechanist.errors import SystemBuildError
from mechanist.settings.molecule import MoleculeSettings
from mechanist.systems.build.molecule import build_molecule, molecule_files
from mechanist.systems.build.new import Sources, new
from mechanist.systems.forces.gromacs import defined, resolve
from tests.bring import DATA, FORMATS, build, energy

INPUTS = DATA.parent / "inputs" / "gromacs"
GRO = INPUTS / "setup" / "run" / "peroxide.gro"
TYPES = (DATA / "types.itp").read_text(encoding="utf-8")
MOLECULE = (DATA / "peroxide.top").read_text(encoding="utf-8")


def made(tmp_path: Path, text: str, name: str = "topol.top", **files: str) -> Path:
    """A folder with a topology and further files, names with dots as keyword ``a__itp``."""
    tmp_path.mkdir(exist_ok=True)
    for key, content in {"types__itp": TYPES, **files}.items():
        (tmp_path / key.replace("__", ".")).write_text(content, encoding="utf-8")
    (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path / name


def by_new(tmp_path: Path, topology: Path, **options) -> Path:
    return new("own", Sources(GRO, topology, **options), tmp_path / "work")


def energy_of(folder: Path) -> float:
    import yaml

    content = yaml.safe_load((folder / "system.yaml").read_text(encoding="utf-8"))["molecule"]
    settings = MoleculeSettings.model_validate(content | {"constraints": "none"})
    return energy(build_molecule(settings, folder))


@pytest.fixture
def plain(tmp_path) -> float:
    shutil.copytree(DATA, tmp_path / "plain")
    return energy(build(tmp_path / "plain", FORMATS["GROMACS"] | {"constraints": "none"}))


def test_include_above_the_folder_of_the_topology(tmp_path, plain):
    folder = by_new(tmp_path, INPUTS / "setup" / "run" / "topol.top")
    assert (folder / "run" / "topol.top").is_file()
    assert (folder / "toppar" / "forcefield.itp").is_file()
    assert energy_of(folder) == pytest.approx(plain, rel=1e-9)


def test_linked_force_field_is_copied_whole(tmp_path, plain):
    place = tmp_path / "elsewhere" / "my.ff"
    place.mkdir(parents=True)
    (place / "forcefield.itp").write_text('#include "nb.itp"\n', encoding="utf-8")
    (place / "nb.itp").write_text(TYPES, encoding="utf-8")
    (place / "unused.itp").write_text("; under a condition\n", encoding="utf-8")
    top = made(tmp_path / "job", MOLECULE.replace("types.itp", "my.ff/forcefield.itp"))
    (tmp_path / "job" / "my.ff").symlink_to(place)
    folder = by_new(tmp_path, top)
    names = {path.name for path in (folder / "my.ff").iterdir()}
    assert names == {"forcefield.itp", "nb.itp", "unused.itp"}
    shutil.rmtree(tmp_path / "elsewhere")
    assert energy_of(folder) == pytest.approx(plain, rel=1e-9)


@pytest.mark.parametrize("by", ["GMXLIB", "include"])
def test_folders_of_search(by, tmp_path, plain, monkeypatch):
    library = tmp_path / "library"
    made(library, "")
    top = made(tmp_path / "job", MOLECULE.replace("types.itp", "deep.itp"))
    (library / "deep.itp").write_text('#include "types.itp"\n', encoding="utf-8")
    (tmp_path / "job" / "types.itp").unlink()
    if by == "GMXLIB":
        monkeypatch.setenv("GMXLIB", f"/nowhere:{library}")
        folder = by_new(tmp_path, top)
        monkeypatch.delenv("GMXLIB")
    else:
        folder = by_new(tmp_path, top, include=library)
    shutil.rmtree(library)
    assert energy_of(folder) == pytest.approx(plain, rel=1e-9)


def test_macros_choose_what_is_read(tmp_path, plain):
    text = MOLECULE.replace(
        "[ dihedrals ]\n1 2 3 4 9", "#ifndef FREE\n[ dihedrals ]\n1 2 3 4 9\n#endif"
    )
    folder = by_new(tmp_path, made(tmp_path / "job", text))
    assert energy_of(folder) == pytest.approx(plain, rel=1e-9)
    free = new(
        "free",
        Sources(GRO, tmp_path / "job" / "topol.top", define=["FREE"]),
        tmp_path / "work",
    )
    assert energy_of(free) != pytest.approx(plain, rel=1e-3)
    assert defined(["A", "-DB=2"]) == {"A": "1", "B": "2"}


def test_macros_with_values_and_nested_conditions(tmp_path):
    text = (
        "#ifdef A\n#ifndef B\n#define X 1\n#else\n#define X 2\n#endif\n#else\n#define X 3\n#endif\n"
    )
    top = made(tmp_path, text)

    def chosen(*macros: str) -> str:
        return resolve(top, None, defined(macros)).lines[-1].text

    assert [chosen(), chosen("A"), chosen("A", "B=5")] == [
        "#define X 3",
        "#define X 1",
        "#define X 2",
    ]


def test_an_include_that_no_condition_reaches_may_be_missing(tmp_path, plain):
    text = MOLECULE + '#ifdef POSRES\n#include "posre.itp"\n#endif\n'
    assert energy_of(by_new(tmp_path, made(tmp_path / "job", text))) == pytest.approx(plain)


@pytest.mark.parametrize(
    ("file", "define", "words"),
    [
        ("restr.top", (), ["restr.top:29", "[ position_restraints ]"]),
        ("dihres.top", (), ["dihres.top:29", "[ dihedral_restraints ]"]),
        ("inter.top", (), ["inter.top:35", "[ intermolecular_interactions ]"]),
        ("inter2.top", (), ["inter2.top:35", "[ intermolecular_interactions ]"]),
        ("posre.top", ("POSRES",), ["posre.itp:1", "[ position_restraints ]", "define"]),
    ],
)
def test_sections_that_would_be_left_out(file, define, words, tmp_path):
    with pytest.raises(SystemBuildError) as told:
        by_new(tmp_path, INPUTS / file, define=define)
    for word in words:
        assert word in str(told.value)


LEFT_OUT = [
    *("angle_restraints", "angle_restraints_z", "distance_restraints", "orientation_restraints"),
    *("polarization", "water_polarization", "thole_polarization", "virtual_sitesn"),
    *("virtual_sites4", "pairs_nb", "frobnicate"),
]


@pytest.mark.parametrize("section", LEFT_OUT)
def test_every_section_that_openmm_leaves_out(section, tmp_path):
    text = MOLECULE.replace("[ dihedrals ]", f"[ {section} ]\n1 2 1 1 1\n[ dihedrals ]")
    with pytest.raises(SystemBuildError, match=rf"topol\.top:\d+: \[ {section} \]: not read"):
        by_new(tmp_path, made(tmp_path / "job", text))


def test_a_section_of_a_molecule_that_is_not_there_does_not_matter(tmp_path, plain):
    other = (
        "[ moleculetype ]\nGHOST 3\n[ atoms ]\n1 op 1 GHO O 1 0 16\n"
        "[ position_restraints ]\n1 1 9 9 9\n[ system ]"
    )
    text = MOLECULE.replace("[ system ]", other)
    assert energy_of(by_new(tmp_path, made(tmp_path / "job", text))) == pytest.approx(plain)


WORDS = {
    "unknown directive": (MOLECULE + "#if 1\n", ["topol.top:", "#if", "no directive"]),
    "else alone": (MOLECULE + "#else\n", ["topol.top:", "#else without #ifdef"]),
    "no endif": (MOLECULE + "#ifdef X\n", ["#ifdef without #endif"]),
    "include of nothing": (MOLECULE + "#include\n", ["#include: a name must follow"]),
    "includes itself": (MOLECULE + '#include "topol.top"\n', ["includes itself"]),
    "defaults twice": (MOLECULE + '#include "types.itp"\n', ["[ defaults ] stands twice"]),
    "molecule twice": (
        MOLECULE.replace("[ system ]", "[ moleculetype ]\nHPO 3\n[ system ]"),
        ["moleculetype HPO stands in", "already"],
    ),
    "function type of a bond": (
        MOLECULE.replace("1 2 1\n2 3 1", "1 2 6\n2 3 1", 1),
        ["topol.top:", "Unsupported function type in [ bonds ]"],
    ),
    "function type of a pair": (
        MOLECULE.replace("[ pairs ]\n1 4 1", "[ pairs ]\n1 4 2", 1),
        ["topol.top:", "Unsupported function type in [ pairs ]"],
    ),
    "unknown molecule": (MOLECULE.replace("HPO 1\n", "XYZ 1\n"), ["Unknown molecule type: XYZ"]),
    "Buckingham": (
        MOLECULE.replace('#include "types.itp"', TYPES.replace("1 2 yes", "2 2 yes")),
        ["topol.top:", "Unsupported nonbonded type: 2"],
    ),
}


@pytest.mark.parametrize("kind", WORDS)
def test_what_is_wrong_in_the_words_of_the_reader(kind, tmp_path):
    text, words = WORDS[kind]
    with pytest.raises(SystemBuildError) as told:
        by_new(tmp_path, made(tmp_path / "job", text))
    for word in words:
        assert word in str(told.value)
    assert "damaged" not in str(told.value)


def test_all_included_files_count_as_sources(tmp_path):
    folder = by_new(tmp_path, INPUTS / "setup" / "run" / "topol.top")
    settings = MoleculeSettings(structure="peroxide.gro", topology="run/topol.top")
    names = {path.name for path in molecule_files(settings, folder)}
    assert names == {"peroxide.gro", "topol.top", "forcefield.itp"}
