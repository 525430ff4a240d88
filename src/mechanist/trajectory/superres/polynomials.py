"""Interpolation without learning: Hermite polynomials."""

from mechanist.trajectory.dataset import Ends
from mechanist.trajectory.superres.protocol import Filled, fractions


def hermite(ends: Ends) -> Filled:
    """Cubic polynomials with the positions and velocities of both ends."""
    u, gap = fractions(ends), ends.gap_ps
    x0, v0, x1, v1 = (part[:, None] for part in (ends.x0, ends.v0, ends.x1, ends.v1))
    positions = (
        (1 + 2 * u) * (1 - u) ** 2 * x0
        + u * (1 - u) ** 2 * gap * v0
        + u**2 * (3 - 2 * u) * x1
        + u**2 * (u - 1) * gap * v1
    )
    velocities = (
        6 * u * (u - 1) / gap * (x0 - x1) + (1 - u) * (1 - 3 * u) * v0 + u * (3 * u - 2) * v1
    )
    return Filled(positions, velocities)
