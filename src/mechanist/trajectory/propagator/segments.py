"""Long motion with GICnet: segments of its reach, one after the other.

After each, total linear and angular momentum are corrected to those of the start, and the member of
the ensemble is chosen whose total energy is closest to that of the start. The published code goes
back one segment where all are off by more than 1 kcal/mol; this one does not.
"""

import numpy as np
import torch

from mechanist.arrays import Array
from mechanist.systems.forces.xtb import HARTREE
from mechanist.trajectory.propagator.chain import Chain
from mechanist.trajectory.propagator.gicnet import GicnetMotion, Scaled, placed_on
from mechanist.trajectory.propagator.momentum import angular, linear, repaired


def total_energy(motion: GicnetMotion, x: Array, v: Array) -> Array:
    """Kinetic energy and that of the energy network (B,) in kJ/mol, up to a constant."""
    placed = placed_on(x, motion.reference, motion.masses)
    there = torch.tensor(placed.there(x)), torch.tensor(placed.turn_there(v))
    with torch.no_grad():
        potential = motion.energy(Scaled(motion.zmatrix).there(*there)[0]).numpy()
    kinetic = 0.5 * np.einsum("n,bnx->b", motion.masses, v**2)
    return np.asarray(kinetic + HARTREE * potential)


def follow_segments(motion: GicnetMotion, x0: Array, v0: Array, segments: int) -> Chain:
    """Ends of segments from states (B, N, 3) in nm and nm/ps; where they are NaN they stay so."""
    masses = torch.tensor(motion.masses)[:, None]
    start = torch.tensor(x0), torch.tensor(v0)
    target = linear(start[1], masses), angular(*start, masses)
    first = total_energy(motion, x0, v0)
    times = np.array([motion.reach_ps])
    x, v, e = [x0], [v0], [first]
    for _ in range(segments):
        best, least = (x[-1].copy(), v[-1].copy(), e[-1].copy()), np.full(len(x0), np.inf)
        for member in motion.members:
            made = motion.member(member, x[-1], v[-1], times)
            here, speed = made.positions[:, 0], made.velocities[:, 0]
            ends = torch.tensor(here), torch.tensor(speed)
            speed = repaired(*ends, masses, target).numpy()
            energy = total_energy(motion, here, speed)
            nearer = np.abs(energy - first) < least
            for kept, new in zip(best, (here, speed, energy), strict=True):
                kept[nearer] = new[nearer]
            least[nearer] = np.abs(energy - first)[nearer]
        x.append(best[0])
        v.append(best[1])
        e.append(best[2])
    return Chain(motion.reach_ps, *(np.stack(part, axis=1) for part in (x, v, e)))
