"""Bad input ends in one clear line that names file, key and value, and loses nothing.

Each row of the tables is one kind of bad input. Commands run in this process, as the entry point
does; a few run as programs of their own.
"""

import contextlib
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from mechanist.cli.main import main
from tests.bring import FORMATS, SYSTEM, write_system
from tests.conftest import REPOSITORY, forget

CONFIG: dict[str, Any] = {
    "system": "well",
    "seed": 5,
    "engine": {"platform": "Reference"},
    "sampling": {"workers": 1, "chains": 10, "first_round": 100, "burn_in": 1},
    "learn": {"members": 2, "hidden": [4], "epochs_max": 3},
    "kinetics": {"runs": 4, "run_frames": 200, "shots": 100, "windows": 4, "bootstrap": 20},
}


def mechanist(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit code and standard error of the command line, in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["mechanist", *arguments])
        code: object = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code
    return int(code or 0) if not isinstance(code, str) else 1, capsys.readouterr().err


def hashes(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def write_config(folder: Path, **changes: Any) -> None:
    settings = {k: dict(v) if isinstance(v, dict) else v for k, v in CONFIG.items()}
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(settings.get(key), dict)
        settings[key] = settings[key] | value if both else value
    (folder / "config.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A folder with two systems and one finished round of the double well, made for real."""
    folder = tmp_path_factory.mktemp("template")
    shutil.copytree(REPOSITORY / "systems" / "double_well", folder / "systems" / "well")
    shutil.copytree(REPOSITORY / "systems" / "alanine_dipeptide", folder / "systems" / "ala")
    write_config(folder)
    with contextlib.chdir(folder):
        for command in (
            "prepare",
            "describe",
            "initial",
            "shoot --round 0 --worker 0",
            "learn --round 0",
            "assess --round 0",
            "equilibrium --worker 0",
            "windows --last 0",
            "excursions --worker 0",
            "kinetics --last 0",
        ):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(sys, "argv", ["mechanist", *command.split()])
                with pytest.raises(SystemExit) as stop:
                    main()
                assert not stop.value.code, command
    return folder


@pytest.fixture
def work(template, tmp_path, monkeypatch):
    folder = tmp_path / "work"
    shutil.copytree(template, folder)
    monkeypatch.chdir(folder)
    return folder


def check(capsys, work, command, words):
    before = hashes(work / "results")
    code, error = mechanist(capsys, *command.split())
    assert code != 0, error
    lines = [line for line in error.splitlines() if not line.startswith("[")]
    assert len(lines) == 1, error
    assert lines[0].startswith("mechanist: error: ")
    for word in words:
        assert word in lines[0], f"{word!r} is not in: {lines[0]}"
    assert hashes(work / "results") == before


CONFIGS = {
    "unknown key": ({"sed": 1}, ["config.yaml", "sed", "no such key"]),
    "unknown nested key": ({"sampling": {"worker": 2}}, ["sampling.worker", "no such key"]),
    "wrong type": ({"seed": "one"}, ["seed", '"one"', "integer"]),
    "section that is no section": ({"sampling": 3}, ["config.yaml", "sampling", "3"]),
    "no workers": ({"sampling": {"workers": 0}}, ["sampling.workers", "0", "greater than"]),
    "shrinking rounds": ({"sampling": {"growth": 0.5}}, ["sampling.growth", "0.5"]),
    "negative seed": ({"seed": -1}, ["seed", "-1"]),
    "probability above 1": (
        {"convergence": {"calibration_p": 1.5}},
        ["convergence.calibration_p", "1.5"],
    ),
    "not a number": ({"learn": {"learning_rate": float("nan")}}, ["learn.learning_rate"]),
    "quantity without unit": ({"initial": {"budget": 100}}, ["initial.budget", "100", "unit"]),
    "unit of another kind": ({"initial": {"budget": "3 K"}}, ["initial.budget", "3 K", "ps"]),
    "unit that is none": ({"initial": {"budget": "3 foo"}}, ["initial.budget", "3 foo", "ps"]),
    "unknown selection": ({"sampling": {"selection": "best"}}, ["sampling.selection", "best"]),
    "unknown platform": ({"engine": {"platform": "GPU"}}, ["engine.platform", "GPU", "CUDA"]),
    "unknown system": ({"system": "water"}, ["system", "water", "well"]),
    "no runs": ({"kinetics": {"runs": 0}}, ["kinetics.runs", "0", "greater than"]),
    "all of it relaxation": ({"kinetics": {"relax": 1}}, ["kinetics.relax", "1", "less than"]),
    "unknown back end": ({"formula": {"backend": "magic"}}, ["formula.backend", "magic"]),
}


@pytest.mark.parametrize("kind", CONFIGS)
def test_config(kind, work, capsys):
    changes, words = CONFIGS[kind]
    write_config(work, **changes)
    check(capsys, work, "prepare", words)


def test_an_engine_that_is_not_there(work, capsys, monkeypatch):
    monkeypatch.setenv("PYTHON_JULIAPKG_PROJECT", str(work))
    write_config(work, formula={"backend": "pysr"})
    words = ["formula.backend", "'pysr' needs PySR", "--install-pysr", "operon"]
    check(capsys, work, "prepare", words)


def replace(old: str, new: str) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / "system.yaml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return edit


def content(data: bytes, name: str = "system.yaml") -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(data) and None


def truncate(name: str, keep: float) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: int(keep * len(data))])

    return edit


PHI = "resname ALA and name CA"
WELLS = {
    "empty": (content(b""), ["system.yaml", "no keys"]),
    "not YAML": (content(b"a: [1, 2"), ["system.yaml", "not valid YAML"]),
    "object tag": (content(b"a: !!python/object:os.system {}"), ["system.yaml", "python/object"]),
    "not a mapping": (content(b"- 1\n- 2\n"), ["system.yaml", "no keys"]),
    "not text": (content(b"\xff\xfe\x00\x01"), ["system.yaml"]),
    "missing key": (replace("  timestep: 10 fs\n", ""), ["dynamics.timestep", "missing"]),
    "negative temperature": (
        replace("1 kJ/mol # kT", "-300 K"),
        ["dynamics.temperature", "-300 K", "greater than 0"],
    ),
    "temperature in metres": (
        replace("1 kJ/mol # kT", "300 m"),
        ["dynamics.temperature", "300 m", "K"],
    ),
    "bad expression": (replace("5*(x^2-1)^2", "5*(x^2-1"), ["potential.expression", "5*(x^2-1"]),
    "unknown variable": (replace("5*(x^2-1)^2", "5*w^2"), ["potential.expression", "w"]),
    "start of another dimension": (replace("[-1 nm]", "[-1 nm, 0 nm]"), ["start", "dimensions"]),
    "descriptor name with a blank": (replace("  x: {coord", "  x y: {coord"), ["x y", "letters"]),
    "unknown descriptor in a state": (
        replace("box: {x: [0.8 nm, 100 nm]}", "box: {z: [0.8 nm, 100 nm]}"),
        ["system.yaml", "states.B.box.z", "'z'", "known: x"],
    ),
    "states overlap": (replace("[0.8 nm, 100 nm]", "[-0.9 nm, 1 nm]"), ["states", "overlap"]),
    "interval reversed": (
        replace("[0.8 nm, 100 nm]", "[100 nm, 0.8 nm]"),
        ["states.B.box.x", "100 nm", "smaller"],
    ),
    "state without unit": (
        replace("[0.8 nm, 100 nm]", '["0.8", "100 nm"]'),
        ["states.B.box.x", "0.8", "nm"],
    ),
    "state in degrees of a length": (
        replace("[0.8 nm, 100 nm]", "[10 deg, 20 deg]"),
        ["states.B.box.x", "10 deg", "nm"],
    ),
    "empty state": (replace("    box: {x: [0.8 nm, 100 nm]}\n", ""), ["states.B", "box"]),
    "atom index out of range": (replace("coordinate: 0", "coordinate: 9"), ["descriptors.x", "3"]),
    "both sources": (
        replace("potential:", "molecule: {structure: a.pdb, force_field: [b.xml]}\npotential:"),
        ["molecule", "potential"],
    ),
}

MOLECULES = {
    "missing atom": (
        replace(PHI, "resname ALA and name CX"),
        ["descriptors.phi", "name CX", "matches no atom"],
    ),
    "selection of several atoms": (
        replace(PHI, "resname ALA"),
        ["descriptors.phi", "resname ALA", "matches 10 atoms"],
    ),
    "selection that is none": (replace(PHI, "the CA"), ["descriptors.phi", "the CA"]),
    "same atom twice": (
        replace("resname ALA and name C\n  psi", "resname ALA and name N\n  psi"),
        ["descriptors.phi", "same atom twice"],
    ),
    "more than a turn": (
        replace("phi: [30 deg, 130 deg]", "phi: [30 deg, 430 deg]"),
        ["states.B.box.phi", "430 deg", "full turn"],
    ),
    "structure missing": (
        replace("structure: alanine_dipeptide.pdb", "structure: gone.pdb"),
        ["gone.pdb", "molecule.structure"],
    ),
    "structure empty": (content(b"", "alanine_dipeptide.pdb"), ["alanine_dipeptide.pdb"]),
    "structure is no PDB": (
        content(b"ATOM  hello\n" * 5, "alanine_dipeptide.pdb"),
        ["alanine_dipeptide.pdb"],
    ),
    "structure is binary": (
        content(bytes(range(256)), "alanine_dipeptide.pdb"),
        ["alanine_dipeptide.pdb"],
    ),
    "structure truncated": (
        truncate("alanine_dipeptide.pdb", 0.5),
        ["alanine_dipeptide.pdb", "truncated"],
    ),
    "force field missing": (
        replace("amber99sbildn.xml", "amber98.xml"),
        ["molecule.force_field", "amber98.xml"],
    ),
    "force field of other molecules": (
        replace("amber99sbildn.xml", "tip3p.xml"),
        ["alanine_dipeptide.pdb", "No template"],
    ),
}


def bring(name: str, old: str = "", new: str = "", file: str = "system.yaml", **extra: Any) -> Any:
    """Put peroxide of a format in the place of the system, with one text changed in a file."""

    def edit(folder: Path) -> None:
        shutil.rmtree(folder)
        folder.mkdir()
        changes = extra.pop("changes", {})
        write_system(folder, FORMATS[name] | extra, **changes)
        path = folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return edit


def brought(name: str, then: Callable[[Path], None]) -> Callable[[Path], None]:
    """Peroxide of a format, and what is done to its files."""

    def edit(folder: Path) -> None:
        bring(name)(folder)
        then(folder)

    return edit


def drop(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def swap(name: str, by: str) -> Callable[[Path], None]:
    return lambda folder: shutil.copy(folder / by, folder / name) and None


PRMTOP, TOP, PSF, XML = "peroxide.prmtop", "peroxide.top", "peroxide.psf", "system.xml"
GRO, CRD, INPCRD, PRM = "peroxide.gro", "peroxide.crd", "peroxide.inpcrd", "peroxide.prm"
EXTRA_ATOM = "    1HPO     H3    5  1.0000  1.0000  1.5000\n   2.00000"
FORMS = {
    "prmtop missing": (brought("Amber", drop(PRMTOP)), [PRMTOP, "molecule.topology", "no such"]),
    "prmtop truncated": (brought("Amber", truncate(PRMTOP, 0.5)), [PRMTOP, "truncated"]),
    "prmtop empty": (brought("Amber", content(b"", PRMTOP)), [PRMTOP, "not an Amber prmtop"]),
    "prmtop is a psf": (brought("Amber", swap(PRMTOP, PSF)), [PRMTOP, "not an Amber prmtop"]),
    "prmtop is binary": (brought("Amber", content(bytes(range(256)), PRMTOP)), [PRMTOP]),
    "inpcrd missing": (brought("Amber", drop(INPCRD)), [INPCRD, "molecule.structure"]),
    "inpcrd truncated": (brought("Amber", truncate(INPCRD, 0.4)), [INPCRD, "truncated"]),
    "inpcrd is a gro": (brought("Amber", swap(INPCRD, GRO)), [INPCRD]),
    "top missing": (brought("GROMACS", drop(TOP)), [TOP, "molecule.topology", "no such file"]),
    "top truncated": (brought("GROMACS", truncate(TOP, 0.4)), [TOP, "truncated"]),
    "top empty": (brought("GROMACS", content(b"", TOP)), [TOP]),
    "top without its include": (
        brought("GROMACS", drop("types.itp")),
        [TOP, "types.itp", "molecule.include"],
    ),
    "top is a prmtop": (brought("GROMACS", swap(TOP, PRMTOP)), [TOP]),
    "gro of more atoms": (
        bring("GROMACS", "    4\n", "    5\n", GRO),
        [GRO, "5 atoms", "truncated"],
    ),
    "gro of another molecule": (
        brought(
            "GROMACS",
            lambda folder: (
                (folder / GRO).write_text(
                    (folder / GRO)
                    .read_text(encoding="utf-8")
                    .replace("    4\n", "    5\n")
                    .replace("   2.00000", EXTRA_ATOM, 1),
                    encoding="utf-8",
                )
                and None
            ),
        ),
        [GRO, "holds 5 atoms", "'peroxide.top' 4"],
    ),
    "gro with a line of text": (bring("GROMACS", "   2.00000", "end", GRO), [GRO]),
    "force field truncated": (
        brought("PDB and XML", truncate("peroxide.xml", 0.5)),
        ["system.yaml", "molecule.force_field", "peroxide.xml"],
    ),
    "gro truncated": (brought("GROMACS", truncate(GRO, 0.6)), [GRO, "truncated"]),
    "gro empty": (brought("GROMACS", content(b"", GRO)), [GRO, "truncated"]),
    "psf missing": (brought("CHARMM", drop(PSF)), [PSF, "molecule.topology", "no such file"]),
    "psf truncated": (brought("CHARMM", truncate(PSF, 0.4)), [PSF, "Array is too short"]),
    "psf empty": (brought("CHARMM", content(b"", PSF)), [PSF]),
    "psf is a top": (brought("CHARMM", swap(PSF, TOP)), [PSF]),
    "parameters missing": (brought("CHARMM", drop(PRM)), [PRM, "molecule.force_field"]),
    "parameters truncated": (brought("CHARMM", truncate(PRM, 0.4)), [PSF]),
    "parameters of another program": (
        bring("CHARMM", "[peroxide.prm]", "[peroxide.xml]"),
        ["peroxide.xml", "molecule.force_field", "prm"],
    ),
    "crd empty": (brought("CHARMM", content(b"", CRD)), [CRD, "truncated"]),
    "crd truncated": (brought("CHARMM", truncate(CRD, 0.6)), [CRD, "truncated"]),
    "crd of no numbers": (bring("CHARMM", "10.", "ten", CRD), [CRD]),
    "System missing": (brought("OpenMM", drop(XML)), [XML, "molecule.topology", "no such file"]),
    "System truncated": (brought("OpenMM", truncate(XML, 0.5)), [XML, "truncated"]),
    "System is a force field": (brought("OpenMM", swap(XML, "peroxide.xml")), [XML]),
    "System of more atoms": (
        bring("OpenMM", '<Particle mass="15.999"/>', '<Particle mass="1"/>' * 2, XML),
        ["peroxide.pdb", "holds 4 atoms", "'system.xml' 5"],
    ),
    "structure without a topology": (
        bring("OpenMM", "structure: peroxide.pdb", "structure: peroxide.gro"),
        ["system.xml", "molecule.structure", "PDB"],
    ),
    "structure of no known kind": (
        bring("PDB and XML", "structure: peroxide.pdb", "structure: peroxide.xyz"),
        ["peroxide.xyz", "molecule.structure"],
    ),
    "gro with XML": (
        bring("PDB and XML", "structure: peroxide.pdb", "structure: peroxide.gro"),
        [GRO, "molecule.structure", "PDB"],
    ),
    "topology of no known kind": (
        bring("Amber", "topology: peroxide.prmtop", "topology: peroxide.tpr"),
        ["molecule", "topology", "peroxide.tpr", ".prmtop"],
    ),
    "no force field": (
        bring("PDB and XML", "force_field: [peroxide.xml]", "force_field: []"),
        ["molecule", "force_field", "missing"],
    ),
    "force field that is not used": (
        bring("Amber", force_field=["peroxide.xml"]),
        ["molecule", "force_field", "not used"],
    ),
    "cutoff without a method": (bring("Amber", cutoff="1 nm"), ["cutoff", "NoCutoff"]),
    "cutoff without a unit": (
        bring("Amber", nonbonded="PME", cutoff=1.0),
        ["molecule.cutoff", "1.0", "unit"],
    ),
    "cutoff as an angle": (
        bring("Amber", nonbonded="PME", cutoff="30 deg"),
        ["molecule.cutoff", "30 deg", "nm"],
    ),
    "cutoff beyond half the box": (
        bring("Amber", nonbonded="PME", cutoff="1.1 nm"),
        ["system.yaml", "molecule.cutoff", "1.1 nm", "half the box", "1.000"],
    ),
    "switching beyond the cutoff": (
        bring("Amber", nonbonded="PME", cutoff="0.9 nm", switching="1 nm"),
        ["molecule", "switching", "less than cutoff"],
    ),
    "box missing": (
        bring("CHARMM", nonbonded="PME", cutoff="0.9 nm"),
        ["molecule.box", "missing", "PME"],
    ),
    "box of zeros": (
        bring("Amber", nonbonded="PME", cutoff="0.9 nm", box=["0 nm", "2 nm", "2 nm"]),
        ["molecule.box", "no volume"],
    ),
    "box with two edges": (bring("Amber", nonbonded="PME", box=["2 nm", "2 nm"]), ["box"]),
    "unknown method": (bring("Amber", nonbonded="pme"), ["molecule.nonbonded", "pme", "PME"]),
    "implicit solvent of XML": (
        bring("PDB and XML", implicit_solvent="OBC2"),
        ["implicit_solvent", "OBC2", "implicit/obc2.xml"],
    ),
    "implicit solvent in a box": (
        bring("Amber", implicit_solvent="OBC2", nonbonded="PME"),
        ["implicit_solvent", "OBC2", "PME"],
    ),
    "include without GROMACS": (bring("Amber", include="."), ["include", "GROMACS"]),
    "hydrogens too heavy": (bring("Amber", hydrogen_mass="9 dalton"), ["hydrogen_mass", "9"]),
    "keys that a System has": (
        bring("OpenMM", constraints="HBonds"),
        ["constraints", "part of the OpenMM System"],
    ),
    "paths under a barostat": (
        bring("Amber", changes={"dynamics": SYSTEM["dynamics"] | {"npt": "paths"}}),
        ["dynamics", "npt", "paths"],
    ),
    "pressure without a box": (
        bring("Amber", changes={"dynamics": SYSTEM["dynamics"] | {"pressure": "1 bar"}}),
        ["dynamics.pressure", "periodic box"],
    ),
    "placeholder": (
        bring("Amber", "60 deg, 170 deg", "FILL_IN, FILL_IN"),
        ["states.B.box.phi", "FILL_IN", "mechanist check"],
    ),
}

CODE = {
    "no file": (None, ["descriptors.x", "'f'", "there is no descriptors.py"]),
    "no such function": ("def g(x):\n    return x[:, 0, 0]\n", ["'f'", "there are: g"]),
    "not Python": ("def f(x)\n", ["descriptors.py", "does not load", "SyntaxError"]),
    "fails when loaded": ("import nothing_like_that\n", ["does not load", "nothing_like_that"]),
    "unknown unit": (
        "def f(x):\n    return x[:, 0, 0]\n\n\nf.unit = 'furlong'\n",
        ["descriptors.py", "furlong", "nm, rad, 1"],
    ),
}

INPUTS = {
    "empty selection": (
        replace("select: all", "select: element Xe"),
        ["inputs.2.select", "element Xe", "matches no atom"],
    ),
    "group without a member": (
        replace("{all: torsions, select: all}", "{all: torsions, select: name CA}"),
        ["inputs.2", "name CA", "no torsions"],
    ),
    "unknown input": (
        replace("  - {all: torsions, select: all}", "  - chi"),
        ["inputs.2", "chi", "known: phi"],
    ),
}


FORMULA_INPUTS = {
    "no plane": (
        replace("heights, select: not element H", "heights, select: name CA N C"),
        ["formula_inputs.0", "no atom of the selection has three neighbours"],
    ),
    "unknown formula input": (
        replace("  - {all: heights, select: not element H}", "  - chi"),
        ["formula_inputs.0", "chi", "known: phi"],
    ),
}


G2 = "around: resname ALA and name CA, of: element H, eta: 200 nm^-2, shift: 0.3 nm"
FAMILY = """
  - symmetry:
      around: {CA: resname ALA and name CA}
      of: {H: element H}
      radial: {eta: 200 nm^-2, shifts: [0.25 nm, 0.4 nm]}
      angular: {eta: 120 nm^-2, shifts: [0.25 nm], zeta: [1, 4]}
"""


def descriptor(text: str) -> Callable[[Path], None]:
    return replace("descriptors:\n", f"descriptors:\n  g: {{{text}}}\n")


def family(old: str, new: str) -> Callable[[Path], None]:
    assert old in FAMILY
    return replace("  - {all: torsions, select: all}\n", FAMILY.replace(old, new))


def radial(old: str, new: str) -> Callable[[Path], None]:
    assert old in G2
    return descriptor(f"radial: {{{G2.replace(old, new)}}}")


SOLVENT = {
    "negative eta": (radial("200 nm", "-200 nm"), ["descriptors.g.radial.eta", "-200", "than 0"]),
    "eta without unit": (radial("200 nm^-2", "200"), ["descriptors.g.radial.eta", "200", "unit"]),
    "eta in nm": (radial("200 nm^-2", "200 nm"), ["descriptors.g.radial.eta", "200 nm", "1/nm**2"]),
    "unknown centre": (radial("name CA", "name CX"), ["descriptors.g", "name CX", "no atom"]),
    "several centres": (radial(" and name CA", ""), ["descriptors.g", "resname ALA", "10 atoms"]),
    "nothing around": (
        radial("element H", "water"),
        ["descriptors.g.radial.of", "water", "no atom"],
    ),
    "only itself around": (
        radial("of: element H", "of: resname ALA and name CA"),
        ["descriptors.g.radial.of", "name CA", "only the central atom"],
    ),
    "unknown norm": (radial("shift", "normalise: bulk, shift"), ["g.radial.normalise", "bulk"]),
    "unknown key": (radial("shift", "alpha: 1, shift"), ["g.radial.alpha", "no such key"]),
    "missing key": (radial(", shift: 0.3 nm", ""), ["g.radial.shift", "missing"]),
    "sign that is none": (
        descriptor(f"angular: {{{G2}, zeta: 2, sign: 0}}"),
        ["descriptors.g.angular.sign", "0"],
    ),
    "zeta of zero": (
        descriptor(f"angular: {{{G2}, zeta: 0, sign: 1}}"),
        ["descriptors.g.angular.zeta", "0", "greater than"],
    ),
    "radius of zero": (
        descriptor("coordination: {around: element O, of: element H, radius: 0 nm}"),
        ["descriptors.g.coordination.radius", "0 nm", "greater than 0"],
    ),
    "donors without hydrogen": (
        descriptor("hydrogen_bonds: {donors: element O, acceptors: element O}"),
        ["descriptors.g.hydrogen_bonds.donors", "element O", "no hydrogen"],
    ),
    "bridges of nothing": (
        descriptor("bridges: {between: [0, 1], of: index 0 1, radii: [0.3 nm, 0.3 nm]}"),
        ["descriptors.g.bridges.of", "index 0 1", "bridged"],
    ),
    "bridges between three": (
        descriptor("bridges: {between: [0, 1, 2], of: element O, radii: [0.3 nm, 0.3 nm]}"),
        ["descriptors.g.bridges.between"],
    ),
    "family: negative shift": (
        family("0.4 nm]", "-0.4 nm]"),
        ["inputs.2.symmetry.radial.shifts.1", "-0.4 nm", "greater than 0"],
    ),
    "family: large zeta": (
        family("zeta: [1, 4]", "zeta: [1, 400]"),
        ["inputs.2.symmetry.angular.zeta.1", "400", "100"],
    ),
    "family: unknown atom": (
        family("name CA}", "name CX}"),
        ["inputs.2.symmetry.around.CA", "name CX", "no atom"],
    ),
    "family: empty selection": (
        family("{H: element H}", "{H: element Xe}"),
        ["inputs.2.symmetry.of.H", "element Xe", "no atom"],
    ),
    "family: short name": (family("{H:", "{H-1:"), ["inputs.2.symmetry", "'H-1'", "letters"]),
    "family: name taken": (
        lambda folder: (
            family("CA", "CA")(folder),
            replace("descriptors:\n", f"descriptors:\n  G2_CA_H_025: {{radial: {{{G2}}}}}\n")(
                folder
            ),
        ),
        ["inputs.2.symmetry", "G2_CA_H_025", "two descriptors"],
    ),
    "family of nothing": (
        lambda folder: (folder / "system.yaml").write_text(
            (folder / "system.yaml")
            .read_text(encoding="utf-8")
            .replace(
                "{all: torsions, select: all}",
                "symmetry: {around: {CA: name CA}, of: {H: element H}}",
            ),
            encoding="utf-8",
        ),
        ["inputs.2.symmetry", "radial, angular or both"],
    ),
}


def edit_text(name: str, old: str, new: str, encoding: str = "utf-8") -> Callable[[Path], None]:
    """Peroxide's file with one text changed, which must be there."""

    def edit(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_bytes(text.replace(old, new, 1).encode(encoding))

    return edit


def of(name: str, file: str, old: str, new: str) -> Callable[[Path], None]:
    return brought(name, edit_text(file, old, new))


PDB = "peroxide.pdb"
TYPES, BONDS = "[ atomtypes ]", "[ bonds ]"


def left_out(section: str) -> tuple[Callable[[Path], None], list[str]]:
    """A section that OpenMM would leave out."""
    text = f"[ {section} ]\n1 2 1 1 1\n[ dihedrals ]"
    return of("GROMACS", TOP, "[ dihedrals ]", text), [f"{TOP}:", f"[ {section} ]", "not read"]


def column(start: int, word: str) -> Callable[[Path], None]:
    """Another word in columns of the first atom of the PDB file."""

    def edit(folder: Path) -> None:
        lines = (folder / PDB).read_text(encoding="utf-8").splitlines()
        row = next(i for i, line in enumerate(lines) if line.startswith(("ATOM", "HETATM")))
        line = lines[row]
        lines[row] = line[:start] + word + line[start + len(word) :]
        (folder / PDB).write_text("\n".join(lines) + "\n", encoding="utf-8")

    return brought("Amber with PDB", edit)


def index(text: str) -> Callable[[Path], None]:
    """An index of CHARMM's parameters in the place of these."""

    def edit(folder: Path) -> None:
        (folder / "toppar.str").write_text(text, encoding="utf-8")
        edit_text("system.yaml", "peroxide.prm", "toppar.str")(folder)

    return edit


SECTIONS = (
    *("position_restraints", "dihedral_restraints", "distance_restraints", "angle_restraints"),
    *("angle_restraints_z", "orientation_restraints", "polarization", "water_polarization"),
    *("thole_polarization", "virtual_sitesn", "virtual_sites1", "virtual_sites4", "pairs_nb"),
    *("intermolecular_interactions", "unheard_of"),
)
BAD_WORDS = {"stars": "********", "NaN": "     nan", "infinity": "     inf", "a word": "  ten.00"}
USERS_FILES = {
    **{f"top with [ {name} ]": left_out(name) for name in SECTIONS},
    **{
        f"PDB with {what} in {axis}": (column(start, word), [f"{PDB}:", axis, "must be a number"])
        for what, word in BAD_WORDS.items()
        for axis, start in (("x", 30), ("y", 38), ("z", 46))
    },
    "PDB with a blank in x": (column(30, " " * 8), [f"{PDB}:", "x", "truncated"]),
    "PDB that ends within a line": (
        brought("Amber with PDB", truncate(PDB, 0.3)),
        [PDB, "holds 1 atoms", "'peroxide.prmtop' 4"],
    ),
    "top: unknown directive": (
        of("GROMACS", TOP, "[ dihedrals ]", "#if X\n[ dihedrals ]"),
        [f"{TOP}:", "#if", "no directive"],
    ),
    "top: #else alone": (
        of("GROMACS", TOP, "[ dihedrals ]", "#else\n[ dihedrals ]"),
        [f"{TOP}:", "#else without #ifdef"],
    ),
    "top: #endif alone": (
        of("GROMACS", TOP, "[ dihedrals ]", "#endif\n[ dihedrals ]"),
        [f"{TOP}:", "#endif without #ifdef"],
    ),
    "top: no #endif": (
        of("GROMACS", TOP, "[ dihedrals ]", "#ifdef X\n[ dihedrals ]"),
        [TOP, "#ifdef without #endif"],
    ),
    "top: #include of nothing": (
        of("GROMACS", TOP, "[ dihedrals ]", "#include\n[ dihedrals ]"),
        [f"{TOP}:", "#include", "a name must follow"],
    ),
    "top: #define of nothing": (
        of("GROMACS", TOP, "[ dihedrals ]", "#define\n[ dihedrals ]"),
        [f"{TOP}:", "#define", "a name must follow"],
    ),
    "top: includes itself": (
        of("GROMACS", TOP, "[ dihedrals ]", f'#include "{TOP}"\n[ dihedrals ]'),
        ["#include: includes itself"],
    ),
    "top: [ defaults ] twice": (
        of("GROMACS", TOP, "[ moleculetype ]", "[ defaults ]\n1 2 yes\n[ moleculetype ]"),
        [TOP, "[ defaults ] stands twice"],
    ),
    "top: a molecule twice": (
        of("GROMACS", TOP, "[ system ]", "[ moleculetype ]\nHPO 3\n[ system ]"),
        [f"{TOP}:", "moleculetype HPO", "already"],
    ),
    "top: function type of a bond": (
        of("GROMACS", TOP, "1 2 1\n2 3 1", "1 2 6\n2 3 1"),
        [f"{TOP}:", "Unsupported function type in [ bonds ]"],
    ),
    "top: function type of a pair": (
        of("GROMACS", TOP, "1 4 1", "1 4 2"),
        [f"{TOP}:", "Unsupported function type in [ pairs ]"],
    ),
    "top: unknown molecule": (
        of("GROMACS", TOP, "HPO 1\n", "XYZ 1\n"),
        [TOP, "Unknown molecule type: XYZ"],
    ),
    "top: Buckingham": (
        of("GROMACS", "types.itp", "1 2 yes", "2 2 yes"),
        [TOP, "Unsupported nonbonded type: 2"],
    ),
    "index that names nothing": (
        brought("CHARMM", index("stream gone.prm\n")),
        ["gone.prm", "named in toppar.str", "no such file"],
    ),
    "index that names itself": (
        brought("CHARMM", index("stream toppar.str\n")),
        ["toppar.str", "streams itself"],
    ),
    "masses of other elements": (
        of("OpenMM", XML, 'mass="1.008"', 'mass="15.999"'),
        [PDB, "atom 0", "hydrogen", "16 dalton"],
    ),
    "mass of a heavier hydrogen than any": (
        of("OpenMM", XML, 'mass="1.008"', 'mass="6"'),
        [PDB, "atom 0", "mass of 6 dalton"],
    ),
    "prmtop: an atom without mass": (
        of("Amber", PRMTOP, "1.00800000E+00  1.59990000E+01", "0.00000000E+00  1.59990000E+01"),
        [PRMTOP, "atom 0", "has no mass", "never move"],
    ),
    "top: an atom without mass": (
        of("GROMACS", TOP, "0.41 1.008", "0.41 0"),
        [TOP, "atom 0", "has no mass", "never move"],
    ),
    "psf: an atom without mass": (
        of("CHARMM", PSF, "0.410000        1.0080", "0.410000        0.0000"),
        [PSF, "atom 0", "has no mass", "never move"],
    ),
    "force field: an atom without mass": (
        of("PDB and XML", "peroxide.xml", 'mass="1.008"', 'mass="0"'),
        [PDB, "atom 0", "has no mass", "never move"],
    ),
    "gro: a column shifted": (
        of("GROMACS", GRO, "   1  1.0952", "   1 1.0952"),
        [f"{GRO}:3", "not an atom with three positions"],
    ),
    "gro: a box of two edges": (
        of("GROMACS", GRO, "   2.00000\n", "\n"),
        [f"{GRO}:7", "not a box"],
    ),
    "a bond of another length": (
        of("OpenMM", XML, 'd=".1474"', 'd=".3"'),
        [PDB, "atoms 1 and 2", "0.147 nm apart", "0.300 nm"],
    ),
    "a macro of another program": (
        bring("Amber", define=["A"]),
        ["molecule", "define: only a GROMACS topology"],
    ),
    "a limit below half a frame": (
        bring("Amber", changes={"dynamics": SYSTEM["dynamics"] | {"max_half_path": "1 fs"}}),
        ["dynamics", "max_half_path: 0.001 ps", "shorter than a frame"],
    ),
    "a System truncated at its end": (
        of("OpenMM", XML, "</System>", ""),
        [XML, "truncated, </System> is missing"],
    ),
    "gro of other numbers": (of("GROMACS", GRO, "    4\n", "four\n"), [GRO, "line 2"]),
    "crd without a number": (
        brought("CHARMM", content(b"* t\n*\n", CRD)),
        [CRD, "a number of atoms is missing"],
    ),
}
assert len(USERS_FILES) >= 50


@pytest.mark.parametrize("kind", USERS_FILES)
def test_files_of_users(kind, work, capsys):
    edit, words = USERS_FILES[kind]
    edit(work / "systems" / "ala")
    write_config(work, system="ala")
    check(capsys, work, "prepare", words)


@pytest.mark.parametrize("kind", SOLVENT)
def test_solvent(kind, work, capsys):
    edit, words = SOLVENT[kind]
    edit(work / "systems" / "ala")
    write_config(work, system="ala")
    check(capsys, work, "describe", words)


def test_a_state_in_a_count_has_no_unit(work, capsys):
    count = "coordination: {around: element O, of: element H, radius: 0.3 nm}"
    descriptor(count)(work / "systems" / "ala")
    replace("    box: {phi: [30", "    box: {g: [1 nm, 2 nm], phi: [30")(work / "systems" / "ala")
    write_config(work, system="ala")
    check(capsys, work, "prepare", ["states.B.box.g", "1 nm", "plain numbers"])


@pytest.mark.parametrize("kind", WELLS)
def test_model_system(kind, work, capsys):
    edit, words = WELLS[kind]
    edit(work / "systems" / "well")
    check(capsys, work, "prepare", words)


@pytest.mark.parametrize("kind", MOLECULES)
def test_molecule(kind, work, capsys):
    edit, words = MOLECULES[kind]
    edit(work / "systems" / "ala")
    write_config(work, system="ala")
    check(capsys, work, "prepare", words)


@pytest.mark.parametrize("kind", FORMS)
def test_own_molecule(kind, work, capsys):
    edit, words = FORMS[kind]
    edit(work / "systems" / "ala")
    write_config(work, system="ala")
    check(capsys, work, "prepare", words)


@pytest.mark.parametrize("kind", CODE)
def test_own_function(kind, work, capsys):
    text, words = CODE[kind]
    folder = work / "systems" / "well"
    replace("x: {coordinate: 0}", "x: {function: f}")(folder)
    if text is not None:
        (folder / "descriptors.py").write_text(text, encoding="utf-8")
    check(capsys, work, "prepare", words)


@pytest.mark.parametrize("kind", INPUTS)
def test_inputs(kind, work, capsys):
    edit, words = INPUTS[kind]
    edit(work / "systems" / "ala")
    write_config(work, system="ala")
    check(capsys, work, "describe", words)


@pytest.mark.parametrize("kind", FORMULA_INPUTS)
def test_formula_inputs(kind, work, capsys):
    edit, words = FORMULA_INPUTS[kind]
    edit(work / "systems" / "ala")
    write_config(work, system="ala")
    check(capsys, work, "formula-inputs", words)


def remove(path: Path) -> None:
    path.unlink()


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def halve_frames(path: Path) -> None:
    """Leave whole frames, so that only the index can tell."""
    frames = int(pq.read_table(path.with_suffix(".parquet"))["frames"].to_numpy().sum())
    size = path.stat().st_size // frames
    path.write_bytes(path.read_bytes()[: size * (frames // 2)])


def garble(path: Path) -> None:
    path.write_bytes(b"garbage" * 50)


def strip_json(path: Path) -> None:
    path.write_text("{}", encoding="utf-8")


def other_inputs(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace('"x"', '"y"'), encoding="utf-8")


JOB = "rounds/000/worker_000"
ROUND_1 = "shoot --round 1 --worker 0"
RUNS = "kinetics/worker_000"
RATES = "kinetics --last 0"
DAMAGE = {
    "shots damaged": (f"{JOB}/shots.parquet", garble, "learn --round 0", ["damaged"]),
    "shots truncated": (f"{JOB}/shots.parquet", halve, ROUND_1, ["damaged"]),
    "shots missing": (f"{JOB}/shots.parquet", remove, "assess --round 0", ["missing"]),
    "paths truncated": (f"{JOB}/paths.trr", halve_frames, ROUND_1, ["paths.parquet"]),
    "paths damaged": (f"{JOB}/paths.trr", garble, "learn --round 0", ["damaged"]),
    "points missing": (f"{JOB}/points.trr", remove, "learn --round 0", ["missing"]),
    "points truncated": (f"{JOB}/points.trr", halve, "learn --round 0", ["100 shots"]),
    "half-written round": (f"{JOB}/paths.parquet", remove, ROUND_1, ["missing"]),
    "model truncated": ("rounds/000/model.safetensors", halve, ROUND_1, ["damaged"]),
    "model missing": ("rounds/000/model.safetensors", remove, "assess --round 0", ["missing"]),
    "model card emptied": ("rounds/000/model.json", strip_json, ROUND_1, ["not a model card"]),
    "model of other inputs": ("rounds/000/model.json", other_inputs, ROUND_1, ["other inputs"]),
    "dynamics emptied": ("system/dynamics.json", strip_json, ROUND_1, ["lacks"]),
    "dynamics is no JSON": ("system/dynamics.json", garble, ROUND_1, ["not JSON"]),
    "system damaged": ("system/system.xml", halve, ROUND_1, ["damaged"]),
    "inputs missing": ("system/inputs.json", remove, "learn --round 0", ["missing"]),
    "runs missing": (f"{RUNS}/runs.parquet", remove, RATES, ["missing"]),
    "runs damaged": (f"{RUNS}/run_excursions.trr", halve, "windows --last 0", []),
    "windows emptied": ("kinetics/windows.json", strip_json, "excursions --worker 0", ["lacks"]),
    "windows of other inputs": ("kinetics/model.json", other_inputs, RATES, ["other inputs"]),
    "excursions truncated": (f"{RUNS}/excursions.trr", halve, RATES, []),
    "excursions damaged": (f"{RUNS}/excursions.parquet", garble, RATES, ["damaged"]),
    "first paths damaged": ("initial/paths.trr", garble, "shoot --round 0 --worker 0", ["damaged"]),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_results(kind, work, capsys):
    # Without receipts, as from an older version: what the readers themselves find.
    name, damage, command, words = DAMAGE[kind]
    forget(work / "results")
    damage(work / "results" / "well" / name)
    check(capsys, work, command, [Path(name).name, *words])


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_results_with_receipts(kind, work, capsys):
    name, damage, command, words = DAMAGE[kind]
    damage(work / "results" / "well" / name)
    words = words if damage is remove else ["differs from its receipt"]
    check(capsys, work, command, [Path(name).name, *words])


def test_a_state_that_is_never_visited(work, capsys):
    replace("[0.8 nm, 100 nm]", "[50 nm, 60 nm]")(work / "systems" / "well")
    write_config(work, initial={"budget": "20 ps", "heating": [1.5]})
    assert mechanist(capsys, "prepare")[0] == 0
    check(capsys, work, "initial", ["B (right)", "never visited", "initial.budget"])


def test_another_number_of_chains(work, capsys):
    write_config(work, sampling={"chains": 20})
    check(capsys, work, ROUND_1, ["paths.parquet", "chain 10", "sampling.chains"])


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("gone.xtc", None, ["gone.xtc", "no such file"]),
        ("bad.xtc", b"no trajectory", ["bad.xtc", "cannot read"]),
        ("bad.txt", b"no trajectory", ["bad.txt", "cannot read"]),
        *(
            (f"bad.{end}", b"no trajectory", [f"bad.{end}", "initial.path"])
            for end in ("dcd", "trr", "nc", "gro", "pdb", "cif", "h5", "xyz")
        ),
    ],
)
def test_first_path_of_the_user(name, data, words, work, capsys):
    if data is not None:
        (work / name).write_bytes(data)
    write_config(work, initial={"path": name})
    check(capsys, work, "initial", ["initial.path", *words])


def test_first_path_of_another_molecule(work, capsys):
    shutil.copy(work / "systems" / "ala" / "alanine_dipeptide.pdb", work / "other.pdb")
    write_config(work, initial={"path": "other.pdb"})
    check(capsys, work, "initial", ["other.pdb", "initial.path", "same atoms"])


def test_chains_too_few_for_the_tests(work, capsys):
    write_config(work, sampling={"workers": 1, "chains": 3})
    check(capsys, work, "shoot --round 0 --worker 0", ["1 x 3 chains", "sampling.chains"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--along z", ["--along", "z", "known: x"]),
        ("--along x --along x --along x", ["--along", "3 descriptors", "one or two"]),
        ("--along x --out f.txt", ["--out", "f.txt", ".csv"]),
    ],
)
def test_free_energy_along_what(arguments, words, work, capsys):
    check(capsys, work, f"free-energy {arguments}", words)


def test_results_is_a_file(work, capsys):
    (work / "taken").write_text("", encoding="utf-8")
    check(capsys, work, "prepare --results taken", ["taken"])


def test_settings_that_are_no_json(work, capsys):
    check(capsys, work, "prepare --config {seed:1}", ["--config", "not JSON"])


@pytest.mark.parametrize("command", ["shoot --round -1 --worker 0", "shoot --round x --worker 0"])
def test_bad_options(command, work, capsys):
    code, error = mechanist(capsys, *command.split())
    assert code == 2
    assert "--round" in error
    assert "Traceback" not in error


@pytest.mark.parametrize("arguments", [["prepare"], ["shoot", "--round", "1", "--worker", "0"]])
def test_as_a_program(arguments, work):
    write_config(work, sampling={"workers": -3})
    program = str(Path(sys.executable).with_name("mechanist"))
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("mechanist: error: config.yaml:")
    assert len(done.stderr.splitlines()) == 1


def test_times_that_cannot_be_written_are_no_fault_of_the_job(work, capsys):
    folder = work / "results" / "well" / "benchmarks"
    assert (folder / "shoot_000_000.json").is_file()
    shutil.rmtree(folder)
    folder.write_text("in the way", encoding="utf-8")
    inputs = work / "results" / "well" / "system" / "inputs.json"
    inputs.unlink()
    code, said = mechanist(capsys, "describe")
    assert code == 0
    assert inputs.is_file()
    (line,) = said.splitlines()
    assert "results/well/benchmarks/describe.json: not written" in line


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("config.yaml", "seed: 5", "seed: -5", ["config.yaml:", "seed: -5"]),
        ("systems/well/system.yaml", "10 fs", "10 K", ["dynamics.timestep", "10 K"]),
        (
            "config.yaml",
            "seed: 5",
            "seed: 5\nformula: {backend: both}",
            ["formula.backend: 'both' needs PySR, but", "mechanist doctor --install-pysr"],
        ),
    ],
)
def test_through_snakemake(file, old, new, words, work, monkeypatch):
    # Julia is not there, whatever this machine has.
    monkeypatch.setenv("PYTHON_JULIAPKG_PROJECT", str(work))
    path = work / file
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    before = hashes(work / "results")
    snakemake = Path(sys.executable).with_name("snakemake")
    command = [snakemake, "--snakefile", REPOSITORY / "Snakefile", "--cores", "1", "--dry-run"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    for word in words:
        assert word in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert hashes(work / "results") == before


def test_the_table_is_long_enough():
    tables = (CONFIGS, WELLS, MOLECULES, FORMS, CODE, INPUTS, SOLVENT, DAMAGE)
    assert sum(len(table) for table in tables) >= 30
    assert json.dumps(sorted(CONFIGS))
