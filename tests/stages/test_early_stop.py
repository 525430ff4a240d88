"""Rounds in which shots are stopped early: what is written, learned from and judged."""

import numpy as np
import pytest

from mechanist.bookkeeping.files import read_json
from mechanist.bookkeeping.journal import Journal
from mechanist.committor.gather import gather_shots
from mechanist.sampling.records.tables import SHOT_COLUMNS, read_table
from mechanist.settings.config import Config
from mechanist.settings.load import validate
from mechanist.stages.assess import assess
from mechanist.stages.initial import initial
from mechanist.stages.learn import learn
from mechanist.stages.replay import replay
from mechanist.stages.shoot import shoot
from mechanist.statistics.held_out import held_out
from mechanist.systems.prepared import load_inputs
from tests.conftest import build

quiet = Journal()

CONFIG = validate(
    Config,
    {
        "system": "double_well",
        "seed": 5,
        "engine": {"platform": "Reference"},
        "sampling": {
            "workers": 1,
            "chains": 32,
            "first_round": 1500,
            "growth": 2,
            "early_stop": 0.3,
        },
        "learn": {"members": 2, "hidden": [8], "epochs_max": 5, "held_out_every": 4},
    },
    "test",
)


@pytest.fixture(scope="module")
def layout(tmp_path_factory):
    layout = build("double_well", tmp_path_factory.mktemp("early"))
    initial(CONFIG, layout, quiet)
    for number in (0, 1):
        shoot(CONFIG, layout, number, 0, quiet)
        learn(CONFIG, layout, number, 1, quiet)
        assess(CONFIG, layout, number, quiet)
    return layout


def table(layout, number):
    return read_table(layout.round(number).worker(0).shots, SHOT_COLUMNS)


def test_round_0_has_no_model_and_stops_nothing(layout):
    shots = table(layout, 0)
    assert not shots["watched"].any()
    assert not (shots["end_forward"] == "stopped").any()


def test_held_out_chains_are_spared_and_others_are_stopped(layout):
    shots = table(layout, 1)
    spared = held_out(shots["chain"], CONFIG.learn.held_out_every)
    stopped = (shots["end_backward"] == "stopped") | (shots["end_forward"] == "stopped")
    assert not shots["watched"][spared].any()
    assert stopped[~spared].mean() > 0.15
    assert shots["watched"][stopped].all()
    assert not shots["accepted"][stopped].any()
    for side in ("backward", "forward"):
        seen = shots[f"seen_{side}"]
        assert (seen[~shots["watched"]] == 1).all()
        assert ((seen >= 0.1) & (seen <= 1)).all()


def test_ends_are_weighted_by_the_chance_to_see_them(layout):
    shots = table(layout, 1)
    data = gather_shots(layout, [1], 1, load_inputs(layout), 1).data
    row = int(np.flatnonzero((shots["end_backward"] == "A") & (shots["seen_backward"] < 1))[0])
    expected = 1 / shots["seen_backward"][row]
    if shots["end_forward"][row] == "A":
        expected += 1 / shots["seen_forward"][row]
    assert data.n_a[row] == pytest.approx(expected)
    # As many ends as halves, within 4 standard errors over chains.
    use = shots["watched"]
    excess = (data.n_a + data.n_b - 2)[use]
    each = [excess[shots["chain"][use] == c].mean() for c in np.unique(shots["chain"][use])]
    assert abs(np.mean(each)) < 4 * np.std(each, ddof=1) / np.sqrt(len(each))


def test_the_test_for_convergence_looks_at_shots_that_nothing_could_stop(layout):
    told = read_json(layout.round(1).assessment)
    shots = table(layout, 1)
    assert (
        told["stopped"]
        == ((shots["end_backward"] == "stopped") | (shots["end_forward"] == "stopped")).sum()
    )
    assert told["shots_predicted"] == (~shots["watched"]).sum()


def test_a_stopped_shot_is_made_again_as_recorded(layout, tmp_path, capsys):
    shots = table(layout, 1)
    row = int(np.flatnonzero(shots["end_forward"] == "stopped")[3])
    address = (1, 0, int(shots["chain"][row]), int(shots["move"][row]))
    replay(CONFIG, layout, address, tmp_path / "shot.trr", quiet)
    assert "As recorded" in capsys.readouterr().out
