"""The network of the forecaster, after the abstract of ASTEROID.

Wu, Chen and Wang, arXiv 2606.17668 (2026): an encoder-decoder transformer that solves the equation
of spatiotemporal information with local and global attention. Only the abstract was available.
Everything else is taken from its predecessors: STNN (You and others, Entropy 24, 1651 (2022)) and
ARNN (Nat. Commun. 11, 4568 (2020)).
"""

from typing import Protocol

import torch
from torch import Tensor, nn

from benchmarks.trajectory.models.attention import NEAR, Bias, Decode, SpaceTime
from benchmarks.trajectory.models.options import Options

ELEMENTS = 20
"""Number of embedded atomic numbers."""


class Corrector(Protocol):
    """A network that corrects a base."""

    def __call__(self, moved: Tensor, last: Tensor, base: Tensor) -> Tensor:
        """Corrections (B, H, N, 3).

        Parameters
        ----------
        moved
            (B, K, N, 3) displacements from the last frame.
        last
            (B, N, 3) the last frame in nm.
        base
            (B, H, N, 3) forecast of the base, as displacements from the last frame.

        Displacements are in units of the typical one per frame, corrections in units of the typical
        one of each frame and element.
        """
        ...


class Forecast(nn.Module):
    """Delay vectors to tokens, encoder, decoder, corrections.

    Parameters
    ----------
    options
        Its parts.
    known
        Frames of a history.
    numbers
        (N,) atomic numbers.
    hops
        (N, N) bonds between atoms.
    """

    def __init__(self, options: Options, known: int, numbers: Tensor, hops: Tensor) -> None:
        super().__init__()
        self.options = options
        width = options.width
        patches = (known - options.patch) // options.stride + 1
        chunks = -(-options.ahead // options.chunk)
        self.register_buffer("numbers", numbers)
        self.register_buffer("hops", hops)
        self.numbers: Tensor
        self.hops: Tensor
        self.embed = nn.Linear(3 * options.patch + 3, width)
        self.element = nn.Embedding(ELEMENTS, width)
        self.when = nn.Parameter(0.1 * torch.randn(patches, 1, width))
        self.ask = nn.Linear(3 * options.chunk + 3, width)
        self.ahead = nn.Parameter(0.1 * torch.randn(chunks, width))
        self.bias = Bias(options.heads)
        self.encoder = nn.ModuleList(SpaceTime(options) for _ in range(options.blocks))
        self.decoder = nn.ModuleList(Decode(options) for _ in range(max(1, options.blocks // 2)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 3 * options.chunk)
        # The untrained network returns the base.
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        # The conjugate map, used by its loss only.
        self.conjugate = nn.Sequential(
            nn.Linear(6 * options.ahead, width), nn.GELU(), nn.Linear(width, 3)
        )

    def bias_of(self, last: Tensor) -> Tensor:
        """Bias of spatial attention, (B, 1, heads, N, N)."""
        bias: Tensor = self.bias(last, self.hops)
        half = bias.shape[1] // 2
        hidden = torch.zeros_like(bias)
        hidden[:, :half] = hidden[:, :half].masked_fill(self.hops > NEAR, float("-inf"))
        return (bias + hidden)[:, None]

    def encode(self, moved: Tensor, last: Tensor, bias: Tensor) -> Tensor:
        """Tokens (B, P, N, D) of a history."""
        patches = moved.unfold(1, self.options.patch, self.options.stride).flatten(-2)
        where = last[:, None].expand(-1, patches.shape[1], -1, -1)
        tokens: Tensor = self.embed(torch.cat([patches, 10 * where], dim=-1))
        tokens = tokens + self.element(self.numbers) + self.when
        for block in self.encoder:
            tokens = block(tokens, bias)
        return tokens

    def forward(self, moved: Tensor, last: Tensor, base: Tensor) -> Tensor:
        """Corrections; see `Corrector`."""
        bias = self.bias_of(last)
        known = self.encode(moved, last, bias).transpose(1, 2)
        count, _, atoms, _ = base.shape
        chunks = base.transpose(1, 2).reshape(count, atoms, len(self.ahead), -1)
        where = last[:, :, None].expand(-1, -1, chunks.shape[2], -1)
        asked = self.ask(torch.cat([chunks, 10 * where], dim=-1)) + self.ahead
        asked = asked + self.element(self.numbers)[:, None]
        for block in self.decoder:
            asked = block(asked, known, bias)
        out: Tensor = self.head(self.norm(asked))
        return out.reshape(count, atoms, -1, 3).transpose(1, 2)

    def back(self, steps: Tensor) -> Tensor:
        """The present snapshot (B, N, 3) from forecast steps (B, H, N, 3): the conjugate map."""
        own = steps.permute(0, 2, 1, 3).flatten(2)
        others = own.mean(1, keepdim=True).expand_as(own)
        result: Tensor = self.conjugate(torch.cat([own, others], dim=-1))
        return result
