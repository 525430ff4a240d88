"""The published form of GICnet, for table T3.

Ge, Zhang, Hou, Chen, Ullah and Dral, J. Phys. Chem. Lett. 14, 7732 (2023):

    M(t) = M0 + [1 - f(t)] V0 t + f(t) NN(M0, V0, t),   f(t) = 1 - exp[-(t/a)^2],

without standardisation.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mechanist.trajectory.propagator.gicnet import perceptron
from mechanist.trajectory.propagator.gicnet_learn import GicnetBudget, Pairs

RISE = 0.1
"""The time a in fs."""


class Published(nn.Module):
    """The network of one member; published widths are 1024, 512, 256, 128 and 64."""

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


def published(pairs: Pairs, budget: GicnetBudget) -> Published:
    """A fresh network of this form."""
    return Published(pairs.q.shape[1], budget.widths).to(pairs.q.device)
