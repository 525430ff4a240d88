"""Random numbers: each shot has a stream of its own, keyed by (seed, chain, move).

The streams are those of splitmix64 (Steele, Lea, Flood, OOPSLA 2014, doi:10.1145/2660193.2660195),
which gives its i-th number without those before, so that the numbers of thousands of shots are
drawn in one call; a numpy Generator for each shot would be far slower.
"""

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.systems.prepared import Prepared

Seeds = NDArray[np.int64]

_MASK = 2**64 - 1
_STEP = 0x9E3779B97F4A7C15
_FIRST, _SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def shot_seed(seed: int, chain: int, move: int) -> int:
    """Seed of one shot: splitmix64 of (seed, chain, move), so that any shot can be regenerated."""
    state = 0
    for part in (seed, chain, move):
        state = (state + part * _STEP + _STEP) & _MASK
        state = ((state ^ (state >> 30)) * _FIRST) & _MASK
        state = ((state ^ (state >> 27)) * _SECOND) & _MASK
        state ^= state >> 31
    return state >> 1


def shot_seeds(seed: int, chains: NDArray[np.int64], moves: NDArray[np.int64]) -> Seeds:
    """`shot_seed` of many shots, (K,)."""
    state = np.zeros(len(chains), dtype=np.uint64)
    for part in (np.full(len(chains), seed), chains, moves):
        state = _mixed(state + part.astype(np.uint64) * np.uint64(_STEP) + np.uint64(_STEP))
    return (state >> np.uint64(1)).astype(np.int64)


def uniforms(seeds: Seeds, first: int, count: int) -> Array:
    """Numbers ``first`` to ``first + count - 1`` of each stream, (K, count), between 0 and 1."""
    places = np.arange(first + 1, first + count + 1, dtype=np.uint64) * np.uint64(_STEP)
    bits = _mixed(seeds.astype(np.uint64)[:, None] + places) >> np.uint64(11)
    return (bits.astype(np.float64) + 0.5) * 2.0**-53


def normals(seeds: Seeds, first: int, shape: tuple[int, ...]) -> Array:
    """Normal numbers (K, *shape) from the numbers ``first`` and on of each stream.

    By Box and Muller, Ann. Math. Stat. 29, 610 (1958).
    """
    count = int(np.prod(shape))
    pairs = -(-count // 2)
    u = uniforms(seeds, first, 2 * pairs)
    radius = np.sqrt(-2 * np.log(u[:, :pairs]))
    angle = 2 * np.pi * u[:, pairs:]
    both = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return both[:, :count].reshape(len(seeds), *shape)


def thermal_velocities(prepared: Prepared) -> NDArray[np.float64]:
    """Standard deviation sqrt(kT/m) of the velocity components of each atom, (N,) in nm/ps."""
    masses = prepared.masses
    return np.sqrt(np.divide(prepared.kt, masses, out=np.zeros_like(masses), where=masses > 0))


def _mixed(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    state = (state ^ (state >> np.uint64(30))) * np.uint64(_FIRST)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(_SECOND)
    return state ^ (state >> np.uint64(31))
