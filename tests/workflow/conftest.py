"""Complete Snakemake runs of the double well in a folder of their own."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]

SMALL: dict[str, Any] = {
    "system": "double_well",
    "seed": 3,
    "engine": {"platform": "Reference"},
    "sampling": {
        "workers": 2,
        "chains": 16,
        "first_round": 320,
        "round_max": 640,
        "rounds_max": 3,
    },
    "learn": {"members": 3, "hidden": [8], "epochs_max": 10, "relevance_repeats": 2},
    "convergence": {
        "heldout_gain": 0.5,
        "spread": 5,
        "rhat": 5,
        "independent_paths": 5,
        "calibration_tolerance": 0.4,
        "calibration_power": 1,
        "transitions_power": 10,
        "min_rounds": 2,
    },
    "formula": {
        "backend": "operon",
        "repeats": 1,
        "population": 50,
        "generations": 10,
        "seconds": 10,
    },
    "validation": {"points": 20, "formula_points": 12, "surface_points": 12, "shots": 10},
    "kinetics": {"runs": 16, "run_frames": 2000, "shots": 3200, "windows": 16, "bootstrap": 40},
}


class Run:
    """A folder with a config.yaml in which Snakemake is run."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.folder = folder
        self.root = folder / "results" / "double_well"
        self.configure(**changes)

    def configure(self, **changes: Any) -> None:
        """Write config.yaml: the small settings with some sections changed."""
        settings = {k: dict(v) if isinstance(v, dict) else v for k, v in SMALL.items()}
        for key, value in changes.items():
            settings[key] = settings.get(key, {}) | value if isinstance(value, dict) else value
        (self.folder / "config.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")

    def command(self, *arguments: str) -> list[str]:
        """Command line of Snakemake."""
        return [
            str(Path(sys.executable).with_name("snakemake")),
            "--snakefile",
            str(REPOSITORY / "Snakefile"),
            "--profile",
            str(REPOSITORY / "profiles" / "default"),
            "--cores",
            "2",
            *arguments,
        ]

    @property
    def environment(self) -> dict[str, str]:
        """Environment with the package's programs on the path."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return os.environ | {"PATH": path}

    def snakemake(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Snakemake to its end."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def complete(self) -> None:
        """Run to the end, which must be a good one."""
        done = self.snakemake()
        assert done.returncode == 0, done.stdout + done.stderr

    def planned(self) -> set[str]:
        """Names of the rules that would be run now."""
        done = self.snakemake("--dry-run", "--quiet", "host")
        assert done.returncode == 0, done.stdout + done.stderr
        if "Nothing to be done" in done.stdout + done.stderr:
            return set()
        lines = (done.stdout + done.stderr).splitlines()
        return {
            line.split()[1].rstrip(":")
            for line in lines
            if line.startswith(("rule ", "localrule ", "checkpoint ", "localcheckpoint "))
        } - {"all"}

    def planned_files(self) -> list[str]:
        """Lines that name what would be made now."""
        done = self.snakemake("--dry-run", "--quiet", "host")
        lines = (done.stdout + done.stderr).splitlines()
        return [line for line in lines if line.strip().startswith("output:")]

    def rounds(self) -> int:
        """Rounds that have an assessment."""
        return len(list(self.root.glob("rounds/*/assessment.json")))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)
