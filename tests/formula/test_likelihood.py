"""Fits by maximum likelihood and their errors, against what is known."""

import numpy as np
import pytest

from mechanist.formula.expression import parse
from mechanist.formula.fit.likelihood import (
    LARGEST,
    Outcomes,
    covariance,
    fit,
    loss,
    point_losses,
)
from mechanist.formula.structure import structure
from mechanist.statistics.logistic import q_to_p


def outcomes(q, rng, chain):
    n_b = rng.binomial(2, q_to_p(q)).astype(float)
    return Outcomes(2 - n_b, n_b, chain)


def test_losses_do_not_overflow():
    q = np.array([-1e4, -30.0, 0.0, 30.0, 1e4])
    ends = Outcomes(np.ones(5), np.ones(5), np.zeros(5, dtype=np.int64))
    expected = [1e4, 30 + 2 * np.log1p(np.exp(-30)), 2 * np.log(2), 30.0, 1e4]
    np.testing.assert_allclose(point_losses(q, ends), expected, rtol=1e-12)
    assert loss(np.zeros(5), ends) == pytest.approx(np.log(2))
    np.testing.assert_allclose(q_to_p(q), [0, 0, 0.5, 1, 1], atol=1e-12)


@pytest.mark.parametrize(
    ("formula", "constants"),
    [
        ("0.26 + 8.4*x0 + 4.2*x1", (0.26, 8.4, 4.2)),
        ("1.5*x0*x1 - 0.4", (-0.4, 1.5)),
        ("2.5*tanh(1.7*x0) + 0.8*x1", None),
        ("3.1*x0/(2.2 + x1)", None),
        ("0.7*exp(1.3*x0) - 1.1", None),
    ],
)
def test_planted_constants_come_back(formula, constants):
    rng = np.random.default_rng(11)
    x = np.asfortranarray(rng.uniform(-1, 1, (8000, 2)))
    form, truth = structure(parse(formula), 2)
    if constants is not None:
        assert sorted(truth) == pytest.approx(sorted(constants))
    q = form.tape.value(x, truth)
    ends = outcomes(q, rng, np.arange(len(x)) % 80)
    found = fit(form.tape, x, np.array(truth) * 1.5, ends)
    assert found is not None
    assert found.loss <= loss(q, ends)
    errors = np.sqrt(np.diag(covariance(form.tape, x, found.constants, ends)))
    # Five standard errors: with a dozen constants in all, chance breaks this once in 1e5 seeds.
    assert np.all(np.abs(found.constants - truth) < 5 * errors)
    assert np.all(errors < 0.5)


def test_errors_tell_the_scatter_of_chains():
    rng = np.random.default_rng(3)
    form, truth = structure(parse("0.3 + 1.2*x0"), 1)
    scores = []
    for _ in range(200):
        # Chains of ten copies of one shot: the honest sample is a tenth of what is counted.
        x = np.repeat(rng.uniform(-1, 1, (150, 1)), 10, axis=0)
        n_b = np.repeat(rng.binomial(2, q_to_p(0.3 + 1.2 * x[::10, 0])), 10).astype(float)
        ends = Outcomes(2 - n_b, n_b, np.repeat(np.arange(150), 10))
        found = fit(form.tape, x, np.array(truth), ends)
        spread = covariance(form.tape, x, found.constants, ends)
        scores.append((found.constants - truth) / np.sqrt(np.diag(spread)))
    # The standard deviation of 200 z-scores is 1 within 4 * 0.05; errors that forget the chains
    # would make it 3.2. Two hundredths more for small-sample bias.
    np.testing.assert_allclose(np.std(scores, axis=0), 1, atol=0.22)


def test_separable_outcomes_have_no_fit():
    x = np.linspace(-1, 1, 40)[:, None]
    n_b = 2.0 * (x[:, 0] > 0)
    form, _ = structure(parse("0.5*x0"), 1)
    found = fit(form.tape, x, np.array([0.5]), Outcomes(2 - n_b, n_b, np.arange(40)))
    assert found is None or (found.loss < 1e-4 and found.constants[0] < LARGEST)


def test_a_start_without_value_has_no_fit():
    form, _ = structure(parse("0.5/x0"), 1)
    ends = Outcomes(np.ones(4), np.ones(4), np.arange(4))
    assert fit(form.tape, np.zeros((4, 1)), np.array([0.5]), ends) is None
