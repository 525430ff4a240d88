"""Networks that propagate through a gap: from the left end only, or from both ends.

With both ends, one network runs from the left, and from the right with reversed velocities, and the
two paths are blended linearly (Winkler, Mueller and Sauceda 2022; see `networks`). Unlike there,
velocities belong to the times of the positions, gaps are in a common orientation, and the
statistics of the standardisation are those of the training block.

Networks correct uniform motion. A path misses the other end; the Hermite polynomial of what it
misses is added, so that all networks meet both ends. Untrained ones are the Hermite polynomial.
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
from mechanist.trajectory.superres.polynomials import hermite
from mechanist.trajectory.superres.protocol import Filled

CHUNK = 256
"""Gaps per batch of inference."""


@dataclass(frozen=True)
class Scaling:
    """Standardisation of states (F,) = (positions, velocities), and of their change in a step.

    The change is that beyond uniform motion; ``dt_ps`` is the time of a step.
    """

    mean: Tensor
    std: Tensor
    change_mean: Tensor
    change_std: Tensor
    dt_ps: float

    def change(self, states: Tensor, out: Tensor) -> Tensor:
        """Change (B, F) of standardised states (B, F) in a step, by the answer of a network."""
        v = (states * self.std + self.mean).chunk(2, dim=-1)[1]
        uniform = torch.cat([self.dt_ps * v, torch.zeros_like(v)], dim=-1) / self.std
        return uniform + self.change_std * out + self.change_mean

    def reversed(self, states: Tensor) -> Tensor:
        """Standardised states (..., F) with reversed velocities."""
        x, v = states.chunk(2, dim=-1)
        mean, std = (part.chunk(2)[1] for part in (self.mean, self.std))
        return torch.cat([x, -v - 2 * mean / std], dim=-1)

    def closing(self, missed: Tensor, inner: int) -> Tensor:
        """The Hermite polynomial (B, T, F) that is 0 at the start and ``missed`` (B, F) at the end.

        All is standardised; ``inner`` is T.
        """
        gap_ps = (inner + 1) * self.dt_ps
        u = torch.arange(1, inner + 1, device=missed.device)[:, None] / (inner + 1)
        dx, dv = (missed * self.std)[:, None].chunk(2, dim=-1)
        x = u**2 * (3 - 2 * u) * dx + u**2 * (u - 1) * gap_ps * dv
        v = 6 * u * (1 - u) / gap_ps * dx + u * (3 * u - 2) * dv
        return torch.cat([x, v], dim=-1) / self.std


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
        if not self.both:
            return self.closed(known, inner)
        # Both ways in one batch: from the right with reversed velocities.
        there = self.scaling.reversed(known.flip(1))
        forth, back = self.closed(torch.cat([known, there]), inner).chunk(2)
        back = self.scaling.reversed(back.flip(1))
        share = torch.arange(1, inner + 1, device=known.device)[:, None] / (inner + 1)
        return (1 - share) * forth + share * back

    def closed(self, known: Tensor, inner: int) -> Tensor:
        """The path from the first of the known states, made to meet the second."""
        path = self.net.roll(known[:, 0], inner + 1, self.scaling.change)
        return path[:, :-1] + self.scaling.closing(known[:, 1] - path[:, -1], inner)


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


def scaling_of(states: Array, dt_ps: float, device: str) -> Scaling:
    """Standardisation by the mean and the spread of states (B, L, F) and of their changes."""
    std = states.std(axis=(0, 1))
    std = np.maximum(std, 1e-9 * std.max())
    change = np.diff(states, axis=1)
    half = states.shape[2] // 2
    change[..., :half] -= dt_ps * states[:, :-1, half:]
    change /= std
    parts = (states.mean(axis=(0, 1)), std, change.mean(axis=(0, 1)), change.std(axis=(0, 1)))
    first, second, third, fourth = (
        torch.tensor(part, dtype=torch.float32, device=device) for part in parts
    )
    return Scaling(first, second, third, fourth, dt_ps)


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

    The loss is the mean absolute error of the missing frames, of positions and of velocities, each
    relative to that of Hermite polynomials.

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
    scaling = scaling_of(placed_states(gaps[0], reference, masses), gaps[0].dt_ps, device)
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
        _train(stepper, (states - scaling.mean) / scaling.std, _units(one, scaling), budget, rng)
        result.append(stepper)
    return result


def _copy(net: Recurrent | Flow, kind: Kind, budget: Budget, device: str) -> Recurrent | Flow:
    features = next(iter(net.parameters())).shape[1]
    fresh = make(kind, features, budget.hidden, budget.layers).to(device)
    fresh.load_state_dict(net.state_dict())
    return fresh


def _units(gaps: Windows, scaling: Scaling) -> Tensor:
    """Standardised errors (F,) that count as one: those of Hermite polynomials, of x and of v."""
    base = hermite(gaps.ends)
    of_x = np.abs(base.positions - gaps.positions[:, 1:-1]).mean()
    of_v = np.abs(base.velocities - gaps.velocities[:, 1:-1]).mean()
    half = len(scaling.std) // 2
    return torch.cat([scaling.std.new_full((half,), one) for one in (of_x, of_v)]) / scaling.std


def _train(
    stepper: Stepper, states: Tensor, unit: Tensor, budget: Budget, rng: np.random.Generator
) -> None:
    """Adam with cosine annealing to zero."""
    inner = states.shape[1] - 2
    steps = max(1, budget.frames // inner)
    optimiser = torch.optim.Adam(stepper.net.parameters(), lr=budget.rate)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        rows = torch.from_numpy(rng.integers(len(states), size=budget.batch)).to(states.device)
        batch = states[rows]
        path = stepper.blend(batch[:, [0, -1]], inner)
        loss: Any = ((path - batch[:, 1:-1]) / unit).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(stepper.net.parameters(), 1.0)
        optimiser.step()
        falling.step()
