"""A forecaster: a base and a network that corrects it."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from mechanist.arrays import Array
from mechanist.errors import DataError
from mechanist.trajectory.forecast.bases import Base
from mechanist.trajectory.forecast.network import Forecast
from mechanist.trajectory.forecast.pose import Pose
from mechanist.trajectory.forecast.windows import History
from mechanist.trajectory.superres.frame import Placement

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
    ahead
        Frames after which the base is restarted; a multiple of ``block``.
    device
        Device of torch.
    """

    net: nn.Module
    base: Base
    pose: Pose
    scales: Scales
    block: int
    ahead: int
    device: str = "cpu"

    @property
    def parameters(self) -> int:
        """Number of parameters of the network."""
        return sum(weight.numel() for weight in self.net.parameters())

    def __call__(self, history: History, ahead: int) -> Array:
        """Frames (B, ahead, N, 3) in nm, block by block."""
        made: list[Array] = []
        for _ in range(-(-ahead // self.ahead)):
            frames = self.correct(history, self.base(history, self.ahead))
            history = history.after(frames)
            made.append(frames)
        return np.concatenate(made, axis=1)[:, :ahead]

    def correct(self, history: History, base: Array) -> Array:
        """Forecasts (B, H, N, 3) in nm from those of the base."""
        made: list[Array] = []
        for begin in range(0, base.shape[1], self.block):
            frames = self._pass(history, base[:, begin : begin + self.block])
            history = history.after(frames)
            made.append(frames)
        return np.concatenate(made, axis=1)

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

    def encode(self, history: History) -> Array:
        """One vector (B, 2 D) for each history: means over atoms of the last token, and of all.

        It is invariant to rotation and translation.

        Raises
        ------
        DataError
            If the network has no encoder.
        """
        if not isinstance(self.net, Forecast):
            raise DataError("forecaster", "its network has no encoder")
        nothing = np.repeat(history.positions[:, -1:], self.block, axis=1)
        seen = placed_inputs(self.pose, self.scales.moved, history, nothing)
        moved, last, _ = seen.tensors(self.device)
        with torch.no_grad():
            tokens = self.net.encode(moved, last)
            both = torch.cat([tokens[:, -1].mean(1), tokens.mean((1, 2))], dim=-1)
        return cast(Array, both.cpu().numpy().astype(np.float64))
