"""Reference trajectories: molecules by GFN2-xTB at constant energy."""

import numpy as np

from mechanist.trajectory.molecules import molecule
from mechanist.trajectory.nve import Potential, constant_energy, heat
from mechanist.trajectory.trajectory import Meta, Trajectory, masses_of
from mechanist.trajectory.xtb import Xtb


def generate(
    name: str,
    frames: int,
    seed: int,
    temperature: float = 500.0,
    dt_ps: float = 0.0005,
    heating_ps: float = 2.0,
    potential: Potential | None = None,
) -> Trajectory:
    """Heat a molecule, then follow it at constant energy without total momentum.

    Parameters
    ----------
    name
        One of `mechanist.trajectory.molecules.MOLECULES`.
    frames
        Frames to keep, one a step.
    seed
        Of velocities and thermostat.
    temperature
        In K, that it is heated to; at constant energy the mean kinetic temperature differs.
    dt_ps, heating_ps
        Step, and time of heating, in ps.
    potential
        Of the atoms; GFN2-xTB if None.

    Raises
    ------
    SettingsError
        If the name is not known.
    SystemBuildError
        If tblite is not installed or its field does not converge.
    """
    start = molecule(name)
    numbers, masses = start.numbers, masses_of(start.numbers)
    forces = Xtb(numbers) if potential is None else potential
    rng = np.random.default_rng(seed)
    steps = round(heating_ps / dt_ps)
    x, v = heat(forces, start.positions, masses, temperature, steps, dt_ps, rng)
    meta = Meta(
        source="mechanist",
        level_of_theory=Xtb.level if potential is None else "given",
        integrator_dt_ps=dt_ps,
        temperature_K=temperature,
        seed=seed,
    )
    return constant_energy(forces, x, v, numbers, masses, frames, dt_ps, meta)
