import pytest
from synthetic import ALANINE, DOUBLE_WELL, make_run

from mechanist.report.page import write_report


@pytest.fixture(scope="session")
def molecule(tmp_path_factory):
    """A converged run of a molecule, with its report."""
    layout = make_run(tmp_path_factory.mktemp("molecule") / "alanine", ALANINE)
    write_report(layout, seed=1)
    return layout


@pytest.fixture(scope="session")
def potential(tmp_path_factory):
    """A run in one dimension that did not converge, with its report."""
    root = tmp_path_factory.mktemp("potential") / "double_well"
    layout = make_run(root, DOUBLE_WELL, converged=False)
    write_report(layout, seed=2)
    return layout


@pytest.fixture(scope="session")
def bare(tmp_path_factory):
    """One round of shots without predictions and nothing after it, with its report."""
    root = tmp_path_factory.mktemp("bare") / "bare"
    layout = make_run(root, ALANINE, answers=False, rounds=1, converged=False)
    write_report(layout, seed=3)
    return layout
