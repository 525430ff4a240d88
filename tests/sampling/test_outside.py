"""Readers of shots made elsewhere: what they read, and what they refuse in one line."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mechanist.errors import DataError
from mechanist.sampling.outside.aimmd import read_aimmd
from mechanist.sampling.outside.infretis import read_infretis
from mechanist.sampling.outside.outside_shots import checked, in_chains, joined, pairs
from mechanist.sampling.outside.shot_tables import read_shot_table, read_structures
from tests.conftest import REPOSITORY


def planted(count=600, seed=1):
    """Outcomes of q = 3 sin(phi) + 20 (d - 0.3), with an idle input."""
    rng = np.random.default_rng(seed)
    phi, d = rng.uniform(-np.pi, np.pi, count), rng.normal(0.3, 0.05, count)
    n_b = rng.binomial(2, 1 / (1 + np.exp(-3 * np.sin(phi) - 20 * (d - 0.3))))
    columns = {"phi": phi, "d": d, "idle": rng.normal(size=count)}
    return pd.DataFrame(columns | {"n_A": 2 - n_b, "n_B": n_b})


def write(folder, table, name="shots.csv"):
    path = folder / name
    table.to_parquet(path) if path.suffix == ".parquet" else table.to_csv(path, index=False)
    return path


def counts(shots):
    """Outcomes in A and in B."""
    return tuple(int((shots.ends == state).sum()) for state in ("A", "B"))


@pytest.mark.parametrize("name", ["shots.csv", "shots.parquet"])
def test_tables(name, tmp_path):
    table = planted()
    shots = checked(read_shot_table(write(tmp_path, table, name)))
    assert shots.names == ("phi", "d", "idle")
    np.testing.assert_array_equal(shots.values, table[["phi", "d", "idle"]])
    assert counts(shots) == (table["n_A"].sum(), table["n_B"].sum())
    assert shots.chain is None


def test_ends_chains_and_weights(tmp_path):
    table = planted().drop(columns=["n_A", "n_B"])
    rng = np.random.default_rng(2)
    table["end_backward"] = rng.choice(["A", "B", "too_long"], len(table))
    table["end_forward"] = rng.choice(["A", "B"], len(table))
    table["chain"] = np.repeat(np.arange(12), 50)
    table["weight"] = rng.choice([0.0, 1.0, 2.5], len(table))
    shots = checked(read_shot_table(write(tmp_path, table)))
    kept = table["weight"] > 0
    np.testing.assert_array_equal(shots.weight, table["weight"][kept])
    np.testing.assert_array_equal(shots.ends, table[["end_backward", "end_forward"]][kept])
    shots, text = in_chains(shots)
    assert text == "12 chains"
    np.testing.assert_array_equal(shots.chain, table["chain"][kept])


def test_points_with_many_outcomes_are_shots_of_two():
    rows, ends = pairs(np.array([3, 0, 1]), np.array([2, 0, 0]))
    assert rows.tolist() == [0, 0, 0, 2]
    for point, a, b in ((0, 3, 2), (2, 1, 0)):
        of_point = ends[rows == point]
        assert ((of_point == "A").sum(), (of_point == "B").sum()) == (a, b)
    assert (ends == "not_shot").sum() == 2


def test_blocks_stand_for_chains(tmp_path):
    shots, text = in_chains(read_shot_table(write(tmp_path, planted())))
    assert (
        text == "20 blocks of consecutive shots in the place of chains, since no chains are known"
    )
    assert (np.diff(shots.chain) >= 0).all()
    assert np.bincount(shots.chain).tolist() == [30] * 20


def test_several_files_are_chains_of_their_own(tmp_path):
    parts = [read_shot_table(write(tmp_path, planted(300, k), f"{k}.csv")) for k in (1, 2)]
    shots, text = in_chains(joined(parts))
    assert shots.source == "1.csv, 2.csv"
    assert text.endswith("since there are only 2 chains")
    assert set(shots.chain[:300]).isdisjoint(shots.chain[300:])


def test_files_of_one_name_are_told_apart(tmp_path):
    parts = []
    for k in ("a", "b"):
        (tmp_path / k).mkdir()
        parts.append(read_shot_table(write(tmp_path / k, planted(300))))
    assert joined(parts).source == "a/shots.csv, b/shots.csv"


def damaged(name, row, value):
    def change(table):
        table[name] = table[name].astype(object)
        table.loc[row, name] = value
        return table

    return change


WRONG = {
    "not whole": (damaged("n_A", 4, 0.5), r"row 5: n_A 0.5 is not a whole number"),
    "negative": (damaged("n_B", 0, -1), r"row 1: n_B -1 is not a whole number"),
    "no number of outcomes": (damaged("n_B", 7, ""), r"row 8: n_B nan is not a whole number"),
    "a word": (damaged("d", 6, "near"), r"row 7: d 'near' is no number"),
    "nan": (damaged("phi", 2, np.nan), r"row 3: phi is not finite"),
    "infinite": (damaged("d", 2, "inf"), r"row 3: d is not finite"),
    "no outcomes": (lambda t: t.drop(columns="n_B"), r"lacks the columns n_A and n_B, or end_b"),
    "no descriptors": (lambda t: t[["n_A", "n_B"]], r"has no descriptors, and no structures"),
    "all in A": (lambda t: t.assign(n_A=2, n_B=0), r"0 of 1200 half-shots ended in B; at least 20"),
    "few": (lambda t: t[:30], r"60 half-shots ended in A or B; at least 200"),
    "empty": (lambda t: t[:0], r"has no rows"),
    "a name": (lambda t: t.rename(columns={"d": "d 1"}), r"'d 1' is no name; use ASCII"),
    "a function": (lambda t: t.rename(columns={"d": "sin"}), r"'sin' is a function of formulas"),
    "weight": (lambda t: t.assign(weight=-1.0), r"row 1: weight -1"),
    "ends": (
        lambda t: t[["phi"]].assign(end_backward="A", end_forward="C"),
        r"row 1: end_forward 'C' is not A, B, too_long",
    ),
}


@pytest.mark.parametrize("fault", WRONG)
def test_what_is_wrong_in_a_table_is_one_line(fault, tmp_path):
    change, words = WRONG[fault]
    path = write(tmp_path, change(planted()))
    with pytest.raises(DataError, match=words) as told:
        checked(read_shot_table(path))
    assert str(told.value).startswith(f"{path}: ")
    assert "\n" not in str(told.value)


def test_files_that_are_none(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1 nothing")
    for name, words in (("none.csv", "there is no such file"), ("a.parquet", "is no table in CSV")):
        with pytest.raises(DataError, match=words):
            read_shot_table(tmp_path / name)


def test_other_descriptors_in_the_second_file(tmp_path):
    one = read_shot_table(write(tmp_path, planted(), "1.csv"))
    for change, words in (
        (
            lambda t: t.rename(columns={"d": "e"}),
            "2.csv: other descriptors than .*1.csv: lacks 'd'",
        ),
        (lambda t: t.assign(more=1.0), "has 'more'"),
        (lambda t: t[["d", "phi", "idle", "n_A", "n_B"]], "order"),
    ):
        other = read_shot_table(write(tmp_path, change(planted()), "2.csv"))
        with pytest.raises(DataError, match=words):
            joined([one, other])


def test_structures(alanine_layout, alanine, tmp_path):
    import mdtraj

    rng = np.random.default_rng(3)
    xyz = (alanine.positions + 0.01 * rng.normal(size=(600, 22, 3))).astype(np.float32)
    topology = mdtraj.load_topology(str(alanine_layout.topology))
    mdtraj.Trajectory(xyz, topology).save_dcd(str(tmp_path / "points.dcd"))
    points = read_structures(tmp_path / "points.dcd", alanine_layout.topology)
    assert np.abs(points - xyz).max() < 1e-5
    shots = read_shot_table(write(tmp_path, planted()), points)
    assert shots.values is None
    assert shots.points.shape == (len(shots), 22, 3)
    with pytest.raises(DataError, match="has 599 rows for 600 structures"):
        read_shot_table(write(tmp_path, planted(599)), points)
    mdtraj.Trajectory(xyz[:, :21], topology.subset(range(21))).save_dcd(str(tmp_path / "b.dcd"))
    for name in ("b.dcd", "shots.csv", "none.xtc"):
        with pytest.raises(DataError, match=rf"{name}: (mdtraj cannot read it|has 21 atoms)"):
            read_structures(tmp_path / name, alanine_layout.topology)


def training_set(folder, name="set.npz", **changes):
    """Arrays of a training set of aimmd, by the names of its storage."""
    table = planted()
    content = {
        "descriptors": table[["phi", "d", "idle"]].to_numpy(),
        "shot_results": table[["n_A", "n_B"]].to_numpy().astype(float),
        "weights": np.ones(len(table)),
    }
    content |= changes
    content = {key: value for key, value in content.items() if value is not None}
    path = folder / name
    if path.suffix == ".npz":
        np.savez(path, **content)
        return path
    h5py = pytest.importorskip("h5py", reason="h5py is not installed")
    with h5py.File(path, "w") as file:
        group = file.create_group("aimmd_data/TrainSet")
        for key, value in content.items():
            group.create_dataset(key, data=value, maxshape=(None, *value.shape[1:]))
    return path


@pytest.mark.parametrize("name", ["set.npz", "set.h5"])
def test_training_sets_of_aimmd(name, tmp_path):
    table = planted()
    shots = checked(read_aimmd(training_set(tmp_path, name), ("phi", "d", "idle")))
    np.testing.assert_array_equal(shots.values, table[["phi", "d", "idle"]])
    assert counts(shots) == (table["n_A"].sum(), table["n_B"].sum())
    assert read_aimmd(training_set(tmp_path, name), ()).names == ("d1", "d2", "d3")


def test_without_h5py_one_line_says_so(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    (tmp_path / "set.h5").write_bytes(b"")
    with pytest.raises(DataError, match="needs h5py: pip install h5py"):
        read_aimmd(tmp_path / "set.h5", ())


@pytest.mark.parametrize(
    ("changes", "names", "words"),
    [
        ({"shot_results": None}, (), "there is no shot_results"),
        ({"shot_results": np.ones((600, 3))}, (), "has 3 states; two are needed"),
        ({"shot_results": np.full((600, 2), 0.5)}, (), "row 1: shot_results 0.5 is not a whole"),
        ({"descriptors": np.ones((10, 2))}, (), r"descriptors \(10, 2\) and shot_results"),
        ({"weights": np.ones(3)}, (), r"weights \(3,\) for 600 points"),
        ({}, ("a", "b"), "has 3 descriptors, 2 names are given"),
        ({}, ("a", "b", "log"), "'log' is a function of formulas"),
    ],
)
def test_what_is_wrong_in_a_training_set(changes, names, words, tmp_path):
    with pytest.raises(DataError, match=words):
        read_aimmd(training_set(tmp_path, **changes), names)


INTERFACES = "[simulation]\ninterfaces = [-0.5, 0.0, 0.2, 0.6]\n"
TOML = INTERFACES + "[simulation.tis_set]\nallowmaxlength = true\n"


def path_file(folder, number, orders, move):
    """order.txt of a path, by the format of infretis."""
    place = folder / "load" / str(number)
    place.mkdir(parents=True)
    lines = [f"# Cycle: {number}, status: ACC, move: {move}", "#     Time       Orderp"]
    lines += [f"{i:>10d} {order:>12.6f} {2 * order:>12.6f}" for i, order in enumerate(orders)]
    (place / "order.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_paths_of_infretis(tmp_path):
    (tmp_path / "infretis.toml").write_text(TOML, encoding="utf-8")
    up, back = [-0.6, 0.1, 0.3, 0.5, 0.7], [-0.6, 0.1, 0.3, 0.1, -0.6]
    path_file(tmp_path, 0, up, "('ld', 0, 0, 0)")
    path_file(tmp_path, 1, up, "('sh', 0.3, 1, 2)")
    path_file(tmp_path, 2, back, "('sh', 0.3, 1, 2)")
    path_file(tmp_path, 3, up, "('sh', 0.1, 1, 1)")
    path_file(tmp_path, 10, up, "('wf', 9000, 3, 12)")
    shots = read_infretis(tmp_path, ())
    assert shots.names == ("orderp", "cv1")
    np.testing.assert_allclose(shots.values, [[0.3, 0.6], [0.3, 0.6]])
    assert shots.ends.tolist() == [["not_shot", "B"], ["not_shot", "A"]]
    assert "only forward half-shots" in shots.remarks[0]


def test_what_is_wrong_in_a_folder_of_infretis(tmp_path):
    with pytest.raises(DataError, match=r"infretis.toml: there is no such file"):
        read_infretis(tmp_path, ())
    (tmp_path / "infretis.toml").write_text("[simulation]\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"names no simulation.interfaces"):
        read_infretis(tmp_path, ())
    (tmp_path / "infretis.toml").write_text(INTERFACES, encoding="utf-8")
    with pytest.raises(DataError, match=r"allowmaxlength is not true: paths were also rejected"):
        read_infretis(tmp_path, ())
    (tmp_path / "infretis.toml").write_text(TOML, encoding="utf-8")
    with pytest.raises(DataError, match=r"has no folder with an order.txt"):
        read_infretis(tmp_path, ())
    path_file(tmp_path, 0, [-0.6, 0.1, 0.7], "('sh', 0.1, 1, 1)")
    with pytest.raises(DataError, match=r"no accepted shooting move begins beyond .* 0.2"):
        read_infretis(tmp_path, ())
    path_file(tmp_path, 1, [-0.6, 0.3, 0.7], "('sh', 0.3, 1, 9)")
    with pytest.raises(DataError, match=r"has 3 frames, and was shot from frame 9"):
        read_infretis(tmp_path, ())


WRITE = """
import sys, os
import numpy as np
from infretis.classes.formatter import OrderPathFormatter, PathStorage
from infretis.classes.path import Path
from infretis.classes.system import System

rng = np.random.default_rng(1)
storage = PathStorage()
for number in range(int(sys.argv[2])):
    orders = np.r_[-0.6, rng.uniform(-0.4, 0.5, 8), rng.choice([-0.7, 0.8])]
    path = Path()
    for order in orders:
        point = System()
        point.order, point.config = [order, order**2], (f"{number}.xyz", 0)
        path.append(point)
    frame = int(rng.integers(1, 9))
    path.generated, path.status, path.path_number = ("sh", orders[frame], 3, frame), "ACC", number
    folder = os.path.join(sys.argv[1], "load", str(number))
    os.makedirs(folder)
    storage.output_path_files(number, (path, "ACC"), folder)
    print(orders[frame], "B" if orders[-1] > 0 else "A")
"""
"""Makes paths with the classes of infretis, writes them by its storage, and says what they are."""


def infretis_python():
    """An interpreter that has infretis, or None."""
    python = os.environ.get("INFRETIS_PYTHON", sys.executable)
    done = subprocess.run([python, "-c", "import infretis"], capture_output=True, check=False)
    return None if done.returncode else python


def test_paths_that_infretis_has_written(tmp_path):
    python = infretis_python()
    if python is None:
        pytest.skip("infretis is not installed; INFRETIS_PYTHON names an interpreter that has it")
    (tmp_path / "infretis.toml").write_text(TOML, encoding="utf-8")
    done = subprocess.run(
        [python, "-c", WRITE, str(tmp_path), "60"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    told = [line.split() for line in done.stdout.splitlines()]
    right = [(float(order), end) for order, end in told if float(order) >= 0.2]
    shots = read_infretis(tmp_path, ("x", "x2"))
    np.testing.assert_allclose(shots.values[:, 0], [order for order, _ in right], atol=1e-6)
    np.testing.assert_allclose(shots.values[:, 1], shots.values[:, 0] ** 2, atol=2e-6)
    assert shots.ends[:, 1].tolist() == [end for _, end in right]


def simulation_of_infretis(folder):
    """The fixture, unpacked: files of infretis 2026.1.1, see infretis_run.py."""
    packed = REPOSITORY / "tests" / "data" / "infretis.tar.xz"
    with tarfile.open(packed, encoding="utf-8") as archive:
        # Python 3.11.2 has no filters, 3.14 wants one.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(folder)
    return folder


def committor_of_the_well(places, repeats=200):
    """p_B of each place by Langevin dynamics in x^4 - 2 x^2, with kT, friction and steps there."""
    rng = np.random.default_rng(1)
    kt, friction, step = 0.5, 2.0, 0.05
    keep = np.exp(-friction * step)
    noise = np.sqrt(kt * (1 - keep**2))
    x = np.repeat(places, repeats)
    v = np.sqrt(kt) * rng.normal(size=x.size)
    ended, live = np.zeros(x.size), np.arange(x.size)
    while len(live):
        for _ in range(5):
            v += 0.5 * step * (4 * x - 4 * x**3)
            x = x + 0.5 * step * v
            v = keep * v + noise * rng.normal(size=x.size)
            x = x + 0.5 * step * v
            v += 0.5 * step * (4 * x - 4 * x**3)
        done = (x <= -0.9) | (x >= 0.6)
        ended[live[done]] = x[done] >= 0.6
        x, v, live = x[~done], v[~done], live[~done]
    return ended.reshape(-1, repeats).mean(axis=1)


def test_a_whole_simulation_of_infretis(tmp_path):
    shots = read_infretis(simulation_of_infretis(tmp_path), ())
    places, ended_b = shots.values[:, 0], shots.ends[:, 1] == "B"
    assert shots.names == ("orderp", "cv1")
    assert len(shots) == 264
    assert places.min() >= -0.75
    assert set(shots.ends[:, 0]) == {"not_shot"}
    # The second order parameter of the run follows from the first.
    np.testing.assert_allclose(shots.values[:, 1], (1000 * places) % 1, atol=2e-3)
    # Nearly all points are on the side of A, where velocities that come from A change little.
    p = committor_of_the_well(places)
    assert abs(ended_b.sum() - p.sum()) < 4 * np.sqrt((p * (1 - p)).sum())


def test_infretis_runs_and_is_read(tmp_path):
    python = infretis_python()
    if python is None:
        pytest.skip("infretis is not installed; INFRETIS_PYTHON names an interpreter that has it")
    script = Path(__file__).with_name("infretis_run.py")
    done = subprocess.run(
        [python, str(script), str(tmp_path), "60"], capture_output=True, text=True, check=False
    )
    if "No module named 'turtlemd'" in done.stderr:
        pytest.skip("TurtleMD is not installed beside infretis")
    assert done.returncode == 0, done.stderr[-2000:]
    shots = read_infretis(tmp_path, ("x", "rest"))
    assert len(shots) > 5
    assert shots.values[:, 0].min() >= -0.75
