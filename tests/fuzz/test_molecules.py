"""A few hundred mutations of `make fuzz` over structures and topologies, seeded."""

import pytest

from tests.fuzz.molecules import DATA, SETS, equal, files_of, fuzz_molecules, own, plain
from tests.fuzz.mutations import ENCODINGS, MUTATIONS, mutated

NUMBER = 210


@pytest.mark.filterwarnings("ignore")
def test_mutated_files_are_refused_or_have_the_energy_of_openmm(tmp_path):
    found = fuzz_molecules(NUMBER, 1, tmp_path)
    assert found.faults == []
    assert found.counts.total() == NUMBER
    outcomes = {outcome for _, outcome in found.counts}
    assert outcomes == {"refused", "the same energy", "as plain OpenMM"}
    # All kinds and files in turn.
    assert {kind for kind, _ in found.counts} == set(MUTATIONS)


@pytest.mark.parametrize("name", SETS)
def test_files_without_a_mutation_have_the_energy_of_openmm(name):
    assert equal(own(name, DATA)[0], plain(name, DATA))


def test_every_mutation_changes_its_file():
    import numpy as np

    for kind in MUTATIONS:
        changed = 0
        for k in range(20):
            for name in files_of("PDB"):
                content = (DATA / name).read_bytes()
                changed += mutated(content, kind, np.random.default_rng(k)) != content
        assert changed >= 10, kind
    assert len(ENCODINGS) == 3
