"""The ledger: one folder a session, one file a worker, tables at the end of `make truth`."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from mechanist.report.machine import versions
from tests.truth.ledger import Ledger, collect, write

FOLDER = pytest.StashKey[Path]()
REPOSITORY = Path(__file__).resolve().parents[2]


def pytest_configure(config: pytest.Config) -> None:
    given = getattr(config, "workerinput", {}).get("truth_ledger")
    config.stash[FOLDER] = Path(given or tempfile.mkdtemp(prefix="mechanist-truth-"))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:
    node.workerinput["truth_ledger"] = str(node.config.stash[FOLDER])


@pytest.fixture(scope="session")
def ledger(request: pytest.FixtureRequest) -> Ledger:
    """Rows for benchmarks/truth/TRUTH.md; see `tests.truth.ledger.Ledger`."""
    return Ledger(request.config.stash[FOLDER] / f"{os.getpid()}.jsonl")


def pytest_sessionfinish(session: pytest.Session) -> None:
    config = session.config
    worker = getattr(config, "workerinput", None)
    if worker is not None and "truth_ledger" in worker:
        return
    folder = config.stash[FOLDER]
    # Only the whole long part makes the tables; part of it would leave rows out.
    whole = worker is None and config.option.markexpr == "truth" and not config.option.keyword
    if whole and not any("::" in arg or arg.endswith(".py") for arg in config.args):
        found = versions()
        shown = ", ".join(f"{name} {found[name]}" for name in ("openmm", "numpy", "mechanist"))
        write(collect(folder), REPOSITORY / "benchmarks" / "truth", shown)
    shutil.rmtree(folder, ignore_errors=True)
