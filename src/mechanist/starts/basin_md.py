"""Short MD from a structure: what its basin looks like at the temperature of the run."""

from dataclasses import dataclass, replace

import numpy as np

from mechanist.arrays import Array
from mechanist.engine.choose import make_engine
from mechanist.engine.half_shots import EXPLODED, HalfShots, ShotQueue
from mechanist.engine.plan import Plan
from mechanist.errors import SystemBuildError
from mechanist.sampling.streams import normals, shot_seeds, thermal_velocities
from mechanist.settings.system import DynamicsSettings
from mechanist.systems.build.molecule import Molecule
from mechanist.systems.descriptors.descriptor_set import DescriptorSet
from mechanist.systems.descriptors.states import State, States
from mechanist.systems.prepared import Prepared, masses_of

STREAM = 2**31 + 1
"""Chain number of the random stream used here; no chain has it."""


@dataclass(frozen=True)
class RunLength:
    """How much MD there is in each basin.

    Parameters
    ----------
    replicas
        Runs side by side, from the same structure with other velocities.
    settle
        ps at the beginning of each that do not count.
    sampled
        ps of each that count.
    """

    replicas: int = 4
    settle: float = 1.0
    sampled: float = 10.0

    @property
    def total(self) -> float:
        """Sampled time of all runs in ps."""
        return self.replicas * self.sampled


def unsampled(
    name: str, molecule: Molecule, positions: Array, dynamics: DynamicsSettings
) -> Prepared:
    """A system without states, for MD; positions (N, 3) in nm."""
    step = dynamics.timestep / 1000
    return Prepared(
        name=name,
        system=molecule.system,
        positions=positions,
        masses=masses_of(molecule.system),
        temperature=dynamics.temperature,
        friction=dynamics.friction,
        timestep=step,
        stride=dynamics.stride,
        max_half_frames=round(dynamics.max_half_path / (step * dynamics.stride)),
        states=States(DescriptorSet(()), State("A", ()), State("B", ())),
        law=molecule.law,
    )


def basin_frames(prepared: Prepared, length: RunLength, plan: Plan, seed: int, where: str) -> Array:
    """Frames of MD from the structure of a system.

    Parameters
    ----------
    prepared
        At the temperature of the MD, its structure at a minimum.
    length
        Number and length of the runs.
    plan
        Of the engine.
    seed
        Of velocities and noise.
    where
        File of the structure, for messages.

    Returns
    -------
    ndarray
        (R, F, N, 3) in nm, the settling included.

    Raises
    ------
    SystemBuildError
        If a run explodes.
    """
    frame = prepared.timestep * prepared.stride
    skipped, kept = round(length.settle / frame), round(length.sampled / frame)
    engine = make_engine(
        replace(prepared, max_half_frames=skipped + kept),
        length.replicas,
        replace(plan, lanes=1),
        seed,
        lambda positions: np.zeros(len(positions), dtype=np.int8),
        skipped + kept,
    )
    numbers = np.arange(length.replicas)
    seeds = shot_seeds(seed, np.full(length.replicas, STREAM), numbers)
    velocities = normals(seeds, 0, prepared.positions.shape) * thermal_velocities(prepared)[:, None]
    starts = np.repeat(prepared.positions[None], length.replicas, axis=0)
    queue = ShotQueue()
    queue.put(HalfShots(numbers, starts, velocities))
    found: dict[int, Array] = {}
    for halves in engine.run(queue.take):
        for key, end, frames in zip(halves.keys.tolist(), halves.ends, halves.each(), strict=True):
            if end == EXPLODED:
                raise SystemBuildError(
                    where,
                    f"MD at {prepared.temperature:g} K explodes with a time step of"
                    f" {1000 * prepared.timestep:g} fs; does the structure fit the forces?",
                )
            found[key] = np.asarray(frames)
    return np.stack([found[int(key)] for key in numbers])
