"""Guided against uniform selection: small real runs."""

import csv
import json

import numpy as np
import pytest

from mechanist.analysis.comparison.compare_pair import identity, make_rounds, with_sampling
from mechanist.analysis.comparison.outcomes import outcome
from mechanist.analysis.comparison.pairs import ROWS, read_pair, summarise
from mechanist.analysis.comparison.series import series_of
from mechanist.bookkeeping.files import read_json
from mechanist.bookkeeping.layout import Layout
from mechanist.cli.runs import open_comparison
from mechanist.sampling.records.tables import SHOT_COLUMNS, read_paths, read_table
from mechanist.settings.config import Config
from mechanist.settings.run import StoreSettings
from mechanist.stages.compare import compare
from mechanist.stages.compare_pair import compare_pair
from mechanist.stages.initial import initial
from tests.conftest import build
from tests.truth.toys import quiet

SMALL = {
    "system": "double_well",
    "seed": 4,
    "engine": {"platform": "Reference"},
    "sampling": {"workers": 2, "chains": 10, "first_round": 200, "growth": 1.5},
    "learn": {"members": 2, "hidden": [8], "steps": 100},
    "compare": {"seeds": 2, "rounds": 2},
}


def silent(_: str) -> None:
    """Say nothing."""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    config = Config.model_validate(SMALL)
    layout = Layout(tmp_path_factory.mktemp("compare") / "double_well")
    compare(config, layout, silent)
    return config, layout


def shots_of(layout, number):
    jobs = [layout.round(number).worker(worker) for worker in (0, 1)]
    return [read_table(files.shots, SHOT_COLUMNS) for files in jobs]


def test_everything_promised_is_there(made):
    files = made[1].comparison
    for file in (files.table, files.numbers, files.text, files.figure, files.page):
        assert file.stat().st_size > 0, file
    assert files.figure.read_bytes().startswith(b"\x89PNG")
    page = files.page.read_text(encoding="utf-8")
    assert "<svg" in page
    assert "http" not in page.replace("http://www.w3.org", "")
    content = json.loads(files.numbers.read_text(encoding="utf-8"))
    assert set(content["rows"]) == set(ROWS)
    assert content["seeds"] == [4, 5]
    rows = list(csv.DictReader(files.table.open(encoding="utf-8")))
    assert [(row["seed"], row["selection"]) for row in rows] == [
        (seed, name) for seed in ("4", "5") for name in ("guided", "uniform")
    ]
    text = files.text.read_text(encoding="utf-8")
    assert all(meaning in text for meaning in ROWS.values())


def test_both_runs_begin_alike_and_spend_the_same(made):
    _, layout = made
    for number in (0, 1):
        files = layout.comparison.pair(number)
        guided, uniform = files.run("guided"), files.run("uniform")
        assert guided.initial.paths.read_bytes() == uniform.initial.paths.read_bytes()
        # Round 0 is uniform in both, and Reference repeats it.
        for one, other in zip(shots_of(guided, 0), shots_of(uniform, 0), strict=True):
            for name in SHOT_COLUMNS:
                np.testing.assert_array_equal(one[name], other[name], err_msg=name)
        # After it only the guided run has a model.
        assert all((table["model"] == "000").all() for table in shots_of(guided, 1))
        assert all((table["model"] == "").all() for table in shots_of(uniform, 1))
        assert not list(uniform.root.rglob("model.safetensors"))
        pair = read_pair(files)
        assert pair.guided["steps"].sum() == pair.budget
        # What is left is less than the shot that did not fit any more.
        left = pair.budget - pair.uniform["steps"].sum()
        longest = max(table["steps_forward"].max() for table in shots_of(uniform, 0)) * 4
        assert 0 <= left < longest
        assert pair.times["guided"]["training"] > 0
        assert pair.times["uniform"]["training"] == 0


@pytest.mark.parametrize("every", [1, 3])
def test_the_series_says_what_the_files_of_the_run_say(tmp_path, every):
    store = StoreSettings(every=every)
    small = Config.model_validate(SMALL)
    config = with_sampling(small, selection="uniform", burn_in=0, store=store)
    layout = build("double_well", tmp_path)
    initial(config, layout, quiet)
    spent = make_rounds(config, layout, 60_000, quiet)
    series = series_of(layout, 2, spent, guided=False)
    assert spent >= 60_000
    assert series["steps"].sum() == spent
    # Without burn-in the weights of paths count all moves for which they were the current ones.
    frames = 0
    for number in layout.rounds():
        for worker in (0, 1):
            files = layout.round(number).worker(worker)
            index = read_paths(files.paths, files.index, 1).index
            frames += int((index["weight"] * (index["length"] - 1)).sum())
            assert (index["frames"] == index["length"]).all() == (every == 1)
    assert series["duration"].sum() == pytest.approx(frames * 0.01 * 5)
    tables = [table for number in layout.rounds() for table in shots_of(layout, number)]
    assert series["accepted"].sum() == sum(table["accepted"].sum() for table in tables)


def test_pairs_are_kept_until_a_setting_changes(made):
    config, layout = made
    record = layout.comparison.pair(0).record
    before = record.stat().st_mtime_ns
    compare(config, layout, silent)
    assert record.stat().st_mtime_ns == before
    # What ends the workflow has no part in a pair.
    other = config.model_copy(update={"seed": 9})
    assert identity(other, 0) != read_json(record)["settings"]
    later = config.model_copy(
        update={"convergence": config.convergence.model_copy(update={"rhat": 1.5})}
    )
    assert identity(later, 0) == read_json(record)["settings"]


def test_a_budget_in_steps_is_kept_by_both(tmp_path):
    settings = SMALL | {"compare": {"seeds": 2, "steps": 90_000}}
    config, layout = Config.model_validate(settings), Layout(tmp_path / "double_well")
    compare_pair(config, layout, 0, silent)
    pair = read_pair(layout.comparison.pair(0))
    assert pair.budget == 90_000
    for series in (pair.guided, pair.uniform):
        # A shot of the double well takes 800 steps or so; 20,000 would be far out of the tail.
        assert 70_000 < series["steps"].sum() <= 90_000
    assert pair.guided["round"].max() > 0


def test_the_command_line_changes_settings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(
        "system: alanine_dipeptide\ncompare: {rounds: 4}\n", encoding="utf-8"
    )
    config, layout = open_comparison("config.yaml", None, "plateau", seeds=3, steps=None)
    assert (config.system, config.compare.seeds, config.compare.rounds) == ("plateau", 3, 4)
    assert config.compare.steps is None
    assert str(layout.comparison.table) == "results/plateau/compare/compare.csv"


@pytest.mark.slow
def test_guiding_pays_on_the_plateau(tmp_path):
    # Seeds 4 and 5: about 1,000 transitions guided and 200 uniform in each, so that each ratio of
    # about 5 is known to 8 %; the guided rounds alone make 7 times as many.
    settings = SMALL | {"system": "plateau", "compare": {"seeds": 2, "rounds": 3}}
    settings["sampling"] = {"workers": 1, "chains": 40, "first_round": 800, "growth": 1.5}
    settings["learn"] = {"members": 3, "steps": 400}
    config, layout = Config.model_validate(settings), Layout(tmp_path / "plateau")
    compare(config, layout, silent)
    pairs = [read_pair(layout.comparison.pair(number)) for number in (0, 1)]
    for pair in pairs:
        guided, uniform = outcome(pair.guided), outcome(pair.uniform)
        assert guided.transitions > 2 * uniform.transitions
        assert guided.decorrelated > 2 * uniform.decorrelated
    assert summarise(pairs).row("transitions").ratio.value > 2
