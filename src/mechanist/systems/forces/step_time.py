"""How long a force law takes for one MD step."""

import time

import numpy as np

from mechanist.arrays import Array
from mechanist.systems.forces.law import ForceLaw

CALLS, ENOUGH = (5, 100), 1.0
"""Fewest and most calls, and seconds after which there are enough; the fastest counts, since other
programs on the machine make some of them slower."""

REPLICAS = 64
"""Replicas of a call, for laws that compute many at once."""

SHIFT = 0.002
"""Spread in nm of the random shifts of atoms, so that no call repeats the one before."""


def step_seconds(law: ForceLaw, positions: Array) -> float:
    """Seconds of one step of one replica near positions (N, 3) in nm."""
    replicas = REPLICAS if law.batched else 1
    rng = np.random.default_rng(0)
    taken: list[float] = []
    while len(taken) < CALLS[0] or (sum(taken) * replicas < ENOUGH and len(taken) < CALLS[1]):
        shifts = SHIFT * rng.standard_normal((replicas, *positions.shape))
        law.forget()
        begin = time.perf_counter()
        law.energy_forces(positions + shifts)
        taken.append((time.perf_counter() - begin) / replicas)
    law.forget()
    return min(taken)
