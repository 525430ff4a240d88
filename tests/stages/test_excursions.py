"""Which frames count for windows, where chains start, and runs that never leave a state."""

import numpy as np
import pytest

from mechanist.bookkeeping.files import read_json
from mechanist.bookkeeping.journal import Journal
from mechanist.engine.plan import Plan
from mechanist.sampling.chains.current_path import CurrentPath
from mechanist.sampling.chains.selection import Uniform, shootable
from mechanist.sampling.excursions.excursions import EvenWindows, Reservoir
from mechanist.sampling.records.tables import PathTable
from mechanist.settings.config import Config
from mechanist.stages.equilibrium import equilibrium
from mechanist.stages.excursions import (
    LONG,
    chains_for,
    draw_starts,
    frames_in_windows,
    in_reach,
    make_excursions,
)
from mechanist.stages.initial import initial
from mechanist.stages.kinetics import kinetics
from mechanist.stages.learn import learn
from mechanist.stages.shoot import shoot_round
from mechanist.stages.windows import spread_windows
from tests.conftest import build

EDGES = np.array([0.0, 1.0, 2.0])


def position(frames):
    return frames[:, 0, 0].astype(float)


def table(*paths):
    """Paths whose frames lie at these q."""
    lengths = np.array([len(path) for path in paths])
    frames = np.zeros((lengths.sum(), 1, 3), dtype=np.float32)
    frames[:, 0, 0] = np.concatenate(paths)
    index = {"first_frame": np.cumsum(lengths) - lengths, "frames": lengths}
    index["weight"] = np.ones(len(paths), dtype=np.int64)
    return PathTable(frames, index)


def windows(longest=100):
    return EvenWindows(position, EDGES, np.zeros(2), longest, "test")


def test_frames_in_reach_are_those_that_can_be_shot_from():
    paths = table([-1, 0.5, 0.5, 1.5, 9], [-1, 0.5, -1], [-1, *[0.5] * 9, -1])
    got = in_reach(paths, 3)
    for i in range(len(paths)):
        rows = np.flatnonzero(paths.frame_path == i)[1:-1]
        np.testing.assert_array_equal(got[rows], shootable(len(rows), 3))


def test_chains_of_a_molecule_are_few_rather_than_short():
    pool, stack = Plan("Reference", "pool", 64), Plan("Reference", "pairs", 64)
    assert chains_for(pool, 10**6, "auto") == pool.chains
    assert chains_for(pool, 4 * LONG, "auto") == 4
    assert chains_for(pool, 1, "auto") == 1
    assert chains_for(stack, 1, "auto") == stack.chains
    assert chains_for(pool, 1, 7) == 7


def test_frames_are_counted_by_path_and_window():
    paths = table([-1, 0.5, 0.6, 1.5, 9], [-1, 1.2, -1])
    between = np.array([0, 1, 1, 1, 0, 0, 1, 0], dtype=bool)
    got = frames_in_windows(paths, between, np.array([0, 0, 1, 1]), windows())
    assert got.tolist() == [[2, 1], [0, 1]]


def test_chains_start_in_turn_and_never_where_they_cannot_shoot(rng):
    paths = table([-1, 0.5, 1.5, 9], [-1, *[0.5] * 30, 9])
    runs = Reservoir("A", np.ones(2, bool), [paths.path(0)[:3]], [("A", "A")], np.ones((1, 2)))
    empty = Reservoir("B", np.ones(2, bool), [], [], np.empty((0, 2)))
    starts = draw_starts([runs, empty], paths, windows(longest=4), 6, rng)
    assert [start.kind for start in starts] == ["path", "A"] * 3
    assert all(len(start.frames) < 10 for start in starts)


def test_a_limit_on_halves_is_kept_by_the_chain():
    # A path of 5 frames between the states with halves of at most 3 has one frame to shoot from.
    path = table([-1, 0.1, 0.2, 0.3, 0.4, 0.5, 9]).path(0)
    current = CurrentPath(path, -1, 1)
    (candidates,) = Uniform(3).candidates([current.interior])
    assert candidates.weights.tolist() == [0, 0, 1, 0, 0]


SHORT = {
    "system": "double_well",
    "seed": 2,
    "engine": {"platform": "Reference"},
    "sampling": {"workers": 1, "chains": 16, "first_round": 160, "burn_in": 1},
    "learn": {"members": 2, "hidden": [4], "steps": 50},
    "kinetics": {"runs": 2, "run_frames": 20, "shots": 100, "windows": 4, "bootstrap": 20},
}


quiet = Journal()


@pytest.mark.parametrize("leave", [True, False], ids=["short runs", "runs that never leave"])
def test_data_that_do_not_determine_rates_end_in_a_reason(leave, tmp_path, monkeypatch):
    config, layout = Config.model_validate(SHORT), build("double_well", tmp_path)
    initial(config, layout, quiet)
    shoot_round(config, layout, 0, 0, quiet)
    learn(config, layout, 0, 1, quiet)
    if not leave:
        # Runs of one frame after relaxation cannot see an excursion.
        still = config.kinetics.model_copy(update={"relax": 0.95})
        config = config.model_copy(update={"kinetics": still})
    equilibrium(config, layout, 0, quiet)
    spread_windows(config, layout, 0, 1, quiet)
    make_excursions(config, layout, 0, quiet)
    kinetics(config, layout, 0, quiet)
    content = read_json(layout.kinetics)
    assert content["determined"] is False
    assert content["reason"]
    assert content["k_AB_per_ps"] is None
    assert content["mean_path_duration_ps"]["value"] > 0
    assert layout.profile.read_text().startswith("q,")
    assert layout.equilibrium_weights.is_file()
