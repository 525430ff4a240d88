"""The state of an engine between two strides, from which another process can continue."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array, Counts, FrameSource, NamedArrays, Rows
from mechanist.engine.half_shots import HalfPaths, no_half_paths


@dataclass(frozen=True)
class UnderWay:
    """Half-shots that have not ended, and ended ones that were not yielded yet.

    Parameters
    ----------
    slots
        (K,) slots of the half-shots, numbered over all lanes.
    keys
        (K,) identifiers of these half-shots.
    positions, velocities
        (K, N, 3) in nm and nm/ps as the integrator has them: velocities half a step behind.
    ages
        (K,) frames of each half-shot so far, whether they were kept or not.
    lengths, frames
        (K,) and (sum of lengths, N, 3) in nm: frames of each half-shot that were kept; none if the
        engine keeps none.
    ended, ended_lanes
        E half-paths that lanes hold back, and the lane (E,) of each.
    noise
        (B,) bytes, state of the random numbers; empty where OpenMM does not expose it.
    """

    slots: Rows
    keys: Rows
    positions: Array
    velocities: Array
    ages: Counts
    lengths: Counts
    frames: FrameSource
    ended: HalfPaths
    ended_lanes: Rows
    noise: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.slots)

    def arrays(self) -> NamedArrays:
        """Named arrays, for a file."""
        own = {name: value for name, value in vars(self).items() if name != "ended"}
        own["frames"] = self.frames[:]
        return own | {f"ended_{name}": value for name, value in vars(self.ended).items()}

    @staticmethod
    def none(atoms: int) -> "UnderWay":
        """Nothing under way, for a system with so many atoms."""
        rows = np.empty(0, dtype=np.int64)
        frames = np.empty((0, atoms, 3))
        return UnderWay(
            slots=rows,
            keys=rows,
            positions=frames,
            velocities=frames,
            ages=rows,
            lengths=rows,
            frames=frames.astype(np.float32),
            ended=no_half_paths(atoms),
            ended_lanes=rows,
            noise=np.empty(0, dtype=np.uint8),
        )

    @staticmethod
    def of(arrays: NamedArrays) -> "UnderWay":
        """Inverse of `arrays`; a KeyError names what is missing."""
        own = ("slots", "keys", "positions", "velocities", "ages", "lengths", "frames")
        of_ended = ("keys", "ends", "lengths", "frames", "steps")
        return UnderWay(
            **{name: arrays[name] for name in own},
            ended_lanes=arrays["ended_lanes"],
            ended=HalfPaths(**{name: arrays[f"ended_{name}"] for name in of_ended}),
            noise=arrays["noise"],
        )
