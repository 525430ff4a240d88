"""A project in a folder of its own: init, run, open, and names that are misspelt."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from mechanist.bookkeeping.home import HOME
from mechanist.cli.launch import Launch, settings_of
from mechanist.cli.main import app
from mechanist.cli.names import complete_run, complete_system, run_folder
from mechanist.errors import DataError, MechanistError, SettingsError
from tests.conftest import REPOSITORY


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments):
    return CliRunner().invoke(app, [*arguments], catch_exceptions=True)


def test_a_clone_is_its_own_home():
    assert HOME == REPOSITORY


def test_init_lays_out_a_project_once(here):
    done = call("init", "a project", "--system", "double_well")
    assert done.exit_code == 0, done.output
    assert "cd 'a project' && mechanist run" in done.output
    config = yaml.safe_load((here / "a project" / "config.yaml").read_text(encoding="utf-8"))
    assert config == {"system": "double_well", "seed": 1}
    profiles = {file.parent.name for file in (here / "a project").glob("profiles/*/config.yaml")}
    assert profiles == {"default", "slurm", "cluster-generic", "kubernetes"}
    again = call("init", "a project")
    assert isinstance(again.exception, DataError)
    assert "exists" in str(again.exception)


def test_init_with_an_unknown_system_makes_nothing(here):
    done = call("init", "x", "--system", "duoble_well")
    assert "did you mean double_well?" in str(done.exception)
    assert list(here.iterdir()) == []


def test_a_project_plans_the_whole_workflow(here):
    """By the installed command and by Snakemake itself."""
    call("init", "x", "--system", "double_well")
    programs = Path(sys.executable).parent
    for command in (
        [str(programs / "mechanist"), "run", "--dry-run"],
        [str(programs / "snakemake"), "--cores", "1", "--dry-run", "--quiet", "host"],
    ):
        done = subprocess.run(command, cwd=here / "x", capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "results/double_well/system/system.xml" in done.stdout + done.stderr


def test_a_run_needs_settings_or_a_name(here):
    done = call("run")
    assert isinstance(done.exception, SettingsError)
    assert "mechanist init FOLDER" in str(done.exception)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "alanin_dipeptide"], "did you mean alanine_dipeptide?"),
        (["run", "double_well", "--set", "sampling.wrokers=3"], "did you mean workers?"),
        (["run", "double_well", "--set", "seed"], "such as seed=2"),
        (["run", "double_well", "--set", "seed=[1"], "not valid YAML"),
        (["run", "double_well", "--set", "seed.x=1"], "--set: seed"),
        (["run", "double_well", "--profile", "slrum"], "did you mean slurm?"),
        (["status", "double_wel"], "did you mean double_well?"),
        (["verify", "zzz"], "known: double_well, well/seed2"),
        (["open", "double_well"], "is not written yet"),
    ],
)
def test_what_is_misspelt_is_said_in_one_line(here, arguments, said):
    for name in ("double_well", "well/seed2"):
        (here / "results" / name / "system").mkdir(parents=True)
        (here / "results" / name / "system" / "dynamics.json").write_text("{}", encoding="utf-8")
    done = call(*arguments)
    assert isinstance(done.exception, MechanistError), done.output
    assert said in str(done.exception)
    assert "\n" not in str(done.exception)


def test_a_fault_in_the_file_has_its_line(here):
    (here / "config.yaml").write_text("seed: 1\nsampling:\n  wrokers: 3\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"config\.yaml:3: sampling\.wrokers.*did you mean"):
        settings_of(None, ())


def test_changes_of_a_section_keep_its_other_settings(here):
    (here / "config.yaml").write_text(
        "system: double_well\nresults: a/b\nsampling: {workers: 2, chains: 8}\n", encoding="utf-8"
    )
    settings, changes = settings_of(None, ["sampling.workers=3", "seed=5"])
    assert (settings.sampling.workers, settings.sampling.chains, settings.seed) == (3, 8, 5)
    assert str(settings.folder) == "results/a/b"
    assert changes == {"sampling": {"workers": 3, "chains": 8}, "seed": 5}
    # The folder was named for another system.
    assert str(settings_of("plateau", ())[0].folder) == "results/plateau"
    words = Launch("2", None, changes, ()).command()
    assert words[-3:] == ["--config", 'sampling={"workers": 3, "chains": 8}', "seed=5"]


def test_names_of_runs(here):
    folder = here / "results" / "well" / "seed2"
    (folder / "system").mkdir(parents=True)
    (folder / "system" / "dynamics.json").write_text("{}", encoding="utf-8")
    assert run_folder(Path("well/seed2")) == Path("results/well/seed2")
    assert run_folder(folder) == folder
    assert complete_run("we") == ["well/seed2"]
    assert complete_run("x") == []
    assert complete_system("alanine_dipeptide_") == [
        "alanine_dipeptide_implicit",
        "alanine_dipeptide_water",
    ]


def test_open_prints_the_page_where_no_browser_is(here, monkeypatch):
    page = here / "results" / "double_well" / "report.html"
    page.parent.mkdir(parents=True)
    page.write_text("<p>", encoding="utf-8")
    opened = []
    monkeypatch.setattr("webbrowser.open_new_tab", lambda url: opened.append(url) or False)
    done = call("open", "double_well")
    assert done.exit_code == 0, done.output
    assert opened == [page.as_uri()]
    assert "results/double_well/report.html" in done.output
    assert "no browser was found" in done.output


def test_version_and_completion():
    assert call("--version").output == "mechanist 0.1.0\n"
    environment = os.environ | {
        "_MECHANIST_COMPLETE": "complete_bash",
        "COMP_WORDS": "mechanist run muller",
        "COMP_CWORD": "2",
    }
    program = Path(sys.executable).with_name("mechanist")
    done = subprocess.run([program], env=environment, capture_output=True, text=True)
    assert done.stdout.split() == ["muller_brown"]


def test_check_takes_the_system_of_config_yaml(here):
    bare = call("check")
    assert "config.yaml: there is none in this folder; name a system" in str(bare.exception)
    Path("config.yaml").write_text("system: double_well\n", encoding="utf-8")
    done = call("check", "--steps", "5")
    assert done.exit_code == 0, done.output
    assert "double_well" in done.output
    Path("config.yaml").write_text("system: duoble_well\n", encoding="utf-8")
    assert "did you mean double_well?" in str(call("check").exception)
