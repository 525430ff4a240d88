"""A learned force field for torch: many geometries at once, with gradients and energies.

The same Gaussian process as `mechanist.trajectory.superres.forcefield.KernelForces`. With
d_m = D - D_m, u = sqrt(5) |d_m| / width and the weights w_m its energy is

    E(D) = -sum_m 5 / (3 width^2) (1 + u) exp(-u) d_m . w_m,

whose gradient, with the sign turned, gives the forces. It is known up to a constant.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mechanist.trajectory.superres.forcefield import KernelForces, pairs

Array = NDArray[np.float64]

SMALLEST = 1e-20
"""Squared distance below which two geometries count as the same; keeps derivatives finite."""


@dataclass(frozen=True)
class Field:
    """Energies and forces.

    Parameters
    ----------
    points, weights
        (M, P) in 1/nm, and what belongs to them.
    width
        Of the kernel in 1/nm.
    """

    points: Tensor
    weights: Tensor
    width: float

    @cached_property
    def _fixed(self) -> tuple[Tensor, Tensor]:
        return (self.points**2).sum(1), (self.points * self.weights).sum(1)

    @cached_property
    def _signs(self) -> tuple[Tensor, Tensor, Tensor]:
        """First and second atom of each pair, and (N, P) with 1 and -1 for them."""
        count = self.points.shape[1]
        atoms = (1 + round((1 + 8 * count) ** 0.5)) // 2
        first, second = pairs(atoms)
        signs = np.zeros((atoms, count))
        signs[first, np.arange(count)], signs[second, np.arange(count)] = 1, -1
        return torch.tensor(first), torch.tensor(second), self.points.new_tensor(signs)

    @property
    def atoms(self) -> int:
        """How many."""
        return len(self._signs[2])

    def _kernel(self, inverse: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """At inverse distances (B, P): u, 5 / (3 width^2) exp(-u), and d . w; (B, M) each."""
        square, product = self._fixed
        own = (inverse * inverse).sum(1, keepdim=True)
        apart = torch.addmm(square, inverse, self.points.T, alpha=-2) + own
        u = torch.sqrt(apart.clamp(min=SMALLEST) * (5 / self.width**2))
        decay = torch.exp(-u) * (5 / (3 * self.width**2))
        return u, decay, torch.addmm(product, inverse, self.weights.T, beta=-1)

    def _inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        first, second, _ = self._signs
        away = x[:, first] - x[:, second]
        return away, torch.linalg.vector_norm(away, dim=2).reciprocal()

    def forces(self, x: Tensor) -> Tensor:
        """Forces (B, N, 3) in kJ/mol/nm at positions (B, N, 3) in nm."""
        away, inverse = self._inverse(x)
        u, decay, along = self._kernel(inverse)
        along = along * decay * (5 / self.width**2)
        pull = ((1 + u) * decay) @ self.weights + along @ self.points
        pull = pull - inverse * along.sum(1, keepdim=True)
        each = -(pull * inverse**3)[..., None] * away
        return torch.einsum("np,bpx->bnx", self._signs[2], each)

    def energy(self, x: Tensor) -> Tensor:
        """Energies (B,) in kJ/mol, up to a constant, at positions (B, N, 3) in nm."""
        u, decay, along = self._kernel(self._inverse(x)[1])
        return -((1 + u) * decay * along).sum(1)


def field_of(forces: KernelForces) -> Field:
    """The same force field for torch."""
    return Field(torch.tensor(forces.points), torch.tensor(forces.weights), forces.width)
