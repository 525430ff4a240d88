"""Profiles: Snakemake understands each line, and cluster-generic runs jobs and tries them again."""

import importlib.util
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import yaml
from snakemake.cli import parse_args

from tests.workflow.conftest import REPOSITORY, Run

PROFILES = sorted(path.parent.name for path in (REPOSITORY / "profiles").glob("*/config.yaml"))


def has_plugin(executor: str) -> bool:
    return importlib.util.find_spec(f"snakemake_executor_plugin_{executor.replace('-', '_')}")


def settings(name: str) -> dict[str, object]:
    return yaml.safe_load(
        (REPOSITORY / "profiles" / name / "config.yaml").read_text(encoding="utf-8")
    )


def test_there_are_profiles():
    assert set(PROFILES) >= {"default", "slurm", "cluster-generic", "kubernetes"}


@pytest.mark.parametrize("name", PROFILES)
def test_snakemake_understands_every_line(name, tmp_path):
    lines = settings(name)
    executor = lines.get("executor", "local")
    if executor != "local" and not has_plugin(executor):
        # All lines but those of the plugin itself, which only the plugin knows.
        lines = {k: v for k, v in lines.items() if not k.startswith(f"{executor}-")}
        del lines["executor"]
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(lines), encoding="utf-8")
    # An unknown key or a wrong value ends the program.
    _, arguments = parse_args(["--workflow-profile", str(tmp_path)])
    assert arguments.rerun_incomplete
    for key in lines:
        assert hasattr(arguments, key.replace("-", "_")), key


def test_an_unknown_line_would_be_found(tmp_path):
    (tmp_path / "config.yaml").write_text(
        "rerun-incomplet: true\nexecuter: slurm\n", encoding="utf-8"
    )
    with pytest.raises(SystemExit):
        parse_args(["--workflow-profile", str(tmp_path)])


@pytest.mark.parametrize("name", ["slurm", "cluster-generic", "kubernetes"])
def test_jobs_are_tried_again(name):
    assert settings(name)["retries"] >= 2
    assert "attempt" in settings(name)["default-resources"]["mem_mb"]


FAKE_SBATCH = """\
#!/bin/sh
# Runs the script here; the first job is killed at once, as a cluster may do.
for script; do :; done
cd "$FAKE"
number=$(($(cat last 2>/dev/null || echo 0) + 1))
echo $number >last
if [ $number = 1 ]; then
    echo CANCELLED >state.$number
else
    (sh "$script" && echo COMPLETED >state.$number || echo FAILED >state.$number) \
        >log.$number 2>&1 &
fi
echo $number
"""
FAKE_SACCT = """\
#!/bin/sh
for number; do :; done
cat "$FAKE/state.$number" 2>/dev/null || echo RUNNING
"""


def program(path: Path, text: str) -> None:
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    path.chmod(0o755)


@pytest.mark.skipif(
    not has_plugin("cluster-generic"), reason="needs snakemake-executor-plugin-cluster-generic"
)
@pytest.mark.skipif(
    " " in sys.executable, reason="job scripts of Snakemake do not quote the path of Python"
)
def test_cluster_generic_with_a_small_scheduler(tmp_path):
    run = Run(tmp_path)
    fake = tmp_path / "bin"
    fake.mkdir()
    program(fake / "sbatch", FAKE_SBATCH)
    program(fake / "sacct", FAKE_SACCT)
    # The profile names its program relative to the folder that Snakemake is started in.
    (tmp_path / "profiles").symlink_to(REPOSITORY / "profiles")
    path = os.pathsep.join([str(fake), run.environment["PATH"]])
    command = [
        str(Path(sys.executable).with_name("snakemake")),
        *("--snakefile", str(REPOSITORY / "Snakefile")),
        *("--workflow-profile", "profiles/cluster-generic"),
        *("--seconds-between-status-checks", "1", "--latency-wait", "5"),
        "results/double_well/system/system.xml",
    ]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=run.environment | {"PATH": path, "FAKE": str(fake)},
        capture_output=True,
        text=True,
        check=False,
    )
    logs = "".join(log.read_text(encoding="utf-8") for log in sorted(fake.glob("log.*")))
    assert done.returncode == 0, done.stdout + done.stderr + logs
    assert done.stderr.count("Trying to restart job") == 1
    assert (fake / "state.1").read_text(encoding="utf-8") == "CANCELLED\n"
    assert (fake / "state.2").read_text(encoding="utf-8") == "COMPLETED\n"
    assert (run.root / "system" / "system.xml").stat().st_size > 0
