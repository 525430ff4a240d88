"""Reference trajectories: molecules by GFN2-xTB at constant energy."""

import numpy as np

from benchmarks.trajectory.reference.molecules import molecule
from benchmarks.trajectory.reference.nve import Potential, constant_energy, heat
from mechanist.arrays import Array
from mechanist.systems.forces.xtb import Xtb
from mechanist.trajectory.trajectory import GAS, Meta, Trajectory, masses_of


def thermal_energy(masses: Array, temperature: float) -> float:
    """Mean energy in kJ/mol of 3N - 6 classical harmonic oscillators, above the minimum."""
    return (3 * len(masses) - 6) * GAS * temperature


def with_energy(velocities: Array, masses: Array, kinetic: float) -> Array:
    """Velocities (N, 3) scaled to a kinetic energy in kJ/mol, by a factor of 0.5 to 2.

    Without it the energy of a small molecule after heating deviates by up to a fifth from its mean.
    """
    now = 0.5 * float(masses @ (velocities**2).sum(axis=1))
    return velocities * float(np.clip(np.sqrt(max(kinetic, 0.0) / now), 0.5, 2.0))


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

    That energy is the mean one of harmonic vibrations at the temperature.

    Parameters
    ----------
    name
        One of `benchmarks.trajectory.reference.molecules.MOLECULES`.
    frames
        Frames to keep, one a step.
    seed
        Of velocities and thermostat.
    temperature
        In K; the mean kinetic temperature differs as far as vibrations are not harmonic.
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
    v = with_energy(
        v, masses, thermal_energy(masses, temperature) - (forces(x)[0] - forces(start.positions)[0])
    )
    meta = Meta(
        source="mechanist",
        level_of_theory=Xtb.level if potential is None else "given",
        integrator_dt_ps=dt_ps,
        temperature_K=temperature,
        seed=seed,
    )
    return constant_energy(forces, x, v, numbers, masses, frames, dt_ps, meta)
