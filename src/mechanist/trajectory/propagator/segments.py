"""Long motion with a 4-D network: segments of its reach, one after the other.

After each, total linear and angular momentum are corrected to those of the start, and the member of
the ensemble is chosen whose total energy is closest to that of the start. Velocities are then
scaled such that the total energy, by the energy network, is that of the start.
"""

import numpy as np

from mechanist.arrays import Array
from mechanist.trajectory.propagator.gicnet import GicnetMotion
from mechanist.trajectory.propagator.momentum import momenta, repaired
from mechanist.trajectory.propagator.motion import Chain


def follow_segments(
    motion: GicnetMotion, x0: Array, v0: Array, segments: int, frames: int = 1, scaled: bool = True
) -> Chain:
    """States after segments from states (B, N, 3) in nm and nm/ps; where they are NaN they stay so.

    Parameters
    ----------
    motion
        The networks.
    x0, v0
        The start.
    segments
        Their number.
    frames
        Stored states of each segment, equally spaced, the last at its end.
    scaled
        Whether velocities are scaled after each segment. The published protocol does not.
    """
    target = momenta(x0, v0, motion.masses)
    first = motion.total_energy(x0, v0)
    times = motion.reach_ps * np.arange(1, frames + 1) / frames
    x, v, e = [x0[:, None]], [v0[:, None]], [first[:, None]]
    for _ in range(segments):
        best, least = None, np.full(len(x0), np.inf)
        for member in motion.members:
            made = motion.member(member, x[-1][:, -1], v[-1][:, -1], times)
            end = made.positions[:, -1], made.velocities[:, -1], motion.masses
            made.velocities[:, -1] = repaired(*end, target)
            energy = motion.total_energy(made.positions[:, -1], made.velocities[:, -1])
            nearer = np.abs(energy - first) < least
            if best is None:
                best, off = made, energy - first
            best.positions[nearer], best.velocities[nearer] = (
                made.positions[nearer],
                made.velocities[nearer],
            )
            off[nearer] = (energy - first)[nearer]
            least = np.fmin(least, np.abs(energy - first))
        assert best is not None
        if scaled:
            last = best.velocities[:, -1]
            kinetic = 0.5 * np.einsum("n,bnx->b", motion.masses, last**2)
            best.velocities[:, -1] *= np.sqrt(np.maximum(1 - off / kinetic, 0))[:, None, None]
        x.append(best.positions)
        v.append(best.velocities)
        flat = (one.reshape(-1, *x0.shape[1:]) for one in (best.positions, best.velocities))
        e.append(motion.total_energy(*flat).reshape(len(x0), frames))
    parts = [np.concatenate(part, axis=1) for part in (x, v, e)]
    return Chain(float(times[0]), *parts)
