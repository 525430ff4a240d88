"""Our propagator: learned forces, symplectic steps, and a quintic polynomial between steps.

The polynomial has the positions, velocities and accelerations of both steps, so times in any order
are one batched call. The state at time 0 is exact, momentum is conserved, and times before 0 follow
from reversed velocities.
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
from mechanist.trajectory.propagator.field import Field, field_of
from mechanist.trajectory.propagator.motion import Motion
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
        """States at any times.

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
            If shapes do not match, a number is not finite, or a time is too long.
        """
        self._check(x0, v0, times)
        x, v = np.empty((2, len(x0), len(times), *x0.shape[1:]))
        with torch.inference_mode():
            for i in range(0, len(x0), BATCH):
                rows = slice(i, i + BATCH)
                for sign in (1.0, -1.0):
                    some = times >= 0 if sign > 0 else times < 0
                    if some.any():
                        made = self._ahead(x0[rows], sign * v0[rows], sign * times[some])
                        x[rows, some] = made[0].transpose(0, 1)
                        v[rows, some] = sign * made[1].transpose(0, 1)
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

    def _check(self, x0: Array, v0: Array, times: Array) -> None:
        atoms = len(self.masses)
        if x0.shape != v0.shape or x0.shape[1:] != (atoms, 3) or times.ndim != 1:
            raise DataError(
                "propagator", f"x0 {x0.shape}, v0 {v0.shape}: must be (B, {atoms}, 3); times (T,)"
            )
        if not all(np.isfinite(one).all() for one in (x0, v0, times)):
            raise DataError("propagator", "numbers that are not finite")
        if len(times) and np.abs(times).max() > LONGEST * self.step_ps:
            raise DataError("propagator", f"a time is above {LONGEST * self.step_ps:g} ps")

    def _ahead(self, x0: Array, v0: Array, times: Array) -> tuple[Tensor, Tensor]:
        """Positions and velocities (T, B, N, 3) at times of at least 0."""
        whole = np.floor(times / self.step_ps + 1e-9).astype(np.int64)
        last = int(whole.max()) + 1
        path = list(self.walk(torch.tensor(x0), torch.tensor(v0), last))
        if self.scheme.kick_first:
            a = torch.stack([one.pull for one in path])
        else:
            a = torch.stack([self.accelerations(one.x) for one in path])
        x, v = torch.stack([one.x for one in path]), torch.stack([one.v for one in path])
        part = torch.tensor(np.clip(times / self.step_ps - whole, 0, 1))[:, None, None, None]
        ends = [(x[k], v[k], a[k]) for k in (whole, whole + 1)]
        return quintic(ends[0], ends[1], part, self.step_ps)


def quintic(
    left: tuple[Tensor, Tensor, Tensor], right: tuple[Tensor, Tensor, Tensor], u: Tensor, h: float
) -> tuple[Tensor, Tensor]:
    """Positions and velocities at the fraction ``u`` of a step of ``h`` ps between two states.

    Each state is positions, velocities and accelerations.
    """
    (x0, v0, a0), (x1, v1, a1) = left, right
    one, two, three = x1 - x0 - h * v0 - h**2 / 2 * a0, h * (v1 - v0 - h * a0), h**2 * (a1 - a0)
    c3 = 10 * one - 4 * two + three / 2
    c4 = -15 * one + 7 * two - three
    c5 = 6 * one - 3 * two + three / 2
    x = x0 + u * (h * v0 + u * (h**2 / 2 * a0 + u * (c3 + u * (c4 + u * c5))))
    v = v0 + u * (h * a0 + u * (3 * c3 + u * (4 * c4 + u * 5 * c5)) / h)
    return x, v


def motion_of(
    forces: KernelForces, masses: Array, step_ps: float, scheme: Scheme = VERLET
) -> LearnedMotion:
    """A propagator with learned forces; ``masses`` (N,) in Da."""
    return LearnedMotion(field_of(forces), torch.tensor(masses)[:, None], step_ps, scheme)


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
