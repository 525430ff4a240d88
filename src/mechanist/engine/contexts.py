"""OpenMM contexts, and arrays in and out of them.

Velocities. LangevinMiddleIntegrator (Zhang et al., J. Phys. Chem. A 123, 6056 (2019)) keeps
velocities half a step behind the positions. A shot starts from velocities drawn at the time of the
positions, so half a kick is subtracted before the first step: v - (dt / 2m) F(x). Then the forward
and the backward half of a path are pieces of one trajectory of the BAOAB scheme.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.engine.devices import device_properties
from mechanist.errors import SamplingError, SystemBuildError
from mechanist.systems.forces.attach import FAILED
from mechanist.systems.forces.platforms import cpu_properties, platform_names
from mechanist.systems.prepared import Prepared

CONSTRAINT_TOLERANCE = 1e-6
SEED_LIMIT = 2**31 - 1


def langevin(temperature: float, friction: float, timestep: float, seed: int) -> Any:
    """The integrator of all dynamics; temperature in K, friction in 1/ps, time step in ps."""
    import openmm

    integrator = openmm.LangevinMiddleIntegrator(temperature, friction, timestep)
    integrator.setConstraintTolerance(CONSTRAINT_TOLERANCE)
    integrator.setRandomNumberSeed(openmm_seed(seed))
    return integrator


def openmm_seed(seed: int) -> int:
    """A seed for OpenMM, which takes 0 as a seed from the clock."""
    return 1 + seed % (SEED_LIMIT - 1)


def make_context(prepared: Prepared, system: Any, platform: str, seed: int) -> Any:
    """A context with its own Langevin integrator on one thread.

    Raises
    ------
    SystemBuildError
        If the platform is missing or cannot run the system.
    """
    import openmm

    integrator = langevin(prepared.temperature, prepared.friction, prepared.timestep, seed)
    try:
        properties = cpu_properties(platform) | device_properties(platform)
        chosen = openmm.Platform.getPlatformByName(platform)
        return openmm.Context(system, integrator, chosen, properties)
    except openmm.OpenMMException as error:
        there = ", ".join(platform_names())
        raise SystemBuildError(
            "config.yaml", f"engine.platform: {platform!r}: {error}; available: {there}"
        ) from None


def has_virtual_sites(system: Any) -> bool:
    """Whether a System has virtual sites, such as M of TIP4P.

    A context does not place them by itself when its positions are set.
    """
    return any(system.isVirtualSite(i) for i in range(system.getNumParticles()))


def set_positions(context: Any, rows: Array) -> None:
    """Set positions (N, 3) in nm, and the box if its diagonal is one more row.

    See `mechanist.systems.barostat`.
    """
    system = context.getSystem()
    atoms = system.getNumParticles()
    if len(rows) > atoms:
        # Units are OpenMM's own: nm. Quantities take longer than a step of a small system.
        vectors = [vector._value for vector in system.getDefaultPeriodicBoxVectors()]
        scale = float(rows[-1, 0]) / vectors[0][0]
        context.setPeriodicBoxVectors(*([scale * x for x in vector] for vector in vectors))
    context.setPositions(rows[:atoms])


def set_velocities(context: Any, rows: Array) -> None:
    """Set velocities (N, 3) in nm/ps; a row of the box is left out."""
    context.setVelocities(rows[: context.getSystem().getNumParticles()])


def read_positions(context: Any, out: Array) -> None:
    """Positions (N, 3) in nm, written straight into ``out``; one more row is that of the box.

    The public call creates a Quantity, which takes longer than the copy; the private method below
    it writes into an existing array.
    """
    import openmm

    _read(context.getState(positions=True), context, openmm.State.Positions, out)


def read_state(context: Any, positions: Array, velocities: Array) -> None:
    """Positions (N, 3) in nm and velocities (N, 3) in nm/ps, half a step behind them.

    One more row is that of the box, which does not move between volume moves.
    """
    import openmm

    state = context.getState(positions=True, velocities=True)
    _read(state, context, openmm.State.Positions, positions)
    _read(state, context, openmm.State.Velocities, velocities)


def read_forces(context: Any, out: Array) -> None:
    """Forces (N, 3) in kJ/mol/nm; 0 in the row of a box."""
    import openmm

    _read(context.getState(forces=True), context, openmm.State.Forces, out)


def read_all(
    context: Any, positions: Array | None, velocities: Array | None, forces: Array
) -> float:
    """Energy in kJ/mol, and positions, velocities and forces as of `read_state`, in one call."""
    import openmm

    more = {"positions": True, "velocities": True} if positions is not None else {}
    state = context.getState(energy=True, forces=True, **more)
    if positions is not None and velocities is not None:
        _read(state, context, openmm.State.Positions, positions)
        _read(state, context, openmm.State.Velocities, velocities)
    _read(state, context, openmm.State.Forces, forces)
    return float(state.getPotentialEnergy()._value)


def _read(state: Any, context: Any, kind: Any, out: Array) -> None:
    """Vectors of a State, written into the first rows; the last row is that of the box, if any."""
    import openmm

    atoms = context.getSystem().getNumParticles()
    state._getVectorAsNumpy(kind, out[:atoms])
    if len(out) > atoms:
        out[atoms] = 0
        if kind == openmm.State.Positions:
            vectors = state.getPeriodicBoxVectors()._value
            out[atoms] = [vectors[axis][axis] for axis in range(3)]


def half_kick(masses: Array, timestep: float) -> Array:
    """Factor dt / 2m, (N, 1), from forces to the velocity change of half a step.

    It is 0 for massless particles, which do not move.
    """
    inverse = np.divide(1.0, masses, out=np.zeros_like(masses), where=masses > 0)
    return np.asarray(0.5 * timestep * inverse[:, None])


def is_explosion(fault: str) -> bool:
    """Whether an OpenMM message is about a NaN in coordinates or energy, or a force law's failure.

    Other failures of a running simulation (a lost GPU, no memory) are not outcomes of a shot.
    """
    return FAILED in fault or re.search(r"\bnan\b", fault, re.IGNORECASE) is not None


@contextmanager
def explosions() -> Iterator[list[str]]:
    """Collect OpenMM's messages about explosions instead of raising: they are outcomes."""
    import openmm

    faults: list[str] = []
    try:
        yield faults
    except openmm.OpenMMException as error:
        if not is_explosion(str(error)):
            raise
        faults.append(str(error))


@contextmanager
def device_faults() -> Iterator[None]:
    """End the job with one line when OpenMM itself fails.

    Raises
    ------
    SamplingError
        In place of any OpenMMException. A shot that the device did not finish has no outcome, and
        counting it as exploded would bias the rest.
    """
    import openmm

    try:
        yield
    except openmm.OpenMMException as error:
        raise SamplingError("engine", f"OpenMM failed, this job is lost: {error}") from None


@contextmanager
def openmm_faults() -> Iterator[list[str]]:
    """Collect whatever OpenMM raises, to test whether a platform works."""
    import openmm

    faults: list[str] = []
    try:
        yield faults
    except openmm.OpenMMException as error:
        faults.append(str(error))
