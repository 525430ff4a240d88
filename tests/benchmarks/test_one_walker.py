"""The loop that Mechanist is compared with samples the same paths."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.speed import ground as grounds
from benchmarks.speed import one_walker, shoot
from benchmarks.speed.ground import Ground
from mechanist.bookkeeping.layout import Layout
from mechanist.systems.prepared import Prepared
from mechanist.systems.prepared import load as load_prepared

SHOTS, BURN_IN, BATCHES = 7000, 1000, 20


@pytest.fixture(scope="module")
def well(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return grounds.lay("double_well", tmp_path_factory.mktemp("bench") / "double_well")


def labels(name: str, positions: np.ndarray) -> list[int]:
    return [one_walker.STATES[name](frame) for frame in positions]


def test_states_are_those_of_alanine(alanine: Prepared, rng: np.random.Generator) -> None:
    positions = rng.normal(size=(2000, alanine.atoms, 3))
    mine = labels("alanine_dipeptide", positions)
    assert {-1, 0, 1} == set(mine)
    assert mine == alanine.states.label_positions(positions).tolist()


@pytest.mark.parametrize("name", ["double_well", "aimmd_toy"])
def test_states_are_those_of_toys(name: str, tmp_path: Path, rng: np.random.Generator) -> None:
    folder = tmp_path / name
    grounds.stage("prepare", folder, {"system": name})
    prepared = load_prepared(Layout(folder))
    positions = rng.uniform(-1.2, 1.2, size=(5000, prepared.atoms, 3))
    mine = labels(name, positions)
    assert {-1, 0, 1} == set(mine)
    assert mine == prepared.states.label_positions(positions).tolist()


def batched(values: np.ndarray) -> tuple[float, float]:
    """Mean of a correlated series and its standard error from means of batches."""
    means = values.reshape(BATCHES, -1).mean(axis=1)
    return float(means.mean()), float(means.std(ddof=1) / np.sqrt(BATCHES))


def test_samples_what_mechanist_samples(well: Ground, tmp_path: Path) -> None:
    walker = one_walker.Walker(str(well.folder), one_walker.double_well, "Reference", seed=5)
    path = list(np.load(well.folder / "first_path.npy"))
    rng = np.random.default_rng(5)
    paths, rows = one_walker.sample(walker, path, rng, seconds=120, shots=SHOTS)
    assert len(rows) == SHOTS
    accepted = np.array([row[4] for row in rows])
    current = np.cumsum(accepted)[BURN_IN:]
    # From the last frame in A to the first in B, as in benchmarks/truth/TRUTH.md; 5 steps of 10 fs.
    durations = 0.05 * (np.array([len(path) for path in paths])[current] - 1)
    mean, error = batched(durations)
    # Brute force: 1.197 +- 0.0033 ps (benchmarks/truth/TRUTH.md). Four standard errors of both.
    assert abs(mean - 1.197) < 4 * np.hypot(error, 0.0033)
    # Batches of a series this long scatter by about 15 %; an error that is off would hide a fault.
    assert error < 0.02

    share, error = batched(accepted[BURN_IN:])
    speed = shoot.run(shoot.Job("double_well", well.folder, 16_000, seed=6), tmp_path)
    # Both are chains of the same kind: the error falls with the square root of the shots.
    other = error * np.sqrt((SHOTS - BURN_IN) / speed.shots)
    assert abs(share - speed.accepted / speed.shots) < 4 * np.hypot(error, other)
    assert error < 0.01


def test_files_hold_what_was_sampled(well: Ground, tmp_path: Path) -> None:
    walker = one_walker.Walker(str(well.folder), one_walker.double_well, "Reference", seed=1)
    path = list(np.load(well.folder / "first_path.npy"))
    paths, rows = one_walker.sample(walker, path, np.random.default_rng(1), seconds=60, shots=200)
    one_walker.save(tmp_path / "run.npz", paths, rows)
    with np.load(tmp_path / "run.npz") as file:
        assert file["shots"].shape == (200, 5)
        assert len(file["lengths"]) == 1 + file["shots"][:, 4].sum()
        assert file["frames"].shape == (file["lengths"].sum(), 1, 3)
        starts = np.cumsum(file["lengths"]) - file["lengths"]
        assert (file["frames"][starts, 0, 0] < -0.8).all()
