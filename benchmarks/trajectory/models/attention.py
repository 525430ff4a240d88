"""Attention in space, local and global, and attention in time."""

import torch
from torch import Tensor, nn

from benchmarks.trajectory.models.options import Options

NEAR = 2
"""Range of local heads, in bonds."""

RADIAL, REACH = 8, 0.8
"""Number of Gaussians of the distance, and centre of the last one in nm."""

HOPS = 10
"""Number of classes of bond counts."""


def feed_forward(width: int) -> nn.Sequential:
    """Two linear layers with GELU between them."""
    return nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))


class Bias(nn.Module):
    """Bias of attention by distances in the last frame and by numbers of bonds."""

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.radial = nn.Linear(RADIAL, heads)
        self.bonds = nn.Embedding(HOPS, heads)
        self.register_buffer("centres", torch.linspace(0.1, REACH, RADIAL))
        self.centres: Tensor

    def forward(self, last: Tensor, hops: Tensor) -> Tensor:
        """(B, heads, N, N) from last frames (B, N, 3) in nm."""
        apart = (last[:, :, None] - last[:, None]).square().sum(-1).add(1e-12).sqrt()
        spread = REACH / RADIAL
        waves = torch.exp(-(((apart[..., None] - self.centres) / spread) ** 2))
        both: Tensor = self.radial(waves) + self.bonds(hops)
        return both.permute(0, 3, 1, 2)


class Attention(nn.Module):
    """Multi-head attention over the last but one axis."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, tokens: Tensor, seen: Tensor, bias: Tensor | None = None) -> Tensor:
        """Results (..., L, D) of tokens (..., L, D) that attend to others (..., M, D).

        ``bias`` (..., heads, L, M) is added to the exponents.
        """
        query = self._split(self.query(tokens))
        key, value = (self._split(part) for part in self.key_value(seen).chunk(2, dim=-1))
        score = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
        if bias is not None:
            score = score + bias
        answer = (score.softmax(-1) @ value).transpose(-2, -3).flatten(-2)
        result: Tensor = self.out(answer)
        return result

    def _split(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[:-1], self.heads, -1).transpose(-2, -3)


class SpaceTime(nn.Module):
    """A block of the encoder: attention over atoms, then over times, then a feed-forward part."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        width = options.width
        self.space = Attention(width, options.heads)
        self.time = Attention(width, options.heads)
        self.layers = feed_forward(width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))

    def forward(self, tokens: Tensor, bias: Tensor) -> Tensor:
        """Tokens (B, P, N, D) of P times and N atoms; ``bias`` is (B, 1, heads, N, N)."""
        first: Tensor = self.norms[0](tokens)
        tokens = tokens + self.space(first, first, bias)
        second = self.norms[1](tokens).transpose(1, 2)
        tokens = tokens + self.time(second, second).transpose(1, 2)
        result: Tensor = tokens + self.layers(self.norms[2](tokens))
        return result


class Decode(nn.Module):
    """A block of the decoder.

    Masked attention in time, attention to the tokens of the encoder of the same atom, attention
    over atoms, then a feed-forward part.
    """

    def __init__(self, options: Options) -> None:
        super().__init__()
        width = options.width
        self.past = Attention(width, options.heads)
        self.across = Attention(width, options.heads)
        self.space = Attention(width, options.heads)
        self.layers = feed_forward(width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(4))

    def forward(self, asked: Tensor, known: Tensor, bias: Tensor) -> Tensor:
        """Queries (B, N, C, D) and known tokens (B, N, P, D); ``bias`` as in `SpaceTime`."""
        count = asked.shape[2]
        hidden = torch.full((count, count), float("-inf"), device=asked.device).triu(1)
        first: Tensor = self.norms[0](asked)
        asked = asked + self.past(first, first, hidden)
        asked = asked + self.across(self.norms[1](asked), known)
        third = self.norms[2](asked).transpose(1, 2)
        asked = asked + self.space(third, third, bias).transpose(1, 2)
        result: Tensor = asked + self.layers(self.norms[3](asked))
        return result
