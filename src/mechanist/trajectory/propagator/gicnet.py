"""A 4-D network: internal coordinates of a molecule as a function of time.

After GICnet (Ge, Zhang, Hou, Chen, Ullah and Dral, J. Phys. Chem. Lett. 14, 7732 (2023)). With
internal coordinates M0 and their velocities V0 at time 0, and the reach t_c,

    M(t) = M0 + V0 t + (t / t_c)^2 S NN(M0, V0, t),

so position and velocity at time 0 are exact for any network; velocities are derivatives with
respect to time. Inputs are standardised, dihedrals enter as cosine and sine, and S is the spread of
what NN must give. Distances are in Angstrom, angles in radians, times in fs. Molecules are
superposed on a reference geometry, and results are moved back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from mechanist.arrays import Array
from mechanist.errors import DataError
from mechanist.trajectory.propagator.motion import Motion
from mechanist.trajectory.propagator.zmatrix import Zmatrix
from mechanist.trajectory.superres.frame import Pose

LIMIT = 2**16
"""Largest number of origins times times per batch."""


def perceptron(sizes: Sequence[int]) -> nn.Sequential:
    """Dense layers with GELU between them."""
    layers: list[nn.Module] = []
    for one, other in pairwise(sizes):
        layers += [nn.Linear(one, other), nn.GELU()]
    return nn.Sequential(*layers[:-1])


def periodic(q: Tensor) -> Tensor:
    """Distances, angles, cosines and sines of dihedrals (B, N, 4) of coordinates (B, N, 3)."""
    turn = q[..., 2:]
    return torch.cat([q[..., :2], torch.cos(turn), torch.sin(turn)], dim=-1)


def moving(net: nn.Module, q0: Tensor, s0: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """Coordinates and their velocities (B, N, 3) at times (B,), by one member of an ensemble."""
    made = torch.func.jvp(lambda at: net(q0, s0, at), (t,), (torch.ones_like(t),))
    return made[0], made[1]


class Gicnet(nn.Module):
    """The network of one member of an ensemble.

    Parameters
    ----------
    atoms
        N.
    widths
        Of its hidden layers.
    reach
        t_c in fs.
    """

    centre: Tensor
    scale: Tensor
    unit: Tensor

    def __init__(self, atoms: int, widths: Sequence[int], reach: float) -> None:
        super().__init__()
        self.widths, self.reach = tuple(widths), reach
        self.register_buffer("centre", torch.zeros(7 * atoms))
        self.register_buffer("scale", torch.ones(7 * atoms))
        self.register_buffer("unit", torch.ones(atoms, 3))
        self.net = perceptron([7 * atoms + 1, *widths, 3 * atoms])

    def fit_scales(self, q0: Tensor, s0: Tensor, q: Tensor, t: Tensor) -> None:
        """Standardise inputs, and the answers that lead to coordinates ``q`` (P, N, 3)."""
        seen = self._seen(q0, s0)
        self.centre, self.scale = seen.mean(0), seen.std(0).clamp(min=1e-6)
        time = t[:, None, None]
        self.unit = ((q - q0 - s0 * time) * (self.reach / time) ** 2).std(0).clamp(min=1e-6)

    @staticmethod
    def _seen(q0: Tensor, s0: Tensor) -> Tensor:
        return torch.cat([periodic(q0).flatten(1), s0.flatten(1)], dim=1)

    def forward(self, q0: Tensor, s0: Tensor, t: Tensor) -> Tensor:
        """Coordinates (B, N, 3) at times (B,) in fs, after coordinates and velocities (B, N, 3)."""
        part = (t / self.reach)[:, None]
        seen = (self._seen(q0, s0) - self.centre) / self.scale
        out: Tensor = self.net(torch.cat([seen, 2 * part - 1], dim=1))
        return q0 + s0 * t[:, None, None] + part[..., None] ** 2 * self.unit * out.view_as(q0)


class EnergyNet(nn.Module):
    """The potential energy in kJ/mol of internal coordinates, standardised.

    Parameters
    ----------
    inside
        (N, 4), true for the inputs, see `periodic`.
    widths
        Of its hidden layers.
    """

    inside: Tensor
    centre: Tensor
    scale: Tensor
    energy: Tensor

    def __init__(self, inside: Tensor, widths: Sequence[int]) -> None:
        super().__init__()
        self.widths = tuple(widths)
        self.register_buffer("inside", inside)
        count = int(inside.sum())
        self.register_buffer("centre", torch.zeros(count))
        self.register_buffer("scale", torch.ones(count))
        self.register_buffer("energy", torch.ones(()))
        self.net = perceptron([count, *widths, 1])

    def forward(self, q: Tensor) -> Tensor:
        """Energies (B,), up to a constant, of coordinates (B, N, 3)."""
        seen = (periodic(q)[:, self.inside] - self.centre) / self.scale
        out: Tensor = self.net(seen)
        return self.energy * out[:, 0]


UNIT = (10.0, 1.0, 1.0)
"""Angstrom in a nm, radians."""


def internal(zmatrix: Zmatrix, x: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """Coordinates in Angstrom, radians and fs of positions in nm and velocities in nm/ps."""
    q, s = zmatrix.there(x, v)
    unit = q.new_tensor(UNIT)
    return q * unit, s * unit * 1e-3


def cartesian(zmatrix: Zmatrix, q: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
    """Positions in nm and velocities in nm/ps (B, N, 3)."""
    unit = q.new_tensor(UNIT)
    return zmatrix.back(q / unit, s / unit * 1e3)


@dataclass(frozen=True)
class GicnetMotion:
    """A propagator: an ensemble, whose first member is used, and its energy network.

    Parameters
    ----------
    members
        Networks in double precision, the best first.
    energy
        The energy network, likewise.
    zmatrix
        Which coordinates.
    pose
        On which molecules are superposed, with masses in Da as weights.
    reach_ps
        Longest time, t_c.
    explained
        Share of the variance of the held-out energy that the energy network explains.
    """

    members: tuple[nn.Module, ...]
    energy: EnergyNet
    zmatrix: Zmatrix
    pose: Pose
    reach_ps: float
    explained: float

    @property
    def masses(self) -> Array:
        """(N,) in Da."""
        return self.pose.weights

    @property
    def parameters(self) -> int:
        """Number of parameters of all members and the energy network."""
        nets: list[nn.Module] = [*self.members, self.energy]
        return sum(weight.numel() for net in nets for weight in net.parameters())

    def __call__(self, x0: Array, v0: Array, times: Array) -> Motion:
        """States at times (T,) in ps, in any order, from 0 to `reach_ps`; see `motion`.

        Raises
        ------
        DataError
            If shapes do not match or a time is out of range.
        """
        if x0.shape != v0.shape or x0.shape[1:] != self.pose.reference.shape or times.ndim != 1:
            raise DataError("propagator", f"x0 {x0.shape}, v0 {v0.shape}: must be (B, N, 3)")
        if len(times) and not (times.min() >= 0 and times.max() <= self.reach_ps * (1 + 1e-9)):
            raise DataError("propagator", f"times must lie between 0 and {self.reach_ps:g} ps")
        return self.member(self.members[0], x0, v0, times)

    def member(self, net: nn.Module, x0: Array, v0: Array, times: Array) -> Motion:
        """States by one member."""
        most = max(1, LIMIT // max(1, len(times)))
        parts = [
            self._some(net, x0[i : i + most], v0[i : i + most], times)
            for i in range(0, len(x0), most)
        ]
        return Motion(
            np.concatenate([part.positions for part in parts]),
            np.concatenate([part.velocities for part in parts]),
        )

    def _some(self, net: nn.Module, x0: Array, v0: Array, times: Array) -> Motion:
        shape = (len(x0), len(times), *x0.shape[1:])
        speed = v0 - (self.masses @ v0 / self.masses.sum())[:, None]
        placed = self.pose.place(x0)
        start = [torch.tensor(one) for one in (placed.there(x0), placed.turn_there(speed))]
        with torch.no_grad():
            here = internal(self.zmatrix, start[0], start[1])
            q0, s0 = (one.repeat_interleave(len(times), 0) for one in here)
            moved = moving(net, q0, s0, torch.tensor(1e3 * times).repeat(len(x0)))
            x, v = (one.numpy().reshape(shape) for one in cartesian(self.zmatrix, *moved))
        drift = (v0 - speed)[:, None] * times[:, None, None]
        return Motion(placed.back(x) + drift, placed.turn_back(v) + (v0 - speed)[:, None])

    def total_energy(self, x: Array, v: Array) -> Array:
        """Kinetic energy and that of the energy network (B,) in kJ/mol, up to a constant."""
        placed = self.pose.place(x)
        there = torch.tensor(placed.there(x)), torch.tensor(placed.turn_there(v))
        with torch.no_grad():
            potential = self.energy(internal(self.zmatrix, *there)[0]).numpy()
        return np.asarray(0.5 * np.einsum("n,bnx->b", self.masses, v**2) + potential)
