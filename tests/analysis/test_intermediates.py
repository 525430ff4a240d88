"""Where half-shots end up that are too long, in worlds whose answer is known.

Overdamped motion with kT = 1 and diffusion constant 1; times are in units of length squared.
"""

from functools import cache

import numpy as np
import pytest

from mechanist.analysis.intermediates.dwelling import METASTABLE, escape_time, memory, merged
from mechanist.analysis.intermediates.intermediates import ENOUGH, FLAT, STATE, find_intermediates
from mechanist.analysis.intermediates.record import LongRecord
from mechanist.analysis.intermediates.text import duration_text
from mechanist.systems.descriptors.descriptor_set import Descriptor
from tests.analysis.half_shots import World, coordinate, gradient, shoot

X, Y = coordinate("x", 0), coordinate("y", 1)
PHI = Descriptor("phi", "torsion", (0, 1, 2, 3))


def evenly(low, high, *spreads):
    """Shooting points, even along the first coordinate."""

    def start(rng, count):
        others = [rng.normal(0, spread, count) for spread in spreads]
        return np.stack([rng.uniform(low, high, count), *others], axis=1)

    return start


def line(energy, low, high, descriptor=X):
    """One coordinate, A below ``low`` and B above ``high``."""
    return World(
        gradient(lambda x: energy(x[:, 0])),
        lambda x: x[:, 0] < low,
        lambda x: x[:, 0] > high,
        evenly(low, high),
        (descriptor,),
    )


def case(x):
    """The potential of an intermediate that a user met."""
    return 2.5 * (1 + np.cos(np.pi * x)) - 2 * np.exp(-(((x - 2) / 0.4) ** 2))


def flat(x):
    """Two wells with nothing between them."""
    return -4 * np.exp(-(((x + 0.5) / 0.3) ** 2)) - 4 * np.exp(-(((x - 3) / 0.3) ** 2))


def trap(x):
    """A valley along x, and a well beside it."""
    along, beside = x[:, 0], x[:, 1]
    well = -6 * np.exp(-((along - 1) ** 2 + (beside - 1.2) ** 2) / 0.3)
    walls = 20 * np.minimum(beside, 0) ** 2 + 50 * np.maximum(beside - 1.8, 0) ** 2
    return well + walls - 2 * np.exp(-((beside / 0.4) ** 2))


def closed(x):
    """A flat stretch that ends at a barrier before B."""
    return flat(x) + 5 * np.exp(-(((x - 2.2) / 0.3) ** 2))


WORLDS = {
    "case": line(case, -0.8, 2.8),
    "flat": line(flat, -0.2, 2.8),
    "closed": line(closed, -0.2, 2.8),
    "two": line(lambda x: 2.5 * (1 + np.cos(2 * np.pi * x)), -0.4, 2.4),
    "trap": World(
        gradient(trap),
        lambda x: x[:, 0] < -0.2,
        lambda x: x[:, 0] > 2.2,
        evenly(-0.2, 2.2, 0.2),
        (X, Y),
    ),
    # Rotation about a bond with wells 120 degrees apart, of which the middle one is no state.
    "torsion": line(lambda x: 3 * (1 - np.cos(3 * x)), -1.6, 1.6, PHI),
}


@cache
def found(name, longest, seed, shots=1000, turn=None):
    return find_intermediates(*shoot(WORLDS[name], longest, shots, seed, turn))


@pytest.mark.parametrize("longest", [3.0, 8.0])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_well_between_the_states_is_an_intermediate_state(longest, seed):
    result = found("case", longest, seed)
    place = result.places[0]
    assert (len(result.places), place.kind) == (1, STATE)
    assert place.share > 0.9
    # Boltzmann mean of the well; 512 half-shots with a spread of 0.3.
    assert place.extents[0].centre == pytest.approx(1.05, abs=0.1)
    assert "an intermediate state near x = 1." in result.text
    assert "% of too-long half-shots end there" in result.text
    assert "make it a state" in result.text
    # Escape by quadrature of the mean first-passage time from x = 1: see below.
    assert result.escape.low < escape_from_the_well() < 1.2 * result.escape.high


def escape_from_the_well():
    """Mean time from x = 1 to either end of ``case``, by the backward equation."""
    x = np.linspace(-0.8, 2.8, 1441)
    h, u = x[1] - x[0], case(x)
    up, down = (np.exp(-(u[1:-1] - u[1:-1]) - (side - u[1:-1]) / 2) for side in (u[2:], u[:-2]))
    rates = np.diag(-(up + down)) + np.diag(up[:-1], 1) + np.diag(down[1:], -1)
    return float(np.linalg.solve(rates / h**2, -np.ones(len(up)))[900 - 181])


@pytest.mark.parametrize(
    ("name", "longest"),
    [
        ("flat", 1.0),
        ("flat", 1.5),
        ("flat", 2.2),
        ("closed", 1.0),
        ("closed", 3.0),
        ("closed", 4.5),
    ],
)
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_a_plateau_is_no_state(name, longest, seed):
    result = found(name, longest, seed)
    assert all(place.kind == FLAT for place in result.places)
    assert "intermediate" not in result.text
    assert "make it a state" not in result.text
    assert "a flat stretch between x = " in result.text or "pile up nowhere" in result.text


@pytest.mark.parametrize(
    ("name", "longest", "seed"), [("flat", 1.0, 1), ("flat", 2.0, 2), ("case", 3.0, 1)]
)
def test_with_the_limit_that_is_advised_few_enough_are_too_long(name, longest, seed):
    text = found(name, longest, seed).text
    advised = float(text.rsplit("to about ", 1)[1].removesuffix(" ps"))
    _, shots, _, _ = shoot(WORLDS[name], advised, 1000, 20 + seed)
    ends = np.stack([shots["end_backward"], shots["end_forward"]])
    # Aimed at is 1 % with the upper end of the escape time; standard error 0.3 %.
    assert (ends == "too_long").any(axis=0).mean() < 0.02


@pytest.mark.parametrize("longest", [3.0, 10.0])
def test_two_wells_are_two_states_even_if_half_shots_change_between_them(longest):
    result = found("two", longest, 3)
    assert [place.kind for place in result.places] == [STATE, STATE]
    centres = sorted(place.extents[0].centre for place in result.places)
    assert centres == pytest.approx([0.5, 1.5], abs=0.05)
    # By symmetry; 512 half-shots.
    assert result.places[0].share == pytest.approx(0.5, abs=0.1)
    assert result.text.count("an intermediate state near x = ") == 2
    assert "make them states" in result.text


@pytest.mark.parametrize("longest", [3.0, 10.0])
def test_a_trap_beside_the_path_is_told_with_both_coordinates(longest):
    result = found("trap", longest, 5)
    assert [place.kind for place in result.places] == [STATE]
    assert "near x = 1.0 nm, y = 1.2 nm" in result.text


@pytest.mark.parametrize("turn", [np.pi, -3.0, 0.4])
def test_an_angle_is_averaged_around_the_circle(turn):
    result = found("torsion", 3.0, 7, turn=turn)
    assert [place.kind for place in result.places] == [STATE]
    off = np.angle(np.exp(1j * (result.places[0].extents[0].centre - turn)))
    assert off == pytest.approx(0.0, abs=0.05)
    low, high = result.places[0].extents[0].low, result.places[0].extents[0].high
    # Boltzmann spread of the well, 5 to 95 %: 2 * 1.645 / 27^(1/2).
    assert high - low == pytest.approx(0.63, abs=0.12)
    degrees = (np.degrees(turn) + 180) % 360 - 180
    assert any(f"phi = {degrees + d:.0f} deg" in result.text for d in range(-3, 4)) or (
        abs(degrees) > 177 and ("phi = 179 deg" in result.text or "phi = -1" in result.text)
    )


def test_nothing_is_said_while_few_shots_are_too_long():
    record, shots, paths, limits = shoot(WORLDS["flat"], 5.0, 4000, 9)
    ends = np.stack([shots["end_backward"], shots["end_forward"]])
    share = (ends == "too_long").any(axis=0).mean()
    assert 0 < share < 0.01
    assert find_intermediates(record, shots, paths, limits) is None


def test_nothing_is_said_of_too_few_half_shots():
    record, shots, paths, limits = shoot(WORLDS["case"], 3.0, 400, 9)
    some = LongRecord(record.descriptors, record.defining, record.values[: ENOUGH - 1])
    assert find_intermediates(some, shots, paths, limits) is None
    enough = LongRecord(record.descriptors, record.defining, record.values[:ENOUGH])
    assert find_intermediates(enough, shots, paths, limits) is not None


def test_without_the_ratio_of_times_a_plateau_would_be_a_state(monkeypatch):
    from mechanist.analysis.intermediates import intermediates

    monkeypatch.setattr(intermediates, "METASTABLE", 0.5)
    monkeypatch.setattr(intermediates, "WIDE", 9.0)
    result = find_intermediates(*shoot(WORLDS["flat"], 2.0, 1000, 1))
    assert result.places[0].kind == STATE


def test_escape_time_counts_those_that_lasted_for_half_the_limit():
    shots = {
        "end_backward": np.array(["A", "B", "too_long", "stopped"], dtype=object),
        "end_forward": np.array(["too_long", "A", "exploded", "B"], dtype=object),
        "steps_backward": np.array([40, 70, 100, 60]),
        "steps_forward": np.array([100, 90, 55, 50]),
    }
    found = escape_time(shots, 0.1, 10.0)
    # B after 7 ps and A after 9 ps; 2 + 5 + 1 + 5 + 4 + 0.5 ps in all.
    assert found.time == pytest.approx(17.5 / 2)
    assert found.low < found.time < found.high
    early = {name: values[:1] for name, values in shots.items()} | {
        "end_forward": np.array(["A"], dtype=object),
        "steps_forward": np.array([30]),
    }
    assert escape_time(early, 0.1, 10.0) is None
    none_left = early | {"end_forward": np.array(["too_long"], dtype=object)}
    none_left |= {"steps_forward": np.array([100])}
    found = escape_time(none_left, 0.1, 10.0)
    assert np.isinf(found.time)
    # No event in 5 ps: 95 %, two-sided.
    assert found.low == pytest.approx(5 / -np.log(0.025))


@pytest.mark.parametrize("true", [0.3, 1.0, 3.0])
def test_memory_of_an_autoregressive_series(true):
    rng = np.random.default_rng(11)
    keep = np.exp(-1 / true)
    x = np.empty((4000, 9, 1))
    x[:, 0] = rng.normal(size=(4000, 1))
    for frame in range(1, 9):
        x[:, frame] = keep * x[:, frame - 1] + (1 - keep**2) ** 0.5 * rng.normal(size=(4000, 1))
    place = np.zeros((4000, 9), dtype=np.int64)
    # Sum over frames, with the part that has decayed into noise left out; with all of it, what is
    # not resolved.
    expected = 0.5 + keep / (1 - keep) if keep > 0.05 else 1 / np.log(20)
    assert memory(x, place, 0, 1.0) == pytest.approx(expected, rel=0.15)
    # Frames of other places do not count.
    place[2000:] = 1
    x[2000:] += 100
    assert memory(x, place, 0, 1.0) == pytest.approx(expected, rel=0.2)


def test_places_that_half_shots_change_between_at_once_are_one():
    rng = np.random.default_rng(12)
    x = rng.normal(size=(200, 9, 1))
    place = (x[:, :, 0] > 0).astype(np.int64)
    assert len(np.unique(merged(x, place, 1.0))) == 1
    apart = np.repeat(rng.integers(0, 2, size=(200, 1)), 9, axis=1)
    assert len(np.unique(merged(x + 10 * apart[:, :, None], apart, 1.0))) == 2


@pytest.mark.parametrize(("last", "ratio"), [(-2.0, 3.0), (-1.0, 8.0)])
def test_ratios_of_flat_stretches(last, ratio):
    """1/lambda_1 and 1/(lambda_2 - lambda_1); one end is absorbing, the other too, or closed."""
    cells = 400
    rates = np.diag(np.full(cells, -2.0)) + np.eye(cells, k=1) + np.eye(cells, k=-1)
    rates[-1, -1] = last
    slow = np.sort(-np.linalg.eigvalsh(rates))[:2]
    assert (slow[1] - slow[0]) / slow[0] == pytest.approx(ratio, rel=1e-3)
    assert 2 * ratio <= METASTABLE


def test_durations():
    assert [duration_text(ps) for ps in (0.5, 34.2, 156.0, 2140.0, 3.3e6)] == [
        "0.5 ps",
        "34 ps",
        "160 ps",
        "2.1 ns",
        "3.3 us",
    ]
