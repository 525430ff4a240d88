"""Puts the workflow into the package when it is built, so that `mechanist run` needs no clone.

All else is in pyproject.toml. Snakefile, workflow/ and systems/ exist once, at the root of the
repository; an editable installation reads them there.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
WORKFLOW = ("Snakefile", "config.yaml", "workflow", "profiles", "envs", "systems")


class BuildWithWorkflow(build_py):
    """Copies the workflow to mechanist/project/."""

    def run(self) -> None:
        """Build the modules, then copy."""
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / "mechanist" / "project"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for name in WORKFLOW:
            if (ROOT / name).is_dir():
                skipped = shutil.ignore_patterns("__pycache__", "*.pyc")
                shutil.copytree(ROOT / name, target / name, ignore=skipped)
            else:
                shutil.copy2(ROOT / name, target / name)


setup(cmdclass={"build_py": BuildWithWorkflow})
