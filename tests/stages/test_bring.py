"""A molecule of one's own: every format goes through a round; `new` and `check`."""

import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

from mechanist.bookkeeping.layout import Layout
from mechanist.cli.main import main
from mechanist.systems.descriptors.box import box_of
from mechanist.systems.prepared import load, load_inputs
from tests.bring import DATA, FORMATS, SYSTEM, write_system, write_wet

CONFIG = {
    "system": "own",
    "seed": 3,
    "engine": {"platform": "Reference"},
    "initial": {"budget": "200 ps", "heating": [1.5], "paths": 4},
    "sampling": {"workers": 1, "chains": 10, "first_round": 60, "burn_in": 1},
    "learn": {"members": 2, "hidden": [4], "epochs_max": 3},
}
ROUND = ("prepare", "describe", "initial", "shoot --round 0 --worker 0", "learn --round 0")


def run(command: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["mechanist", *shlex.split(command)])
        try:
            main()
        except SystemExit as stop:
            return int(stop.code or 0)
    return 0


@pytest.fixture
def work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    return tmp_path


def own(work: Path) -> Path:
    (work / "systems" / "own").mkdir(parents=True, exist_ok=True)
    return work / "systems" / "own"


def rounds(work: Path) -> list[dict]:
    for command in ROUND:
        assert run(command) == 0, command
    return pq.read_table(work / "results/own/rounds/000/worker_000/shots.parquet").to_pylist()


@pytest.mark.parametrize("name", FORMATS)
def test_a_round_from_every_format(name, work):
    write_system(own(work), FORMATS[name])
    shots = rounds(work)
    assert len(shots) == 60
    ends = {shot[key] for shot in shots for key in ("end_backward", "end_forward")}
    assert {"A", "B"} <= ends <= {"A", "B", "too_long"}
    assert any(shot["accepted"] for shot in shots)


def test_a_round_in_water_with_virtual_sites(work):
    """TIP4P-Ew, PME, heavy hydrogens with steps of 4 fs, on the CPU platform."""
    folder = own(work)
    molecule = write_wet(folder, 60) | {"hydrogen_mass": "3 dalton", "cutoff": "0.5 nm"}
    dynamics = SYSTEM["dynamics"] | {"timestep": "4 fs", "max_half_path": "8 ps", "stride": 1}
    states = {
        "A": {"name": "left", "box": {"phi": ["-140 deg", "-60 deg"]}},
        "B": {"name": "right", "box": {"phi": ["60 deg", "140 deg"]}},
    }
    write_system(folder, molecule, dynamics=dynamics, states=states)
    settings = CONFIG | {
        "engine": {"platform": "CPU"},
        "sampling": CONFIG["sampling"] | {"first_round": 8, "chains": 4},
        "initial": {"budget": "80 ps", "heating": [2.0], "paths": 1, "replicas": 2},
    }
    (work / "config.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    for command in ROUND[:4]:
        assert run(command) == 0, command
    shots = pq.read_table(work / "results/own/rounds/000/worker_000/shots.parquet").to_pylist()
    assert len(shots) == 8
    assert all(shot["end_forward"] != "exploded" for shot in shots)
    prepared = load(Layout(work / "results/own"))
    assert prepared.system.usesPeriodicBoundaryConditions()
    assert (prepared.masses == 0).sum() == 60


SPRINGS = """
import numpy as np

PAIRS = np.array([(0, 1), (1, 2), (2, 3), (0, 2), (1, 3)])
LENGTHS = np.array([0.0967, 0.1474, 0.0967, 0.19, 0.19])


def energy_forces(positions, numbers):
    assert list(numbers) == [1, 8, 8, 1]
    steps = positions[:, PAIRS[:, 1]] - positions[:, PAIRS[:, 0]]
    lengths = np.linalg.norm(steps, axis=-1)
    pulls = 2e5 * ((lengths - LENGTHS) / lengths)[..., None] * steps
    forces = np.zeros_like(positions)
    for k, (i, j) in enumerate(PAIRS):
        forces[:, i] += pulls[:, k]
        forces[:, j] -= pulls[:, k]
    return 1e5 * ((lengths - LENGTHS) ** 2).sum(axis=1), forces
"""
"""Hydrogen peroxide that turns freely."""


def test_a_part_under_a_force_law_moves(work, capsys):
    """Springs for the peroxide, a force field for three waters beside it."""
    folder = own(work)
    forces = {"python": "springs.py", "atoms": "resname HPO"}
    wet = write_wet(folder, 3)
    molecule = {key: wet[key] for key in ("structure", "force_field")} | {"forces": forces}
    states = {
        "A": {"name": "left", "box": {"phi": ["-140 deg", "-60 deg"]}},
        "B": {"name": "right", "box": {"phi": ["60 deg", "140 deg"]}},
    }
    write_system(folder, molecule, states=states)
    (folder / "springs.py").write_text(SPRINGS, encoding="utf-8")
    (work / "config.yaml").write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    assert run("check own") == 0
    said = capsys.readouterr().out
    assert "4 of 16 atoms under the law, the rest classical" in said
    assert "2 bonds of fixed length in 'resname HPO' are flexible under the law" in said


def test_a_barostat_finds_the_volume(work, capsys):
    folder = own(work)
    molecule = write_wet(folder, 60) | {"cutoff": "0.5 nm", "box": ["1.4 nm"] * 3}
    dynamics = SYSTEM["dynamics"] | {"pressure": "1 bar", "npt_steps": 2000, "timestep": "2 fs"}
    write_system(folder, molecule, dynamics=dynamics)
    assert run("prepare") == 0
    said = capsys.readouterr().err
    assert len(re.findall(r"barostat at 1 bar: \d+ %, .* g/cm\^3", said)) == 10
    first = load(Layout(work / "results/own"))
    box = box_of(first.system)
    # 60 waters and a peroxide at 1 g/cm^3 take 1.85 nm^3; the box began with 2.74 nm^3.
    assert box is not None
    assert np.linalg.det(box) < 2.6
    assert not any("Barostat" in type(force).__name__ for force in first.system.getForces())
    assert run("describe") == 0
    # The same seed finds the same volume.
    assert run("prepare --results again") == 0
    again = load(Layout(work / "again"))
    np.testing.assert_array_equal(box_of(again.system), box)
    np.testing.assert_array_equal(again.positions, first.positions)


CUSTOM = """
import numpy as np


def gap(positions):
    return np.linalg.norm(positions[:, 0] - positions[:, 3], axis=1)


gap.unit = "nm"


def handed(positions):
    a, b, c = (positions[:, i + 1] - positions[:, i] for i in range(3))
    return 50 * np.einsum("fk,fk->f", np.cross(a, b), c) / np.linalg.norm(a, axis=1)
"""


def custom_system(work: Path, **changes) -> Path:
    folder = own(work)
    (folder / "descriptors.py").write_text(CUSTOM, encoding="utf-8")
    descriptors = {
        "phi": {"torsion": [0, 1, 2, 3]},
        "gap": {"function": "gap"},
        "hand": {"function": "handed", "unit": "1"},
    }
    states = {
        "A": {"name": "left", "box": {"hand": [-9, -0.3], "phi": ["-170 deg", "-40 deg"]}},
        "B": {"name": "right", "box": {"hand": [0.3, 9], "phi": ["40 deg", "170 deg"]}},
    }
    named = {"descriptors": descriptors, "states": states, "inputs": ["gap", "hand"]} | changes
    return write_system(folder, FORMATS["PDB and XML"], **named)


def test_functions_of_the_user(work, capsys):
    custom_system(work)
    shots = rounds(work)
    assert len(shots) == 60
    # The file lies below systems/ of this folder: nothing has to be said.
    assert "runs the code" not in capsys.readouterr().err
    inputs = load_inputs(Layout(work / "results/own"))
    assert [d.unit for d in inputs.descriptors] == ["nm", "1"]
    prepared = load(Layout(work / "results/own"))
    values = inputs.values(prepared.positions[None])
    assert values[0, 0] == pytest.approx(
        np.linalg.norm(prepared.positions[0] - prepared.positions[3])
    )


def test_an_edited_function_is_noticed(work, capsys):
    folder = custom_system(work)
    for command in ROUND[:3]:
        assert run(command) == 0
    (folder / "descriptors.py").write_text(CUSTOM + "\n# another thought\n", encoding="utf-8")
    assert run("shoot --round 0 --worker 0") == 2
    assert "descriptors.py: has changed since 'mechanist prepare'" in capsys.readouterr().err


def test_code_from_elsewhere_is_announced(work, capsys):
    folder = custom_system(work)
    folder.rename(work / "downloaded")
    (work / "config.yaml").write_text(
        yaml.safe_dump(CONFIG | {"system": "downloaded"}), encoding="utf-8"
    )
    assert run("prepare") == 0
    said = [line for line in capsys.readouterr().err.splitlines() if "runs the code" in line]
    assert len(said) == 1
    assert "downloaded/descriptors.py" in said[0]


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / "system.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


HERE = shlex.quote(str(DATA))

NEW = {
    "XML": f"--structure {HERE}/peroxide.pdb --force-field {HERE}/peroxide.xml",
    "Amber": f"--structure {HERE}/peroxide.inpcrd --topology {HERE}/peroxide.prmtop",
    "GROMACS": f"--structure {HERE}/peroxide.gro --topology {HERE}/peroxide.top",
    "CHARMM": f"--structure {HERE}/peroxide.crd --topology {HERE}/peroxide.psf"
    f" --force-field {HERE}/peroxide.prm",
}


@pytest.mark.parametrize("kind", NEW)
def test_from_new_to_check(kind, work, capsys):
    assert run(f"new own {NEW[kind]}") == 0
    folder = work / "systems" / "own"
    # Placeholders are errors, and said one by one.
    assert run("check own") == 1
    said = capsys.readouterr().out
    assert said.count("still FILL_IN") == 2
    assert "to be filled in" in said
    text = (folder / "system.yaml").read_text(encoding="utf-8")
    name = re.search(r"torsion_\w+", text)
    assert name is not None
    text = text.replace("[FILL_IN, FILL_IN]", "[60 deg, 170 deg]", 1)
    (folder / "system.yaml").write_text(
        text.replace("FILL_IN, FILL_IN", "-170 deg, -60 deg"), encoding="utf-8"
    )
    assert run("check own") == 0
    said = capsys.readouterr().out
    assert "No errors, no warnings." in said
    assert re.search(rf"A +{name[0]} .* inside", said)
    assert re.search(rf"B +{name[0]} .* off by", said)
    assert "one MD step" in said
    assert "one shot" in said
    assert run("prepare") == 0
    assert run("describe") == 0


def test_new_overwrites_nothing(work, capsys):
    folder = own(work)
    (folder / "system.yaml").write_text("mine", encoding="utf-8")
    assert run(f"new own {NEW['XML']}") == 2
    assert "exists already" in capsys.readouterr().err
    assert (folder / "system.yaml").read_text(encoding="utf-8") == "mine"


def test_new_leaves_nothing_after_a_fault(work, capsys):
    assert run(f"new other --structure {HERE}/peroxide.pdb") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "peroxide.pdb: No template found" in line
    assert list((work / "systems").iterdir()) == []


CHECKS = {
    "overlapping states": (
        ("60 deg, 170 deg", "-170 deg, 170 deg"),
        1,
        ["error", "states: A and B overlap"],
    ),
    "in neither state": (
        ("60 deg, 170 deg", "5 deg, 15 deg"),
        0,
        ["warning", "neither state", "visited none"],
    ),
    "steps too long": (("timestep: 1 fs", "timestep: 4 fs"), 0, ["warning", "fixed bonds to h"]),
    "vibrating hydrogens": (
        ("molecule:\n", "molecule:\n  constraints: none\n  hydrogen_mass: 1.5 dalton\n"),
        0,
        ["No errors"],
    ),
    "unstable": (
        ("timestep: 1 fs", "timestep: 60 fs"),
        1,
        ["error", "MD is not stable", "dynamics.timestep"],
    ),
    "no such atom": (("2, 3]", "2, 7]"), 1, ["error", "descriptors.phi", "0 to 3"]),
    "cutoff too long": (
        ("molecule:\n", "molecule:\n  nonbonded: PME\n  cutoff: 1.2 nm\n"),
        1,
        ["error", "molecule.cutoff: 1.2 nm", "half the box"],
    ),
    "a distance below 0": (
        ("torsion: [0, 1, 2, 3]", "distance: [0, 3]"),
        1,
        ["error", "states.A.box.phi"],
    ),
    "no such file": (
        ("structure: peroxide.pdb", "structure: gone.pdb"),
        1,
        ["error", "gone.pdb", "no such file"],
    ),
    "no such key": (("stride:", "strides:"), 1, ["error", "dynamics.strides", "no such key"]),
}


@pytest.mark.parametrize("kind", CHECKS)
def test_what_check_finds(kind, work, capsys):
    folder = write_system(own(work), FORMATS["PDB and XML"])
    (old, new), code, words = CHECKS[kind]
    edit(folder, old, new)
    assert run("check own") == code
    said = capsys.readouterr().out
    for word in words:
        assert word in said, said


def test_check_of_a_charged_box(work, capsys):
    folder = own(work)
    molecule = FORMATS["PDB and XML"] | {"nonbonded": "PME", "cutoff": "0.9 nm"}
    write_system(folder, molecule)
    xml = folder / "peroxide.xml"
    xml.write_text(xml.read_text(encoding="utf-8").replace('"-0.41"', '"0.09"'), encoding="utf-8")
    assert run("check own") == 0
    assert "the box has a charge of +1 e" in capsys.readouterr().out


def test_check_tells_what_was_left_out(work, capsys):
    write_system(own(work), FORMATS["OpenMM"])
    assert run("check own") == 0
    said = capsys.readouterr().out
    assert "warning: system.xml: CMMotionRemover was removed" in said
    assert "AndersenThermostat was removed: it is a thermostat" in said
