import pytest

from tests.report.kinds import ALANINE, DOUBLE_WELL
from tests.report.synthetic import make_run, write_all


@pytest.fixture(scope="session")
def molecule(tmp_path_factory):
    """A converged run of a molecule, with its report."""
    layout = make_run(tmp_path_factory.mktemp("molecule") / "alanine", ALANINE)
    return write_all(layout)


@pytest.fixture(scope="session")
def potential(tmp_path_factory):
    """A run in one dimension that did not converge and whose jobs have not said their times."""
    root = tmp_path_factory.mktemp("potential") / "double_well"
    layout = make_run(root, DOUBLE_WELL, converged=False, times=False)
    return write_all(layout, seed=2)


@pytest.fixture(scope="session")
def bare(tmp_path_factory):
    """One round of shots without predictions and nothing after it, with its report."""
    root = tmp_path_factory.mktemp("bare") / "bare"
    layout = make_run(root, ALANINE, answers=False, rounds=1, converged=False)
    return write_all(layout, seed=3, rounds_max=1)
