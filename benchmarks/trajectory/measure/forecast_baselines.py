"""Networks that the forecaster is compared with; each has the form of `network.Corrector`."""

import torch
from torch import Tensor, nn

from benchmarks.trajectory.models.network import ELEMENTS


class Lstm(nn.Module):
    """An LSTM reads all coordinates frame after frame and goes on by itself.

    Its outputs are steps, their sums displacements.
    """

    def __init__(self, atoms: int, width: int, layers: int = 2) -> None:
        super().__init__()
        self.core = nn.LSTM(3 * atoms, width, layers, batch_first=True)
        self.start = nn.Linear(3 * atoms, width)
        self.head = nn.Linear(width, 3 * atoms)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, moved: Tensor, last: Tensor, base: Tensor) -> Tensor:
        """Corrections; see `Corrector`."""
        steps = moved.diff(dim=1).flatten(2)
        begin = self.start(10 * last.flatten(1))
        shape = (self.core.num_layers, *begin.shape)
        memory = (begin.expand(shape).contiguous(), torch.zeros(shape, device=begin.device))
        out, memory = self.core(steps, memory)
        made = []
        for _ in range(base.shape[1]):
            step = self.head(out[:, -1])
            made.append(step)
            out, memory = self.core(step[:, None], memory)
        return torch.stack(made, dim=1).cumsum(1).reshape(base.shape)


class Transformer(nn.Module):
    """A plain encoder-decoder: a token is a frame with all its coordinates."""

    def __init__(self, atoms: int, known: int, ahead: int, width: int, heads: int = 4) -> None:
        super().__init__()
        self.embed = nn.Linear(3 * atoms, width)
        self.start = nn.Linear(3 * atoms, width)
        self.when = nn.Parameter(0.1 * torch.randn(known, width))
        self.ahead = nn.Parameter(0.1 * torch.randn(ahead, width))
        self.core = nn.Transformer(width, heads, 2, 2, 2 * width, dropout=0.0, batch_first=True)
        self.head = nn.Linear(width, 3 * atoms)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, moved: Tensor, last: Tensor, base: Tensor) -> Tensor:
        """Corrections; see `Corrector`."""
        begin = self.start(10 * last.flatten(1))[:, None]
        tokens = self.embed(moved.flatten(2)) + self.when + begin
        out: Tensor = self.head(self.core(tokens, self.ahead + begin))
        return out.reshape(base.shape)


class Layer(nn.Module):
    """A layer of an E(n)-equivariant graph network (Satorras, Hoogeboom and Welling, ICML 2021)."""

    def __init__(self, width: int, ahead: int, known: int) -> None:
        super().__init__()
        self.edge = nn.Sequential(
            nn.Linear(2 * width + 2, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU()
        )
        self.node = nn.Sequential(nn.Linear(2 * width, width), nn.SiLU(), nn.Linear(width, width))
        self.along = nn.Linear(width, ahead, bias=False)
        self.past = nn.Linear(width, ahead * known)
        for part in (self.along.weight, self.past.weight, self.past.bias):
            nn.init.zeros_(part)

    def forward(
        self, nodes: Tensor, away: Tensor, pairs: Tensor, history: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Nodes (B, N, D) and what the layer adds to the displacements (B, H, N, 3)."""
        count = nodes.shape[1]
        own = nodes[:, :, None].expand(-1, -1, count, -1)
        other = nodes[:, None].expand(-1, count, -1, -1)
        edges = self.edge(torch.cat([own, other, pairs], dim=-1))
        nodes = nodes + self.node(torch.cat([nodes, edges.mean(2)], dim=-1))
        moves = torch.einsum("bijh,bijx->bhix", self.along(edges), away) / count
        share = self.past(nodes).reshape(*nodes.shape[:2], -1, history.shape[1])
        return nodes, moves + torch.einsum("bihk,bkix->bhix", share, history)


class Egnn(nn.Module):
    """An E(n)-equivariant graph network that sees the known frames as vectors of each atom.

    Displacements are sums of vectors between atoms and of known displacements, with weights that
    depend on what does not turn with the molecule.
    """

    def __init__(
        self, numbers: Tensor, hops: Tensor, known: int, ahead: int, width: int, layers: int = 3
    ) -> None:
        super().__init__()
        self.register_buffer("numbers", numbers)
        self.register_buffer("hops", hops)
        self.numbers: Tensor
        self.hops: Tensor
        self.element = nn.Embedding(ELEMENTS, width)
        self.speeds = nn.Linear(known - 1, width)
        self.layers = nn.ModuleList(Layer(width, ahead, known - 1) for _ in range(layers))

    def forward(self, moved: Tensor, last: Tensor, base: Tensor) -> Tensor:
        """Corrections; see `Corrector`."""
        history = moved[:, :-1]
        lengths = history.square().sum(-1).add(1e-12).sqrt().transpose(1, 2)
        nodes = self.element(self.numbers) + self.speeds(lengths)
        away = 10 * (last[:, :, None] - last[:, None])
        far = away.square().sum(-1, keepdim=True).add(1e-12).sqrt()
        near = (1.0 / self.hops.clamp(min=1))[None, :, :, None].expand(len(last), -1, -1, -1)
        pairs = torch.cat([far, near], dim=-1)
        total = torch.zeros_like(base)
        for layer in self.layers:
            nodes, more = layer(nodes, away, pairs, history)
            total = total + more
        return total
