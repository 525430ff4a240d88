"""A run that starts from one under a cheaper, wrong potential: it costs shots, and no exactness.

The double well is symmetric, and the cheap one is tilted by 8 kT between its minima and has its
barrier at x = -0.2, so that an effect of the wrong guide on the path ensemble would show as a lack
of symmetry.
"""

from pathlib import Path

import numpy as np
import pytest

from mechanist.bookkeeping.files import read_json
from mechanist.bookkeeping.journal import Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.data import ShotData
from mechanist.committor.network import load as load_model
from mechanist.committor.training import train
from mechanist.errors import SettingsError
from mechanist.sampling.first_path.earlier_run import earlier_run
from mechanist.sampling.records.tables import SHOT_COLUMNS, read_paths, read_table
from mechanist.settings.config import Config
from mechanist.settings.load import load_system, validate
from mechanist.stages.initial import initial
from mechanist.stages.learn import learn
from mechanist.stages.replay import replay
from mechanist.stages.shoot import shoot
from mechanist.statistics.logistic import q_to_p
from mechanist.systems.build.prepare import prepare
from mechanist.systems.descriptors.describe import describe
from mechanist.systems.prepared import load
from tests.conftest import REPOSITORY, build

quiet = Journal()

SYSTEM = (REPOSITORY / "systems" / "double_well" / "system.yaml").read_text(encoding="utf-8")
TRUE = "5*(x^2-1)^2"
CHEAP = "5*(x^2-1)^2-4*x"

SETTINGS = {
    "system": "double_well",
    "seed": 5,
    "engine": {"platform": "Reference"},
    "sampling": {"workers": 1, "chains": 32, "first_round": 1920, "growth": 1},
    "learn": {"members": 3, "hidden": [16, 16], "steps": 300},
}
COLD = validate(Config, SETTINGS, "test")


def made(folder: Path, text: str) -> Layout:
    """A prepared system."""
    folder.mkdir(parents=True)
    (folder / "system.yaml").write_text(text, encoding="utf-8")
    layout = Layout(folder / "run")
    settings = load_system(folder)
    prepare(settings, folder, layout)
    describe(settings, folder, layout)
    return layout


def sampled(config: Config, layout: Layout, rounds: int) -> Layout:
    initial(config, layout, quiet)
    for number in range(rounds):
        shoot(config, layout, number, 0, quiet)
        learn(config, layout, number, 1, quiet)
    return layout


@pytest.fixture(scope="module")
def cheap(tmp_path_factory):
    layout = made(tmp_path_factory.mktemp("cheap") / "tilted", SYSTEM.replace(TRUE, CHEAP))
    return sampled(COLD, layout, 1)


@pytest.fixture(scope="module")
def config(cheap):
    return validate(Config, SETTINGS | {"warm_start": str(cheap.root)}, "test")


@pytest.fixture(scope="module")
def warm(config, tmp_path_factory):
    return sampled(config, build("double_well", tmp_path_factory.mktemp("warm")), 2)


def test_the_cheap_law_is_wrong(cheap):
    model = load_model(cheap.round(0).model, cheap.round(0).model_card)
    assert abs(q_to_p(model.q(np.zeros((1, 1))))[0] - 0.5) > 0.15


def test_first_paths_are_shots_under_the_law_of_the_run(warm, cheap):
    report = read_json(warm.initial_report)
    assert report["method"] == "earlier run"
    assert report["shots"] > 0
    prepared = load(warm)
    found = read_paths(warm.initial.paths, warm.initial.index, 1)
    other = read_paths(cheap.round(0).worker(0).paths, cheap.round(0).worker(0).index, 1)
    known = {np.asarray(other.path(i)).tobytes() for i in range(len(other))}
    for i in range(len(found)):
        path = np.asarray(found.path(i))
        assert prepared.states.label_positions(path[[0, -1]]).tolist() == [-1, 1]
        assert path.tobytes() not in known


def test_round_0_is_guided_and_predicts_nothing(warm, config, capsys, monkeypatch, tmp_path):
    shots = read_table(warm.round(0).worker(0).shots, SHOT_COLUMNS)
    assert set(shots["model"]) == {"warm_start"}
    assert np.isnan(np.asarray(shots["p_predicted"], dtype=float)).all()
    later = read_table(warm.round(1).worker(0).shots, SHOT_COLUMNS)
    assert set(later["model"]) == {"000"}
    monkeypatch.chdir(tmp_path)
    replay(config, warm, (0, 0, 3, 7), None, print)
    assert "As recorded" in capsys.readouterr().out


def test_a_wrong_guide_leaves_the_path_ensemble_symmetric(warm):
    """Mean x of the frames of a path is 0; both rounds, within 4 standard errors over chains."""
    for number in (0, 1):
        files = warm.round(number).worker(0)
        table = read_paths(files.paths, files.index, 1)
        weight = np.asarray(table.index["weight"], dtype=float)
        sums = np.array([table.path(i)[1:-1, 0, 0].sum() for i in range(len(table))])
        lengths = np.asarray(table.index["frames"], dtype=float) - 2
        chains = np.unique(table.index["chain"])
        own = [table.index["chain"] == chain for chain in chains]
        means = np.array([(weight * sums)[o].sum() / (weight * lengths)[o].sum() for o in own])
        assert abs(means.mean()) < 4 * means.std(ddof=1) / np.sqrt(len(means))


def test_the_committor_is_that_of_the_law_of_the_run(warm):
    """p_B(0) is 1/2. With 3,840 shots the standard error of p_B near x = 0 is about 0.015."""
    model = load_model(warm.round(1).model, warm.round(1).model_card)
    x = np.linspace(-0.5, 0.5, 11)[:, None]
    p = q_to_p(model.q(x))
    assert p[5] == pytest.approx(0.5, abs=0.06)
    assert np.abs(p + p[::-1] - 1).max() < 0.1


def test_networks_start_from_a_model_that_fits_and_drop_one_that_does_not(rng):
    """q = 4 x on 300 shots of 20 chains, given models of q = 4 x and of q = -4 x."""

    def shots(count: int, slope: float) -> ShotData:
        x = rng.uniform(-1, 1, (count, 6))
        b = rng.binomial(2, q_to_p(slope * x[:, 0])).astype(float)
        return ShotData(x, 2 - b, b, np.arange(count) % 20)

    names = tuple("uvwxyz")
    settings = COLD.learn
    right, wrong = (
        train(shots(20_000, slope), settings, names, rng, 1, lambda _: None)[0] for slope in (4, -4)
    )
    few = shots(300, 4)
    x = rng.uniform(-1, 1, (2000, 6))
    truth = q_to_p(4 * x[:, 0])

    def error(warm):
        model, record = train(few, settings, names, np.random.default_rng(1), 1, print, warm)
        return np.sqrt(np.mean((q_to_p(model.q(x)) - truth) ** 2)), record.warm_gain

    cold, none = error(None)
    good, gain = error(right)
    bad, loss = error(wrong)
    assert none is None
    assert gain > 0 > loss
    assert good < 0.5 * cold
    assert bad == pytest.approx(cold, rel=1e-6)


def test_what_does_not_fit_is_refused_in_one_line(cheap, tmp_path):
    double = build("double_well", tmp_path)
    with pytest.raises(SettingsError, match=r"config\.yaml.*warm_start: .*holds no run"):
        earlier_run(tmp_path / "nothing", double)
    with pytest.raises(SettingsError, match="is this run itself"):
        earlier_run(cheap.root, cheap)
    other = made(
        tmp_path / "named",
        SYSTEM.replace("x: {coord", "u: {coord")
        .replace("{x:", "{u:")
        .replace("inputs: [x]", "inputs: [u]"),
    )
    with pytest.raises(SettingsError, match=r"other inputs than this system \((u|x)\)"):
        earlier_run(cheap.root, other)
    peroxide = build("alanine_dipeptide", tmp_path)
    with pytest.raises(SettingsError, match="has other atoms"):
        earlier_run(cheap.root, peroxide)
