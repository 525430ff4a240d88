"""The short part, run by `make test`: the double well at friction 2.5, fewer paths, same functions.

Seeds are stated at each call; the tolerance is four standard errors, which are measured over
independent walkers and chains. About 25 comparisons: a correct code fails by chance once in 600.
"""

import numpy as np
import pytest

from mechanist.engine.half_shots import IN_A, IN_B, STOPPED
from mechanist.sampling.chains.chain import Chains
from tests.truth.broken import NoLengthCorrection, NoStopCorrection
from tests.truth.compare import LIMIT, Comparison, compare, worst
from tests.truth.ensembles import Sampled, sample, two_way
from tests.truth.kolmogorov import langevin_1d
from tests.truth.references import brute, selection, starts
from tests.truth.test_committor import every_step, fresh_shots, on_line
from tests.truth.worlds import WORLDS, double_well_solution

WORLD = "double_well_2.5"


def chains(guide: str, kind: type[Chains] = Chains, below: float = 0.0) -> Sampled:
    prepared = WORLDS[WORLD]().prepared
    start, guided = starts(WORLD), selection(WORLD, guide)
    return sample(prepared, start, guided, 42, 128, 80, 40, kind, below=below)


def against_brute_force(sampled: Sampled) -> list[Comparison]:
    return compare(sampled.paths, brute(WORLD, 5000).paths, WORLDS[WORLD]().observables)


@pytest.mark.parametrize("guide", ["uniform", "shifted model", "flipped model"])
def test_accepted_paths_are_those_of_unbiased_dynamics(guide: str):
    for comparison in against_brute_force(chains(guide)):
        assert abs(comparison.z) < LIMIT, comparison


def test_accepting_every_transition_path_is_found():
    most = worst(against_brute_force(chains("uniform", NoLengthCorrection)))
    assert abs(most.z) > LIMIT, most


@pytest.fixture(scope="module")
def stopped() -> Sampled:
    """Shots that are stopped where they join A and B with a chance below one half."""
    return chains("shifted model", below=0.5)


def test_stopping_shots_early_leaves_the_paths_as_they_are(stopped: Sampled):
    for comparison in against_brute_force(stopped):
        assert abs(comparison.z) < LIMIT, comparison
    plain = chains("shifted model")
    share = np.mean((stopped.shots.ends == STOPPED).any(axis=1))
    # Steps of shots, not counting those that the model of commitment was fitted to.
    assert share > 0.15
    assert stopped.shots.steps.mean() < 0.85 * plain.shots.steps.mean()


def test_stopping_without_its_correction_is_found():
    most = worst(against_brute_force(chains("shifted model", NoStopCorrection, 0.5)))
    assert abs(most.z) > LIMIT, most


def test_ends_that_are_seen_stand_for_those_that_are_not(stopped: Sampled):
    # Over shots that might have been stopped: as many ends as halves, and as many in B as p_B
    # says, each within 4 standard errors over chains.
    shots, solution = stopped.shots, double_well_solution(2.5)
    p = solution.at(solution.p_b, shots.points[:, 0, 0].astype(float))
    in_b = ((shots.ends == IN_B) / shots.seen).sum(axis=1)
    in_a = ((shots.ends == IN_A) / shots.seen).sum(axis=1)
    for excess in (in_a + in_b - 2, in_b - 2 * p):
        each = np.array([excess[(shots.chain == c) & shots.watched].mean() for c in range(128)])
        assert abs(each.mean()) < 4 * each.std(ddof=1) / np.sqrt(len(each))
    # Without weights the ends that are seen are fewer and mislead.
    assert (shots.ends < 2).sum() < 0.95 * shots.ends.size


def test_committor_and_two_way_shots_against_the_langevin_equation():
    # At most 4 binomial standard errors, and 1e-3 for the grid and the time step; seeds 43, 44.
    fine, solution = every_step(WORLDS[WORLD]().prepared), double_well_solution(2.5)
    x = np.array([0.0, 0.2])
    p_b, p_transition = (solution.at(p, x) for p in (solution.p_b, solution.p_transition))
    hits = fresh_shots(fine, on_line(x), 3000, 43).mean(axis=1)
    assert (np.abs(hits - p_b) < 1e-3 + 4 * np.sqrt(p_b * (1 - p_b) / 3000)).all(), (hits, p_b)
    ends = two_way(fine, np.repeat(on_line(x), 3000, axis=0), 44).reshape(2, -1, 2)
    joined = (ends[..., 0] != ends[..., 1]).mean(axis=1)
    noise = 4 * np.sqrt(p_transition * (1 - p_transition) / 3000)
    assert (np.abs(joined - p_transition) < 1e-3 + noise).all(), (joined, p_transition)
    # Halves share a velocity: at the top two in three join A and B, not one in two.
    assert p_transition[0] > 2 * p_b[0] * (1 - p_b[0]) + 0.15


def well(friction: float, cells: int = 100, velocities: int = 120):
    return langevin_1d(
        lambda x: 5 * (x**2 - 1) ** 2,
        lambda x: -20 * x * (x**2 - 1),
        1.0,
        friction,
        (-0.8, 0.8),
        cells,
        velocities,
    )


def test_langevin_equation_at_high_friction_is_the_overdamped_one():
    # q = integral of exp(V / kT); corrections fall as 1 / friction^2.
    solution = well(400.0)
    x = np.array([0.1, 0.2, 0.4])
    np.testing.assert_allclose(solution.at(solution.p_b, x), [0.6651, 0.8012, 0.9491], atol=4e-4)
    p = solution.p_b
    np.testing.assert_allclose(solution.p_transition, 2 * p * (1 - p), atol=2e-3)


@pytest.mark.parametrize("friction", [0.5, 2.5, 10.0])
def test_langevin_equation_has_converged(friction: float):
    coarse, fine = well(friction, 200, 120), double_well_solution(friction)
    x = np.linspace(-0.7, 0.7, 15)
    for a, b in ((coarse.p_b, fine.p_b), (coarse.p_transition, fine.p_transition)):
        np.testing.assert_allclose(coarse.at(a, x), fine.at(b, x), atol=2e-3)
    assert coarse.mean_path() == pytest.approx(fine.mean_path(), rel=5e-3)
    # The flux of transition paths is the same through every x.
    back = fine.committor[:, ::-1]
    flux = np.exp(-fine.energy) * ((fine.committor * (1 - back)) @ (fine.w * fine.v))
    assert np.ptp(flux) < 0.02 * flux.mean()
