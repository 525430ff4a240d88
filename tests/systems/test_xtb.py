"""What GFN2-xTB cannot compute ends in one line."""

import numpy as np
import pytest

from mechanist.errors import SystemBuildError
from mechanist.systems.forces.xtb import Xtb


@pytest.fixture(autouse=True)
def needs_tblite():
    pytest.importorskip("tblite", reason="tblite is not installed")


def test_atoms_on_each_other():
    with pytest.raises(SystemBuildError, match=r"^tblite: ") as told:
        Xtb(np.array([8, 8, 1]))(np.zeros((3, 3)))
    assert "\n" not in str(told.value)


def test_an_element_without_parameters():
    with pytest.raises(SystemBuildError, match=r"^tblite: ") as told:
        Xtb(np.array([110, 1]))(np.array([[0, 0, 0], [0, 0, 0.1]]))
    assert "\n" not in str(told.value)
