"""The Pareto front and the choice on it."""

import numpy as np
import pytest

from mechanist.formula.choice.pareto import (
    LEVEL,
    mean_and_error,
    one_standard_error,
    pareto,
    penalty,
    products,
    representatives,
    selection_margin,
    used,
)
from mechanist.formula.expression import evaluate, parse
from mechanist.formula.fit.candidate import Candidate, Points, fitted
from mechanist.formula.fit.likelihood import Outcomes, point_losses
from mechanist.formula.structure import structure
from mechanist.statistics.logistic import q_to_p


def shots(formula, count, seed, chains=40):
    rng = np.random.default_rng(seed)
    x = np.asfortranarray(rng.uniform(-1, 1, (count, 4)))
    q = evaluate(formula, {f"x{i}": x[:, i] for i in range(4)})
    n_b = rng.binomial(2, q_to_p(q)).astype(float)
    return Points(x, Outcomes(2 - n_b, n_b, np.arange(count) % chains))


def fits(formulas, points):
    return [fitted(parse(formula), points, "test") for formula in formulas]


def with_loss(formula, loss):
    form, start = structure(parse(formula), 4)
    return Candidate(form, np.array(start), loss, "test")


def test_the_error_of_a_mean_covers_it():
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(300):
        effect = np.repeat(rng.normal(size=25), 20)
        values = 2 * (0.7 + effect + rng.normal(size=500))
        ends = Outcomes(np.ones(500), np.ones(500), np.repeat(np.arange(25), 20))
        mean, error = mean_and_error(values, ends)
        inside += abs(mean - 0.7) < 2.06 * error
    # Student's t with 24 degrees of freedom: 95 % of 300, within 4 standard errors (0.0126 each).
    assert abs(inside / 300 - 0.95) < 0.05


def test_one_chain_falls_back_on_points():
    ends = Outcomes(np.ones(100), np.ones(100), np.zeros(100, dtype=np.int64))
    values = np.random.default_rng(4).normal(size=100)
    mean, error = mean_and_error(values, ends)
    assert mean == pytest.approx(values.mean() / 2)
    assert error == pytest.approx(values.std(ddof=1) / 10 / 2)


def test_the_truth_is_chosen_and_not_what_is_longer():
    train, held = shots("2*x0 - x1", 6000, 1), shots("2*x0 - x1", 3000, 2)
    formulas = ["0.1", "2*x0", "2*x0 - 1.1*x1", "0.1 + 2*x0 - 1.1*x1", "2*x0 - 1.1*x1 + 0.1*x2*x3"]
    front = pareto(fits(formulas, train), held)
    assert [entry.candidate.nodes for entry in front][:3] == [1, 3, 7]
    losses = [entry.loss for entry in front]
    assert losses == sorted(losses, reverse=True)
    excess = np.array([[entry.excess, entry.excess_error] for entry in front]).T
    assert front[one_standard_error(*excess)].candidate.nodes == 7
    assert front[-1].excess == 0 == front[-1].excess_error


def test_differences_are_sharper_than_losses():
    train, held = shots("2*x0 - x1", 6000, 1), shots("2*x0 - x1", 3000, 2)
    front = pareto(fits(["2*x0 - 0.5*x1", "2*x0 - 1.1*x1 + 0.9*x1**3"], train), held)
    assert front[0].excess_error < 0.3 * front[0].error


def taken(group, owners, tie):
    nodes, losses = np.array([c.nodes for c in group]), np.array([c.loss for c in group])
    (place,) = representatives(nodes, losses, [penalty(c, owners) for c in group], tie)
    return group[place]


def test_equal_formulas_go_by_relevance_then_by_form():
    owners = ("phi", "phi", "theta", "psi")
    group = [
        with_loss("2.5*x0 + 1.5*x3", 0.5000),
        with_loss("2.5*x0 + 1.5*x2", 0.5004),
        with_loss("2.5*x1 + 1.5*x0", 0.5100),
    ]
    assert used(taken(group, owners, tie=1e-3), owners) == ("phi", "theta")
    assert used(taken(group, owners, tie=1e-5), owners) == ("phi", "psi")
    group = [with_loss("x0*(2.5 + x2*1.5)", 0.5), with_loss("2.5*x0 + 1.5*x2", 0.5004)]
    assert products(taken(group, owners, tie=1e-3).expr) == 0


@pytest.mark.parametrize(
    ("formula", "count"),
    [
        ("2*x0 + x1", 0),
        ("x0*x1", 1),
        ("2*x0*x1*x2", 2),
        ("x0/(1.5 + x1)", 2),
        ("exp(x0) + x1**2", 2),
    ],
)
def test_products(formula, count):
    assert products(parse(formula)) == count


def test_a_tie_goes_to_the_shorter():
    excess, error = np.array([4e-4, 0.0]), np.array([1e-4, 0.0])
    assert one_standard_error(excess, error) == 1
    assert one_standard_error(excess, error, 5e-4) == 0


def test_the_margin_for_the_best_of_many():
    """Rivals that add nothing pass one standard error often, and the margin seldom."""
    rng = np.random.default_rng(6)
    points, rivals, repeats = 400, 15, 400
    by_error = by_margin = 0
    for _ in range(repeats):
        q = rng.normal(size=points)
        n_b = rng.binomial(2, q_to_p(q)).astype(float)
        ends = Outcomes(2 - n_b, n_b, np.zeros(points, dtype=np.int64))
        others = q + 0.15 * rng.normal(size=(rivals, points))
        rises = point_losses(q, ends) - np.array([point_losses(other, ends) for other in others])
        excess, error = mean_and_error(rises[np.argmax(rises.sum(axis=1))], ends)
        by_error += excess > error
        by_margin += excess > selection_margin(rivals, ends)
    assert by_error > 0.3 * repeats
    # Four standard errors (0.018 each) above the level that is promised.
    assert by_margin < (LEVEL + 0.073) * repeats


def test_the_margin_hides_no_real_difference():
    """Truths that gain 0.05 nats an outcome are told from a constant with 800 outcomes."""
    held = shots("1.2*x0", 400, 3)
    front = pareto(fits(["0.1", "1.1*x0"], shots("1.2*x0", 400, 4)), held)
    assert front[0].excess > selection_margin(25, held.outcomes)
    assert selection_margin(25, held.outcomes) == pytest.approx(np.log(25 / LEVEL) / 800)
