"""Energies and forces of a learned force field, in torch: many geometries at once, with gradients.

With scaled inverse distances D, d_m = D - D_m of learned geometries m, u = sqrt(7) |d_m| / width
and weights w_m the energy of the Gaussian process (`superres.forcefield`) is

    E(D) = -sum_m 7 / (15 width^2) (3 + 3 u + u^2) exp(-u) d_m . w_m,

up to a constant; forces are its negative gradient.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

CHUNK = 32
"""Geometries per batch, such that their kernel fits the cache."""

SMALLEST = 1e-20
"""Smallest squared distance of two geometries; keeps derivatives finite."""


@dataclass(frozen=True)
class Field:
    """Energies and forces.

    Parameters
    ----------
    points, weights
        (M, P) scaled inverse distances in 1/nm, and their weights.
    width
        Of the kernel in 1/nm.
    scale
        (P,) factors of the inverse distances.
    """

    points: Tensor
    weights: Tensor
    width: float
    scale: Tensor

    @cached_property
    def _fixed(self) -> tuple[Tensor, Tensor]:
        return (self.points**2).sum(1), (self.points * self.weights).sum(1)

    @cached_property
    def _signs(self) -> tuple[Tensor, Tensor, Tensor]:
        """First and second atom of each pair, and (N, P) with 1 and -1 for them."""
        count = self.points.shape[1]
        atoms = (1 + round((1 + 8 * count) ** 0.5)) // 2
        first, second = np.triu_indices(atoms, 1)
        signs = np.zeros((atoms, count))
        signs[first, np.arange(count)], signs[second, np.arange(count)] = 1, -1
        return torch.tensor(first), torch.tensor(second), self.points.new_tensor(signs)

    @property
    def atoms(self) -> int:
        """Number of atoms."""
        return len(self._signs[2])

    def _kernel(self, inverse: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """At scaled inverse distances (B, P): u, 7 / (15 width^2) exp(-u), d . w; (B, M) each."""
        square, product = self._fixed
        own = (inverse * inverse).sum(1, keepdim=True)
        apart = torch.addmm(square, inverse, self.points.T, alpha=-2) + own
        u = torch.sqrt(apart.clamp(min=SMALLEST) * (7 / self.width**2))
        decay = torch.exp(-u) * (7 / (15 * self.width**2))
        return u, decay, torch.addmm(product, inverse, self.weights.T, beta=-1)

    def _inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        first, second, _ = self._signs
        away = x[:, first] - x[:, second]
        return away, torch.linalg.vector_norm(away, dim=2).reciprocal()

    def forces(self, x: Tensor) -> Tensor:
        """Forces (B, N, 3) in kJ/mol/nm at positions (B, N, 3) in nm."""
        return torch.cat([self._forces(x[i : i + CHUNK]) for i in range(0, len(x), CHUNK)])

    def _forces(self, x: Tensor) -> Tensor:
        away, inverse = self._inverse(x)
        scaled = inverse * self.scale
        u, decay, along = self._kernel(scaled)
        # Arrays (B, M) dominate the cost: factors are applied to the smaller arrays (B, P).
        part = u * decay
        one = decay + part
        along = along * one
        pull = torch.add(u * part, one, alpha=3) @ self.weights
        bend = along @ self.points - scaled * along.sum(1, keepdim=True)
        pull = torch.add(pull, bend, alpha=7 / self.width**2) * self.scale
        each = -(pull * inverse**3)[..., None] * away
        return self._signs[2] @ each

    def energy(self, x: Tensor) -> Tensor:
        """Energies (B,) in kJ/mol, up to a constant, at positions (B, N, 3) in nm."""
        u, decay, along = self._kernel(self._inverse(x)[1] * self.scale)
        return -((3 + u * (3 + u)) * decay * along).sum(1)
