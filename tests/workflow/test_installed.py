"""The package as it is installed: it carries the workflow, and runs it where no clone is."""

import json
import os
import shutil
import subprocess
import sys
import zipfile

import pytest
import yaml

from tests.conftest import REPOSITORY
from tests.workflow.conftest import SMALL
from tests.workflow.test_small_budget import FEW

SOURCES = (
    *("setup.py", "MANIFEST.in", "pyproject.toml", "README.md", "LICENSE"),
    *("Snakefile", "config.yaml", "workflow", "profiles", "envs", "systems", "src"),
)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Folder with the contents of the wheel, made without a network from a copy of the sources."""
    clone = tmp_path_factory.mktemp("clone")
    for name in SOURCES:
        if (REPOSITORY / name).is_dir():
            left_out = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(REPOSITORY / name, clone / name, ignore=left_out)
        else:
            shutil.copy(REPOSITORY / name, clone / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    command += ["--no-build-isolation", "--no-index", "--wheel-dir", "dist", "."]
    made = subprocess.run(command, cwd=clone, capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
    (wheel,) = (clone / "dist").glob("*.whl")
    target = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    shutil.rmtree(clone)
    return target


def test_the_wheel_carries_the_workflow_as_it_is_in_the_repository(installed):
    project = installed / "mechanist" / "project"
    for name in ("Snakefile", "config.yaml", "workflow", "profiles", "envs", "systems"):
        files = [file for file in (REPOSITORY / name).rglob("*") if file.is_file()]
        for file in files or [REPOSITORY / name]:
            if "__pycache__" not in file.parts:
                copy = project / file.relative_to(REPOSITORY)
                assert copy.read_bytes() == file.read_bytes(), copy
    assert not (REPOSITORY / "src" / "mechanist" / "project").exists()


def test_the_wheel_carries_what_is_no_python(installed):
    source = REPOSITORY / "src" / "mechanist"
    kinds = (".html", ".css", ".js", ".txt", ".pyi", ".typed")
    files = [file for file in source.rglob("*") if file.suffix in kinds or file.name == "py.typed"]
    assert {"3Dmol-min.js", "3Dmol-LICENSE.txt", "viewer.js", "page.html"} <= {
        f.name for f in files
    }
    for file in files:
        assert (installed / file.relative_to(source.parent)).is_file(), file


@pytest.mark.slow
def test_a_run_in_an_empty_folder_ends_in_a_report(installed, tmp_path):
    environment = os.environ | {"PYTHONPATH": str(installed)}
    program = [sys.executable, "-m", "mechanist.cli.main"]

    def call(folder, *arguments):
        return subprocess.run(
            [*program, *arguments], cwd=folder, env=environment, capture_output=True, text=True
        )

    done = call(tmp_path, "init", "x", "--system", "double_well")
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "x"
    settings = {k: SMALL[k] | FEW.get(k, {}) for k in SMALL if isinstance(SMALL[k], dict)}
    text = (folder / "config.yaml").read_text(encoding="utf-8")
    few = yaml.safe_dump(settings | {"initial": FEW["initial"]})
    (folder / "config.yaml").write_text(text + "\n" + few, encoding="utf-8")
    done = call(folder, "run", "--cores", "2")
    said = done.stdout + done.stderr
    # So few shots leave results out, which the report says; see test_small_budget.py.
    assert done.returncode == 3, said
    root = folder / "results" / "double_well"
    assert (root / "report.html").stat().st_size > 0
    assert "report: results/double_well/report.html" in done.stdout
    session = json.loads((root / "benchmarks/session/session.json").read_text(encoding="utf-8"))
    assert session["system"] == str(installed / "mechanist/project/systems/double_well")
