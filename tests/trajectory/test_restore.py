import numpy as np
import pytest

from mechanist.bookkeeping.files import read_json
from mechanist.bookkeeping.journal import Journal
from mechanist.errors import DataError, MechanistError, SettingsError
from mechanist.sampling.records.tables import read_frames, read_notes, read_paths
from mechanist.sampling.records.thinning import Thinning, thinning_of
from mechanist.settings.config import Config
from mechanist.settings.load import validate
from mechanist.stages.initial import initial
from mechanist.stages.learn import learn
from mechanist.stages.restore import restore as audit_run
from mechanist.stages.shoot import shoot
from mechanist.systems.prepared import load_inputs
from mechanist.trajectory.restore.gap_coordinates import Positions, Shape
from mechanist.trajectory.restore.gap_map import PENALTIES, GapMaps, gaps_of, ridge
from mechanist.trajectory.restore.judge import PATH_QUANTITIES, agreement, path_quantities
from mechanist.trajectory.restore.restore import Audit, audit, largest, restore
from mechanist.trajectory.restore.stride import strides
from tests.conftest import build
from tests.trajectory.conftest import turn


def stored_rows(length, factor, number=0):
    return np.unique(Thinning(factor, None).rows(length, number))


def every(factor):
    return Thinning(factor, None).rows


@pytest.fixture(scope="module")
def paths(motion):
    """Twenty pieces of motion, each turned and shifted another way."""
    rng = np.random.default_rng(8)
    pieces = motion.positions.reshape(20, 300, 9, 3)
    return [piece @ turn(rng) + rng.normal(size=3) for piece in pieces]


def test_stored_frames_stay_as_they_are(paths, motion):
    learned = GapMaps(paths[:10], motion.masses)
    path = paths[15][:22]
    rows = stored_rows(22, 4)
    assert rows.tolist() == [0, 1, 5, 9, 13, 17, 21]
    for method in ("linear", "spline", "map"):
        again = restore(path[rows], rows, method, learned)
        assert again.shape == path.shape
        np.testing.assert_array_equal(again[rows], path[rows])
        assert np.abs(again - path).max() < 0.05


def test_lines_and_cubics_are_exact():
    t = np.arange(20.0)[:, None, None]
    line, cubic = 1 + 2 * t * np.ones((2, 3)), (t**3 - 5 * t) * np.ones((2, 3))
    rows = np.array([0, 3, 4, 9, 15, 19])
    np.testing.assert_allclose(restore(line[rows], rows, "linear"), line)
    np.testing.assert_allclose(restore(cubic[rows], rows, "spline"), cubic, atol=1e-9)
    np.testing.assert_allclose(restore(line[:1], rows[:1], "spline"), line[:1])
    np.testing.assert_allclose(restore(line[[0, 5]], rows[[0, 1]] + [0, 2], "linear"), line[:6])


def test_the_map_turns_with_the_molecule(paths, motion):
    learned = GapMaps(paths[:10], motion.masses)
    rows = stored_rows(61, 6)
    knots = paths[12][:61][rows]
    rotation = turn(np.random.default_rng(3))
    one = restore(knots, rows, "map", learned)
    other = restore(knots @ rotation + 2.0, rows, "map", learned)
    np.testing.assert_allclose(other, one @ rotation + 2.0, atol=1e-9)


def test_gaps_of_all_kinds_are_told_apart():
    gaps = gaps_of(np.array([0, 3, 7, 8, 12, 16, 20]))
    assert gaps == {
        (0, 3, 7): [0],
        (-3, 0, 4, 5): [1],
        (-1, 0, 4, 8): [3],
        (-4, 0, 4, 8): [4],
        (-4, 0, 4): [5],
    }


def test_shapes_come_back_where_they_were(motion):
    shape = Shape(motion.positions[0], motion.masses)
    frames = motion.positions[::500]
    values = shape.values(frames)
    assert values.shape == (len(frames), 21)
    assert shape.periodic.sum() == 6
    np.testing.assert_allclose(shape.frames(values, frames), frames, atol=1e-10)
    rotation = turn(np.random.default_rng(5))
    np.testing.assert_allclose(shape.values(frames @ rotation + 1.0), values, atol=1e-9)
    plain = Positions(2)
    x = np.arange(18.0).reshape(3, 2, 3)
    np.testing.assert_array_equal(plain.frames(plain.values(x), 0 * x), x)


def test_left_out_gaps_are_told_by_the_rest():
    """Leave-one-out residuals by their formula and by leaving out."""
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=(40, 5)), rng.normal(size=(40, 3))
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    some = np.array([3, 17])
    weights, left = ridge(x, y, some)
    # The penalty that was taken is that whose map is the one given.
    penalty = min(
        PENALTIES,
        key=lambda one: np.abs(
            np.linalg.solve(x.T @ x + one * 40 * np.eye(5), x.T @ y) - weights
        ).max(),
    )
    for row, found in zip(some, left, strict=True):
        rest = np.delete(np.arange(40), row)
        a, b = x[rest] - x[rest].mean(axis=0), y[rest] - y[rest].mean(axis=0)
        other = np.linalg.solve(a.T @ a + penalty * 40 * np.eye(5), a.T @ b)
        told = y[rest].mean(axis=0) + (x[row] - x[rest].mean(axis=0)) @ other
        np.testing.assert_allclose(found, y[row] - told, rtol=1e-9)


def test_noise_is_drawn_where_it_is_alike():
    """Motion along a line that is rough on one side and smooth on the other."""
    rng = np.random.default_rng(2)
    side = np.repeat([-1.0, 1.0], 400)
    steps = rng.normal(size=(800, 9, 1, 3)) * np.where(side > 0, 0.1, 0.001)[:, None, None, None]
    walks = steps + [2.0, 0, 0] * side[:, None, None, None]
    maps = GapMaps(list(walks), np.ones(1), lambda x: x[:, 0, 0])
    rows = stored_rows(9, 8, 7)
    spread = {}
    for one in (-1, 1):
        made = [
            restore(walk[rows], rows, "map", maps, rng)[1:-1] - [2.0 * one, 0, 0]
            for walk in walks[side == one][:100]
        ]
        spread[one] = np.std(made)
    # 100 paths with 7 missing frames: the standard deviation is known to 2 %; ends bring another.
    assert 0.8 < spread[1] / 0.1 < 1.4
    assert 0.8 < spread[-1] / 0.001 < 1.4


def test_frames_in_a_state_are_drawn_again():
    rng = np.random.default_rng(6)
    walks = list(rng.normal(size=(300, 9, 1, 3)))
    maps = GapMaps(walks, np.ones(1))
    rows = stored_rows(9, 8, 7)

    def inside(x):
        return x[:, 0, 0] > 0.5

    made = [restore(one[rows], rows, "map", maps, rng, inside)[1:-1] for one in walks[:50]]
    free = [restore(one[rows], rows, "map", maps, rng)[1:-1] for one in walks[:50]]
    assert sum(inside(one).any() for one in free) > 25
    assert sum(inside(one).any() for one in made) < 5


def test_what_maps_leave_over_gives_bonds_their_length_and_spread(paths, motion):
    """The mean of what may be is too smooth; with a draw of the rest the spread is right."""
    rng = np.random.default_rng(4)
    shaken = [path + 0.003 * rng.normal(size=path.shape) for path in paths]
    maps = GapMaps(shaken[:10], motion.masses)
    rows = stored_rows(293, 12)
    spread = {"true": [], "nearest": [], "drawn": []}
    for path in shaken[10:]:
        whole = path[:293]
        made = {
            "true": whole,
            "nearest": restore(whole[rows], rows, "map", maps),
            "drawn": restore(whole[rows], rows, "map", maps, rng),
        }
        missing = np.setdiff1d(np.arange(293), rows)
        for name, frames in made.items():
            spread[name].append(np.linalg.norm(frames[missing, 2] - frames[missing, 8], axis=1))
    true, nearest, drawn = (np.concatenate(one) for one in spread.values())
    assert nearest.std() < 0.8 * true.std()
    # Of 2,660 frames a standard deviation is known to 2 %, with neighbours alike to some 4 %.
    assert abs(drawn.std() / true.std() - 1) < 0.12


def test_the_map_wins_where_splines_are_too_coarse(paths, motion):
    """Frames 6 fs apart: bonds to hydrogen swing through more than half a period in between."""
    found, _ = audit(paths, 12, every(12), motion.masses)
    assert found.method == "map"
    assert found.p50 < found.p95 < found.p99
    coarse, _ = audit(paths, 2, every(2), motion.masses)
    assert coarse.p99 < 0.1 * found.p99


def test_the_largest_factor_within_the_tolerance():
    def row(factor, p99):
        return Audit(factor, "spline", 0.0, 0.0, 0.0, p99, 10)

    rows = [row(2, 0.001), row(4, 0.01), row(8, 0.1)]
    assert largest(rows, 0.02) == 4
    assert largest(rows, 0.0001) == 1


def test_what_cannot_be_restored_is_refused(paths, motion):
    with pytest.raises(DataError, match="must increase from 0"):
        restore(paths[0][:3], np.array([0, 4, 4]), "linear")
    with pytest.raises(DataError, match="needs maps"):
        restore(paths[0][:4], np.array([0, 4, 8, 12]), "map")
    with pytest.raises(DataError, match="virtual sites"):
        audit(paths, 4, every(4), 0 * motion.masses)
    with pytest.raises(DataError, match="two of each"):
        audit(paths[:1], 4, every(4), motion.masses)


def small(**store):
    sampling = {"workers": 1, "chains": 4, "first_round": 60, "burn_in": 1, "store": store}
    plain = {
        "system": "double_well",
        "seed": 4,
        "engine": {"platform": "Reference"},
        "sampling": sampling,
    }
    return validate(Config, plain, "test")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The same run, with paths stored in full and in part."""
    result = []
    for name, store in (("full", {}), ("part", {"every": 4})):
        layout = build("double_well", tmp_path_factory.mktemp(name))
        initial(small(**store), layout, Journal())
        shoot(small(**store), layout, 0, 0, Journal())
        result.append(layout)
    return result


def test_restored_paths_of_a_run(runs, tmp_path):
    full, part = runs
    lines = []
    audit_run(part, 1e9, tmp_path / "a.json", Journal(lines.append), (0, 0), nearest=True)
    record = read_json(tmp_path / "a.json")
    assert record["largest_factor"] == 8
    assert [row["factor"] for row in record["factors"]] == [2, 3, 4, 6, 8]
    errors = [row["p99"] for row in record["factors"]]
    assert errors == sorted(errors)
    true = read_paths(full.round(0).worker(0).paths, full.round(0).worker(0).index, 1)
    again = read_frames(tmp_path / "a.trr", 1)
    assert again.shape == true.frames.shape
    stored = read_paths(part.round(0).worker(0).paths, part.round(0).worker(0).index, 1)
    assert len(stored.frames) < 0.4 * len(again)
    # Every fourth frame is as it was; the others are as near as the audit says, which judged other
    # paths: its 99th percentile holds for nine in ten.
    away = np.linalg.norm(again - true.frames, axis=-1)
    assert (away == 0).mean() > 0.25
    limit = next(row["p99"] for row in record["factors"] if row["factor"] == 4)
    assert (away < limit).mean() > 0.9


def test_means_over_paths_by_hand():
    true = np.array([[1.0, 0.0], [3.0, 0.0], [2.0, 3.0]])
    rows = agreement(["a", "b"], true, np.add(true, [0.5, 2.5]))
    # 1.96 / sqrt(3) times the standard deviations 1 and sqrt(3).
    assert (rows[0].full, rows[0].high) == pytest.approx((2.0, 2.0 + 1.1316), rel=1e-4)
    assert (rows[1].low, rows[1].restored) == pytest.approx((1.0 - 1.96, 3.5), rel=1e-4)
    assert [row.within for row in rows] == [True, False]
    back_and_forth = path_quantities(np.array([-2.0, 0.5, -0.5, 2.0]))
    assert back_and_forth[0] == pytest.approx(0.5)
    np.testing.assert_allclose(back_and_forth[2:], [2, 3, 2.5])


def test_what_restored_paths_say_of_a_run(runs, tmp_path):
    full, _ = runs
    learn(small(), full, 0, 1, Journal())
    lines = []
    audit_run(full, 1.0, tmp_path / "c.json", Journal(lines.append))
    means = read_json(tmp_path / "c.json")["factors"][0]["means"]
    assert len(means) == len(load_inputs(full).feature_names) + len(PATH_QUANTITIES)
    assert sum(row["within"] for row in means) > len(means) / 2
    assert all(row["low"] <= row["full"] <= row["high"] for row in means)
    assert "means over paths within their intervals" in lines[0]


def test_a_tolerance_that_nothing_keeps(runs, tmp_path):
    lines = []
    audit_run(runs[0], 0.0, tmp_path / "a.json", Journal(lines.append))
    assert "sampling.store.every: 1" in lines[-1]
    with pytest.raises(DataError, match="stored with all frames"):
        audit_run(runs[0], 0.1, tmp_path / "a.json", Journal(), (0, 0))


def test_round_and_worker_belong_together(runs, tmp_path):
    from mechanist.cli.runs import restore as command

    with pytest.raises(MechanistError, match="belong together"):
        command(runs[0].root, tmp_path / "a.json", 0.1, 0, None)


def test_a_job_lowers_its_stride(runs, tmp_path):
    """Until what is restored is near enough; the note and the log say what came of it."""
    full, part = runs
    found, kept = {}, {}
    for tolerance in ("1 um", "0.05 nm", "1e-6 nm"):
        layout = build("double_well", tmp_path / tolerance)
        config, lines = small(every=12, tolerance=tolerance), []
        initial(config, layout, Journal())
        shoot(config, layout, 0, 0, Journal(lines.append))
        files = layout.round(0).worker(0)
        found[tolerance] = thinning_of(read_notes(files.index), files.index)
        kept[tolerance] = read_paths(*files.full, 1)
        chains, moves = (kept[tolerance].index[name] for name in ("chain", "move"))
        assert all((np.diff(moves[chains == chain]) > 0).all() for chain in range(4))
        said = next(line for line in lines if "stored" in line)
        assert ("asked for" in said) == (found[tolerance].every > 1)
        # Shots do not depend on how their paths are stored.
        assert files.shots.read_bytes() == part.round(0).worker(0).shots.read_bytes()
    assert found["1 um"].every == 12
    assert 1 < found["0.05 nm"].every < 12
    assert found["0.05 nm"].p99 <= 0.05
    assert len(kept["0.05 nm"]) > len(kept["1e-6 nm"]) == 4
    assert found["1e-6 nm"].every == 1
    whole = full.round(0).worker(0)
    assert files.paths.read_bytes() == whole.paths.read_bytes()


def test_a_tolerance_without_a_stride_is_refused():
    with pytest.raises(SettingsError, match="needs every above 1 and waters: all"):
        small(tolerance="0.02 nm")
    with pytest.raises(SettingsError, match=r"sampling\.store\.tolerance"):
        small(every=4, tolerance=0.02)


def test_strides_fall_to_two():
    assert strides(12) == [2, 3, 4, 6, 9, 12]
    assert strides(2) == [2]
