"""Long motion of several replicas at once, with every n-th step stored."""

from dataclasses import dataclass

import numpy as np
import torch

from mechanist.arrays import Array
from mechanist.errors import SamplingError
from mechanist.trajectory.propagator.learned import LearnedMotion


@dataclass(frozen=True)
class Chain:
    """B replicas at K times.

    Parameters
    ----------
    dt_ps
        Between two stored frames.
    positions, velocities
        (B, K, N, 3) in nm and nm/ps.
    energy
        (B, K) kinetic plus learned potential energy in kJ/mol.
    """

    dt_ps: float
    positions: Array
    velocities: Array
    energy: Array


def follow(motion: LearnedMotion, x0: Array, v0: Array, steps: int, every: int) -> Chain:
    """Integrate from states (B, N, 3), in nm and nm/ps, and store every ``every``-th step.

    Raises
    ------
    SamplingError
        If a replica becomes unstable.
    """
    x, v, e = [], [], []
    with torch.inference_mode():
        path = motion.walk(torch.tensor(x0), torch.tensor(v0), steps)
        for number, state in enumerate(path):
            if number % every == 0:
                x.append(state.x.numpy().copy())
                v.append(state.v.numpy().copy())
                e.append(motion.total_energy(state).numpy().copy())
                if not np.isfinite(e[-1]).all():
                    time = number * motion.step_ps
                    raise SamplingError(
                        "chain", f"a replica has become unstable after {time:.3f} ps"
                    )
    stacked = [np.stack(part, axis=1) for part in (x, v, e)]
    return Chain(every * motion.step_ps, *stacked)
