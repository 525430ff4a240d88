"""The commitment head where the exact answer is known: Langevin motion over a parabolic barrier.

In V = -w^2 x^2/2 + u^2 y^2/2 (mass 1, friction g, temperature T) the only growing mode is
z = v_x + (l + g) x with l = -g/2 + sqrt(g^2/4 + w^2), dz = l z dt + sqrt(2 g T) dW, so that

    p_B(x, v) = Phi(z / sqrt(g T / l)),

which a logistic function of a linear one follows to 0.0095. y and v_y say nothing.
"""

import numpy as np
import pytest
from scipy.special import ndtr

from mechanist.errors import DataError
from mechanist.trajectory.forecast.commitment import (
    early,
    fit_head,
    flattened,
    load,
    loss,
    maximum,
    save,
)

W, U, G, T, H = 1.0, 2.0, 1.0, 1.0, 0.05
L = -G / 2 + np.sqrt(G**2 / 4 + W**2)
PROBIT = 0.0095
"""Largest distance of a logistic function from the normal distribution function."""


def exact(x, v):
    return ndtr((v[:, 0] + (L + G) * x[:, 0]) / np.sqrt(G * T / L))


def step(x, v, rng):
    """BAOAB (Leimkuhler and Matthews, Appl. Math. Res. Express 2013, 34)."""
    pull = np.array([W**2, -(U**2)])
    v = v + 0.5 * H * pull * x
    x = x + 0.5 * H * v
    keep = np.exp(-G * H)
    v = keep * v + np.sqrt((1 - keep**2) * T) * rng.normal(size=v.shape)
    x = x + 0.5 * H * v
    return x, v + 0.5 * H * pull * x


@pytest.fixture(scope="module")
def shots():
    """Positions (B, K, 2), the last velocities, and where each of 6,000 shots has ended."""
    rng = np.random.default_rng(6)
    x = rng.normal(size=(6000, 2)) * [1.0, 0.5]
    v = rng.normal(size=(6000, 2))
    known = [x]
    for _ in range(5):
        x, v = step(x, v, rng)
        known.append(x)
    last = x, v
    # The growing mode is e^(0.62 t): after a time of 15 it is 1e4 times larger.
    for _ in range(300):
        x, v = step(x, v, rng)
    return np.stack(known, axis=1), *last, (x[:, 0] > 0).astype(float)


def test_head_finds_the_exact_probability_from_the_state(shots):
    _, x, v, ends = shots
    head = fit_head(np.concatenate([x, v], axis=1), ends)
    p, truth = head(np.concatenate([x, v], axis=1)), exact(x, v)
    # Five weights from n outcomes: the mean square error is about 5 p(1-p)/n at most, 0.25 each.
    tolerance = PROBIT + 4 * np.sqrt(5 * 0.25 / len(ends))
    assert np.sqrt(((p - truth) ** 2).mean()) < tolerance
    # Ratio of velocity and position in the growing mode.
    raw = head.weights / head.scale
    assert raw[2] / raw[0] == pytest.approx(1 / (L + G), rel=0.15)
    assert np.abs(raw[[1, 3]]).max() < 0.1 * raw[0]
    assert head.slope == pytest.approx(1.0, abs=0.1)


def test_history_of_positions_tells_what_the_velocity_would(shots):
    known, x, v, ends = shots
    half = len(ends) // 2
    history, last = flattened(known), flattened(known[:, -1:])
    losses = []
    for features in (history, last):
        head = fit_head(features[:half], ends[:half])
        losses.append(loss(head.logit(features[half:]), ends[half:]))
    truth = exact(x, v)[half:]
    best = -np.mean(ends[half:] * np.log(truth) + (1 - ends[half:]) * np.log(1 - truth))
    assert losses[0] < losses[1]
    # The mean of differences of losses of the same outcomes spreads by less than 0.01 here.
    assert losses[0] < best + 0.015


def test_probabilities_are_calibrated_on_fresh_shots(shots):
    known, _, _, ends = shots
    features, half = flattened(known), len(ends) // 2
    p = fit_head(features[:half], ends[:half])(features[half:])
    for low in np.arange(0, 1, 0.2):
        rows = (p >= low) & (p < low + 0.2)
        found, said = ends[half:][rows].mean(), p[rows].mean()
        # Four standard errors of the fraction, and the distance of logistic and normal.
        assert abs(found - said) < PROBIT + 4 * np.sqrt(0.25 / rows.sum())


def test_early_decisions_are_as_wrong_as_they_say(shots):
    known, _, _, ends = shots
    features, half = flattened(known), len(ends) // 2
    said = early(fit_head(features[:half], ends[:half])(features[half:]), 0.05)
    decided = said != 0
    wrong = (said[decided] > 0) != (ends[half:][decided] > 0.5)
    assert decided.mean() > 0.2
    assert wrong.mean() < 0.05 + 4 * np.sqrt(0.05 * 0.95 / decided.sum())


def test_groups_stay_together():
    """Outcomes that copy each other within a group do not deceive: the penalty grows."""
    rng = np.random.default_rng(7)
    features = np.repeat(rng.normal(size=(30, 20)), 10, axis=0)
    ends = np.repeat((rng.random(30) < 0.5).astype(float), 10)
    groups = np.repeat(np.arange(30), 10)
    apart, together = fit_head(features, ends), fit_head(features, ends, groups)
    assert apart.heldout < 0.2
    # Nothing can be known: ln 2, but for chance with 30 groups.
    assert together.heldout > 0.5


def test_maximum_likelihood_by_hand():
    """One constant: the logarithm of the odds."""
    y = np.array([1.0, 1, 1, 0])
    assert maximum(np.ones((4, 1)), y, 0.0)[0] == pytest.approx(np.log(3), abs=1e-6)


def test_head_on_disk_and_refusals(shots, tmp_path):
    _, x, v, ends = shots
    features = np.concatenate([x, v], axis=1)[:500]
    head = fit_head(features, ends[:500])
    path = tmp_path / "head.json"
    save(head, path)
    np.testing.assert_array_equal(load(path)(features), head(features))
    with pytest.raises(DataError, match="not \\(B, 4\\)"):
        head(features[:, :3])
    with pytest.raises(DataError, match="finite"):
        head(np.full((1, 4), np.nan))
    with pytest.raises(DataError, match="both must occur"):
        fit_head(features, np.ones(500))
    with pytest.raises(DataError, match="one group"):
        fit_head(features, ends[:500], np.zeros(500, dtype=int))
    (tmp_path / "short.json").write_text(path.read_text().replace('"mean": [', '"mean": [1.0,'))
    with pytest.raises(DataError, match="fit together"):
        load(tmp_path / "short.json")
    (tmp_path / "other.json").write_text('{"format": 9}')
    with pytest.raises(DataError, match="not a commitment head"):
        load(tmp_path / "other.json")


def test_outcomes_that_a_plane_tells_apart():
    features = np.linspace(-1, 1, 40)[:, None]
    head = fit_head(features, (features[:, 0] > 0).astype(float))
    p = head(features)
    assert np.isfinite(p).all()
    assert ((p > 0.5) == (features[:, 0] > 0)).all()
