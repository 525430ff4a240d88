"""Twins of familiar descriptors are written as these; other descriptors must earn their place."""

from dataclasses import replace

import numpy as np
import pytest

from mechanist.formula.choice.familiar import best_familiar, sentence
from mechanist.formula.choice.pareto import reading_length
from mechanist.formula.distil import distil
from mechanist.formula.expression import evaluate, nodes, parse
from mechanist.formula.fit.candidate import Points, fitted
from mechanist.formula.fit.likelihood import Outcomes
from mechanist.formula.search.growth import prunings
from mechanist.formula.search.twins import in_familiar, twins
from mechanist.formula.structure import column_symbols, structure
from tests.formula.test_distil import SMALL, planted

OWNERS = ("far", "far", "phi", "phi", "h", "r")
LINEAR = (0, 1, 2, 3, 4, 5)


def table(rows=2000, seed=1):
    """Columns of a torsion that is phi + 2, of phi, of a height and of a length."""
    rng = np.random.default_rng(seed)
    phi = rng.uniform(-np.pi, np.pi, rows)
    far = phi + 2 + 0.02 * rng.normal(size=rows)
    height = 0.1 * np.sin(phi - 0.4) + 0.04 * rng.normal(size=rows)
    columns = [np.sin(far), np.cos(far), np.sin(phi), np.cos(phi), height, rng.normal(size=rows)]
    return np.asfortranarray(np.column_stack(columns))


def test_a_twin_is_written_as_the_named_one():
    x, values = column_symbols(6), table()
    known = twins(values, LINEAR, OWNERS, ("phi", "psi"))
    # The height has a quarter of its variance from elsewhere: no twin.
    assert set(known) == {x[0], x[1]}
    written = in_familiar(parse("0.3 + 2*x0 + 1.5*x5"), known)
    assert {s.name for s in written.free_symbols} == {"x2", "x3", "x5"}
    named = {f"x{i}": values[:, i] for i in range(6)}
    before = evaluate("0.3 + 2*x0 + 1.5*x5", named)
    # 2 sin(far) differs by 2 * 0.02 from that of phi + 2.
    assert np.std(evaluate(written, named) - before) == pytest.approx(0.028, abs=0.004)
    assert in_familiar(parse("2*x4 + x5"), known) is None
    assert twins(values, LINEAR, OWNERS, ()) == {}
    assert twins(values, LINEAR, OWNERS, ("far",)).keys() == {x[2], x[3]}


def shots(q, seed=2):
    rng = np.random.default_rng(seed)
    n_b = rng.binomial(2, 1 / (1 + np.exp(-q))).astype(float)
    return Outcomes(2 - n_b, n_b, np.arange(len(q)) % 40)


def test_what_other_descriptors_add_is_shown():
    values = table(20_000)
    q = 25 * values[:, 4] + 1.2 * values[:, 5]
    points = Points(values, shots(q))
    texts = ("0.1", "2*x2", "2*x2 - x3", "2*x2 - x3 + 0.01*x2*x3", "2*x2 - x3 + x5", "20*x4 + x5")
    fits = [fitted(parse(text), points, "test") for text in texts]
    chosen = fits[-1]
    found = best_familiar(fits, chosen, points, OWNERS, ("phi", "r"), 0.003)
    assert found.candidate is fits[4]
    assert found.excess > 0.01
    assert found.excess > 5 * found.error > 0
    line = sentence(found, chosen, OWNERS, "2*sin(phi)", 0.003)
    assert "not within formula.enough (0.003); that is what h adds." in line
    only = best_familiar(fits, chosen, points, OWNERS, ("phi",), 0.003)
    assert only.candidate is fits[2]
    assert best_familiar(fits, chosen, points, OWNERS, (), 0.003) is None
    assert best_familiar(fits, chosen, points, OWNERS, ("psi",), 0.003) is None
    own = best_familiar(fits, chosen, points, OWNERS, ("h", "r"), 0.003)
    assert own.candidate is chosen
    assert sentence(own, chosen, OWNERS, "", 0.003) == "The formula has familiar descriptors alone."


def test_an_unfamiliar_descriptor_must_save_more_than_a_node():
    points = Points(table(), shots(table()[:, 2]))
    wave, height, both = (
        fitted(parse(text), points, "test")
        for text in ("0.1 + x2*(1 - 2*x3) + x5", "0.1 + x4*(1 - 2*x3) + x5", "0.1 + x4 + x5")
    )
    assert reading_length(wave) == reading_length(height)
    lengths = [reading_length(one, OWNERS, ("phi",)) for one in (wave, height, both)]
    assert lengths[1] - lengths[0] == 2
    # Each of its descriptors counts, whichever column it enters by.
    assert lengths[2] == reading_length(both) + 4
    assert reading_length(both, OWNERS, ()) == reading_length(both)


def test_a_helper_may_stand_for_a_part_of_its_combination():
    """A height that is a sine but for 5 % of its variance: the constant and the cosine go."""
    rng = np.random.default_rng(8)
    values = table()
    values[:, 4] = 0.1 * values[:, 2] + 0.016 * rng.normal(size=len(values))
    points = Points(values, shots(values[:, 2] * (2 - 3 * values[:, 3]) + values[:, 5]))
    known = twins(values, LINEAR, OWNERS, ("phi",))
    before = parse("x4*(20 - 30*x3) + x5")
    forms = list(prunings(in_familiar(before, known), points))
    assert [nodes(one) for one in forms] == sorted((nodes(one) for one in forms), reverse=True)
    wanted = parse("x2*(2 - 3*x3) + x5")
    (found,) = [one for one in forms if structure(one, 6)[0].key == structure(wanted, 6)[0].key]
    assert nodes(found) == nodes(before)
    assert fitted(found, points, "test").loss < fitted(before, points, "test").loss


def test_both_formulas_are_in_the_result():
    data, _, _ = planted("8.4*sin(phi) + 4.2*sin(theta)")
    result = distil(replace(data, preferred=("phi", "psi")), SMALL, 1, 1, lambda line: None)
    assert result.chosen.descriptors == ("phi", "theta")
    assert set(result.familiar.descriptors) <= {"phi", "psi"}
    assert result.familiar in result.pareto_front
    assert result.readability.startswith("In familiar descriptors alone: q = ")
    assert "theta add" in result.readability
    # Longer familiar formulas are not driven out by better ones in phi.
    near = distil(replace(data, preferred=("theta", "twin")), SMALL, 1, 1, lambda line: None)
    assert near.chosen.descriptors == ("phi", "theta")
    assert set(near.familiar.descriptors) == {"theta", "twin"}
    whole = distil(replace(data, preferred=("phi", "theta")), SMALL, 1, 1, lambda line: None)
    assert whole.familiar == whole.chosen
    assert whole.readability == "The formula has familiar descriptors alone."
