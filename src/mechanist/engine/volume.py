"""The volume of a box at a pressure, found with a barostat before sampling.

The barostat is OpenMM's MonteCarloBarostat (Aqvist et al., Chem. Phys. Lett. 384, 288 (2004)). It
adapts the size of its moves to those before, so it is not used in paths. These are sampled at
constant volume, or with the moves of `mechanist.engine.volume_moves`, whose size is found here.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.engine.contexts import langevin, openmm_seed, set_positions
from mechanist.engine.devices import device_properties
from mechanist.engine.hardware import GPU_PLATFORMS
from mechanist.engine.volume_moves import VolumeMoves
from mechanist.errors import SystemBuildError
from mechanist.settings.system import GAS_CONSTANT, DynamicsSettings
from mechanist.systems.barostat import FREQUENCY, Barostat
from mechanist.systems.build.molecule import cutoff_of
from mechanist.systems.build.periodic import (
    as_vectors,
    density,
    from_openmm,
    largest_cutoff,
    to_openmm,
)
from mechanist.systems.build.prepare import Settled
from mechanist.systems.forces.platforms import cpu_properties, platform_names
from mechanist.systems.prepared import masses_of

LOOKS = 100
"""Times that the volume is recorded; the second half counts."""

REPORTS = 10

FIRST_CHANGE = 0.01
"""First size of a volume move, as a share of the volume."""

WINDOWS, ATTEMPTS = 12, 20
"""Times that this size is adapted, and attempts between two of them."""

ACCEPTED = (0.3, 0.6)
"""Share of accepted attempts outside of which the size is changed..."""

FACTOR = 1.5
"""... by this factor."""


def settle_volume(
    system: Any,
    positions: Array,
    dynamics: DynamicsSettings,
    seed: int,
    log: Callable[[str], None] = lambda line: None,
) -> Settled:
    """Run under a barostat; return the configuration whose volume is nearest to the mean.

    Parameters
    ----------
    system
        OpenMM System; its box is changed.
    positions
        (N, 3) in nm, minimised.
    dynamics
        With a pressure; also temperature, friction, time step and number of steps.
    seed
        Of barostat, velocities and noise.
    log
        Called with a line after every tenth of the run.

    Raises
    ------
    SystemBuildError
        If there is no box, the run fails, or the box becomes too small for the cutoff.
    """
    if not system.usesPeriodicBoundaryConditions():
        raise SystemBuildError(
            "system.yaml", "dynamics.pressure: needs a periodic box; see molecule.nonbonded"
        )
    context = _context(system, dynamics, seed, openmm_barostat=True)
    volumes, kept = _run(context, positions, dynamics, float(masses_of(system).sum()), seed, log)
    half = volumes[LOOKS // 2 :]
    mean = float(np.mean(half))
    found, box = kept[int(np.argmin(np.abs(half - mean)))]
    log(f"volume chosen: {np.linalg.det(box):.3f} nm^3, mean of the second half {mean:.3f} nm^3")
    if cutoff_of(system) > largest_cutoff(box):
        raise SystemBuildError(
            "system.yaml",
            f"molecule.cutoff: {cutoff_of(system):g} nm: at this pressure the box shrinks to"
            f" {2 * largest_cutoff(box):.3f} nm, the cutoff must be at most half of that",
        )
    system.setDefaultPeriodicBoxVectors(*to_openmm(box))
    if dynamics.npt == "start":
        return Settled(found, box)
    return Settled(found, box, _size_of_moves(system, found, box, dynamics, seed, log))


def _context(
    system: Any, dynamics: DynamicsSettings, seed: int, openmm_barostat: bool = False
) -> Any:
    """A context on the first GPU that works or on the CPU."""
    import copy

    import openmm
    from openmm import unit

    assert dynamics.pressure is not None
    under = copy.deepcopy(system)
    kelvin = dynamics.temperature * unit.kelvin
    if openmm_barostat:
        barostat = openmm.MonteCarloBarostat(dynamics.pressure * unit.bar, kelvin, FREQUENCY)
        barostat.setRandomNumberSeed(openmm_seed(seed))
        under.addForce(barostat)
    fault = ""
    for name in [name for name in (*GPU_PLATFORMS, "CPU") if name in platform_names()]:
        timestep = dynamics.timestep / 1000
        integrator = langevin(dynamics.temperature, dynamics.friction, timestep, seed)
        try:
            properties = cpu_properties(name) | device_properties(name)
            chosen = openmm.Platform.getPlatformByName(name)
            return openmm.Context(under, integrator, chosen, properties)
        except openmm.OpenMMException as error:
            fault = str(error)
    raise SystemBuildError("system.yaml", f"dynamics.pressure: no platform runs it ({fault})")


def _size_of_moves(
    system: Any,
    positions: Array,
    box: Array,
    dynamics: DynamicsSettings,
    seed: int,
    log: Callable[[str], None],
) -> float:
    """Largest change of the volume in a move, in nm^3, of which a good share is accepted."""
    import openmm

    assert dynamics.pressure is not None
    context = _context(system, dynamics, seed + 1)
    barostat = Barostat(dynamics.pressure, FIRST_CHANGE * float(np.linalg.det(box)), 1.0)
    kt, timestep = GAS_CONSTANT * dynamics.temperature, dynamics.timestep / 1000
    moves = VolumeMoves(barostat, context, kt, timestep, seed)
    change, share = barostat.change, 0.0
    try:
        set_positions(context, positions)
        context.computeVirtualSites()
        context.setVelocitiesToTemperature(dynamics.temperature, openmm_seed(seed))
        for _ in range(WINDOWS):
            taken = 0
            for _ in range(ATTEMPTS):
                context.getIntegrator().step(FREQUENCY)
                taken += moves.attempt(context, change)
            share = taken / ATTEMPTS
            if share < ACCEPTED[0]:
                change /= FACTOR
            elif share > ACCEPTED[1]:
                change *= FACTOR
    except openmm.OpenMMException as error:
        raise SystemBuildError(
            "system.yaml", f"dynamics.pressure: the run failed: {error}"
        ) from None
    log(f"volume moves within paths: at most {change:.3g} nm^3, {share:.0%} of the last accepted")
    return change


def _run(
    context: Any,
    positions: Array,
    dynamics: DynamicsSettings,
    mass: float,
    seed: int,
    log: Callable[[str], None],
) -> tuple[Array, list[tuple[Array, Array]]]:
    """Volumes (LOOKS,) in nm^3, and positions and boxes of the second half."""
    import openmm
    from openmm import unit

    volumes, kept = np.empty(LOOKS), []
    try:
        context.setPositions(positions)
        context.computeVirtualSites()
        context.setVelocitiesToTemperature(dynamics.temperature, openmm_seed(seed))
        for look in range(LOOKS):
            context.getIntegrator().step(max(1, dynamics.npt_steps // LOOKS))
            state = context.getState(positions=True)
            box = from_openmm(state.getPeriodicBoxVectors())
            assert box is not None
            volumes[look] = np.linalg.det(box)
            if look >= LOOKS // 2:
                found = state.getPositions(asNumpy=True).value_in_unit(unit.nanometer)
                kept.append((np.array(found), as_vectors(box)))
            if (look + 1) % (LOOKS // REPORTS) == 0:
                log(
                    f"barostat at {dynamics.pressure:g} bar: {look + 1} %,"
                    f" {volumes[look]:.3f} nm^3, {density(mass, box):.3f} g/cm^3"
                )
    except openmm.OpenMMException as error:
        raise SystemBuildError(
            "system.yaml", f"dynamics.pressure: the run failed: {error}"
        ) from None
    return volumes, kept
