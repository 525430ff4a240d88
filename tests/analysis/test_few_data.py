"""Nothing to work on: no frames, no paths, no starts; each is said and ends nothing."""

import numpy as np
import pytest

from mechanist.analysis.kinetics.rate_results import path_duration
from mechanist.analysis.validation.points import formula_points, network_points, why_fewer
from mechanist.analysis.validation.verdict import Verdict, judge
from mechanist.sampling.excursions.starts import draw_starts
from mechanist.sampling.excursions.tables import EXCURSION_COLUMNS, no_excursions
from mechanist.sampling.excursions.window_weights import first_log_weights, window_edges
from mechanist.sampling.records.tables import PATH_COLUMNS, PathTable, read_table, write_table

NONE = np.empty(0)


@pytest.mark.parametrize("p", [NONE, np.array([0.0]), np.array([0.001, 0.999]), np.array([1.0])])
def test_no_frame_to_choose(p):
    rng = np.random.default_rng(1)
    assert len(network_points(p, rng, 10)) == 0
    assert [len(rows) for rows in formula_points(NONE, rng, 10, 10)] == [0, 0]


def test_fewer_frames_than_points():
    p = np.array([0.2, 0.5, 0.8])
    assert network_points(p, np.random.default_rng(1), 10).tolist() == [0, 1, 2]
    said = why_fewer(3, 10, 3)
    assert said.startswith("validation.points: 3 of 10: held-out chains have 3 frames")
    assert "sampling.first_round" in said
    assert why_fewer(10, 10, 50) == ""


def test_a_verdict_without_points():
    none = np.empty(0, dtype=np.int64)
    verdict = judge(NONE, NONE, NONE, none, none, np.random.default_rng(1))
    assert isinstance(verdict, Verdict)
    assert verdict.points == 0
    assert verdict.text == "There are no validation points, so that nothing can be validated."


def test_windows_without_frames():
    edges = window_edges(NONE, 8)
    assert len(edges) == 9
    assert (np.diff(edges) > 0).all()
    assert first_log_weights(NONE, NONE, NONE, NONE, edges).tolist() == [0.0] * 8


def test_no_path_has_no_mean_duration(double_well):
    index = {name: np.empty(0, dtype=np.int64) for name in PATH_COLUMNS}
    assert path_duration(index, double_well) is None


def test_no_start_and_a_table_without_rows(tmp_path):
    index = {name: np.empty(0, dtype=np.int64) for name in PATH_COLUMNS}
    nothing = PathTable(np.empty((0, 1, 3), dtype=np.float32), index)
    rng = np.random.default_rng(1)
    assert draw_starts([], nothing, None, 8, rng) == []  # type: ignore[arg-type]
    file = tmp_path / "excursions.parquet"
    write_table(file, no_excursions(), EXCURSION_COLUMNS)
    assert all(len(column) == 0 for column in read_table(file, EXCURSION_COLUMNS).values())
