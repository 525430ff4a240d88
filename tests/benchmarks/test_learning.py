"""The learning curve measures the error of the models of a run."""

import numpy as np
import pytest

from benchmarks.speed.learning import Points, curve, main, shoot
from tests.truth.toys import start

POINTS, SHOTS = 20, 100


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    few = {"workers": 1, "chains": 8, "first_round": 800, "growth": 1.0}
    made = start("double_well", tmp_path_factory.mktemp("learning"), 3, **few)
    for number in range(2):
        made.round(number)
    return made


def test_errors_are_those_beyond_counting_noise(toy):
    points = shoot(toy.layout, POINTS, SHOTS, 1)
    assert len(points.frames) == POINTS
    assert (points.n <= SHOTS).all()
    rows = curve("run", toy.layout, points)
    assert [row.round for row in rows] == [0, 1]
    assert rows[0].shots < rows[1].shots
    # The model is good to some hundredths from the second round on; counting noise, which is
    # taken off, is 0.04. Four standard errors.
    assert rows[1].error < 0.03 + 4 * rows[1].uncertain
    # Outcomes of which a tenth is turned to B are off by (1 - p) / 10.
    turned = np.random.default_rng(2).binomial(points.n - points.n_b, 0.1)
    off = curve("run", toy.layout, Points(points.frames, points.n, points.n_b + turned))[1]
    assert off.error > rows[1].error
    assert off.error == pytest.approx(0.06, abs=0.03)


def test_the_page_names_every_round(toy, tmp_path):
    out = tmp_path / "learning.md"
    arguments = [str(toy.layout.root), "--points", "5", "--shots", "20", "--out", str(out)]
    assert main(arguments) == 0
    lines = out.read_text(encoding="utf-8").splitlines()
    assert sum(line.startswith(f"| {toy.layout.root.name} ") for line in lines) == 2
