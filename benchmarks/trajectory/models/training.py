"""Training of networks that correct a base."""

import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.trajectory.models import sti
from benchmarks.trajectory.models.corrected import Scales, placed_inputs
from benchmarks.trajectory.models.network import Forecast
from benchmarks.trajectory.models.options import Training
from mechanist.arrays import Array
from mechanist.trajectory.forecast.windows import Cases
from mechanist.trajectory.superres.frame import Pose


@dataclass(frozen=True)
class Answered:
    """Cases with the forecasts of a base.

    Parameters
    ----------
    cases
        2 P windows; the second half is one frame later than the first half.
    base
        (2 P, H, N, 3) in nm.
    """

    cases: Cases
    base: Array


@dataclass(frozen=True)
class Lessons:
    """Tensors of P pairs of windows; the first axis is (earlier, later).

    Parameters
    ----------
    moved, last, base
        Inputs of the network.
    wrong
        (2, P, H, N, 3) true corrections of the base, in nm.
    turn, start
        (2, P, 3, 3) rotations and (2, P, 1, N, 3) translations of displacements to a common frame
        of reference, in nm.
    units
        (H, N) of corrections, in nm.
    unit
        Of displacements, in nm.
    """

    moved: Tensor
    last: Tensor
    base: Tensor
    wrong: Tensor
    turn: Tensor
    start: Tensor
    units: Tensor
    unit: float

    @property
    def level(self) -> float:
        """Mean error of the base in nm."""
        return float(distance(self.wrong))

    def rows(self, rows: Tensor) -> "Lessons":
        """Some of the pairs."""
        names = ("moved", "last", "base", "wrong", "turn", "start")
        return replace(self, **{name: getattr(self, name)[:, rows] for name in names})


def distance(apart: Tensor) -> Tensor:
    """Mean length of vectors (..., 3)."""
    return apart.square().sum(-1).add(1e-16).sqrt().mean()


def scales_of(data: Answered, numbers: NDArray[np.int64], block: int, even: bool) -> Scales:
    """Units: typical displacement per frame, and typical correction by frame and element.

    ``even`` uses the first for corrections too.
    """
    x = data.cases.history.positions
    moved = float(np.sqrt(np.mean(np.diff(x, axis=1) ** 2)))
    wrong = ((data.cases.future - data.base)[:, :block] ** 2).mean(axis=(0, 3))
    units = np.empty_like(wrong)
    for element in np.unique(numbers):
        rows = numbers == element
        units[:, rows] = np.sqrt(wrong[:, rows].mean(axis=1, keepdims=True))
    return Scales(moved, np.full_like(wrong, moved) if even else units)


def lessons(data: Answered, pose: Pose, scales: Scales, device: str) -> Lessons:
    """Training tensors."""
    block = len(scales.corrections)
    history, base = data.cases.history, data.base[:, :block]
    seen = placed_inputs(pose, scales.moved, history, base)
    wrong = seen.placement.turn_there(data.cases.future[:, :block] - base)
    half = len(base) // 2
    # Common to both windows of a pair; close to the molecule, so that single precision suffices.
    centre = np.tile(history.last[:half].mean(axis=1, keepdims=True), (2, 1, 1))
    vectors = wrong, seen.placement.turn, (history.last - centre)[:, None]
    parts = [*seen.tensors(device), *(single(part, device) for part in vectors)]
    moved, last, forecast, rest, turn, start = (
        part.reshape(2, half, *part.shape[1:]) for part in parts
    )
    units = single(scales.corrections, device)
    return Lessons(moved, last, forecast, rest, turn, start, units, scales.moved)


def single(part: Array, device: str) -> Tensor:
    """An array in single precision."""
    return torch.from_numpy(part).to(device, torch.float32)


def loss_of(net: nn.Module, some: Lessons, weights: tuple[float, float], level: float) -> Tensor:
    """Mean distance from the truth relative to that of the base, and losses of consistency.

    ``weights`` are those of the Hankel and of the conjugate loss.
    """
    flat = [part.flatten(0, 1) for part in (some.moved, some.last, some.base)]
    change = net(*flat).reshape(some.wrong.shape) * some.units[..., None]
    loss = distance(change - some.wrong) / level
    made = some.base * some.unit + change
    if weights[0] > 0:
        there = torch.einsum("sbhnx,sbxy->sbhny", made, some.turn) + some.start
        loss = loss + weights[0] * sti.hankel(there[0], there[1]) / level
    if weights[1] > 0 and isinstance(net, Forecast):
        whole = torch.cat([torch.zeros_like(made[:, :, :1]), made], dim=2)
        steps = whole.diff(dim=2).flatten(0, 1) / some.unit
        loss = loss + weights[1] * sti.conjugate(10 * flat[1], net.back(steps))
    return loss


def train(
    net: nn.Module,
    data: Lessons,
    held: Lessons,
    training: Training,
    weights: tuple[float, float],
    seed: int,
) -> list[float]:
    """AdamW with a one-cycle rate; the weights that are best on the held-out block are kept.

    Returns
    -------
    list of float
        Errors on the held-out block relative to those of the base, before and during training.
    """
    rng = np.random.default_rng(seed)
    optimiser = torch.optim.AdamW(net.parameters(), lr=training.rate, weight_decay=1e-3)
    falling = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, training.rate, total_steps=training.steps, pct_start=0.2
    )
    found = [_error(net, held)]
    best: tuple[float, dict[str, Any]] = found[0], copy.deepcopy(net.state_dict())
    every = max(1, training.steps // training.checks)
    level = data.level
    for step in range(1, training.steps + 1):
        rows = torch.from_numpy(rng.integers(data.moved.shape[1], size=training.batch))
        loss: Any = loss_of(net, data.rows(rows.to(data.moved.device)), weights, level)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        falling.step()
        if step % every == 0 or step == training.steps:
            found.append(_error(net, held))
            if found[-1] < best[0]:
                best = found[-1], copy.deepcopy(net.state_dict())
    net.load_state_dict(best[1])
    return found


def _error(net: nn.Module, held: Lessons) -> float:
    with torch.no_grad():
        return float(loss_of(net, held, (0.0, 0.0), held.level))
