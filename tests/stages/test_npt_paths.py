"""A round of two workers under a barostat: peroxide in water, the box in every file of frames."""

import shutil
from pathlib import Path

import mdtraj
import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

from mechanist.bookkeeping.layout import Layout
from mechanist.report.run import open_run
from mechanist.sampling.records.stored_frames import open_frames
from mechanist.systems.prepared import load, load_inputs
from tests.bring import SYSTEM, write_system, write_wet
from tests.stages.test_bring import CONFIG, ROUND, own, run

STATES = {
    "A": {"name": "left", "box": {"phi": ["-140 deg", "-60 deg"]}},
    "B": {"name": "right", "box": {"phi": ["60 deg", "140 deg"]}},
}


def wet(work: Path) -> Path:
    """Peroxide and 60 waters in a box that is about as large as at 1 bar."""
    folder = own(work)
    molecule = write_wet(folder, 60) | {"cutoff": "0.5 nm", "hydrogen_mass": "3 dalton"}
    dynamics = SYSTEM["dynamics"] | {
        **{"pressure": "1 bar", "npt": "paths", "npt_steps": 3000, "timestep": "4 fs"},
        **{"stride": 5, "max_half_path": "8 ps"},
    }
    descriptors = {"phi": {"torsion": [0, 1, 2, 3]}, "size": {"volume": "box"}}
    inputs = ["phi", "size", {"all": "bonds", "select": "not water"}]
    write_system(
        folder, molecule, dynamics=dynamics, states=STATES, descriptors=descriptors, inputs=inputs
    )
    return folder


def settings(work: Path, **sampling) -> None:
    content = CONFIG | {
        "engine": {"platform": "CPU"},
        "sampling": CONFIG["sampling"] | {"first_round": 60, "chains": 3, "workers": 2} | sampling,
        "initial": {"budget": "80 ps", "heating": [2.0], "paths": 1, "replicas": 2, "guesses": 1},
    }
    (work / "config.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")


@pytest.fixture(scope="module")
def begun(tmp_path_factory) -> Path:
    """Where the first paths are there."""
    folder = tmp_path_factory.mktemp("begun")
    wet(folder)
    settings(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for command in ROUND[:3]:
            assert run(command) == 0, command
    return folder


@pytest.fixture
def work(begun, tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "work"
    shutil.copytree(begun, folder)
    monkeypatch.chdir(folder)
    return folder


def test_a_round_keeps_the_box_of_each_frame(work):
    for command in (ROUND[3], "shoot --round 0 --worker 1", ROUND[4], "formula-inputs"):
        assert run(command) == 0, command
    layout = Layout(work / "results/own")
    prepared, inputs = load(layout), load_inputs(layout)
    atoms = prepared.system.getNumParticles()
    assert prepared.atoms == atoms + 1
    assert inputs.descriptors[1].unit == "nm^3"
    # Other programs find the box where the format has it, from the first paths on.
    first = mdtraj.load(str(layout.initial.paths), top=str(layout.topology))
    frames = open_frames(layout.initial.paths, prepared.atoms)
    assert first.n_atoms == atoms
    np.testing.assert_allclose(first.unitcell_volumes, inputs.values(frames)[:, 1], rtol=1e-5)
    assert np.ptp(first.unitcell_volumes) > 1e-3
    volumes = []
    for worker in (0, 1):
        files = layout.round(0).worker(worker)
        shots = pq.read_table(files.shots).to_pylist()
        assert len(shots) == 30
        assert all(shot["end_forward"] != "exploded" for shot in shots)
        seen = mdtraj.load(str(files.points), top=str(layout.topology))
        frames = open_frames(files.points, prepared.atoms)
        assert seen.n_atoms == atoms
        np.testing.assert_allclose(seen.unitcell_volumes, inputs.values(frames)[:, 1], rtol=1e-5)
        paths = inputs.values(open_frames(files.paths, prepared.atoms))[:, 1]
        volumes += [paths, seen.unitcell_volumes]
    every = np.concatenate(volumes)
    assert 1.5 < every.mean() < 2.4
    assert len(np.unique(every)) > 5
    assert every.std() > 1e-3
    # Boxes of an mdtraj trajectory are taken.
    opened = open_run(layout.root)
    values = opened.descriptors(seen)
    np.testing.assert_allclose(values["size"], seen.unitcell_volumes, rtol=1e-5)
    assert opened.dynamics.ensemble == "isothermal-isobaric, 1 bar"


REFUSED = [
    ("shoot", {"store": {"waters": 20}}, {}, ["sampling.store.waters", "npt: paths"]),
    *(
        (command, {}, engine, [f"engine.{key}", "npt: paths"])
        for command in ("initial", "shoot")
        for key, engine in (
            ("layout", {"layout": "grid", "platform": "Reference"}),
            ("lanes", {"lanes": 2}),
        )
    ),
]


@pytest.mark.parametrize(("command", "sampling", "engine", "words"), REFUSED)
def test_what_needs_one_box_is_refused(command, sampling, engine, words, work, capsys):
    settings(work, **sampling)
    content = yaml.safe_load((work / "config.yaml").read_text(encoding="utf-8"))
    content["engine"] |= engine
    (work / "config.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    capsys.readouterr()
    assert run(command if command == "initial" else ROUND[3]) != 0
    said = capsys.readouterr().err
    assert all(word in said for word in words), said
