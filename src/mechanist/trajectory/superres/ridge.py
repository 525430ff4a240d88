"""Linear interpolator: ridge regression from the ends of a gap to the residual of Hermite."""

from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array
from mechanist.trajectory.dataset import Ends, Windows
from mechanist.trajectory.ridge import LinearMap, best_held_out
from mechanist.trajectory.superres.frame import Placement, Pose
from mechanist.trajectory.superres.polynomials import hermite
from mechanist.trajectory.superres.protocol import Filled

STRENGTHS = tuple(10.0**k for k in range(-12, 1))
"""Penalties relative to the largest eigenvalue; the best on the validation block is chosen."""


@dataclass(frozen=True)
class Ridge:
    """A linear map for one length of gap, in a common orientation.

    Its targets are residuals of positions, then of velocities, (2 x inner x N x 3).
    """

    pose: Pose
    linear: LinearMap

    def __call__(self, ends: Ends, accelerations: Array | None = None) -> Filled:
        """Missing frames; accelerations (B, 2, N, 3) in nm/ps2 if it was fitted with them."""
        inputs, placed, placement = _inputs(ends, self.pose, accelerations)
        rest = self.linear(inputs).reshape(len(ends), 2, ends.inner, -1, 3)
        start = hermite(placed)
        return Filled(
            placement.back(start.positions + rest[:, 0]),
            placement.turn_back(start.velocities + rest[:, 1]),
        )


def _inputs(ends: Ends, pose: Pose, accelerations: Array | None) -> tuple[Array, Ends, Placement]:
    """Inputs (B, I), the gaps in the common orientation, and their placement."""
    placed, placement = pose.place_gaps(ends)
    parts = [placed.x0, placed.v0, placed.x1, placed.v1]
    if accelerations is not None:
        parts.append(placement.turn_there(accelerations))
    return np.concatenate([p.reshape(len(ends), -1) for p in parts], axis=1), placed, placement


def fit_ridge(
    train: Windows, validate: Windows, masses: Array, accelerations: bool = False
) -> Ridge:
    """Fit the map to gaps of one length, with the penalty that is best on the validation block.

    ``masses`` (N,) are in Da; ``accelerations`` says whether those at the ends are inputs.
    """
    pose = Pose(train.positions[0, 0], masses)
    inputs, targets = _pairs(train, pose, accelerations)
    scale = inputs.std(axis=0)
    scale[scale < 1e-9 * scale.max()] = 1.0
    held = _pairs(validate, pose, accelerations)
    half = targets.shape[1] // 2
    return Ridge(pose, best_held_out((inputs, targets), held, STRENGTHS, scale, half))


def _pairs(gaps: Windows, pose: Pose, accelerations: bool) -> tuple[Array, Array]:
    """Inputs (B, I) and residuals of Hermite (B, 2 x inner x N x 3)."""
    inputs, placed, placement = _inputs(
        gaps.ends, pose, gaps.accelerations if accelerations else None
    )
    start = hermite(placed)
    positions = placement.there(gaps.positions[:, 1:-1]) - start.positions
    velocities = placement.turn_there(gaps.velocities[:, 1:-1]) - start.velocities
    return inputs, np.stack([positions, velocities], axis=1).reshape(len(gaps), -1)
