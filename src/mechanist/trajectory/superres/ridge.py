"""Linear interpolator: ridge regression from the ends of a gap to the residual of Hermite."""

from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array
from mechanist.trajectory.dataset import Ends, Windows
from mechanist.trajectory.ridge import best_held_out
from mechanist.trajectory.superres.frame import Placement, place
from mechanist.trajectory.superres.polynomials import hermite
from mechanist.trajectory.superres.protocol import Filled

STRENGTHS = tuple(10.0**k for k in range(-12, 1))
"""Penalties relative to the largest eigenvalue; the best on the validation block is chosen."""


@dataclass(frozen=True)
class Ridge:
    """A linear map for one length of gap.

    Parameters
    ----------
    reference
        (N, 3) in nm, on which gaps are superposed.
    masses
        (N,) in Da.
    mean, scale
        (P,) of the inputs.
    weights
        (P + 1, 2 x inner x N x 3), the last row is the constant; positions first, then velocities.
    strength
        The chosen penalty.
    accelerations
        Whether accelerations are inputs.
    """

    reference: Array
    masses: Array
    mean: Array
    scale: Array
    weights: Array
    strength: float
    accelerations: bool

    def fill(self, ends: Ends, accelerations: Array | None = None) -> Filled:
        """Missing frames; accelerations (B, 2, N, 3) in nm/ps2 if it was fitted with them."""
        inputs, placed, placement = _inputs(ends, self.reference, self.masses, accelerations)
        scaled = (inputs - self.mean) / self.scale
        rest = scaled @ self.weights[:-1] + self.weights[-1]
        rest = rest.reshape(len(ends), 2, ends.inner, -1, 3)
        start = hermite(placed)
        return Filled(
            placement.back(start.positions + rest[:, 0]),
            placement.turn_back(start.velocities + rest[:, 1]),
        )

    def __call__(self, ends: Ends) -> Filled:
        """Missing frames from positions and velocities."""
        return self.fill(ends)

    @property
    def parameters(self) -> int:
        """Number of parameters."""
        return int(self.weights.size)


def _inputs(
    ends: Ends, reference: Array, masses: Array, accelerations: Array | None
) -> tuple[Array, Ends, Placement]:
    """Inputs (B, P), the gaps in the common orientation, and their placement."""
    placed, placement = place(ends, reference, masses)
    parts = [placed.x0, placed.v0, placed.x1, placed.v1]
    if accelerations is not None:
        parts.append(placement.turn_there(accelerations))
    return np.concatenate([p.reshape(len(ends), -1) for p in parts], axis=1), placed, placement


def fit_ridge(
    train: Windows,
    validate: Windows,
    masses: Array,
    accelerations: bool = False,
) -> Ridge:
    """Fit the map, with the penalty that is best on the validation block.

    Parameters
    ----------
    train, validate
        Gaps of the same length.
    masses
        (N,) in Da.
    accelerations
        Whether accelerations at the ends are inputs.

    Returns
    -------
    Ridge
        The map.
    """
    reference = train.positions[0, 0]
    inputs, targets = _pairs(train, reference, masses, accelerations)
    tests, truth = _pairs(validate, reference, masses, accelerations)
    mean, scale = inputs.mean(axis=0), inputs.std(axis=0)
    scale[scale < 1e-9 * scale.max()] = 1.0
    inputs, tests = (inputs - mean) / scale, (tests - mean) / scale
    offset = targets.mean(axis=0)
    half = targets.shape[1] // 2
    solved, strength = best_held_out(
        (inputs, targets - offset), (tests, truth - offset), STRENGTHS, judged=half
    )
    weights = np.concatenate([solved, offset[None]])
    return Ridge(reference, masses, mean, scale, weights, strength, accelerations)


def _pairs(
    gaps: Windows, reference: Array, masses: Array, accelerations: bool
) -> tuple[Array, Array]:
    """Inputs (B, P) and residuals of Hermite (B, 2 x inner x N x 3)."""
    a = gaps.accelerations if accelerations else None
    inputs, placed, placement = _inputs(gaps.ends, reference, masses, a)
    start = hermite(placed)
    positions = placement.there(gaps.positions[:, 1:-1]) - start.positions
    velocities = placement.turn_there(gaps.velocities[:, 1:-1]) - start.velocities
    both = np.stack([positions, velocities], axis=1)
    return inputs, both.reshape(len(gaps), -1)
