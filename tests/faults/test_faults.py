"""One of each fault of `make faults` that needs neither root nor a whole workflow."""

import numpy as np
import pytest

from tests.faults.bench import Bench
from tests.faults.faults import FAULTS

QUICK = ["kill -9", "NaN in dynamics", "GPU that disappears", "bit flipped", "file cut short"]


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("faults"))


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_a_fault_gives_no_wrong_number(name, bench):
    tally = FAULTS[name](bench, np.random.default_rng(33), 2)
    assert tally.injected == 2
    assert tally.unclear == []
    assert tally.wrong == 0
