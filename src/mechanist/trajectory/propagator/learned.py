"""Motion with learned forces, by symplectic steps.

The state at time 0 is exact, momentum is conserved, and times before 0 follow from reversed
velocities.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mechanist.arrays import Array
from mechanist.errors import DataError
from mechanist.trajectory.integrator import VERLET, Scheme, State, begin, walk
from mechanist.trajectory.propagator.motion import Motion
from mechanist.trajectory.superres.field import Field
from mechanist.trajectory.superres.forcefield import KernelForces
from mechanist.trajectory.superres.store import load
from mechanist.trajectory.trajectory import Trajectory

BATCH = 256
"""Origins per batch."""

LONGEST = 4000
"""Largest number of steps for times in any order; longer motion is a `chain`."""


@dataclass(frozen=True)
class LearnedMotion:
    """A propagator.

    Parameters
    ----------
    field
        Learned forces.
    masses
        (N, 1) in Da.
    step_ps
        Of the integrator; best that of the reference motion.
    scheme
        Of the integrator.
    """

    field: Field
    masses: Tensor
    step_ps: float
    scheme: Scheme = VERLET

    def __call__(self, x0: Array, v0: Array, times: Array) -> Motion:
        """States at any whole numbers of steps.

        Parameters
        ----------
        x0, v0
            (B, N, 3) in nm and nm/ps.
        times
            (T,) in ps, in any order, positive or negative.

        Returns
        -------
        Motion
            (B, T, N, 3).

        Raises
        ------
        DataError
            If shapes do not match, a number is not finite, or a time is too long or between steps.
        """
        steps = self._checked(x0, v0, times)
        x, v = np.empty((2, len(x0), len(times), *x0.shape[1:]))
        with torch.inference_mode():
            for i in range(0, len(x0), BATCH):
                rows = slice(i, i + BATCH)
                for sign in (1, -1):
                    some = np.flatnonzero(steps >= 0 if sign > 0 else steps < 0)
                    start = torch.tensor(x0[rows]), torch.tensor(sign * v0[rows])
                    most = int(np.abs(steps[some]).max(initial=-1))
                    for number, state in enumerate(self.walk(*start, most) if most >= 0 else ()):
                        for column in some[np.abs(steps[some]) == number]:
                            x[rows, column] = state.x
                            v[rows, column] = sign * state.v
        return Motion(x, v)

    def accelerations(self, x: Tensor) -> Tensor:
        """In nm/ps2 at positions (B, N, 3) in nm."""
        return self.field.forces(x) / self.masses

    def walk(self, x: Tensor, v: Tensor, steps: int) -> Iterator[State]:
        """States at the start (B, N, 3) and after every step of the integrator."""
        start = begin(self.accelerations, x, v)
        return walk(self.accelerations, start, self.step_ps, steps, self.scheme)

    def total_energy(self, state: State) -> Tensor:
        """Kinetic plus learned potential energy (B,) in kJ/mol."""
        return self.field.energy(state.x) + 0.5 * torch.sum(self.masses * state.v**2, dim=(1, 2))

    def _checked(self, x0: Array, v0: Array, times: Array) -> Array:
        """Times in steps."""
        atoms = len(self.masses)
        if x0.shape != v0.shape or x0.shape[1:] != (atoms, 3) or times.ndim != 1:
            raise DataError(
                "propagator", f"x0 {x0.shape}, v0 {v0.shape}: must be (B, {atoms}, 3); times (T,)"
            )
        if not all(np.isfinite(one).all() for one in (x0, v0, times)):
            raise DataError("propagator", "numbers that are not finite")
        steps = np.round(times / self.step_ps)
        if len(times) and np.abs(steps).max() > LONGEST:
            raise DataError("propagator", f"a time is above {LONGEST * self.step_ps:g} ps")
        if not np.allclose(steps * self.step_ps, times, rtol=1e-6, atol=1e-6 * self.step_ps):
            raise DataError("propagator", f"times must be multiples of {self.step_ps:g} ps")
        return steps


def motion_of(
    forces: KernelForces, masses: Array, step_ps: float, scheme: Scheme = VERLET
) -> LearnedMotion:
    """A propagator with learned forces; ``masses`` (N,) in Da."""
    return LearnedMotion(forces.field, torch.tensor(masses)[:, None], step_ps, scheme)


def load_motion(weights_path: Path, json_path: Path, trajectory: Trajectory) -> LearnedMotion:
    """A propagator with the forces of a stored bridge, for motion like ``trajectory``.

    Raises
    ------
    DataError
        If a file is missing or damaged, or the model is of another molecule.
    """
    bridge = load(weights_path, json_path)
    masses = trajectory.masses
    if bridge.masses.shape != masses.shape or not np.allclose(bridge.masses, masses):
        raise DataError(
            weights_path, f"is a model of {len(bridge.masses)} other atoms; train it again"
        )
    forces = bridge.forces
    assert isinstance(forces, KernelForces)
    step = trajectory.meta.integrator_dt_ps
    return motion_of(forces, masses, trajectory.dt_ps if step is None else step)
