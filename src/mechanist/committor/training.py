"""Training of the ensemble: binomial loss, bootstrap over chains, early stopping out of bag.

Each member draws as many chains as there are, with replacement; shots of a chain drawn twice count
twice (Efron's bootstrap, with chains as units because shots of a chain are correlated). The chains
that a member did not draw tell it when to stop.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mechanist.committor.data import ShotData
from mechanist.committor.network import Committor
from mechanist.errors import DataError
from mechanist.settings.learn import LearnSettings

if TYPE_CHECKING:
    import torch

Log = Callable[[str], None]


@dataclass(frozen=True)
class TrainingRecord:
    """Mean loss over members in nats per outcome, one entry an epoch."""

    train: list[float]
    out_of_bag: list[float]
    best_epoch: list[int]


def bootstrap(
    chain: NDArray[np.int64], members: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """How often each member sees each shot, (M, N); every member leaves at least one chain out.

    Raises
    ------
    DataError
        If there are fewer than two chains.
    """
    chains, index = np.unique(chain, return_inverse=True)
    count = len(chains)
    if count < 2:
        raise DataError("learn", "training needs shots of at least two chains")
    draws = np.empty((members, count))
    for member in range(members):
        draws[member] = np.bincount(rng.integers(count, size=count), minlength=count)
        if (draws[member] > 0).all():
            draws[member, rng.integers(count)] = 0
        if (draws[member] > 0).sum() == 0:
            draws[member, 0] = 1
    return np.asarray(draws[:, index])


def train(
    data: ShotData,
    settings: LearnSettings,
    feature_names: tuple[str, ...],
    rng: np.random.Generator,
    threads: int,
    log: Log,
) -> tuple[Committor, TrainingRecord]:
    """Train an ensemble.

    Parameters
    ----------
    data
        Shots of training chains only.
    settings
        Section ``learn``.
    feature_names
        Names of the features.
    rng
        Source of all random numbers, torch's included.
    threads
        CPU threads; part of what makes a result reproducible to the last digit.
    log
        Called with one line at the end.

    Returns
    -------
    Committor, TrainingRecord
        For each member the weights of its best epoch.
    """
    import torch

    torch.set_num_threads(threads)
    use = (data.n_a + data.n_b) > 0
    data = data.subset(use)
    weights = bootstrap(data.chain, settings.members, rng)
    mean, scale = data.features.mean(axis=0), data.features.std(axis=0)
    # A constant input carries nothing; dividing it by its rounding noise would.
    scale = np.where(scale > 1e-6 * np.maximum(1, np.abs(mean)), scale, 1.0)
    trainer = _Trainer(settings, len(feature_names), rng)
    record = trainer.fit((data.features - mean) / scale, data, weights, rng)
    parameters = [p.numpy().astype(np.float64) for p in trainer.best]
    layers = tuple(zip(parameters[1::2], (b[:, 0] for b in parameters[2::2]), strict=True))
    log(
        f"trained {settings.members} members, best epochs {record.best_epoch},"
        f" out-of-bag loss {min(record.out_of_bag):.4f}"
    )
    return Committor(feature_names, mean, scale, layers, parameters[0][:, :, 0]), record


class _Trainer:
    """All members at once: every tensor has the member as its first axis."""

    def __init__(self, settings: LearnSettings, inputs: int, rng: np.random.Generator) -> None:
        import torch

        self.settings = settings
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        widths = [inputs, *settings.hidden, 1]
        self.parameters = [torch.zeros(settings.members, inputs, 1)]
        for fan_in, fan_out in pairwise(widths):
            shape = (settings.members, fan_in, fan_out)
            gain = 1.0 if fan_out > 1 else 0.1
            normal = torch.randn(shape, generator=generator)
            self.parameters += [
                gain * normal / fan_in**0.5,
                torch.zeros(settings.members, 1, fan_out),
            ]
        for parameter in self.parameters:
            parameter.requires_grad_(True)
        self.best = [p.detach().clone() for p in self.parameters]

    def logits(self, x: "torch.Tensor") -> "torch.Tensor":
        """Logits (M, B) of inputs (B, P) or (M, B, P)."""
        import torch

        result = torch.matmul(x, self.parameters[0])
        hidden = x
        pairs = list(zip(self.parameters[1::2], self.parameters[2::2], strict=True))
        for i, (weights, biases) in enumerate(pairs):
            hidden = torch.matmul(hidden, weights) + biases
            if i < len(pairs) - 1:
                hidden = torch.tanh(hidden)
        return (result + hidden)[..., 0]

    def fit(
        self,
        x: NDArray[np.float64],
        data: ShotData,
        weights: NDArray[np.float64],
        rng: np.random.Generator,
    ) -> TrainingRecord:
        """Run all epochs of the schedule; keep each member's weights of its best epoch."""
        import torch

        settings = self.settings
        inputs = torch.as_tensor(x, dtype=torch.float32)
        counts = torch.as_tensor(np.stack([data.n_a, data.n_b]), dtype=torch.float32)
        seen = torch.as_tensor(weights, dtype=torch.float32)
        optimizer = torch.optim.AdamW(
            self.parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        batches = -(-len(data) // settings.batch)
        epochs = min(settings.epochs_max, -(-settings.steps // batches))
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, settings.learning_rate, total_steps=epochs * batches
        )
        best = np.full(settings.members, np.inf)
        best_epoch = np.zeros(settings.members, dtype=int)
        record = TrainingRecord([], [], [])
        for epoch in range(epochs):
            order = torch.as_tensor(rng.permutation(len(data)))
            for rows in torch.split(order, settings.batch):
                self._step(optimizer, inputs[rows], counts[:, rows], seen[:, rows])
                schedule.step()
            inside, outside = self._losses(inputs, counts, seen)
            record.train.append(float(inside.mean()))
            record.out_of_bag.append(float(outside.mean()))
            better = outside < best
            best, best_epoch = np.where(better, outside, best), np.where(better, epoch, best_epoch)
            chosen = torch.as_tensor(better)
            for kept, parameter in zip(self.best, self.parameters, strict=True):
                kept[chosen] = parameter.detach()[chosen]
        record.best_epoch.extend(best_epoch.tolist())
        return record

    def _step(
        self, optimizer: Any, x: "torch.Tensor", counts: "torch.Tensor", seen: "torch.Tensor"
    ) -> None:
        optimizer.zero_grad()
        loss = (seen * self._nll(self.logits(x), counts)).sum()
        (loss / (seen * counts.sum(dim=0)).sum().clamp(min=1) * len(seen)).backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    @staticmethod
    def _nll(q: "torch.Tensor", counts: "torch.Tensor") -> "torch.Tensor":
        from torch.nn.functional import softplus

        return counts[0] * softplus(q) + counts[1] * softplus(-q)

    def _losses(
        self, x: "torch.Tensor", counts: "torch.Tensor", seen: "torch.Tensor"
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Loss of each member per outcome on what it saw and on what it did not, (M,) each."""
        import torch

        with torch.no_grad():
            chunks = [self.logits(part) for part in torch.split(x, 8192)]
            each = self._nll(torch.cat(chunks, dim=1), counts)
            outcomes = counts.sum(dim=0)
            result = []
            for mask in (seen > 0, seen == 0):
                total = (mask * outcomes).sum(dim=1).clamp(min=1)
                result.append(((mask * each).sum(dim=1) / total).double().numpy())
        return result[0], result[1]
