"""Small real systems, made once."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mechanist.bookkeeping.layout import Layout
from mechanist.settings.load import load_system
from mechanist.systems import prepared
from mechanist.systems.build.prepare import prepare
from mechanist.systems.descriptors.describe import describe
from mechanist.systems.prepared import Prepared

REPOSITORY = Path(__file__).resolve().parents[1]


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


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20261120)
