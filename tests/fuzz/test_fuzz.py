"""A few hundred inputs of `make fuzz`, seeded."""

import pytest

from tests.fuzz.readers import readers
from tests.fuzz.run import EXAMPLES, fuzz

EACH = 30


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    return readers(tmp_path_factory.mktemp("fuzz"))


@pytest.mark.parametrize("name", EXAMPLES)
def test_whatever_is_read_is_understood_or_refused_in_one_line(name, known):
    for sample in known[name].samples:
        known[name](sample)
    told = fuzz(name, known[name], EACH, seed_of(name))
    assert told.total() >= EACH
    assert told["refused"] > 0


def seed_of(name):
    return 100 + sorted(EXAMPLES).index(name)


def test_make_fuzz_is_long_enough():
    assert sum(EXAMPLES.values()) >= 100_000
