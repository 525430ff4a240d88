"""Half-shots that were too long, as they are read from the files of shooting jobs."""

import numpy as np
import pytest

from mechanist.analysis.intermediates.record import gather_long
from mechanist.bookkeeping.layout import Layout
from mechanist.errors import DataError
from mechanist.sampling.chains.current_path import CurrentPath
from mechanist.sampling.chains.job_tables import write_job
from mechanist.sampling.chains.long_halves import LongHalfSample
from mechanist.sampling.chains.moves import Harvest, join
from mechanist.sampling.records.stored_waters import Waters
from mechanist.sampling.records.tables import LONG_COLUMNS, read_table, write_table
from mechanist.sampling.records.thinning import Thinning
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from tests.conftest import forget
from tests.sampling.test_long_halves import ATOMS, FRAMES, LENGTH, finished, kept_rows

X = DescriptorSet((Descriptor("x", "coordinate", (0,), 0), Descriptor("y", "coordinate", (1,), 1)))


def job(layout, worker, count, thinning=None, atoms=ATOMS):
    """Files of a job of which ``count`` half-shots were too long."""
    shots = finished(10 * worker, max(count, 1), atoms)
    sample = LongHalfSample()
    if count:
        sample.add(shots)
    path = CurrentPath(np.zeros((3, atoms, 3), dtype=np.float32), -1, 1)
    harvest = Harvest(join([shots]), {0: [path]}, sample.all())
    write_job(layout.round(0).worker(worker), harvest, (0, worker, ""), thinning, {})


def test_values_of_all_jobs(tmp_path):
    layout = Layout(tmp_path)
    for worker, count in enumerate((2, 0, 3)):
        job(layout, worker, count)
    # The fourth job is of a version that did not record them.
    record = gather_long(layout, [0], 4, ATOMS, X, 1)
    assert record.values.shape == (5, FRAMES, 2)
    np.testing.assert_array_equal(record.values[0, :, 0], kept_rows(LENGTH))
    assert record.values[:, -1, 1].tolist() == [0, 1, 20, 21, 22]
    assert record.defining == 1
    assert len(gather_long(layout, [0], 0, ATOMS, X, 1)) == 0


def test_waters_that_are_not_stored_are_put_back(tmp_path):
    layout, atoms = Layout(tmp_path), 10
    waters = Waters(
        np.array([0]), np.arange(1, 10).reshape(3, 3), 2, np.zeros((3, 3)), 3.0 * np.eye(3)
    )
    job(layout, 0, 2, Thinning(1, waters), atoms)
    record = gather_long(layout, [0], 1, atoms, X, 1)
    np.testing.assert_array_equal(record.values[1, :, 0], kept_rows(LENGTH))


@pytest.mark.parametrize("frames", [0, 3, -2])
def test_a_table_that_does_not_fit_is_named(tmp_path, frames):
    layout = Layout(tmp_path)
    job(layout, 0, 2)
    files = layout.round(0).worker(0)
    table = read_table(files.long_index, LONG_COLUMNS)
    forget(files.folder)
    write_table(files.long_index, table | {"frames": np.full(2, frames)}, LONG_COLUMNS)
    with pytest.raises(DataError, match=r"too_long.trr.*delete both"):
        gather_long(layout, [0], 1, ATOMS, X, 1)
