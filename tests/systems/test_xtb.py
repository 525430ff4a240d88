"""What GFN2-xTB cannot compute ends in one line."""

import os
import subprocess
import sys

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


@pytest.mark.parametrize(("given", "threads"), [(None, 1), ("2", 2)])
def test_one_thread_unless_the_environment_says_otherwise(given, threads):
    """Two threads are many times slower for a small molecule where jobs share the cores."""
    code = (
        "import os, numpy, threadpoolctl\n"
        "before = {lib['filepath'] for lib in threadpoolctl.threadpool_info()}\n"
        "from mechanist.systems.forces.xtb import Xtb\n"
        "Xtb(numpy.array([1, 1]))(numpy.array([[0, 0, 0], [0, 0, 0.08]]))\n"
        "found = [lib['num_threads'] for lib in threadpoolctl.threadpool_info()\n"
        "         if lib['user_api'] == 'openmp' and lib['filepath'] not in before]\n"
        "print(found, os.environ.get('OMP_NUM_THREADS'))"
    )
    environment = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
    environment |= {} if given is None else {"OMP_NUM_THREADS": given}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"[{threads}] {given}"
