"""Whole trajectories held out, and models compared in pairs."""

import json

import numpy as np
import pytest

from benchmarks.trajectory import paired
from benchmarks.trajectory.measure.sizes import GAPS
from mechanist.trajectory.store import save


def test_the_interval_holds_a_known_ratio_in_95_percent_of_cases():
    rng = np.random.default_rng(11)
    inside, trials = 0, 1000
    for _ in range(trials):
        # Trajectories differ by much more than the models on one of them do.
        common = rng.normal(scale=1.0, size=5)
        ours, theirs = (np.exp(common + rng.normal(scale=0.1, size=5)) for _ in range(2))
        middle, low, high = paired.ratio(0.8 * ours, theirs)
        assert low < middle < high
        inside += low < 0.8 < high
    # Four standard errors of a share of 0.95.
    assert abs(inside / trials - 0.95) < 4 * (0.95 * 0.05 / trials) ** 0.5
    with pytest.raises(ValueError, match="at least 2"):
        paired.ratio([1.0], [1.0])


def test_every_model_is_learned_and_compared_and_what_is_there_is_kept(motion, tmp_path, capsys):
    for number, rows in enumerate((slice(0, 2000), slice(2200, 2800), slice(3000, 3600))):
        save(motion[rows], tmp_path / "data" / f"ethanol_{number:03d}.npz")
    options = ["--out", str(tmp_path), "--learned", "1", "--held", "2", "--kinds", "rnn"]
    options += ["--hidden", "8", "--budget", "40", "--gaps", "100"]
    paired.main(options)
    text = capsys.readouterr().out
    table = [line for line in text.splitlines() if line.startswith("| ")]
    names = [line.split(" | ")[0].removeprefix("| ") for line in table]
    assert names[1:5] == ["Hermite (x, v)", "ridge (x, v)", "bi-RNN", "uni-RNN"]
    assert names[6:] == ["bi-RNN / uni-RNN", "bi-RNN / Hermite (x, v)", "bi-RNN / ridge (x, v)"]
    found = json.loads((tmp_path / "ridge (x, v).json").read_text(encoding="utf-8"))
    base = json.loads((tmp_path / "Hermite (x, v).json").read_text(encoding="utf-8"))
    assert all(len(found[str(gap)]) == 2 for gap in GAPS)
    assert np.mean(found["5"]) < np.mean(base["5"])
    before = (tmp_path / "bi-RNN.json").stat().st_mtime_ns
    paired.main(options)
    assert capsys.readouterr().out == text
    assert (tmp_path / "bi-RNN.json").stat().st_mtime_ns == before
