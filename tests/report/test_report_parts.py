import json

import numpy as np
import pytest

from mechanist.bookkeeping.csv_files import numbers, read_csv
from mechanist.errors import DataError
from mechanist.report.figures.axis import degree_ticks, make_axis
from mechanist.report.figures.calibration import binned_outcomes
from mechanist.report.figures.paths import density, mean_length
from mechanist.report.figures.projection import choose_pairs, mark_states
from mechanist.report.figures.style import canvas, plain_name
from mechanist.report.figures.training import training
from mechanist.report.figures.uncertainty import uncertainty
from mechanist.report.jobs import read_jobs, stage_costs
from mechanist.report.load import load_report
from mechanist.report.page.typeset import break_lines, formula_svg, split_terms
from mechanist.statistics.effective_samples import effective_samples
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from mechanist.systems.descriptors.states import Box, Disc, Interval, State, States
from tests.conftest import forget
from tests.report.kinds import ALANINE, PHI, THETA, TOY, X
from tests.report.synthetic import make_run


def test_costs_are_summed_by_stage(tmp_path):
    header = "s\th:m:s\tmax_rss\tmean_load\tcpu_time\n"
    rows = {
        "shoot_000_000": "10\t0:00:10\t100\t90\t9",
        "shoot_000_001": "14\t0:00:14\t300\t90\t13",
        "shoot_001_000": "20\t0:00:20\t200\t90\t19",
        "shoot_002_000": "20\t0:00:20\t200\t90\t19",
        "points_000": "3\t0:00:03\t50\t90\t3",
        "points_001": "4\t0:00:04\t50\t90\t4",
        "distil": "5.5\t0:00:05\t50\t90\t5",
        "report": "0.1\t0:00:00\t-\tNA\tNA",
    }
    for name, row in rows.items():
        (tmp_path / f"{name}.tsv").write_text(header + row + "\n", encoding="utf-8")
    (tmp_path / "learn_000.tsv").write_text("", encoding="utf-8")
    costs = {cost.stage: cost for cost in stage_costs(read_jobs(tmp_path, 1))}
    assert set(costs) == {"shoot", "points", "distil", "report", "learn"}
    shoot = costs["shoot"]
    assert (shoot.jobs, shoot.wall, shoot.cpu, shoot.memory) == (3, 44, 41, 300)
    assert shoot.longest == 14 + 20
    assert (costs["points"].wall, costs["points"].longest) == (7, 4)
    assert (costs["report"].wall, costs["report"].cpu, costs["learn"].wall) == (0.1, 0, 0)


def test_csv_columns_are_checked(tmp_path):
    path = tmp_path / "table.csv"
    with pytest.raises(DataError, match="missing"):
        read_csv(path, ("a",))
    path.write_text("a,b\n1,\n2,3\n", encoding="utf-8")
    rows = read_csv(path, ("a", "b"))
    assert numbers(rows, "a", path) == [1, 2]
    assert np.isnan(numbers(rows, "b", path)[0])
    path.write_bytes(b"a,b\n\xff\xfe\n")
    with pytest.raises(DataError, match="damaged CSV"):
        read_csv(path, ("a",))


def test_pairs_are_the_states_and_the_most_relevant_other(molecule):
    data = load_report(molecule, 3)
    pairs = [(x.name, y.name) for x, y in choose_pairs(data)]
    assert pairs == [("phi", "psi"), ("phi", "theta")]
    x, y = choose_pairs(data)[0]
    assert x.limits == y.limits == (-180, 180)
    assert x.label == "$\\phi$ (degrees)"


def test_two_dimensions_make_one_panel_that_holds_the_discs(tmp_path):
    data = load_report(make_run(tmp_path / "run", TOY, rounds=1, answers=False), 0)
    ((x, y),) = choose_pairs(data)
    assert (x.name, y.name) == ("x", "y")
    assert x.limits[0] < -0.9 < 0.9 < x.limits[1]
    picture = density(data)
    assert not picture.wide
    assert picture.svg.startswith("<svg")


def test_one_dimension_has_no_pair(potential):
    data = load_report(potential, 3)
    assert choose_pairs(data) == []


def test_axis_of_a_torsion_follows_the_data_through_180_degrees():
    rng = np.random.default_rng(41)
    values = np.angle(np.exp(1j * np.radians(175 + 8 * rng.normal(size=2000))))
    axis = make_axis(THETA, values, np.ones(2000), full=False)
    low, high = axis.limits
    assert high - low < 90
    inside = (axis.values >= low) & (axis.values <= high)
    assert inside.mean() > 0.99
    assert np.cos(np.radians(axis.values)) == pytest.approx(np.cos(values), abs=1e-9)
    with canvas(4, 3) as figure:
        axes = figure.subplots()
        axes.set_xlim(axis.limits)
        degree_ticks(axes, "x", axis)
        figure.canvas.draw()
        texts = [tick.get_text() for tick in axes.get_xticklabels()]
    shown = [float(text.replace("\N{MINUS SIGN}", "-")) for text in texts if text]
    assert all(-180 <= value <= 180 for value in shown)
    assert any(value < -100 for value in shown)
    assert any(value > 100 for value in shown)


def test_axis_of_a_coordinate_is_in_nm():
    axis = make_axis(X, np.linspace(-1, 1, 101), np.ones(101), full=False)
    assert axis.unit == "nm"
    assert -1.4 < axis.limits[0] < -1 < 1 < axis.limits[1] < 1.4


def boxes_drawn(x, y, states):
    with canvas(4, 3) as figure:
        axes = figure.subplots()
        axes.set(xlim=x.limits, ylim=y.limits if y else (0, 1))
        mark_states(axes, x, y, states)
        patches = [patch.get_window_extent().transformed(axes.transData.inverted())
                   for patch in axes.patches]  # fmt: skip
        return [(p.x0, p.x1, p.y0, p.y1) for p in patches], [t.get_text() for t in axes.texts]


def test_a_state_that_passes_180_degrees_is_drawn_in_two_pieces():
    psi = Descriptor("psi", "torsion", (2, 3, 4, 5))
    wrapped = Box((Interval("phi", np.radians(150), np.radians(210)),))
    other = Box((Interval("phi", np.radians(-40), np.radians(40)),))
    states = States(DescriptorSet((PHI, psi)), State("a", (wrapped,)), State("b", (other,)))
    values = np.linspace(-3, 3, 50)
    axes = [make_axis(d, values, np.ones(50), full=True) for d in (PHI, psi)]
    patches, names = boxes_drawn(*axes, states)
    # Psi is free: each piece is a band over all of it.
    expected = [(-180, -150, -180, 180), (150, 180, -180, 180), (-40, 40, -180, 180)]
    assert sorted(patches) == [pytest.approx(box) for box in sorted(expected)]
    assert names == ["a", "b"]


def test_discs_are_drawn_as_circles():
    y = Descriptor("y", "coordinate", (0,), 1)
    discs = [Box(discs=(Disc(("x", "y"), (c, c), 0.15),)) for c in (-0.5, 0.5)]
    states = States(DescriptorSet((X, y)), State("low", (discs[0],)), State("high", (discs[1],)))
    values = np.linspace(-1, 1, 50)
    axes = [make_axis(d, values, np.ones(50), full=True) for d in (X, y)]
    patches, names = boxes_drawn(*axes, states)
    expected = [(-0.65, -0.35, -0.65, -0.35), (0.35, 0.65, 0.35, 0.65)]
    assert patches == [pytest.approx(box, abs=1e-6) for box in expected]
    assert names == ["low", "high"]


def test_outcomes_are_binned_without_losing_any():
    rng = np.random.default_rng(42)
    p = rng.random(1000)
    in_b = rng.binomial(2, p).astype(float)
    mean, hits, total = binned_outcomes(p, in_b)
    assert total.sum() == 2000
    assert hits.sum() == in_b.sum()
    assert np.all(np.diff(mean) > 0)
    few = binned_outcomes(np.array([0.4, 0.6]), np.array([1.0, 2.0]))
    assert [part.tolist() for part in few] == [[0.5], [3.0], [4.0]]


def test_mean_path_length_counts_weights_and_correlation(molecule):
    data = load_report(molecule, 3)
    mean, error = mean_length(data.paths)
    moves = np.concatenate(data.paths.series)
    assert mean == pytest.approx(moves.mean(), rel=1e-12)
    assert error == pytest.approx(moves.std() / np.sqrt(effective_samples(data.paths.series)))
    assert 0.1 < mean < 1


def test_formula_is_cut_at_the_signs_of_its_outer_sum():
    latex = r"-1.2 \times 10^{-3} + \sin\left(\phi - 1\right) - \frac{x + 1}{y} + 2 \, z"
    assert split_terms(latex) == [
        r"-1.2 \times 10^{-3}",
        r"+ \sin\left(\phi - 1\right)",
        r"- \frac{x + 1}{y}",
        r"+ 2 \, z",
    ]


def test_long_formulas_get_several_lines_and_short_ones_one():
    term = r"4.61 \, \sin \phi \, \cos \theta"
    assert break_lines("7.02 \\, x", 8) == ["q =  7.02 \\, x"]
    lines = break_lines(" + ".join([term] * 9), 8)
    assert len(lines) >= 3
    assert sum(line.count("4.61") for line in lines) == 9
    assert formula_svg(" + ".join([term] * 9)).startswith("<svg")
    assert formula_svg(r"\frac{") is None


def test_names_for_people():
    assert plain_name("phi") == "φ"
    assert plain_name("lambda") == "λ"
    assert plain_name("torsion_C1_N2") == "torsion C1 N2"


def test_uncertainty_is_mapped_drawn_along_p_and_said_in_words(molecule, potential, bare):
    from dataclasses import replace

    for layout, mapped in ((molecule, True), (potential, False)):
        data = load_report(layout, layout.rounds()[-1])
        picture = uncertainty(data)
        assert ("<image" in picture.svg) == mapped
        assert "common error on held-out chains" in picture.caption
        share = f"{100 * data.verdict['network_interval_coverage']:.0f} % of the fresh points lie"
        assert share in picture.caption
    unproven = load_report(bare, 0)
    assert "fresh points" not in uncertainty(unproven).caption
    blind = replace(unproven, frames=replace(unproven.frames, q=None, p_error=None))
    assert uncertainty(blind) is None


def test_the_width_of_intervals_on_frames_is_that_of_the_model(molecule):
    frames = load_report(molecule, molecule.rounds()[-1]).frames
    p = 1 / (1 + np.exp(-frames.q))
    # Errors of p_B follow p (1 - p) times a spread of q of up to about one, above a floor.
    assert np.all(frames.p_error > 0)
    assert frames.p_error[np.abs(p - 0.5) < 0.1].mean() > frames.p_error[p > 0.97].mean()


def test_damaged_training_is_named(tmp_path):
    layout = make_run(tmp_path / "run", ALANINE, rounds=1, answers=False)
    assert load_report(layout, 0).training["best_epoch"] == [17, 18, 20, 16, 19]
    forget(layout.root)
    short = {"train": [1], "out_of_bag": [1], "best_epoch": [7]}
    layout.round(0).training.write_text(json.dumps(short), encoding="utf-8")
    with pytest.raises(DataError, match="out of bounds") as caught:
        training(load_report(layout, 0))
    assert caught.value.where == str(layout.round(0).training)
    layout.round(0).training.write_text(json.dumps([1]), encoding="utf-8")
    with pytest.raises(DataError, match="lacks 'train'"):
        load_report(layout, 0)
