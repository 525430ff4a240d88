"""`mechanist import`, as docs/shots-from-elsewhere.md has it."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest

import mechanist
from mechanist.bookkeeping.layout import Layout
from mechanist.bookkeeping.seal import verify
from tests.conftest import REPOSITORY
from tests.sampling.test_outside import planted, simulation_of_infretis, training_set, write

SMALL = {
    "learn.members": 3, "learn.hidden": "[8]", "learn.epochs_max": 10, "learn.relevance_repeats": 2,
    "formula.backend": "operon", "formula.repeats": 1, "formula.seconds": 10,
}  # fmt: skip
SET = [word for key, value in SMALL.items() for word in ("--set", f"{key}={value}")]


def command(folder, *arguments, more=SET):
    return subprocess.run(
        [sys.executable, "-m", "mechanist.cli.main", "import", *arguments, *more],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


def summary_of(folder, name):
    return json.loads((folder / "results" / name / "summary.json").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_a_table_becomes_a_report_with_the_planted_formula(tmp_path):
    """q = 3 sin(phi) + 20 d - 6; of 3,000 shots the slope in sin(phi) has an error of 0.1."""
    write(tmp_path, planted(3000))
    done = command(tmp_path, "demo", "shots.csv", "--angles", "phi")
    assert done.returncode == 0, done.stderr
    found, root = summary_of(tmp_path, "demo"), tmp_path / "results" / "demo"
    run = mechanist.open_run(root)
    assert set(run.formula.descriptors) == {"phi", "d"}
    rows = np.array([[0.5, 0.35], [-1.0, 0.25], [2.0, 0.3]])
    right = 3 * np.sin(rows[:, 0]) + 20 * rows[:, 1] - 6
    points = np.zeros((3, 1, 3))
    points[:, 0, :2] = rows
    assert np.abs(run.committor(points)["q_formula"] - right).max() < 0.7
    assert found["converged"] is False
    assert found["imported"]["source"] == "shots.csv"
    text = (root / "summary.md").read_text(encoding="utf-8")
    assert "CONVERGENCE UNKNOWN" in text
    assert "shots imported from shots.csv (table: 3,000 shots, 6,000 outcomes)" in text
    assert "20 blocks of consecutive shots in the place of chains" in text
    page = (root / "report.html").read_text(encoding="utf-8")
    assert "shots imported, convergence unknown" in page
    assert "300 K" not in page
    assert verify(Layout(root))[0] == []
    again = command(tmp_path, "demo", "shots.csv")
    assert again.returncode == 2
    assert "results/demo: exists; name another run, or delete it" in again.stderr


@pytest.mark.slow
def test_a_training_set_of_aimmd(tmp_path):
    training_set(tmp_path, "set.npz")
    done = command(tmp_path, "aimmd", "set.npz", "--names", "phi,d,idle", "--angles", "phi")
    assert done.returncode == 0, done.stderr
    found = summary_of(tmp_path, "aimmd")
    assert found["imported"]["format"] == "aimmd"
    assert "sin(phi)" in found["formula"]["text"]


@pytest.mark.slow
def test_a_simulation_of_infretis_becomes_a_report(tmp_path):
    simulation_of_infretis(tmp_path / "simulation")
    done = command(tmp_path, "tis", "simulation", "--names", "x,rest")
    assert done.returncode == 0, done.stderr
    found = summary_of(tmp_path, "tis")
    assert found["imported"]["shots"] == found["imported"]["outcomes"] == 264
    page = (tmp_path / "results" / "tis" / "report.html").read_text(encoding="utf-8")
    assert "the committor of this run is too high beyond the transition state" in page
    # Of both order parameters x decides, and q rises with it.
    run = mechanist.open_run(tmp_path / "results" / "tis")
    assert run.relevance.index[0] == "x"
    points = np.zeros((2, 1, 3))
    points[:, 0, :2] = [[-0.7, 0.5], [0.2, 0.5]]
    low, high = run.committor(points)["q"]
    assert low < high


@pytest.mark.slow
def test_structures_of_a_system(alanine_layout, alanine, tmp_path):
    """Outcomes by phi alone: the formula has it, and is exported from positions."""
    import mdtraj

    from mechanist.systems.prepared import load_inputs

    rng = np.random.default_rng(4)
    frames = alanine.positions + 0.02 * rng.normal(size=(1200, 22, 3))
    inputs = load_inputs(alanine_layout)
    phi = inputs.values(frames)[:, inputs.names.index("phi")]
    q = 6 * (np.sin(phi) - np.sin(phi).mean())
    n_b = rng.binomial(2, 1 / (1 + np.exp(-q)))
    topology = mdtraj.load_topology(str(alanine_layout.topology))
    mdtraj.Trajectory(frames, topology).save_dcd(str(tmp_path / "points.dcd"))
    table = planted(1200)[[]].assign(n_A=2 - n_b, n_B=n_b)
    write(tmp_path, table)
    (tmp_path / "systems").symlink_to(REPOSITORY / "systems")
    done = command(
        tmp_path, "demo", "shots.csv", "--points", "points.dcd", "--system", "alanine_dipeptide"
    )
    assert done.returncode == 0, done.stderr
    run = mechanist.open_run(tmp_path / "results" / "demo")
    assert "phi" in run.relevance.index.tolist()[:5]
    assert np.corrcoef(run.committor(frames[:200])["q"], q[:200])[0, 1] > 0.8


def test_what_is_wrong_is_one_line_and_leaves_no_folder(tmp_path):
    table = planted()
    table["n_A"] = table["n_A"].astype(float)
    table.loc[4, "n_A"] = 0.5
    write(tmp_path, table)
    write(tmp_path, planted(), "fine.csv")
    page = (REPOSITORY / "docs" / "shots-from-elsewhere.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"mechanist: error: .*", page)
    for arguments, words in (
        (["shots.csv"], line),
        (["fine.csv", "--system", "alanine_dipeptide"], "has no structures, so --system is of no"),
        (["fine.csv", "--angles", "psi"], "--angles psi: there is no such column (phi, d, idle)"),
        (["fine.csv", "--points", "a.dcd"], "structures need their system: --system NAME"),
        (["a.xyz"], "of what format is it?"),
        (["fine.csv", "--angles", "phi", "--set", "seeed=2"], "there is no such key"),
    ):
        done = command(tmp_path, "demo", *arguments, more=())
        assert done.returncode == 2, arguments
        assert words in done.stderr
        assert done.stderr.strip().splitlines()[-1].startswith("mechanist: error: ")
        assert "Traceback" not in done.stderr
        assert not (tmp_path / "results" / "demo").exists()


def test_degrees_are_refused(tmp_path):
    write(tmp_path, planted().assign(phi=lambda t: np.degrees(t["phi"])))
    done = command(tmp_path, "demo", "shots.csv", "--angles", "phi", more=())
    assert re.search(r"shots.csv: phi 17\d\.\d+ is no angle in rad", done.stderr)
