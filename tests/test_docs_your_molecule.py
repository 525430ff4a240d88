"""The walk through docs/your-molecule.md, as it is printed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

PAGE = REPOSITORY / "docs" / "your-molecule.md"


def test_every_command_runs(tmp_path):
    """All but the run itself, which takes minutes, is done; of the run Snakemake makes the plan."""
    for name in ("Snakefile", "config.yaml", "workflow", "profiles", "envs", "benchmarks"):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    (tmp_path / "tests").symlink_to(REPOSITORY / "tests")
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 4
    assert blocks[3].startswith("snakemake --cores 2")
    blocks[3] = blocks[3].strip() + " --dry-run\n"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    said = ""
    for block in blocks:
        done = subprocess.run(
            ["bash", "-e", "-c", block],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        said += done.stdout
    # Lines of tables and errors on the page are those that come out.
    for shown in re.findall(r"```\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        for line in shown.splitlines():
            if re.match(r"  \w", line) and "torsion_" in line:
                assert line in said, line


@pytest.mark.parametrize("language", ["python", "yaml"])
def test_examples_are_sound(language, tmp_path):
    blocks = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    block = blocks[0]
    if language == "python":
        (tmp_path / "descriptors.py").write_text(block, encoding="utf-8")
        done = subprocess.run([sys.executable, tmp_path / "descriptors.py"], check=False)
        assert done.returncode == 0
    else:
        import yaml

        from mechanist.settings.descriptors import CustomSettings, PlumedSettings

        for content in yaml.safe_load(block)["descriptors"].values():
            assert CustomSettings.model_validate(content).function
        for content in yaml.safe_load(blocks[1])["descriptors"].values():
            assert PlumedSettings.model_validate(content).plumed
