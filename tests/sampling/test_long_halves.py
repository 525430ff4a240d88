"""Half-shots that were too long: which are kept, what of them, and the files."""

from dataclasses import replace

import numpy as np
import pytest

from mechanist.bookkeeping.job_files import WorkerFiles
from mechanist.engine.half_shots import IN_A, TOO_LONG
from mechanist.sampling.chains.current_path import CurrentPath
from mechanist.sampling.chains.job_tables import write_job
from mechanist.sampling.chains.long_halves import FRAMES, KEPT, LongHalfSample, kept_rows
from mechanist.sampling.chains.moves import Harvest, join
from mechanist.sampling.chains.shots import Shots
from mechanist.sampling.records.tables import LONG_COLUMNS, read_frames, read_table
from mechanist.sampling.streams import shot_seeds

LENGTH, ATOMS = 64, 2


def finished(first, count, atoms=ATOMS):
    """Shots whose forward half was too long; position x is the frame, y the chain."""
    chain = np.arange(first, first + count)
    frames = np.zeros((count, LENGTH, atoms, 3), dtype=np.float32)
    frames[..., 0] = np.arange(LENGTH)[None, :, None]
    frames[..., 1] = chain[:, None, None]
    return Shots(
        chain=chain,
        move=np.full(count, 3),
        seed=shot_seeds(5, chain, np.full(count, 3)),
        p_predicted=np.full(count, np.nan),
        points=np.zeros((count, atoms, 3), dtype=np.float32),
        ends=np.tile(np.array([IN_A, TOO_LONG]), (count, 1)),
        steps=np.full((count, 2), LENGTH),
        watched=np.zeros(count, dtype=bool),
        seen=np.ones((count, 2)),
        paths=[None] * count,
        halves=[(frames[i, :1], frames[i]) for i in range(count)],
    )


def test_frames_are_even_over_the_second_half():
    assert kept_rows(16).tolist() == [8, 9, 10, 11, 12, 13, 14, 15]
    assert kept_rows(129).tolist() == list(range(64, 129, 4))
    assert kept_rows(1).tolist() == [0]
    for length in range(1, 300):
        rows = kept_rows(length)
        assert len(rows) == min(FRAMES, length - length // 2)
        assert (rows[-1], rows[0]) == (length - 1, length // 2 if len(rows) > 1 else length - 1)


def test_a_random_sample_is_kept_in_whatever_order_they_end():
    one, other = LongHalfSample(), LongHalfSample()
    for first in range(0, 500, 50):
        one.add(finished(first, 50))
    for first in reversed(range(0, 500, 20)):
        other.add(finished(first, 20))
    kept, again = one.all(), other.all()
    assert len(kept) == len(again) == KEPT
    for name in ("chain", "move", "side", "frames"):
        np.testing.assert_array_equal(getattr(kept, name), getattr(again, name))
    assert set(kept.side.tolist()) == {1}
    np.testing.assert_array_equal(kept.frames[:, 0, 0, 1], kept.chain)
    np.testing.assert_array_equal(kept.frames[0, :, 0, 0], kept_rows(LENGTH))
    # Even over the job: 64 of 500 at random, mean 249.5 with standard deviation 16.9.
    assert abs(kept.chain.mean() - 249.5) < 4 * 16.9


def test_few_are_all_kept_and_none_is_none():
    sample = LongHalfSample()
    assert sample.all() is None
    sample.add(finished(0, 7))
    assert sample.all().chain.tolist() == list(range(7))


@pytest.mark.parametrize("count", [0, 5])
def test_files_of_a_job(tmp_path, count):
    sample = LongHalfSample()
    shots = finished(0, 5)
    if not count:
        shots = replace(shots, ends=np.full((5, 2), IN_A))
    sample.add(shots)
    path = CurrentPath(np.zeros((3, ATOMS, 3), dtype=np.float32), -1, 1)
    harvest = Harvest(join([shots]), {0: [path]}, sample.all())
    files = WorkerFiles(tmp_path)
    write_job(files, harvest, (2, 1, "none"), None, {})
    table = read_table(files.long_index, LONG_COLUMNS)
    frames = read_frames(files.long, ATOMS)
    assert table["chain"].tolist() == list(range(count))
    assert table["side"].tolist() == ["forward"] * count
    assert table["frames"].tolist() == [FRAMES] * count
    assert len(frames) == FRAMES * count
    assert files.long in files.all()
