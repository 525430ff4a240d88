"""Committors and two-way shots against the Langevin equation, brute force and published numbers."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from mechanist.engine.choose import make_engine
from mechanist.engine.plan import default_plan
from mechanist.sampling.committor_shots import committor_shots
from mechanist.sampling.streams import thermal_velocities
from mechanist.statistics.clopper_pearson import clopper_pearson
from mechanist.systems.prepared import Prepared
from tests.truth.compare import LIMIT, Comparison, density_against, mean
from tests.truth.ensembles import first_paths, sample, two_way
from tests.truth.ledger import Ledger
from tests.truth.paths import PathSet
from tests.truth.references import BURN_IN_MOVES, brute, selection
from tests.truth.worlds import FRICTIONS, WORLDS, double_well_solution

pytestmark = pytest.mark.truth

SOLVER_ERROR = 1e-3
"""Of the solution on its grid and of dynamics in steps of 0.01 that is looked at after each."""

BANDS = np.array([-4.0, -2.0, -0.7, 0.7, 2.0, 4.0])

TOY_POINTS = {
    # Half-shots of the same dynamics, 10,000 a point, made for this project by other code.
    (0.0, 0.0): (0.506, 0.005),
    (0.3, 0.0): (0.703, 0.005),
    (0.0, 0.3): (0.598, 0.005),
    (0.4, 0.2): (0.893, 0.003),
    (-0.5, 0.5): (0.372, 0.005),
}


def fresh_shots(prepared: Prepared, points: np.ndarray, shots: int, seed: int) -> np.ndarray:
    """(P, shots) whether each half-shot ended in B."""
    engine = make_engine(prepared, 2000, default_plan(prepared, "Reference"), seed)
    numbers = np.arange(len(points))
    sigma = thermal_velocities(prepared)
    table = committor_shots(points.astype(np.float32), numbers, shots, engine, sigma, seed)
    ends = table["end"].reshape(len(points), shots)
    assert np.isin(ends, ("A", "B")).all()
    return ends == "B"


def every_step(prepared: Prepared) -> Prepared:
    """The same dynamics, looked at after each step."""
    return replace(prepared, stride=1, max_half_frames=prepared.stride * prepared.max_half_frames)


def on_line(x: np.ndarray) -> np.ndarray:
    points = np.zeros((len(x), 1, 3), dtype=np.float32)
    points[:, 0, 0] = x
    return points


def counted(ledger: Ledger, name: str, truth: float, error: float, hits: np.ndarray) -> float:
    """Note a probability with its exact interval; give z with the binomial error of the truth."""
    k, n = int(hits.sum()), hits.size
    low, high = clopper_pearson(k, n)
    ledger.row(name, truth, error, k / n, float(low), float(high))
    return (k / n - truth) / np.hypot(error, np.sqrt(truth * (1 - truth) / n))


DOUBLE_WELLS = [
    pytest.param(friction, marks=pytest.mark.xdist_group(f"double_well_{friction:g}"))
    for friction in FRICTIONS
]


@pytest.mark.parametrize("friction", DOUBLE_WELLS)
def test_committor_of_the_double_well(friction: float, ledger: Ledger):
    w = WORLDS[f"double_well_{friction:g}"]()
    solution = double_well_solution(friction)
    x = np.array([-0.2, 0.0, 0.1, 0.2, 0.4])
    hits = fresh_shots(every_step(w.prepared), on_line(x), 10_000, 11)
    expected = solution.at(solution.p_b, x)
    zs = [
        counted(
            ledger, f"{w.name}, points: p_B at x = {x[i]:g}", expected[i], SOLVER_ERROR, hits[i]
        )
        for i in range(len(x))
    ]
    assert np.abs(zs).max() < LIMIT, zs


@pytest.mark.parametrize("friction", DOUBLE_WELLS)
def test_two_way_shots_in_the_double_well(friction: float, ledger: Ledger):
    w = WORLDS[f"double_well_{friction:g}"]()
    solution = double_well_solution(friction)
    x = np.array([-0.2, 0.0, 0.2, 0.4])
    points = np.repeat(on_line(x), 8000, axis=0)
    ends = two_way(every_step(w.prepared), points, 12).reshape(len(x), -1, 2)
    hits = ends[..., 0] != ends[..., 1]
    expected = solution.at(solution.p_transition, x)
    name = f"{w.name}, points: p(transition) at x = {{:g}}"
    zs = [
        counted(ledger, name.format(x[i]), expected[i], SOLVER_ERROR, hits[i])
        for i in range(len(x))
    ]
    assert np.abs(zs).max() < LIMIT, zs


@pytest.mark.parametrize("friction", DOUBLE_WELLS)
def test_paths_of_the_double_well_against_the_langevin_equation(friction: float, ledger: Ledger):
    name = f"double_well_{friction:g}"
    w, solution = WORLDS[name](), double_well_solution(friction)
    fine = every_step(w.prepared)
    chosen = selection(name, "good model")
    # Paths of the coarser stride have fewer frames, which would hold chains up at their start.
    ours = sample(fine, first_paths(fine, 13), chosen, 13, w.chains, 60, BURN_IN_MOVES).paths
    length = mean(ours, ours.frame * ours.steps[:, None])
    # A path begins and ends with a frame in a state, on average half a frame beyond the border.
    truth = solution.mean_path() + ours.frame
    error = float(np.sqrt(length.covariance[0, 0]))
    edges = np.linspace(-0.8, 0.8, w.observables.cells + 1)
    comparisons = [
        Comparison("mean path / ps", truth, ours.frame / 4, float(length.value[0]), error),
        density_against(ours, w.observables.cell, solution.path_density(edges)),
    ]
    for c in comparisons:
        title = f"{w.name}, Langevin equation: {c.quantity}"
        ledger.row(title, c.truth, c.truth_error, c.ours, *c.interval)
    for c in comparisons:
        assert abs(c.z) < LIMIT, c


@pytest.mark.xdist_group("aimmd_toy")
def test_published_committors_of_the_aimmd_toy(ledger: Ledger):
    w = WORLDS["aimmd_toy"]()
    points = np.array([[[x, y, 0.0]] for x, y in TOY_POINTS])
    hits = fresh_shots(every_step(w.prepared), points, 4000, 14)
    zs = [
        counted(ledger, f"{w.name}, published: p_B at ({point[0]:g}, {point[1]:g})", p, error, row)
        for (point, (p, error)), row in zip(TOY_POINTS.items(), hits, strict=True)
    ]
    assert np.abs(zs).max() < LIMIT, zs


@pytest.mark.xdist_group("aimmd_toy")
def test_published_path_duration_of_the_aimmd_toy(ledger: Ledger):
    # 583.3(30) steps of 0.02, 15,000 paths looked at after each step, by other code.
    w = WORLDS["aimmd_toy"]()
    fine = every_step(w.prepared)
    chosen = selection("aimmd_toy", "good model")
    ours = sample(fine, first_paths(fine, 17), chosen, 17, w.chains, 40, 30).paths
    length = mean(ours, ours.frame * ours.steps[:, None])
    error = float(np.sqrt(length.covariance[0, 0]))
    c = Comparison("mean path / ps", 0.02 * 583.3, 0.02 * 3.0, float(length.value[0]), error)
    ledger.row(f"{w.name}, published: {c.quantity}", c.truth, c.truth_error, c.ours, *c.interval)
    assert abs(c.z) < LIMIT, c


PLANES = [
    pytest.param(name, marks=pytest.mark.xdist_group(name))
    for name in ("muller_brown", "aimmd_toy")
]


@pytest.mark.parametrize("world", PLANES)
def test_committor_and_two_way_shots_against_what_brute_force_did_next(world: str, ledger: Ledger):
    """Brute force passed these points once, and shots start from them; in bands of q."""
    w, all_done = WORLDS[world](), brute(world)
    q = w.logit(all_done.points)
    for low, high in pairwise(BANDS):
        rows = np.flatnonzero((q >= low) & (q < high))[:4000]
        points = all_done.points[rows]
        last, after, walker = (a[rows] for a in (all_done.last, all_done.next, all_done.walker))
        single = fresh_shots(w.prepared, points, 2, 15)
        ends = two_way(w.prepared, points, 16)
        for name, done, hits in (
            ("p_B", after > 0, single),
            ("p(transition)", last != after, (ends[:, 0] != ends[:, 1])[:, None]),
        ):
            truth, ours = (_share(values, walker) for values in (done[:, None], hits))
            c = Comparison(f"{name} at q {low:g} to {high:g}", *truth, *ours)
            title = f"{w.name}, points: {c.quantity}"
            ledger.row(title, c.truth, c.truth_error, c.ours, *c.interval)
            assert abs(c.z) < LIMIT, c


def _share(hits: np.ndarray, walker: np.ndarray) -> tuple[float, float]:
    """Mean of hits (K, S) and its standard error, walkers as units."""
    units = PathSet([], walker, np.ones(len(walker), dtype=np.int64), 1.0)
    m = mean(units, hits.mean(axis=1, keepdims=True))
    return float(m.value[0]), float(np.sqrt(m.covariance[0, 0]))
