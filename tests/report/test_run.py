"""A run in Python: frames, paths, models, figures; and the notebook of the docs."""

import json
import shutil
import subprocess
import sys

import mdtraj
import numpy as np
import pandas as pd
import pytest

import mechanist
from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.layout import Layout
from mechanist.errors import DataError
from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def run(molecule):
    return mechanist.open_run(molecule.root)


def test_tables_are_frames(run):
    assert len(run.shots) == run.summary["shots"]
    assert run.shots["accepted"].mean() == pytest.approx(run.summary["acceptance"], abs=0.05)
    assert list(run.formulas["chosen"]).count(True) == 1
    assert run.formula.text in set(run.formulas["text"])
    assert run.relevance.index[0] in run.inputs.names
    assert (run.relevance["importance"].diff().dropna() <= 0).all()
    assert {"p_network", "p_formula", "low", "high"} <= set(run.validation)
    assert list(run.rounds.index) == list(range(run.summary["rounds"]))
    weighted = np.average(run.paths["duration_ps"], weights=run.paths["weight"])
    assert weighted == pytest.approx(run.summary["path_duration_ps"]["mean"], rel=1e-6)


def test_trajectories(run):
    every, one = run.trajectory(), run.trajectory(1)
    assert isinstance(one, mdtraj.Trajectory)
    assert every.n_frames == run.paths["frames"].sum()
    assert one.n_frames == run.paths["frames"][1]
    start = run.paths["first_frame"][1]
    np.testing.assert_array_equal(one.xyz, every.xyz[start : start + one.n_frames])
    assert one.time[-1] == pytest.approx(run.paths["duration_ps"][1])
    # mdtraj and the run agree on a torsion, so that atoms and units are the same.
    atoms = [next(d.atoms for d in run.inputs.descriptors if d.name == "phi")]
    own = run.descriptors(one)["phi"]
    np.testing.assert_allclose(
        np.cos(mdtraj.compute_dihedrals(one, atoms)[:, 0]), np.cos(own), atol=1e-5
    )
    with pytest.raises(DataError, match="has paths 0 to"):
        run.trajectory(len(run.paths))


def test_the_committor_rises_along_a_path_and_has_intervals(run):
    table = run.committor(run.trajectory(0))
    assert table["p"].iloc[0] < 0.2 < 0.8 < table["p"].iloc[-1]
    assert ((table["low"] <= table["p"]) & (table["p"] <= table["high"])).all()
    assert (table["high"] - table["low"]).max() > 0
    np.testing.assert_allclose(table["p"], 1 / (1 + np.exp(-table["q"])), rtol=1e-6)
    # One frame, as plain positions.
    single = run.committor(run.trajectory(0).xyz[0])
    pd.testing.assert_frame_equal(single, table.iloc[:1], rtol=1e-4)
    with pytest.raises(DataError, match=r"must be \(F, 6, 3\)"):
        run.committor(np.zeros((2, 5, 3)))


def test_figures_and_the_run_itself_are_shown(run):
    assert {"pareto", "calibration"} <= set(run.figures)
    assert run.figures["pareto"]._repr_html_().startswith("<figure><svg")
    assert run.summary["system"] in run._repr_html_()
    assert "converged" in run._repr_html_()
    assert repr(run).startswith("Run(")


def test_rates_that_the_summary_leaves_out_are_not_read(molecule, tmp_path):
    shutil.copytree(molecule.root, tmp_path / "run")
    old = {"determined": False, "reason": "of an earlier run", "mean_path_duration_ps": None}
    write_json(Layout(tmp_path / "run").kinetics, old)
    for said in (None, old):
        run = mechanist.open_run(tmp_path / "run")
        vars(run)["summary"] = run.summary | {"kinetics": said}
        assert run._data.kinetics == said


def test_everything_is_read_once_and_only_when_asked_for(molecule, tmp_path):
    (tmp_path / "system").mkdir()
    (tmp_path / "system/dynamics.json").write_bytes(molecule.dynamics.read_bytes())
    run = mechanist.open_run(tmp_path)
    with pytest.raises(DataError, match="relevance"):
        run.relevance  # noqa: B018
    (tmp_path / "relevance.csv").write_bytes(molecule.relevance.read_bytes())
    assert run.relevance is run.relevance


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="is no results folder"):
        mechanist.open_run(tmp_path)


def test_the_package_alone_loads_nothing():
    code = "import sys, mechanist; print([n for n in ('numpy', 'pandas') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    with pytest.raises(AttributeError, match="no attribute 'opn_run'"):
        mechanist.opn_run  # noqa: B018


def test_the_notebook_of_the_docs(molecule, tmp_path, monkeypatch):
    """Its cells, one after the other; a Jupyter kernel would add nothing but its installation."""
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "alanine_dipeptide").symlink_to(molecule.root)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    text = (REPOSITORY / "docs" / "notebook.ipynb").read_text(encoding="utf-8")
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    names = {}
    for cell in cells:
        exec("".join(cell["source"]), names)
    assert mdtraj.load("transition_state.pdb").n_frames == len(names["transition_state"]) > 0
    assert len(cells) >= 10
