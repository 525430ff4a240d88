"""Plans: what suits a system, what is timed, what the user asks for."""

import json

import pytest

from mechanist.engine import choose
from mechanist.engine.choose import (
    cached_timings,
    choose_plan,
    make_engine,
    noise_seed,
    timings_file,
)
from mechanist.engine.contexts import make_context, openmm_seed
from mechanist.engine.plan import POOL, Plan, default_plan
from mechanist.engine.stopwatch import time_plan, time_plans
from mechanist.errors import SystemBuildError
from mechanist.settings.run import EngineSettings
from mechanist.systems.forces.platforms import platform_names


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_on_cpus_the_layout_follows_from_the_system(double_well, alanine):
    well, molecule = (default_plan(p, "Reference") for p in (double_well, alanine))
    assert (well.layout, well.chains, well.slots(64)) == ("pairs", 64, 64)
    assert (molecule.layout, molecule.chains, molecule.slots(32)) == (POOL, 32, 64)


def test_a_named_platform_on_a_cpu_is_not_timed(double_well):
    plan = choose_plan(double_well, EngineSettings(platform="Reference"))
    assert plan == default_plan(double_well, "Reference")
    assert not timings_file(double_well).exists()


def test_settings_win(double_well):
    settings = EngineSettings(platform="Reference", layout="pool", copies=6, lanes=2)
    assert choose_plan(double_well, settings) == Plan("Reference", POOL, 6, 2)


def test_the_stopwatch_times_every_platform_and_keeps_the_result(double_well):
    lines = []
    first = cached_timings(double_well, lines.append)
    assert {"Reference", "CPU"} <= {timing.plan.platform for timing in first}
    speeds = [timing.steps_per_second for timing in first]
    assert speeds == sorted(speeds, reverse=True)
    assert speeds[0] > 0
    assert len(lines) == 1
    assert cached_timings(double_well, lines.append) == first
    assert len(lines) == 1
    assert choose_plan(double_well, EngineSettings()) == first[0].plan


def test_damaged_timings_are_measured_again(double_well):
    file = timings_file(double_well)
    file.parent.mkdir(parents=True)
    for content in ("no json", json.dumps([{"plan": {}}]), "{}"):
        file.write_text(content, encoding="utf-8")
        assert cached_timings(double_well)[0].steps_per_second > 0


def test_timings_belong_to_one_system_on_one_machine(double_well, alanine, monkeypatch):
    here = timings_file(double_well)
    assert timings_file(alanine) != here
    monkeypatch.setattr(choose, "gpus", lambda: ["a new GPU, 1.0"])
    assert timings_file(double_well) != here


def test_a_platform_that_is_not_there_is_refused(double_well):
    with pytest.raises(SystemBuildError, match=r"engine.platform: 'CUDA'.*Reference"):
        choose_plan(double_well, EngineSettings(platform="CUDA"))


def test_a_plan_that_does_not_work_says_why(double_well):
    timing = time_plan(double_well, Plan("CUDA", "pairs", 4), 0.01)
    assert timing.steps_per_second == 0
    assert "CUDA" in timing.fault


def test_opencl_is_hidden_from_all_tests_but_its_own():
    assert "OpenCL" not in platform_names()


def test_lanes_share_the_slots(double_well):
    engine = make_engine(double_well, 7, Plan("Reference", "pairs", 7, 3), 1)
    assert engine.slots == 7


def test_stacked_copies_are_faster_than_one(double_well):
    # By a factor of 10 and more where nothing else runs.
    one, many = (time_plan(double_well, Plan("Reference", "pairs", n), 0.2) for n in (1, 256))
    assert many.steps_per_second > 2 * one.steps_per_second


def test_all_plans_are_timed_within_the_budget(alanine):
    plans = [timing.plan for timing in time_plans(alanine, seconds=0.05, budget=1.0)]
    assert default_plan(alanine, "Reference") in plans


@pytest.mark.parametrize("layout", [POOL, "pairs"])
@pytest.mark.parametrize("seed", [0, 1, 5])
def test_no_two_slots_have_the_same_noise(layout, seed, double_well, monkeypatch):
    used = []

    def context(prepared, system, platform, seed):
        used.append(seed)
        return make_context(prepared, system, platform, seed)

    monkeypatch.setattr("mechanist.engine.pool.make_context", context)
    monkeypatch.setattr("mechanist.engine.stacked.make_context", context)
    make_engine(double_well, 12, Plan("Reference", layout, 12, 3), seed)
    assert len(used) == (12 if layout == POOL else 3)
    assert len({openmm_seed(one) for one in used}) == len(used)


def test_one_lane_has_the_seeds_that_it_always_had():
    assert [noise_seed(7, 0, slot) for slot in range(3)] == [7, 8, 9]


def test_seeds_of_lanes_and_slots_differ():
    seeds = [noise_seed(s, lane, slot) for s in (1, 2) for lane in (1, 2, 3) for slot in range(64)]
    # 384 of 2^31: a chance of 3e-5 that two are the same.
    assert len(set(seeds)) == len(seeds)
