"""The same seed on the Reference platform gives the same bytes, however many cores there are."""

import hashlib
from pathlib import Path

from tests.workflow.conftest import Run

PROMISED = ["shots.parquet", "paths/paths.trr", "committor/model.safetensors", "formula.json"]
# They tell how long jobs took.
CLOCK = {"benchmarks", "logs"}

SHORT = {
    "sampling": {"first_round": 160, "chains": 8},
    "learn": {"members": 2, "epochs_max": 5},
    "formula": {"population": 30, "generations": 5, "width": 4, "seconds": 600},
}


def hashes(run: Run) -> dict[str, str]:
    files = (path for path in sorted(run.root.rglob("*")) if path.is_file())
    names = {path.relative_to(run.root): path for path in files}
    return {
        str(name): hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in names.items()
        if name.parts[0] not in CLOCK
    }


def made(folder: Path, cores: int) -> dict[str, str]:
    folder.mkdir()
    run = Run(folder, **SHORT)
    # What is promised and what it needs; the rest would only take time.
    targets = [f"results/double_well/{name}" for name in PROMISED]
    done = run.snakemake("--cores", str(cores), *targets)
    assert done.returncode == 0, done.stdout + done.stderr
    return hashes(run)


def test_cores_do_not_matter(tmp_path):
    one, two = made(tmp_path / "one", 1), made(tmp_path / "two", 2)
    assert set(PROMISED) <= set(one)
    assert "rounds/001/worker_001/shots.parquet" in one
    assert {name for name in one | two if one.get(name) != two.get(name)} == set()
