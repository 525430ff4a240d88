"""Small real systems, made once."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mechanist.bookkeeping.layout import Layout
from mechanist.engine.contexts import make_context
from mechanist.errors import SystemBuildError
from mechanist.settings.load import load_system
from mechanist.systems import prepared
from mechanist.systems.build.prepare import prepare
from mechanist.systems.descriptors.describe import describe
from mechanist.systems.prepared import Prepared

REPOSITORY = Path(__file__).resolve().parents[1]

VENDORS = "OCL_ICD_VENDORS"
"""Where the OpenCL loader looks for devices."""


def pytest_configure(config: pytest.Config) -> None:
    """Hide OpenCL from all tests but those that are about it: implementations for CPUs may crash.

    OpenMM looks for platforms when it is imported, which has not happened yet.
    """
    if config.option.markexpr != "opencl":
        os.environ[VENDORS] = str(REPOSITORY / "tests" / "no_opencl_here")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole runs come first: no worker is left with a long file when the others have ended."""
    items.sort(key=lambda item: "workflow" not in item.path.parts)


def build(name: str, folder: Path) -> Layout:
    """Prepare a shipped system in ``folder``."""
    layout = Layout(folder / name)
    source = REPOSITORY / "systems" / name
    settings = load_system(source)
    prepare(settings, source, layout)
    describe(settings, source, layout)
    return layout


def forget(folder: Path) -> None:
    """Take the receipts away: files that a test changes then look like those of another program."""
    for slip in folder.rglob(".*.sha256"):
        slip.unlink()


@pytest.fixture(scope="session", autouse=True)
def without_julia(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """No test finds the Julia of this machine, whose search is not that of the numbers expected.

    Yields the environment as it was, for tests that ask for Julia.
    """
    before = dict(os.environ)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHON_JULIAPKG_PROJECT", str(tmp_path_factory.getbasetemp() / "no_julia"))
        patch.delenv("PYTHON_JULIACALL_EXE", raising=False)
        patch.delenv("PYTHON_JULIACALL_PROJECT", raising=False)
        yield before


@pytest.fixture
def real_julia(without_julia: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The Julia of this machine after all."""
    for name in ("PYTHON_JULIAPKG_PROJECT", "PYTHON_JULIACALL_EXE", "PYTHON_JULIACALL_PROJECT"):
        if name in without_julia:
            monkeypatch.setenv(name, without_julia[name])
        else:
            monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def double_well_layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    return build("double_well", tmp_path_factory.mktemp("double_well"))


@pytest.fixture(scope="session")
def double_well(double_well_layout: Layout) -> Prepared:
    return prepared.load(double_well_layout)


@pytest.fixture(scope="session")
def alanine_layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    return build("alanine_dipeptide", tmp_path_factory.mktemp("alanine"))


@pytest.fixture(scope="session")
def alanine(alanine_layout: Layout) -> Prepared:
    return prepared.load(alanine_layout)


@pytest.fixture(scope="session")
def alanine_pool_short(alanine: Prepared) -> Prepared:
    return replace(alanine, max_half_frames=3)


@pytest.fixture(scope="session")
def opencl(double_well: Prepared) -> None:
    """Skip what needs an OpenCL device where there is none."""
    try:
        make_context(double_well, double_well.system, "OpenCL", 1)
    except SystemBuildError as error:
        pytest.skip(f"no OpenCL device: {error.what}")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20261120)
