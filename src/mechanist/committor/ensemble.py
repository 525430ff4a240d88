"""Networks side by side as tensors: initial weights, q, gradient steps, losses.

The first axis of every tensor is the network, so that all are trained at once.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mechanist.arrays import Array
from mechanist.committor.network import Committor
from mechanist.committor.sparse import sparse_start
from mechanist.settings.learn import LearnSettings

if TYPE_CHECKING:
    import torch


HIDDEN = -1
"""Draws of a shot that takes no part in anything of a network, early stopping included."""


@dataclass(frozen=True)
class Batch:
    """Inputs (N, P), ends in A and B (2, N), and how often each network drew each shot (G, N).

    A shot that a network must not see was drawn `HIDDEN` times.
    """

    inputs: "torch.Tensor"
    counts: "torch.Tensor"
    drawn: "torch.Tensor"

    def __len__(self) -> int:
        return len(self.inputs)

    def rows(self, rows: "torch.Tensor") -> "Batch":
        """Some of the shots."""
        return Batch(self.inputs[rows], self.counts[:, rows], self.drawn[:, rows])


@dataclass(frozen=True)
class Start:
    """Linear models to start from: weights (M, P), 0 for unused inputs, and constants (M,)."""

    weights: "torch.Tensor"
    constants: "torch.Tensor"


def sparse_linear(shots: Batch, members: int) -> Start:
    """Sparse linear models, see `mechanist.committor.sparse`."""
    import torch

    arrays = (part.double().numpy() for part in (shots.inputs, shots.counts, shots.drawn[:members]))
    weights, constants = sparse_start(*arrays)
    return Start(torch.as_tensor(weights).float(), torch.as_tensor(constants).float())


def initial(
    settings: LearnSettings, inputs: int, rng: np.random.Generator, start: Start | None
) -> list["torch.Tensor"]:
    """Linear term, then weights and biases of each layer; (G, ...) each.

    With a start, inputs that it does not use have weights of zero.
    """
    import torch

    networks = settings.members * len(settings.weight_decay)
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    parameters = [torch.zeros(networks, inputs, 1)]
    for fan_in, fan_out in pairwise([inputs, *settings.hidden, 1]):
        gain = 1.0 if fan_out > 1 else 0.1
        # The same start with every weight decay, so that they differ by nothing else.
        normal = torch.randn(settings.members, fan_in, fan_out, generator=generator)
        weights = (gain * normal / fan_in**0.5).repeat(len(settings.weight_decay), 1, 1)
        parameters += [weights, torch.zeros(networks, 1, fan_out)]
    if start is not None:
        _start_from(parameters, start, len(settings.weight_decay))
    return parameters


def freeze_unused(parameters: list["torch.Tensor"], start: Start) -> None:
    """Keep weights of zero at zero: inputs that the start does not use."""
    used = (start.weights != 0).repeat(len(parameters[0]) // len(start.weights), 1)[..., None]
    for parameter in parameters[:2]:
        parameter.register_hook(used.__mul__)  # type: ignore[no-untyped-call]


def _start_from(parameters: list["torch.Tensor"], start: Start, decays: int) -> None:
    """Start from a linear model: the perceptron returns 0 at first, and uses the same inputs."""
    weights = start.weights.repeat(decays, 1)[..., None]
    parameters[0].copy_(weights)
    parameters[1].mul_(weights != 0)
    parameters[-2].zero_()
    parameters[-1].copy_(start.constants.repeat(decays)[:, None, None])


def logits(parameters: list["torch.Tensor"], inputs: "torch.Tensor") -> "torch.Tensor":
    """Logits (G, B) of inputs (B, P)."""
    import torch

    hidden = inputs
    pairs = list(zip(parameters[1::2], parameters[2::2], strict=True))
    for i, (weights, biases) in enumerate(pairs):
        hidden = torch.matmul(hidden, weights) + biases
        if i < len(pairs) - 1:
            hidden = torch.nn.functional.silu(hidden)
    return (hidden + torch.matmul(inputs, parameters[0]))[..., 0]


def _nll(q: "torch.Tensor", counts: "torch.Tensor") -> "torch.Tensor":
    from torch.nn.functional import softplus

    return counts[0] * softplus(q) + counts[1] * softplus(-q)


def shrink(
    parameters: list["torch.Tensor"],
    factor: "torch.Tensor",
    origin: list["torch.Tensor"] | None = None,
) -> None:
    """Decoupled weight decay of AdamW, with a factor for each network; biases do not decay.

    With an origin, weights decay towards it instead of zero.
    """
    import torch

    with torch.no_grad():
        for i in [0, *range(1, len(parameters), 2)]:
            if origin is None:
                parameters[i].mul_(factor)
            else:
                parameters[i].sub_(origin[i]).mul_(factor).add_(origin[i])


def given(model: Committor, networks: int, decays: int) -> list["torch.Tensor"]:
    """Parameters of ``networks`` networks, each once a decay, from the members of a model in turn.

    In the order of `initial`.
    """
    import torch

    rows = np.tile(np.arange(networks) % len(model.skip), decays)
    tensors = [model.skip[rows][..., None]]
    for weights, biases in model.layers:
        tensors += [weights[rows], biases[rows][:, None, :]]
    return [torch.as_tensor(tensor, dtype=torch.float32) for tensor in tensors]


def loss_of(parameters: list["torch.Tensor"], shots: Batch) -> "torch.Tensor":
    """Sum over networks of the mean loss of each on the shots that it drew, nats per outcome."""
    drawn = shots.drawn.clamp(min=0)
    total = (drawn * _nll(logits(parameters, shots.inputs), shots.counts)).sum(dim=1)
    outcomes = (drawn * shots.counts.sum(dim=0)).sum(dim=1)
    # Each network has its own mean loss: the draws of the others must not change its steps.
    return (total / outcomes.clamp(min=1)).sum()


def losses(parameters: list["torch.Tensor"], shots: Batch) -> tuple[Array, Array]:
    """Loss per outcome of each network on shots that it drew and did not draw, (G,) each."""
    import torch

    with torch.no_grad():
        chunks = [logits(parameters, part) for part in torch.split(shots.inputs, 4096)]
        each = _nll(torch.cat(chunks, dim=1), shots.counts)
        outcomes = shots.counts.sum(dim=0)
        result = []
        for mask in (shots.drawn > 0, shots.drawn == 0):
            total = (mask * outcomes).sum(dim=1).clamp(min=1)
            result.append(((mask * each).sum(dim=1) / total).double().numpy())
    return result[0], result[1]
