"""Default budgets under force laws of different speed."""

import json

import pytest

from mechanist.errors import DataError
from mechanist.settings.config import Config
from mechanist.settings.sizes import JOBS, LEAST, measured_step, sized, sizes, sizes_line


def test_a_fast_law_has_the_defaults() -> None:
    config = Config()
    assert sizes(config, 2e-5) == {}
    assert sized(config, 2e-5) == config
    assert sizes_line(config, 2e-5) is None


def test_budgets_shrink_with_the_time_of_a_step_down_to_a_floor() -> None:
    config = Config()
    slow, slower, slowest = (sized(config, t) for t in (4e-4, 1.6e-3, 10.0))
    # Four times the time of a fast step: a quarter; the floor of points is half their default.
    assert slow.initial.budget == pytest.approx(1000)
    assert slow.kinetics.runs == 16
    assert slow.validation.points == 60
    assert slower.initial.budget == pytest.approx(250)
    for (section, key), least in LEAST.items():
        assert getattr(getattr(slowest, section), key) == least
        ordered = [getattr(getattr(c, section), key) for c in (config, slow, slower, slowest)]
        assert ordered == sorted(ordered, reverse=True)
    # Jitter of the clock changes nothing.
    assert sized(config, 1.3e-3) == sized(config, 2.0e-3)


def test_what_is_given_stays_also_at_its_default() -> None:
    given = Config.model_validate({"kinetics": {"runs": 64}, "validation": {"points": 500}})
    small = sized(given, 1.0)
    assert small.kinetics.runs == 64
    assert small.validation.points == 500
    assert small.kinetics.shots == LEAST["kinetics", "shots"]


def test_the_line_names_each_budget_asked_for() -> None:
    line = sizes_line(Config(), 1.6e-3, JOBS["initial"])
    assert line is not None
    assert "1.6 ms" in line
    assert "initial.budget 250 ps (not 4000)" in line
    assert "kinetics" not in line
    assert sizes_line(Config(), 1.6e-3, ()) is None
    given = Config.model_validate({"validation": {"points": 20}})
    assert sizes_line(given, 1.6e-3, JOBS["points-network"]) is None
    assert {key for keys in JOBS.values() for key in keys} == set(LEAST)
    whole = sizes_line(Config(), 1.6e-3)
    assert whole is not None
    assert all(f"{section}.{key} " in whole for section, key in LEAST)


def test_the_time_comes_from_dynamics_json(tmp_path) -> None:
    file = tmp_path / "dynamics.json"
    assert measured_step(file) is None
    for forces, expected in (
        (None, None),
        ({"xtb": "gfn2-xtb"}, None),
        ({"step_seconds": 0.002}, 0.002),
    ):
        file.write_text(json.dumps({"forces": forces}), encoding="utf-8")
        assert measured_step(file) == expected
    for bad in (0, -1, "fast"):
        file.write_text(json.dumps({"forces": {"step_seconds": bad}}), encoding="utf-8")
        with pytest.raises(DataError, match=r"dynamics\.json"):
            measured_step(file)
