"""Which family a chain descends from."""

import numpy as np
import pytest

from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.layout import Layout
from mechanist.errors import DataError
from mechanist.sampling.families import Families, read_families
from mechanist.statistics.held_out import held_out


@pytest.mark.parametrize("paths", [1, 4, 5, 10, 16])
def test_chains_take_first_paths_in_turn_and_held_out_ones_come_from_all(paths):
    families = Families(np.arange(paths))
    chain = np.arange(40 * paths)
    rows = families.first_path(chain)
    assert sorted(rows[:paths].tolist()) == list(range(paths))
    assert np.bincount(rows).tolist() == [40] * paths
    # With chain % 5 == 4 and 5 first paths, chain % paths would always be the last of them.
    assert len(np.unique(rows[held_out(chain, 5)])) == paths


def test_families_are_read_from_initial_json(tmp_path):
    layout = Layout(tmp_path)
    families = [{"method": "hot MD", "first_paths": [0, 2]}, {"method": "pull", "first_paths": [1]}]
    write_json(layout.initial_report, {"paths": 3, "families": families})
    found = read_families(layout)
    assert len(found) == 2
    assert found.of_path.tolist() == [0, 1, 0]
    assert found.of_chain(np.arange(3)).tolist() == [0, 1, 0]
    assert sorted(found.of_chain(np.arange(300, 303)).tolist()) == [0, 0, 1]


def test_runs_of_before_have_one_family_and_damage_is_said(tmp_path):
    layout = Layout(tmp_path)
    write_json(layout.initial_report, {"method": "hot MD", "paths": 16})
    assert len(read_families(layout)) == 1
    write_json(layout.initial_report, {"method": "hot MD"})
    with pytest.raises(DataError, match="lacks 'paths'"):
        read_families(layout)
    write_json(layout.initial_report, {"paths": 1, "families": [{"first_paths": [7]}]})
    with pytest.raises(DataError, match="malformed"):
        read_families(layout)
