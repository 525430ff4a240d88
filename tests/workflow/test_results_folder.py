"""Where a run writes: results in config.yaml, by default the name of the system."""

import json
import subprocess

import pytest

from mechanist.bookkeeping.layout import Layout
from mechanist.bookkeeping.session import refuse_other_seed, refuse_other_system
from mechanist.cli.job import open_run
from mechanist.cli.runs import open_comparison
from mechanist.errors import SettingsError
from mechanist.settings.config import Config
from mechanist.settings.load import validate
from tests.workflow.conftest import REPOSITORY


def folder(**keys):
    return str(validate(Config, keys, "config.yaml").folder)


def test_the_folder_follows_from_the_settings():
    assert folder() == "results/alanine_dipeptide"
    assert folder(system="/elsewhere/my_system") == "results/my_system"
    assert folder(system="double_well", results="well/seed2") == "results/well/seed2"


@pytest.mark.parametrize(
    "name", ["", "/tmp/x", "../x", "a/../b", "a//b", ".hidden", "a b", "trajectory_models"]
)
def test_folders_elsewhere_are_refused(name):
    with pytest.raises(SettingsError, match=r"results"):
        folder(results=name)


def test_commands_and_rules_write_to_the_same_folder(run):
    run.configure(results="well/seed2")
    done = run.snakemake("--dry-run", "--quiet", "host")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = (done.stdout + done.stderr).splitlines()
    outputs = [line.split(":", 1)[1] for line in lines if line.strip().startswith("output:")]
    files = [name.strip() for line in outputs for name in line.split(",")]
    assert files
    assert all(name.startswith("results/well/seed2/") for name in files)
    config = str(run.folder / "config.yaml")
    assert str(open_run(config, None)[1].root) == "results/well/seed2"
    assert str(open_comparison(config, None, None)[1].root) == "results/well/seed2"
    # Another system on the command line is not the one that the folder was named for.
    assert str(open_comparison(config, None, "plateau")[1].root) == "results/plateau"


def test_two_systems_of_one_name_do_not_share_a_folder(tmp_path):
    one, other = (tmp_path / place / "well" for place in ("here", "there"))
    one.mkdir(parents=True)
    other.mkdir(parents=True)
    layout = Layout(tmp_path / "results" / "well")
    refuse_other_system(layout, other)
    layout.session.parent.mkdir(parents=True)
    layout.session.write_text(json.dumps({"system": str(one)}), encoding="utf-8")
    refuse_other_system(layout, one)
    with pytest.raises(SettingsError, match=r"results: .*holds a run of .*here/well"):
        refuse_other_system(layout, other)
    one.rmdir()
    refuse_other_system(layout, other)


def test_another_seed_does_not_replace_a_run(tmp_path):
    layout = Layout(tmp_path / "results" / "well")
    layout.session.parent.mkdir(parents=True)
    layout.session.write_text(json.dumps({"seed": 1}), encoding="utf-8")
    # Nothing was sampled yet.
    refuse_other_seed(layout, 2)
    layout.initial.index.parent.mkdir(parents=True)
    layout.initial.index.write_bytes(b"")
    refuse_other_seed(layout, 1)
    with pytest.raises(SettingsError) as error:
        refuse_other_seed(layout, 2)
    said = str(error.value)
    assert "\n" not in said
    assert "config.yaml: seed: 2: " in said
    assert "holds a run with seed 1" in said
    assert "set results: well_seed2, or delete that folder" in said
    # Of a version that did not record it.
    layout.session.write_text(json.dumps({"system": "x"}), encoding="utf-8")
    refuse_other_seed(layout, 2)


def test_without_rates_there_are_no_jobs_for_them(run):
    jobs = {"equilibrium", "runs_done"}
    assert jobs <= run.planned()
    run.configure(kinetics={"rates": False})
    planned = run.planned()
    assert {"initial", "shoot", "report"} <= planned
    assert not planned & (jobs | {"windows", "excursions", "kinetics"})


def test_snakemake_refuses_another_seed_before_anything_runs(run):
    layout = Layout(run.root)
    for file, text in ((layout.session, json.dumps({"seed": 2})), (layout.initial.index, "")):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    done = run.snakemake("--dry-run")
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "seed: 3: results/double_well holds a run with seed 2" in said


def test_make_run_shows_the_summary_of_any_settings(tmp_path):
    """The recipe of make run, with snakemake left out, beside a config.yaml without `system`."""
    recipe = (REPOSITORY / "Makefile").read_text(encoding="utf-8").split("\nrun:", 1)[1]
    line = recipe.split("\n\n")[0].splitlines()[-1].strip().removeprefix("@")
    for text, place in (("seed: 2\n", "alanine_dipeptide"), ("results: a/b\n", "a/b")):
        (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
        summary = tmp_path / "results" / place / "summary.md"
        summary.parent.mkdir(parents=True, exist_ok=True)
        summary.write_text(f"this is {place}\n", encoding="utf-8")
        command = line.replace("$(BIN)/", "").replace("$$", "$")
        done = subprocess.run(
            ["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert done.stdout == f"this is {place}\n"
