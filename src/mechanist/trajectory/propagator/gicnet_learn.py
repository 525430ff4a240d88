"""Training of 4-D networks on pairs of a state and a later one.

The loss is that of GICnet,

    L = D + 2 A + 4 DA + 16 vD + 20 vA + 24 vDA,

root mean square errors of distances, angles and dihedrals, and of their velocities, each weighted
in time by exp(-t) + 1. Pairs are drawn from all frames, forwards and backwards in time. The
published loss has one more term, the error of the energy network.

The energy is that of the trajectory, or the negative kinetic energy, which is the same up to a
constant where the total energy is conserved; `GicnetMotion.explained` says whether it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from operator import itemgetter

import numpy as np
import torch
from torch import Tensor, nn

from mechanist.arrays import Array
from mechanist.errors import DataError
from mechanist.statistics.adam import adam_of
from mechanist.trajectory.propagator.gicnet import (
    EnergyNet,
    Gicnet,
    GicnetMotion,
    internal,
    moving,
    periodic,
)
from mechanist.trajectory.propagator.zmatrix import Zmatrix, unwrapped, zmatrix_of
from mechanist.trajectory.superres.frame import Pose
from mechanist.trajectory.trajectory import Trajectory

WEIGHTS = (1.0, 2.0, 4.0)
VELOCITY_WEIGHTS = (16.0, 20.0, 24.0)

LONGEST = 10.0
"""Norm to which gradients are shortened."""

JUDGED = 4000
"""Pairs of the validation block."""


@dataclass(frozen=True)
class GicnetBudget:
    """Amounts.

    Parameters
    ----------
    widths, energy_widths
        Of the hidden layers.
    members
        Of the ensemble.
    steps, energy_steps
        Of Adam, for each member and for the energy.
    pairs, batch
        Pairs in all, and per step.
    rate
        Of Adam at the start; annealed along a cosine to a hundredth.
    reach_ps
        Longest time t_c.
    """

    widths: tuple[int, ...] = (256, 256, 256)
    energy_widths: tuple[int, ...] = (128, 64)
    members: int = 2
    steps: int = 2500
    energy_steps: int = 1500
    pairs: int = 60_000
    batch: int = 512
    rate: float = 3e-3
    reach_ps: float = 0.01


USUAL = GicnetBudget()
"""Two to three minutes on one core for ten atoms."""


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

    def each(self, change: Callable[[Tensor], Tensor]) -> "Pairs":
        """All parts changed, such as to some rows or to another device."""
        return Pairs(*(change(one) for one in (self.q0, self.s0, self.q, self.s, self.t)))

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
    trajectory: Trajectory,
    reach_ps: float,
    zmatrix: Zmatrix,
    pose: Pose,
    count: int,
    rng: np.random.Generator,
) -> Pairs:
    """Random pairs of frames up to ``reach_ps`` apart, half of them backwards in time.

    Raises
    ------
    DataError
        If the trajectory is shorter than ``reach_ps`` or its frames are farther apart.
    """
    span = round(reach_ps / trajectory.dt_ps)
    if not 1 <= span < len(trajectory):
        raise DataError("trajectory", f"no two frames are up to {reach_ps:g} ps apart")
    later = rng.integers(1, span + 1, count)
    first = rng.integers(0, len(trajectory) - later)
    turned = rng.random(count) < 0.5
    rows = np.where(turned, [first + later, first], [first, first + later])
    sign = np.where(turned, -1.0, 1.0)[:, None, None]
    x, v = trajectory.positions[rows], sign * trajectory.moving()[rows]
    placed = pose.place(x[0])
    parts = [
        internal(zmatrix, torch.tensor(placed.there(a)), torch.tensor(placed.turn_there(b)))
        for a, b in zip(x, v, strict=True)
    ]
    (q0, s0), (q, s) = parts
    q[..., 2] = unwrapped(q[..., 2], q0[..., 2])
    t = torch.tensor(later * (1e3 * trajectory.dt_ps))
    return Pairs(*(one.float() for one in (q0, s0, q, s, t)))


def loss(member: nn.Module, batch: Pairs) -> Tensor:
    """The loss of a member."""
    q, s = moving(member, batch.q0, batch.s0, batch.t)
    time = torch.exp(-batch.t) + 1
    result = q.new_zeros(())
    for off, weights in ((q - batch.q, WEIGHTS), (s - batch.s, VELOCITY_WEIGHTS)):
        rms = ((off**2 * time[:, None, None]).mean(0) + 1e-16).sqrt()
        for column, weight in enumerate(weights):
            result = result + weight * rms[:, column].mean()
    return result


def _loss_at(member: nn.Module, pairs: Pairs, rows: Tensor) -> Tensor:
    return loss(member, pairs.each(itemgetter(rows)))


def taylor(pairs: Pairs, budget: GicnetBudget) -> nn.Module:
    """A fresh network for these pairs."""
    net = Gicnet(pairs.q.shape[1], budget.widths, 1e3 * budget.reach_ps).to(pairs.q.device)
    net.fit_scales(pairs.q0, pairs.s0, pairs.q, pairs.t)
    return net


def learn_gicnet(
    train: Trajectory,
    validate: Trajectory,
    budget: GicnetBudget,
    seed: int,
    device: str = "cpu",
    make: Callable[[Pairs, GicnetBudget], nn.Module] = taylor,
    log: Callable[[str], None] = lambda text: None,
) -> GicnetMotion:
    """Train the energy network, then every member; members are sorted by validation loss.

    Networks are trained on ``device`` and used on the CPU.

    Raises
    ------
    DataError
        If a trajectory is shorter than the reach, or lacks velocities.
    """
    rng = np.random.default_rng(seed)
    reference = upright(train.positions[0], train.masses)
    zmatrix = zmatrix_of(reference)
    pose = Pose(reference, train.masses)
    rest = budget.reach_ps, zmatrix, pose
    pairs = pairs_of(train, *rest, budget.pairs, rng).each(lambda one: one.to(device))
    judge = pairs_of(validate, *rest, JUDGED, rng).each(lambda one: one.to(device))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        draw = torch.Generator().manual_seed(seed)
        energy, explained = learn_energy(train, validate, zmatrix, pose, budget, draw, device)
        log(f"energy of the 4-D network: {100 * explained:.1f} % of the variance explained")
        made, scores = [], []
        for number in range(budget.members):
            log(f"4-D network {number + 1} of {budget.members}: {budget.steps} steps")
            net = make(pairs, budget)
            made.append(net)
            descend(net, partial(_loss_at, net, pairs), len(pairs), budget, budget.steps, draw)
            with torch.no_grad():
                scores.append(float(loss(made[-1], judge)))
            log(f"4-D network {number + 1} of {budget.members}: held-out loss {scores[-1]:.3g}")
    best = tuple(made[i].cpu().double() for i in np.argsort(scores))
    return GicnetMotion(best, energy, zmatrix, pose, budget.reach_ps, explained)


def descend(
    net: nn.Module,
    loss_of: Callable[[Tensor], Tensor],
    count: int,
    budget: GicnetBudget,
    steps: int,
    draw: torch.Generator,
) -> None:
    """Train on random batches of ``count`` rows: Adam, its rate annealed to a hundredth."""
    adam = adam_of(net)
    for step in range(steps):
        rows = torch.randint(count, (min(budget.batch, count),), generator=draw)
        share = 0.5 * (1 + np.cos(np.pi * step / steps))
        adam.descend(loss_of(rows), budget.rate * (0.01 + 0.99 * share), LONGEST)


def _energies(block: Trajectory, zmatrix: Zmatrix, pose: Pose) -> tuple[Tensor, Tensor]:
    """Coordinates (T, N, 3), and energies (T,) in kJ/mol up to a constant."""
    placed = pose.place(block.positions)
    there = torch.tensor(placed.there(block.positions))
    v = torch.tensor(placed.turn_there(block.moving()))
    energy = -block.kinetic() if block.energy is None else block.energy
    return internal(zmatrix, there, v)[0].float(), torch.tensor(energy - energy.mean()).float()


def learn_energy(
    train: Trajectory,
    validate: Trajectory,
    zmatrix: Zmatrix,
    pose: Pose,
    budget: GicnetBudget,
    draw: torch.Generator,
    device: str,
) -> tuple[EnergyNet, float]:
    """The energy network, and the share of the variance of held-out energies that it explains."""
    q, target = (one.to(device) for one in _energies(train, zmatrix, pose))
    inside = torch.tensor(zmatrix.inside, device=device)
    net = EnergyNet(torch.cat([inside, inside[:, 2:]], dim=1), budget.energy_widths).to(device)
    seen = periodic(q)[:, net.inside]
    net.centre, net.scale, net.energy = seen.mean(0), seen.std(0).clamp(min=1e-6), target.std()

    def wrong_by(rows: Tensor) -> Tensor:
        off: Tensor = (net(q[rows]) - target[rows]) / net.energy
        return (off**2).mean()

    descend(net.net, wrong_by, len(q), budget, budget.energy_steps, draw)
    net = net.cpu().double()
    held, truth = _energies(validate, zmatrix, pose)
    with torch.no_grad():
        wrong = net(held.double()) - truth
    return net, float(1 - wrong.var() / truth.var())
