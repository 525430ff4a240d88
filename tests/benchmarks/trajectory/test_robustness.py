"""Noise, less data, other temperatures and distributions: more of table T1."""

import numpy as np
import pytest

from benchmarks.trajectory.files import TrajectoryFiles
from benchmarks.trajectory.job import Job
from benchmarks.trajectory.measure.bonds import bonds
from benchmarks.trajectory.measure.distributions import angles_of, distributions
from benchmarks.trajectory.measure.robustness import (
    LSTM,
    NOISE,
    SHARES,
    TEMPERATURES,
    noisy,
    some,
)
from benchmarks.trajectory.models.polynomials import linear
from benchmarks.trajectory.names import BRIDGE, HERMITE, LINEAR, RIDGE
from benchmarks.trajectory.page.robustness import (
    SECTIONS,
    name_of,
    robustness,
    robustness_entries,
    robustness_markdown,
)
from benchmarks.trajectory.reference.molecules import molecule
from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.journal import Journal
from mechanist.errors import DataError
from mechanist.settings.config import Config
from mechanist.settings.load import validate
from mechanist.trajectory.dataset import by_time, windows
from mechanist.trajectory.superres.polynomials import hermite
from mechanist.trajectory.superres.protocol import Filled


def rows_of(record, section, key="position"):
    return {(row["model"], row["condition"]): row[key] for row in record["sections"][section]}


def test_some_gaps_are_spread_over_the_block(motion):
    every = windows(motion, 20)
    few = some(every, 200)
    assert len(few) == 10
    np.testing.assert_array_equal(few.positions[0], every.positions[0])
    np.testing.assert_array_equal(few.positions[-1], every.positions[-1])
    assert few.accelerations.shape == (10, 2, 9, 3)
    assert len(some(every, 10**9)) == len(every)


def test_noise_of_the_ends_goes_through_straight_lines_as_it_must(motion):
    test = windows(motion, 20)
    numbers = motion.numbers
    away = noisy({LINEAR: linear}, test, numbers, 3)
    # What is added at u is sigma sqrt((1 - u)^2 + u^2) times a normal number, independent of what
    # the line is off by; so mean squares add up. Here the noise is made large beside that.
    still = test.positions.copy()
    still[:] = still[:, :1]
    from dataclasses import replace

    none = replace(test, positions=still, velocities=np.zeros_like(still))
    only = {row["condition"]: row["position"] for row in noisy({LINEAR: linear}, none, numbers, 3)}
    u = np.arange(1, 21) / 21
    wanted = np.sqrt(2 / np.pi) * np.sqrt((1 - u) ** 2 + u**2).mean()
    count = len(test) * motion.positions[0].size
    # Noise of two ends a coordinate and gap; the spread of |x| is 0.76 of its mean; four errors.
    for sigma in NOISE[1:]:
        assert only[sigma] / sigma == pytest.approx(wanted, rel=4 * 0.76 / np.sqrt(count))
    assert only[0.0] == 0
    found = [row["position"] for row in away]
    assert found == sorted(found)


def test_more_noise_is_worse_for_every_model(robustness_records):
    for record in robustness_records:
        found = rows_of(record, "noise")
        assert {key[0] for key in found} == {BRIDGE, RIDGE, HERMITE, LINEAR, LSTM}
        for model in (BRIDGE, RIDGE, HERMITE):
            values = [found[model, sigma] for sigma in NOISE]
            assert values == sorted(values)
        assert found[BRIDGE, 0.0] < found[RIDGE, 0.0] < found[LINEAR, 0.0]


def test_more_data_are_better(robustness_records):
    for record in robustness_records:
        found = rows_of(record, "data")
        assert {key[1] for key in found} == {*SHARES, 1.0}
        assert found[BRIDGE, 1.0] < found[BRIDGE, 0.5] < found[BRIDGE, 0.25]
        # All of the data is what the other tables are of.
        same = rows_of(record, "noise")
        assert found[BRIDGE, 1.0] == same[BRIDGE, 0.0]
        assert found[RIDGE, 1.0] == same[RIDGE, 0.0]


def test_hotter_motion_is_harder(robustness_records):
    for record in robustness_records:
        found = rows_of(record, "transfer")
        cold, hot = TEMPERATURES
        (own,) = {key[1] for key in found} - {cold, hot}
        # The springs were heated to 300 K with other seeds.
        assert 200 < own < 400
        for model in (BRIDGE, HERMITE, LINEAR):
            assert found[model, cold] < found[model, hot]


def test_distributions_of_what_is_known(motion):
    test = windows(by_time(motion, 22).test, 20)
    truth = Filled(test.positions[:, 1:-1], test.velocities[:, 1:-1])
    faster = Filled(truth.positions * 1.01, truth.velocities * 1.1)
    models = {"true": lambda ends: truth, "faster": lambda ends: faster}
    same, other = distributions(models, test, motion.numbers)
    assert same["bonds"] == same["angles"] == same["speeds"] == 0
    # All bonds longer by a hundredth, all speeds higher by a tenth.
    bound = bonds(motion.numbers, test.positions[0, 0])
    lengths = np.linalg.norm(
        truth.positions[:, :, bound[:, 0]] - truth.positions[:, :, bound[:, 1]], axis=3
    )
    assert other["bonds"] == pytest.approx(0.01 * lengths.mean())
    speeds = np.linalg.norm(truth.velocities, axis=3)
    assert other["speeds"] == pytest.approx(0.1 * speeds.mean())
    assert other["angles"] == pytest.approx(0, abs=1e-5)


def test_the_order_of_frames_does_not_matter_to_distributions(motion):
    test = windows(by_time(motion, 22).test, 20)
    back = Filled(test.positions[:, -2:0:-1], -test.velocities[:, -2:0:-1])
    (found,) = distributions({"back": lambda ends: back}, test, motion.numbers)
    assert found["bonds"] == found["angles"] == found["speeds"] == 0


def test_angles_of_ethanol():
    start = molecule("ethanol")
    found = angles_of(bonds(start.numbers, start.positions))
    # Two carbons with four neighbours, an oxygen with two: 6 + 6 + 1.
    assert len(found) == len(set(found)) == 13
    assert (1, 2, 8) in found


def test_restored_distributions_are_nearer_by_better_models(robustness_records):
    for record in robustness_records:
        for key in ("bonds", "speeds"):
            found = rows_of(record, "distributions", key)
            for gap in (20, 40):
                assert found[BRIDGE, gap] < found[RIDGE, gap] < found[LINEAR, gap]


def test_numbers_are_means_and_spreads(robustness_records):
    numbers = robustness_entries("ethanol", robustness_records)
    by = {(one.table, one.row, one.column, one.unit): one for one in numbers}
    column = "T = 20, noise of 0.01 Å: position, mean absolute error"
    entry = by[name_of("ethanol", "noise"), BRIDGE, column, "Å"]
    values = [10 * rows_of(record, "noise")[BRIDGE, 1e-3] for record in robustness_records]
    assert entry.value == pytest.approx(np.mean(values))
    assert entry.std == pytest.approx(np.std(values, ddof=1))
    column = "T = 40: angles, distance of distributions"
    assert by[name_of("ethanol", "distributions"), HERMITE, column, "degrees"].value > 0
    assert {one.table for one in numbers} == {name_of("ethanol", key) for key in SECTIONS}
    text = robustness_markdown(numbers, "ethanol", "data", "position")
    assert "T = 20, 25 % of the data" in text[2]
    assert len(text) == 4 + 2 + 1


def test_wrong_records_are_refused(robustness_records, tmp_path):
    files = TrajectoryFiles(tmp_path)
    config = validate(Config, {"trajectory": {"seeds": 2}}, "test")
    for record in robustness_records:
        write_json(files.robustness("ethanol", record["number"]), record)
    assert len(robustness(Job(config, files, Journal()), "ethanol")[1]) > 20
    good = robustness_records[1]
    for wrong, told in (
        ({"size": "full"}, "repeat the step robustness"),
        ({"molecule": "benzene"}, "repeat the step robustness"),
        ({"sections": {}}, "robustness_ethanol_001"),
        ({"gaps": None}, "robustness_ethanol_001"),
    ):
        write_json(files.robustness("ethanol", 1), {**good, **wrong})
        with pytest.raises(DataError, match=told):
            robustness(Job(config, files, Journal()), "ethanol")


def test_hermite_is_nearer_with_less_noise(motion):
    few = some(windows(motion, 20), 400)
    found = [row["position"] for row in noisy({HERMITE: hermite}, few, motion.numbers, 1)]
    assert found == sorted(found)
