import numpy as np

from mechanist.committor.surface import Score, cross_entropy, fit, new_columns
from mechanist.statistics.logistic import q_to_p


def quadratic(rng, points=3000):
    x = rng.normal(size=(points, 3))
    q = 0.5 + x[:, 0] - 0.7 * x[:, 1] ** 2 + 0.8 * x[:, 0] * x[:, 1]
    return x, q_to_p(q), q


def surface(x, chosen):
    columns = np.ones((len(x), 1))
    before = []
    for i in chosen:
        columns = np.hstack([columns, new_columns(x[:, before], x[:, [i]])])
        before.append(i)
    return columns


def test_it_finds_a_quadratic(rng):
    x, p, q = quadratic(rng)
    columns = surface(x, [0, 1])
    constants, fitted = fit(columns, p, np.zeros(columns.shape[1]))
    # Order: 1, x0, x0^2, x1, x1^2, x1 x0. The ridge of 1e-3 pulls each by about a hundredth.
    np.testing.assert_allclose(constants, [0.5, 1, 0, 0, -0.7, 0.8], atol=0.03)
    np.testing.assert_allclose(fitted, columns @ constants)
    assert cross_entropy(fitted, p).mean() < cross_entropy(q, p).mean() + 1e-4


def test_outcomes_that_a_line_separates_leave_it_finite(rng):
    x = rng.normal(size=(50, 1))
    constants, _ = fit(surface(x, [0]), (x[:, 0] > 0).astype(float), np.zeros(3))
    assert np.isfinite(constants).all()


def test_the_score_ranks_as_the_fit_does(rng):
    x, p, _ = quadratic(rng)
    base = surface(x, [0])
    constants, q = fit(base, p, np.zeros(3))
    score = Score(base, q, p)
    gain = {}
    for i in (1, 2):
        added = new_columns(x[:, [0]], x[:, [i]])
        _, wider = fit(np.hstack([base, added]), p, np.append(constants, np.zeros(3)))
        gain[i] = (cross_entropy(q, p) - cross_entropy(wider, p)).mean()
        # Second order: right to a third here, and exact in the limit of small gains.
        assert abs(score.gain(added) - gain[i]) < 0.33 * gain[i] + 1e-4
    assert gain[1] > 10 * gain[2]
