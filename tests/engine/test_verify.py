"""A layout that moves copies otherwise than one alone moves is refused, and the next one taken."""

from dataclasses import replace

import numpy as np
import openmm
import pytest

from mechanist.engine import stacked
from mechanist.engine.choose import cached_timings, choose_plan
from mechanist.engine.plan import POOL, Plan
from mechanist.engine.pool import Pool
from mechanist.engine.stacked import Stack, refusal
from mechanist.engine.stopwatch import fastest_first, time_plan, time_platform
from mechanist.engine.verify import Alone, ShortRun, wrong_forces
from mechanist.errors import SystemBuildError
from mechanist.settings.run import EngineSettings


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.fixture(scope="module")
def tethered(alanine):
    """Alanine dipeptide 5 nm from the origin, one atom of which is held there."""
    system = openmm.XmlSerializer.clone(alanine.system)
    positions = alanine.positions - alanine.positions[0] + [5.0, 0, 0]
    force = openmm.CustomExternalForce("1000*((x-5)^2+y^2+z^2)")
    force.addParticle(0, [])
    system.addForce(force)
    return replace(alanine, system=system, positions=positions)


def stack(prepared, platform="Reference", layout="pairs", copies=12):
    return Stack(prepared, copies, platform, layout, seed=1)


def after(strides, prepared, mover):
    """The short run of a mover after so many strides."""
    run = ShortRun(prepared, mover)
    for _ in range(strides):
        run.advance()
    return run


@pytest.mark.parametrize("platform", ["Reference", "CPU"])
@pytest.mark.parametrize("layout", ["pairs", "grid"])
def test_copies_of_molecules_move_as_one_alone(platform, layout, alanine, tethered):
    for prepared in (alanine, tethered):
        mover = stack(prepared, platform, layout)
        for strides in (0, 10):
            run = after(strides, prepared, mover)
            assert wrong_forces(Alone(prepared), mover) == ""
            assert run.fault() == ""


def test_rounding_far_from_the_origin_is_no_fault(alanine):
    # The last of 343 copies is 3 cells from the middle along each axis.
    mover = stack(alanine, "CPU", "grid", 343)
    after(1, alanine, mover)
    assert wrong_forces(Alone(alanine), mover) == ""


def without(kind, prepared):
    system = openmm.XmlSerializer.clone(prepared.system)
    kinds = [type(force).__name__ for force in system.getForces()]
    system.removeForce(kinds.index(kind))
    return replace(prepared, system=system)


def stiffer(prepared):
    """All bonds stiffer by 2 %."""
    system = openmm.XmlSerializer.clone(prepared.system)
    (bonds,) = [f for f in system.getForces() if isinstance(f, openmm.HarmonicBondForce)]
    for k in range(bonds.getNumBonds()):
        *rest, stiffness = bonds.getBondParameters(k)
        bonds.setBondParameters(k, *rest, 1.02 * stiffness)
    return replace(prepared, system=system)


WRONG = {
    "no pairs": lambda prepared: without("NonbondedForce", prepared),
    "no torsions": lambda prepared: without("PeriodicTorsionForce", prepared),
    "stiff bonds": stiffer,
}


@pytest.mark.parametrize("layout", [POOL, "pairs", "grid"])
@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_forces_are_found(wrong, layout, alanine):
    changed = WRONG[wrong](alanine)
    mover = Pool(changed, 2, "CPU", 1) if layout == POOL else stack(changed, "CPU", layout)
    after(10, changed, mover)
    assert "differ from those on one copy alone by" in wrong_forces(Alone(alanine), mover)


def test_copies_that_leave_their_cells_are_a_fault_of_the_layout(tethered, monkeypatch):
    # As the cells were before they reached as far as the copies are from the origin.
    monkeypatch.setattr(stacked, "WANDERING", 0.0)
    timing = time_plan(tethered, Plan("Reference", "grid", 12), 0.01)
    assert timing.steps_per_second == 0
    assert timing.fault.startswith("12 of 12 copies exploded within ")
    lines = []
    timings = cached_timings(tethered, lines.append)
    assert [line for line in lines if line.startswith("CPU, grid, 64 copies is not used: 64 of 64")]
    assert timings[0].fault == ""
    assert choose_plan(tethered, EngineSettings()) == timings[0].plan


def test_cells_reach_as_far_as_copies_are_from_the_origin(tethered):
    timing = time_plan(tethered, Plan("Reference", "grid", 12), 0.01)
    assert timing.fault == ""
    assert timing.steps_per_second > 0


def test_a_potential_is_not_stacked_on_a_grid(double_well):
    assert refusal(double_well.system, "pairs") is None
    assert {t.plan.layout for t in time_platform(double_well, "CPU", 0.01, 1.0)} == {"pairs"}
    with pytest.raises(SystemBuildError, match=r"engine\.layout: 'grid': particles in a potential"):
        choose_plan(double_well, EngineSettings(platform="Reference", layout="grid"))


def test_a_time_step_that_is_too_long_is_said_and_not_cached(double_well, tmp_path):
    wild = replace(double_well, timestep=1.0)
    for platform in ("Reference", "CPU"):
        timings = fastest_first(time_platform(wild, platform, 0.01, 1.0))
        assert all("copies exploded within" in timing.fault for timing in timings)
    with pytest.raises(SystemBuildError, match=r"no platform and layout moves .*: 64 of"):
        choose_plan(wild, EngineSettings())
    assert not list(tmp_path.rglob("*.json"))


def test_copies_that_fall_to_nan_are_counted(double_well):
    mover = stack(double_well)
    run = ShortRun(double_well, mover)
    broken = np.arange(3)
    mover.restore(broken, np.full((3, 1, 3), np.nan), np.zeros((3, 1, 3)))
    run.advance()
    assert run.fault() == "3 of 12 copies exploded within 5 MD steps"
    run.advance()
    assert wrong_forces(Alone(double_well), mover) == ""
