"""A forecaster: a base and a network that corrects it."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from mechanist.arrays import Array
from mechanist.trajectory.forecast.bases import Base
from mechanist.trajectory.forecast.windows import History
from mechanist.trajectory.superres.frame import Placement, Pose

CHUNK = 256
"""Windows per batch."""


@dataclass(frozen=True)
class Scales:
    """Units of the network, in nm.

    Parameters
    ----------
    moved
        Of displacements in the history and of the base.
    corrections
        (H, N) of corrections.
    """

    moved: float
    corrections: Array


@dataclass(frozen=True)
class Inputs:
    """Inputs of a network for B windows, see `network.Corrector`, and their placement."""

    moved: Array
    last: Array
    base: Array
    placement: Placement

    def tensors(self, device: str) -> tuple[Tensor, Tensor, Tensor]:
        """Single precision."""
        parts = (self.moved, self.last, self.base)
        made = [torch.from_numpy(part).to(device, torch.float32) for part in parts]
        return made[0], made[1], made[2]


def placed_inputs(pose: Pose, unit: float, history: History, base: Array) -> Inputs:
    """Inputs in the common orientation, from histories and base forecasts (B, H, N, 3) in nm."""
    placement = pose.place(history.last)
    last = history.last[:, None]
    return Inputs(
        placement.turn_there(history.positions - last) / unit,
        placement.there(history.last[:, None])[:, 0],
        placement.turn_there(base - last) / unit,
        placement,
    )


@dataclass(frozen=True)
class Corrected:
    """A forecaster.

    Parameters
    ----------
    net
        The network; its corrections are added to the base.
    base
        The base.
    pose, scales
        Common orientation of windows, and units.
    block
        Frames per pass of the network.
    device
        Device of torch.
    """

    net: nn.Module
    base: Base
    pose: Pose
    scales: Scales
    block: int
    device: str = "cpu"

    @property
    def parameters(self) -> int:
        """Number of parameters of the network."""
        return sum(weight.numel() for weight in self.net.parameters())

    def __call__(self, history: History, ahead: int) -> Array:
        """Frames (B, ahead, N, 3) in nm, block by block."""
        made: list[Array] = []
        for _ in range(-(-ahead // self.block)):
            frames = self._pass(history, self.base(history, self.block))
            history = history.after(frames)
            made.append(frames)
        return np.concatenate(made, axis=1)[:, :ahead]

    def _pass(self, history: History, base: Array) -> Array:
        parts = []
        for i in range(0, len(history), CHUNK):
            rows = slice(i, i + CHUNK)
            seen = placed_inputs(self.pose, self.scales.moved, history.rows(rows), base[rows])
            with torch.no_grad():
                change = self.net(*seen.tensors(self.device)).cpu().numpy().astype(np.float64)
            change = change * self.scales.corrections[..., None]
            parts.append(base[rows] + seen.placement.turn_back(change))
        return np.concatenate(parts)
