"""Training of GICnet: pairs of an origin and a later frame, and the published loss.

    L = D + 2 A + 4 DA + 16 vD + 20 vA + 24 vDA + E,

root mean square errors of distances, angles and dihedrals, of their velocities, and of the energy
by the energy network at the predicted and at the true geometry; each is weighted in time by exp(-t)
+ 1. Origins are t_c apart, and every frame of the segment after each is a target. The published
code leaves the six coordinates of the whole molecule out of the means; here they count, since
otherwise the network would not learn position and orientation.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mechanist.arrays import Array
from mechanist.errors import DataError
from mechanist.systems.forces.xtb import HARTREE
from mechanist.trajectory.propagator.gicnet import (
    EnergyNet,
    Gicnet,
    GicnetMotion,
    Scaled,
    placed_on,
)
from mechanist.trajectory.propagator.gicnet_budget import GicnetBudget
from mechanist.trajectory.propagator.zmatrix import Zmatrix, unwrapped, zmatrix_of
from mechanist.trajectory.trajectory import Trajectory

WEIGHTS = (1.0, 2.0, 4.0)
VELOCITY_WEIGHTS = (16.0, 20.0, 24.0)


@dataclass(frozen=True)
class Pairs:
    """P origins and later states.

    Parameters
    ----------
    q0, s0, q, s
        (P, N, 3) coordinates and velocities of the origin and later, in Angstrom, radians and fs.
    t
        (P,) in fs.
    """

    q0: Tensor
    s0: Tensor
    q: Tensor
    s: Tensor
    t: Tensor

    def rows(self, rows: Tensor) -> "Pairs":
        """Some of them."""
        return Pairs(self.q0[rows], self.s0[rows], self.q[rows], self.s[rows], self.t[rows])

    def to(self, device: str) -> "Pairs":
        """Pairs on another device."""
        parts = [one.to(device) for one in (self.q0, self.s0, self.q, self.s, self.t)]
        return Pairs(parts[0], parts[1], parts[2], parts[3], parts[4])

    def __len__(self) -> int:
        return len(self.t)


def upright(positions: Array, masses: Array) -> Array:
    """A centred geometry (N, 3), its first bond along x and its third atom in the xy plane."""
    x = positions - masses @ positions / masses.sum()
    other = x[2] - x[0] if len(x) > 2 else np.array([0.3, 0.5, 0.7])
    frame = np.linalg.qr(np.stack([x[1] - x[0], other], axis=1), mode="complete")[0]
    frame[:, 2] *= np.sign(np.linalg.det(frame))
    return np.asarray(x @ frame)


def pairs_of(
    trajectory: Trajectory, reach_ps: float, zmatrix: Zmatrix, reference: Array
) -> tuple[Pairs, Array]:
    """All pairs of a trajectory, and the potential energies in kJ/mol of the later states.

    Raises
    ------
    DataError
        If it is shorter than ``reach_ps`` or has no energies.
    """
    span = round(reach_ps / trajectory.dt_ps)
    origins = np.arange(0, len(trajectory) - span, span)
    if len(origins) == 0 or trajectory.energy is None:
        raise DataError("trajectory", "too short for GICnet, or without energies")
    rows = origins[:, None] + np.arange(span + 1)
    x, v = trajectory.positions[rows], trajectory.moving()[rows]
    placed = placed_on(x[:, 0], reference, trajectory.masses)
    shape = (-1, len(reference), 3)
    here = [torch.tensor(one.reshape(shape)) for one in (placed.there(x), placed.turn_there(v))]
    q, s = (one.view(len(origins), span + 1, *shape[1:]) for one in Scaled(zmatrix).there(*here))
    q0, s0 = (one[:, :1].expand_as(one[:, 1:]) for one in (q, s))
    later = q[:, 1:].clone()
    later[..., 2] = unwrapped(later[..., 2], q0[..., 2])
    t = torch.arange(1, span + 1) * (1e3 * trajectory.dt_ps)
    there = [one.reshape(shape).float() for one in (q0, s0, later, s[:, 1:])]
    t = t.repeat(len(origins)).float()
    pairs = Pairs(there[0], there[1], there[2], there[3], t)
    return pairs, trajectory.energy[rows[:, 1:]].reshape(-1)


def loss(member: Gicnet, energy: EnergyNet, batch: Pairs) -> Tensor:
    """The published loss."""
    q, s = member.moving(batch.q0, batch.s0, batch.t)
    time = torch.exp(-batch.t) + 1
    result: Tensor = ((energy(q) - energy(batch.q)) ** 2 * time).mean().sqrt()
    for off, weights in ((q - batch.q, WEIGHTS), (s - batch.s, VELOCITY_WEIGHTS)):
        rms = (off**2 * time[:, None, None]).mean(0).sqrt()
        for column, weight in enumerate(weights):
            result = result + weight * rms[:, column].mean()
    return result


def batches(count: int, size: int, steps: int, draw: torch.Generator) -> Iterator[Tensor]:
    """Rows of random batches."""
    for _ in range(steps):
        yield torch.randint(count, (min(size, count),), generator=draw)


def learn_gicnet(
    train: Trajectory, validate: Trajectory, budget: GicnetBudget, seed: int, device: str = "cpu"
) -> GicnetMotion:
    """Train the energy network, then every member; members are sorted by validation loss.

    Networks are trained on ``device`` and used on the CPU.

    Raises
    ------
    DataError
        If a trajectory is shorter than the reach or has no energies.
    """
    torch.manual_seed(seed)
    draw = torch.Generator().manual_seed(seed)
    reference = upright(train.positions[0], train.masses)
    zmatrix = zmatrix_of(reference)
    pairs, energies = pairs_of(train, budget.reach_ps, zmatrix, reference)
    judge = pairs_of(validate, budget.reach_ps, zmatrix, reference)[0].to(device)
    pairs = pairs.to(device)
    energy = learn_energy(
        pairs.q, energies, torch.tensor(zmatrix.inside, device=device), budget, draw
    )
    members, scores = [], []
    for _ in range(budget.members):
        member = Gicnet(len(reference), budget.widths).to(device)
        optimiser, schedule = annealed(member, budget.rate, budget.steps)
        for rows in batches(len(pairs), budget.batch, budget.steps, draw):
            optimiser.zero_grad(set_to_none=True)
            loss(member, energy, pairs.rows(rows)).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
        with torch.no_grad():
            scores.append(float(loss(member, energy, judge)))
        members.append(member.cpu().double())
    order = np.argsort(scores)
    best = tuple(members[i] for i in order)
    return GicnetMotion(
        best, energy.cpu().double(), zmatrix, reference, train.masses, budget.reach_ps
    )


def annealed(
    net: torch.nn.Module, rate: float, steps: int
) -> tuple[torch.optim.Adam, torch.optim.lr_scheduler.CosineAnnealingLR]:
    """Adam with cosine annealing to a hundredth of the rate."""
    optimiser = torch.optim.Adam(net.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps, eta_min=rate / 100)
    return optimiser, schedule


def learn_energy(
    q: Tensor, energies: Array, inside: Tensor, budget: GicnetBudget, draw: torch.Generator
) -> EnergyNet:
    """The energy network of coordinates (P, N, 3), with energies (P,) in kJ/mol."""
    net = EnergyNet(inside, budget.energy_widths).to(q.device)
    seen = q[:, inside]
    net.centre, net.scale = seen.mean(0), seen.std(0)
    target = torch.tensor(energies / HARTREE)
    # In double precision, since total energies have many digits.
    mean, spread = target.mean(), target.std()
    net.energy = torch.stack([torch.zeros(()), spread.float()]).to(q.device)
    target = ((target - mean) / spread).float().to(q.device)
    optimiser, schedule = annealed(net.net, budget.rate, budget.energy_steps)
    for rows in batches(len(q), budget.batch, budget.energy_steps, draw):
        optimiser.zero_grad(set_to_none=True)
        wrong = net(q[rows]) / net.energy[1] - target[rows]
        (wrong**2).mean().backward()
        optimiser.step()
        schedule.step()
    for weight in net.parameters():
        weight.requires_grad_(False)
    return net
