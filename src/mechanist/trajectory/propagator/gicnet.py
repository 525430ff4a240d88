"""GICnet: a network that predicts internal coordinates as a function of time, as published.

Ge, Zhang, Hou, Chen, Ullah and Dral, J. Phys. Chem. Lett. 14, 7732 (2023). With internal
coordinates M0 and their velocities V0 at time 0,

    M(t) = M0 + [1 - f(t)] V0 t + f(t) NN(M0, V0, t),   f(t) = 1 - exp[-(t/a)^2],

so the state at time 0 is exact for any network; velocities are derivatives with respect to time.
Distances are in Angstrom, angles in radians, times in fs. Unlike there, molecules are superposed on
a reference geometry, and results are moved back.
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
from mechanist.trajectory.superres.frame import Placement, rotations

RISE = 0.1
"""The time a in fs."""

LIMIT = 2**16
"""Largest number of origins times times per batch."""


def perceptron(sizes: Sequence[int]) -> nn.Sequential:
    """Dense layers with GELU between them."""
    layers: list[nn.Module] = []
    for one, other in pairwise(sizes):
        layers += [nn.Linear(one, other), nn.GELU()]
    return nn.Sequential(*layers[:-1])


class Gicnet(nn.Module):
    """The network of one member of an ensemble.

    Parameters
    ----------
    atoms
        N.
    widths
        Of its hidden layers; published are 1024, 512, 256, 128 and 64.
    """

    def __init__(self, atoms: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.widths = tuple(widths)
        self.net = perceptron([6 * atoms + 1, *widths, 3 * atoms])

    def forward(self, q0: Tensor, s0: Tensor, t: Tensor) -> Tensor:
        """Coordinates (B, N, 3) at times (B,) in fs, after coordinates and velocities (B, N, 3)."""
        rise = -torch.expm1(-((t / RISE) ** 2))[:, None, None]
        seen = torch.cat([q0.flatten(1), s0.flatten(1), t[:, None]], dim=1)
        out: Tensor = self.net(seen)
        return q0 + (1 - rise) * s0 * t[:, None, None] + rise * out.view_as(q0)

    def moving(self, q0: Tensor, s0: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Coordinates and their velocities at times (B,)."""
        made = torch.func.jvp(lambda at: self(q0, s0, at), (t,), (torch.ones_like(t),))
        return made[0], made[1]


class EnergyNet(nn.Module):
    """The potential energy in Hartree of internal coordinates, standardised.

    Parameters
    ----------
    inside
        (N, 3), true for the coordinates that are inputs.
    widths
        Of its hidden layers; published are 512, 256, 128 and 64.
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
        self.register_buffer("energy", torch.tensor([0.0, 1.0]))
        self.net = perceptron([count, *widths, 1])

    def forward(self, q: Tensor) -> Tensor:
        """Energies (B,) of coordinates (B, N, 3)."""
        seen = (q[:, self.inside] - self.centre) / self.scale
        out: Tensor = self.net(seen)
        return self.energy[0] + self.energy[1] * out[:, 0]


@dataclass(frozen=True)
class Scaled:
    """Coordinates in Angstrom, radians and fs.

    Parameters
    ----------
    zmatrix
        In nm.
    """

    zmatrix: Zmatrix

    def there(self, x: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """From positions in nm and velocities in nm/ps (B, N, 3)."""
        q, s = self.zmatrix.there(x, v)
        unit = q.new_tensor([10.0, 1.0, 1.0])
        return q * unit, s * unit * 1e-3

    def back(self, q: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
        """To positions in nm and velocities in nm/ps (B, N, 3)."""
        unit = q.new_tensor([10.0, 1.0, 1.0])
        return self.zmatrix.back(q / unit, s / unit * 1e3)


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
    reference
        (N, 3) in nm, on which molecules are superposed.
    masses
        (N,) in Da.
    reach_ps
        Longest time, t_c.
    """

    members: tuple[Gicnet, ...]
    energy: EnergyNet
    zmatrix: Zmatrix
    reference: Array
    masses: Array
    reach_ps: float

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
        if x0.shape != v0.shape or x0.shape[1:] != self.reference.shape or times.ndim != 1:
            raise DataError("propagator", f"x0 {x0.shape}, v0 {v0.shape}: must be (B, N, 3)")
        if len(times) and not (times.min() >= 0 and times.max() <= self.reach_ps * (1 + 1e-9)):
            raise DataError("propagator", f"times must lie between 0 and {self.reach_ps:g} ps")
        return self.member(self.members[0], x0, v0, times)

    def member(self, net: Gicnet, x0: Array, v0: Array, times: Array) -> Motion:
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

    def _some(self, net: Gicnet, x0: Array, v0: Array, times: Array) -> Motion:
        shape = (len(x0), len(times), *x0.shape[1:])
        placed = placed_on(x0, self.reference, self.masses)
        speed = v0 - (self.masses @ v0 / self.masses.sum())[:, None]
        start = [torch.tensor(one) for one in (placed.there(x0), placed.turn_there(speed))]
        scaled = Scaled(self.zmatrix)
        with torch.no_grad():
            q0, s0 = (one.repeat_interleave(len(times), 0) for one in scaled.there(*start))
            moved = net.moving(q0, s0, torch.tensor(1e3 * times).repeat(len(x0)))
            x, v = (one.numpy().reshape(shape) for one in scaled.back(*moved))
        drift = (v0 - speed)[:, None] * times[:, None, None]
        return Motion(placed.back(x) + drift, placed.turn_back(v) + (v0 - speed)[:, None])


def placed_on(x: Array, reference: Array, masses: Array) -> Placement:
    """Placement of molecules (B, N, 3) relative to a centred reference (N, 3) in nm."""
    centre = masses @ x / masses.sum()
    return Placement(rotations(x - centre[:, None], reference, masses), centre)
