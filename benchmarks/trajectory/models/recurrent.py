"""Networks that propagate through a gap: from the left end only, or from both ends.

With both ends, one network runs forwards from the left and backwards from the right, and the two
paths are blended linearly (Winkler, Mueller and Sauceda 2022; see `networks`). Unlike there,
velocities belong to the times of the positions, gaps are in a common orientation, and the
statistics of the standardisation are those of the training block.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.trajectory.models.budget import Budget
from benchmarks.trajectory.models.networks import Flow, Kind, Recurrent, make
from mechanist.arrays import Array
from mechanist.trajectory.dataset import Ends, Windows
from mechanist.trajectory.superres.frame import Pose
from mechanist.trajectory.superres.protocol import Filled

CHUNK = 256
"""Gaps per batch of inference."""


@dataclass(frozen=True)
class Scaling:
    """Standardisation of states (F,) = (positions, velocities), and of their change in a step."""

    mean: Tensor
    std: Tensor
    change_mean: Tensor
    change_std: Tensor


@dataclass(frozen=True)
class Stepper:
    """A trained network as an interpolator.

    Parameters
    ----------
    net
        The network.
    both
        Whether it starts from both ends.
    scaling
        Of its states.
    reference
        (N, 3) in nm, on which gaps are superposed.
    masses
        (N,) in Da.
    """

    net: Recurrent | Flow
    both: bool
    scaling: Scaling
    reference: Array
    masses: Array

    @property
    def parameters(self) -> int:
        """Number of parameters."""
        return sum(weight.numel() for weight in self.net.parameters())

    def __call__(self, ends: Ends) -> Filled:
        """Missing frames of every gap."""
        parts = [self._fill(ends.rows(slice(i, i + CHUNK))) for i in range(0, len(ends), CHUNK)]
        return Filled(
            np.concatenate([part.positions for part in parts]),
            np.concatenate([part.velocities for part in parts]),
        )

    def _fill(self, ends: Ends) -> Filled:
        placed, placement = Pose(self.reference, self.masses).place_gaps(ends)
        device = self.scaling.mean.device
        known = torch.from_numpy(_states(placed)).to(device, torch.float32)
        scaling = self.scaling
        with torch.no_grad():
            path = self.blend((known - scaling.mean) / scaling.std, ends.inner)
            plain = (path * scaling.std + scaling.mean).cpu().numpy().astype(np.float64)
        plain = plain.reshape(len(ends), ends.inner, 2, *ends.x0.shape[1:])
        return Filled(placement.back(plain[:, :, 0]), placement.turn_back(plain[:, :, 1]))

    def blend(self, known: Tensor, inner: int) -> Tensor:
        """Standardised states (B, inner, F) between the known ones (B, 2, F)."""
        scale, shift = self.scaling.change_std, self.scaling.change_mean
        forth = self.net.roll(known[:, 0], inner, scale, shift)
        if not self.both:
            return forth
        back = self.net.roll(known[:, 1], inner, -scale, -shift).flip(1)
        share = torch.arange(1, inner + 1, device=known.device)[:, None] / (inner + 1)
        return (1 - share) * forth + share * back


def _states(ends: Ends) -> Array:
    """Left and right states (B, 2, F)."""
    sides = ((ends.x0, ends.v0), (ends.x1, ends.v1))
    rows = [np.concatenate([p.reshape(len(ends), -1) for p in side], axis=1) for side in sides]
    return np.stack(rows, axis=1)


def placed_states(gaps: Windows, reference: Array, masses: Array) -> Array:
    """States (B, inner + 2, F) of whole gaps in the common orientation."""
    placement = Pose(reference, masses).place_gaps(gaps.ends)[1]
    parts = (placement.there(gaps.positions), placement.turn_there(gaps.velocities))
    shape = (len(gaps), gaps.inner + 2, -1)
    return np.concatenate([part.reshape(shape) for part in parts], axis=2)


def scaling_of(states: Array, device: str) -> Scaling:
    """Standardisation by the mean and the spread of states (B, L, F) and of their changes."""
    std = states.std(axis=(0, 1))
    std = np.maximum(std, 1e-9 * std.max())
    change = (states[:, 2:] - states[:, :-2]) / 2 / std
    parts = (states.mean(axis=(0, 1)), std, change.mean(axis=(0, 1)), change.std(axis=(0, 1)))
    return Scaling(*(torch.tensor(part, dtype=torch.float32, device=device) for part in parts))


def train_steppers(
    kind: Kind,
    both: bool,
    gaps: Sequence[Windows],
    masses: Array,
    budget: Budget,
    seed: int,
    device: str = "cpu",
) -> list[Stepper]:
    """One network for each length of gap; each starts from the weights of the previous one.

    The loss is the mean absolute error of the standardised states of the missing frames.

    Parameters
    ----------
    kind
        Of the network.
    both
        Whether to start from both ends.
    gaps
        Training gaps, from the shortest to the longest.
    masses
        (N,) in Da.
    budget
        Sizes and training.
    seed
        Of weights and batches.
    device
        Device of torch.

    Returns
    -------
    list of Stepper
        In the order of ``gaps``.
    """
    reference = gaps[0].positions[0, 0]
    scaling = scaling_of(placed_states(gaps[0], reference, masses), device)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = make(kind, len(scaling.mean), budget.hidden, budget.layers).to(device)
    result = []
    for number, one in enumerate(gaps):
        if number:
            net = _copy(net, kind, budget, device)
        states = torch.from_numpy(placed_states(one, reference, masses)).to(device, torch.float32)
        stepper = Stepper(net, both, scaling, reference, masses)
        rng = np.random.default_rng([seed, number])
        _train(stepper, (states - scaling.mean) / scaling.std, budget, rng)
        result.append(stepper)
    return result


def _copy(net: Recurrent | Flow, kind: Kind, budget: Budget, device: str) -> Recurrent | Flow:
    features = next(iter(net.parameters())).shape[1]
    fresh = make(kind, features, budget.hidden, budget.layers).to(device)
    fresh.load_state_dict(net.state_dict())
    return fresh


def _train(stepper: Stepper, states: Tensor, budget: Budget, rng: np.random.Generator) -> None:
    """Adam with cosine annealing to zero."""
    inner = states.shape[1] - 2
    steps = max(1, budget.frames // inner)
    optimiser = torch.optim.Adam(stepper.net.parameters(), lr=budget.rate)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        rows = torch.from_numpy(rng.integers(len(states), size=budget.batch)).to(states.device)
        batch = states[rows]
        path = stepper.blend(batch[:, [0, -1]], inner)
        loss: Any = (path - batch[:, 1:-1]).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(stepper.net.parameters(), 1.0)
        optimiser.step()
        falling.step()
