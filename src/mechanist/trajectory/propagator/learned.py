"""Motion with learned forces, by velocity Verlet.

The state at time 0 is exact, momentum is conserved, and times before 0 follow from reversed
velocities.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import DataError, SamplingError
from mechanist.systems.forces.kernel import KernelForces
from mechanist.trajectory.integrator import State, begin, walk
from mechanist.trajectory.propagator.motion import Chain, Motion
from mechanist.trajectory.superres.dynamics import Dynamics

LONGEST = 4000
"""Largest number of steps for times in any order; `follow` has no limit."""


@dataclass(frozen=True)
class LearnedMotion:
    """A propagator.

    Parameters
    ----------
    forces
        Learned forces.
    masses
        (N,) in Da.
    step_ps
        Of the integrator; best that of the reference motion.
    """

    forces: KernelForces
    masses: Array
    step_ps: float

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
        for sign, some in ((1, np.flatnonzero(steps >= 0)), (-1, np.flatnonzero(steps < 0))):
            if len(some):
                path = self.walk(x0, sign * v0, int(np.abs(steps[some]).max()))
                for number, state in enumerate(path):
                    for column in some[np.abs(steps[some]) == number]:
                        x[:, column], v[:, column] = state.x, sign * state.v
        return Motion(x, v)

    def walk(self, x: Array, v: Array, steps: int) -> Iterator[State]:
        """States at the start (B, N, 3) and after every step."""

        def pull(x: Array) -> Array:
            return self.forces(x) / self.masses[:, None]

        return walk(pull, begin(pull, x, v), self.step_ps, steps)

    def follow(self, x: Array, v: Array, steps: int, every: int) -> Chain:
        """Motion from states (B, N, 3) in nm and nm/ps, with every ``every``-th step stored.

        Raises
        ------
        SamplingError
            If a replica becomes unstable.
        """
        stored = []
        with np.errstate(over="ignore", invalid="ignore"):
            for number, state in enumerate(self.walk(x, v, steps)):
                if number % every:
                    continue
                kinetic = 0.5 * np.einsum("n,bnx->b", self.masses, state.v**2)
                stored.append((state.x, state.v, kinetic + self.forces.energy(state.x)))
                if not np.isfinite(stored[-1][2]).all():
                    time = number * self.step_ps
                    raise SamplingError(
                        "chain", f"a replica has become unstable after {time:.3f} ps"
                    )
        parts = [np.stack(part, axis=1) for part in zip(*stored, strict=True)]
        return Chain(every * self.step_ps, *parts)

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


def motion_of(dynamics: Dynamics, step_ps: float) -> LearnedMotion:
    """A propagator with the learned forces of a bridge."""
    assert isinstance(dynamics.forces, KernelForces)
    return LearnedMotion(dynamics.forces, dynamics.masses, step_ps)
