"""A particle at one of two distances from a fixed point, among ideal ones, in a box at a pressure.

The energy U(r) is a double well, h [((r - c)/w)^2 - 1]^2. The distance r has the density
r^2 exp(-U/kT) at any volume, and the volume, with K ideal particles, the density
V^K exp(-P V / kT). Moves of the volume change the distance, and with it the state.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.engine.half_shots import HalfShots
from mechanist.engine.pool import Pool
from mechanist.sampling.streams import thermal_velocities
from mechanist.settings.system import GAS_CONSTANT
from mechanist.systems.barostat import BAR, Barostat, with_box
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from mechanist.systems.descriptors.states import Box, Interval, State, States
from mechanist.systems.prepared import Prepared
from tests.truth.brute_force import BruteForce, watch
from tests.truth.compare import Observables
from tests.truth.paths import Frames

TEMPERATURE = 300.0
KT = GAS_CONSTANT * TEMPERATURE
HEIGHT, CENTRE, WIDTH = 6.0, 0.5, 0.15
EDGE, OTHERS = 3.0, 5
SHAPE = OTHERS + 1
"""Of the gamma distribution of the volume."""
PRESSURE = SHAPE * KT / EDGE**3
"""In kJ/mol/nm^3; the mean volume is that of `EDGE`."""
BOX = ((EDGE, 0.0, 0.0), (0.0, EDGE, 0.0), (0.0, 0.0, EDGE))
LOW, HIGH = 0.38, 0.62
"""Ends of the states in nm."""


def energy(r: Array) -> Array:
    """U(r) in kJ/mol."""
    return HEIGHT * (((r - CENTRE) / WIDTH) ** 2 - 1) ** 2


def shells_in_a_box(change: float = 12.0, chance: float = 0.4) -> Prepared:
    """The system; moves of the volume of at most ``change`` in nm^3."""
    import openmm

    system = openmm.System()
    system.setDefaultPeriodicBoxVectors(*BOX)
    well = f"{HEIGHT}*(((r-{CENTRE})/{WIDTH})^2-1)^2; r=periodicdistance(x,y,z,0,0,0)"
    force = openmm.CustomExternalForce(well)
    force.addParticle(0, [])
    system.addForce(force)
    # The second is the fixed point, which moves of the volume leave where it is.
    masses = [20.0, 0.0, *[20.0] * OTHERS]
    for mass in masses:
        system.addParticle(mass)
    atoms = len(masses)
    positions = np.random.default_rng(0).uniform(0, EDGE, (atoms, 3))
    positions[:2] = [[0.35, 0.0, 0.0], [0.0, 0.0, 0.0]]
    distance = DescriptorSet((Descriptor("r", "distance", (0, 1)),), BOX, atoms)
    a = State("near", (Box((Interval("r", 0.0, LOW),)),))
    b = State("far", (Box((Interval("r", HIGH, EDGE),)),))
    return Prepared(
        name="shells in a box",
        system=system,
        positions=np.asarray(with_box(positions, BOX)),
        masses=np.array([*masses, 0.0]),
        temperature=TEMPERATURE,
        friction=5.0,
        timestep=0.01,
        stride=4,
        max_half_frames=2000,
        states=States(distance, a, b),
        barostat=Barostat(PRESSURE / BAR, change, chance),
    )


def volumes(frames: NDArray[np.floating]) -> Array:
    """Volumes (F,) in nm^3 of the boxes of frames (F, N + 1, 3)."""
    return np.asarray(frames[..., -1, :].astype(np.float64).prod(axis=-1))


def distances(prepared: Prepared, frames: NDArray[np.floating]) -> Array:
    """Distances (F,) from the fixed point in nm."""
    return prepared.states.descriptors.values(frames)[:, 0]


def walkers(prepared: Prepared, count: int, seed: int) -> Pool:
    """A pool whose slots start from the structure."""
    pool = Pool(prepared, count, "Reference", seed)
    positions = np.repeat(prepared.positions[None], count, axis=0)
    sigma = thermal_velocities(prepared)[:, None]
    velocities = np.random.default_rng(seed).standard_normal(positions.shape) * sigma
    pool.load(np.arange(count), HalfShots(np.arange(count), positions, velocities))
    return pool


def unbiased(prepared: Prepared, count: int, frames: int, burn_in: int, seed: int) -> BruteForce:
    """Walkers under the barostat, without shots."""
    pool, busy = walkers(prepared, count, seed), np.ones(count, dtype=np.bool_)
    return watch(prepared, lambda now: pool.advance(busy, now), count, frames, burn_in, 25)


def observables(prepared: Prepared) -> Observables:
    """Where paths are in distance and volume, and the volume where they first cross the top."""

    def cell(frames: Frames) -> NDArray[np.int64]:
        r = np.clip((distances(prepared, frames) - LOW) / (HIGH - LOW) * 4, 0, 3).astype(int)
        return 3 * r + np.searchsorted([24.0, 30.0], volumes(frames))

    def crossing(paths: Sequence[Frames]) -> Array:
        firsts = [np.argmax(distances(prepared, path) > CENTRE) for path in paths]
        return np.array([volumes(p[i : i + 1])[0] for p, i in zip(paths, firsts, strict=True)])

    return Observables(cell, 12, crossing)
