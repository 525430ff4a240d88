"""Names of the states are names only: exchanged, q becomes -q, k_AB becomes k_BA, nothing else.

Three systems, two of them not symmetrical, four seeds each. Means over seeds are compared by the
errors that the runs state.
"""

from pathlib import Path

import numpy as np
import pytest

from mechanist.analysis.validation.points import spread_points
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.gather import (
    candidate_frames,
    frame_features,
    gather_paths,
    load_round_model,
)
from mechanist.systems.prepared import load_inputs
from tests.truth.kept import kept
from tests.truth.rate_runs import RATED, exchanged, first_round, many, settings

SEEDS = 4
POINTS = 40
SYSTEMS = ["asym1", "uneq", "two_channels"]

pytestmark = pytest.mark.truth


def points_of(layout: Layout) -> np.ndarray:
    """Frames of accepted paths, spread over p_B."""
    paths = gather_paths(layout, [0], 1, 1)
    use, _ = candidate_frames(paths)
    features = frame_features(paths.frames[use], load_inputs(layout))
    p = load_round_model(layout, 0, load_inputs(layout)).estimate(features)[0]
    return paths.frames[use][spread_points(p, np.random.default_rng(1), POINTS)]


def estimate(layout: Layout, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """p_B and the standard deviation of its error."""
    inputs = load_inputs(layout)
    return load_round_model(layout, 0, inputs).estimate(frame_features(frames, inputs))


def both(one: str, other: str, folder: Path) -> dict[str, list[float]]:
    """p_B at the same points by runs of the system and of the exchanged one, with errors."""
    runs = [
        [first_round(settings(name, seed), folder / side / str(seed)) for seed in range(SEEDS)]
        for side, name in (("one", one), ("other", other))
    ]
    frames = points_of(runs[0][0])
    result = {}
    for side, layouts in zip(("one", "other"), runs, strict=True):
        p, sigma = np.array([estimate(layout, frames) for layout in layouts]).swapaxes(0, 1)
        result[side] = p.mean(axis=0).tolist()
        result[f"{side}_error"] = np.sqrt(np.mean(sigma**2, axis=0) / SEEDS).tolist()
    return result


@pytest.mark.parametrize("system", SYSTEMS)
def test_p_b_becomes_one_minus_p_b(system, tmp_path, ledger):
    rated = next(one for one in RATED if one.system == system)
    other = exchanged(system, tmp_path / "exchanged")
    found = kept(f"q-{system}", __name__, lambda: both(rated.folder, other, tmp_path))
    one, other, *errors = (
        np.array(found[key]) for key in ("one", "other", "one_error", "other_error")
    )
    off = np.sqrt(np.mean((one + other - 1) ** 2))
    error = np.sqrt(np.mean(errors[0] ** 2 + errors[1] ** 2))
    same = np.sqrt(np.mean((one - other) ** 2))
    print(f"{system}: p + p' - 1 = {off:.4f}, error {error:.4f}; p - p' = {same:.3f}")
    # Errors at different points go together, hence three of them.
    assert off < 3 * error
    # What a run that ignored the names would give.
    assert same > 10 * error


@pytest.mark.parametrize("system", SYSTEMS)
def test_rates_are_exchanged(system, tmp_path):
    # Means of ln k and of F_B - F_A of the two, within 4 of their standard errors.
    rated = next(one for one in RATED if one.system == system)
    one, _ = many(rated.folder, system, tmp_path, SEEDS)
    other, _ = many(
        exchanged(system, tmp_path / "exchanged"), f"{system}-exchanged", tmp_path, SEEDS
    )
    assert one[0].keys() == other[0].keys()
    for key, back, sign in (
        ("k_AB_per_ps", "k_BA_per_ps", 1),
        ("k_BA_per_ps", "k_AB_per_ps", 1),
        ("delta_F_kJ_per_mol", "delta_F_kJ_per_mol", -1),
        ("mean_path_duration_ps", "mean_path_duration_ps", 1),
    ):
        measure = (lambda x: x) if sign < 0 else np.log
        means, errors = [], []
        for runs, name in ((one, key), (other, back)):
            known = [run[name] for run in runs if run[name] is not None]
            values = np.array([measure(entry["value"]) for entry in known])
            ends = [measure(entry["high"]) - measure(entry["low"]) for entry in known]
            means.append(values.mean())
            errors.append(np.sqrt(np.mean(np.square(ends)) / len(known)) / 3.92)
        assert abs(means[0] - sign * means[1]) < 4 * np.hypot(*errors), (key, means, errors)
