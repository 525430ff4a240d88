"""Long motion: several replicas at once, of which every so many-th step is kept."""

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
        Between two kept frames.
    positions, velocities
        (B, K, N, 3) in nm and nm/ps.
    energy
        (B, K) kinetic and learned energy in kJ/mol.
    """

    dt_ps: float
    positions: Array
    velocities: Array
    energy: Array


def follow(motion: LearnedMotion, x0: Array, v0: Array, steps: int, every: int) -> Chain:
    """Steps of the integrator from (B, N, 3), in nm and nm/ps.

    Raises
    ------
    SamplingError
        If a replica flies apart.
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
                    raise SamplingError("chain", f"a replica has flown apart after {time:.3f} ps")
    stacked = [np.stack(part, axis=1) for part in (x, v, e)]
    return Chain(every * motion.step_ps, *stacked)
