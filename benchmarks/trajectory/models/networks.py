"""Networks that propagate a state step by step: LSTM, RNN, neural ODE, Hamiltonian network.

After Winkler, Mueller and Sauceda, Mach. Learn.: Sci. Technol. 3, 025011 (2022). The state y holds
positions and velocities, standardised. Each network gives a standardised change, and

    y(k+1) = y(k) + d [change_std net(y(k)) + change_mean],

with d = 1 forwards and d = -1 backwards in time. LSTM and RNN have a hidden state. The Hamiltonian
network gives one number H whose gradient moves the state, x' = dH/dv and v' = -dH/dx
(Greydanus, Dzamba and Yosinski, NeurIPS 2019).
"""

from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

Kind = Literal["lstm", "rnn", "ode", "hnn"]
KINDS: tuple[Kind, ...] = ("lstm", "rnn", "ode", "hnn")


class Recurrent(nn.Module):
    """LSTM or tanh RNN with a linear layer to the change of the state.

    Parameters
    ----------
    kind
        lstm or rnn.
    features
        Length of a state.
    hidden, layers
        Units per layer, and number of layers.
    """

    def __init__(self, kind: Kind, features: int, hidden: int, layers: int) -> None:
        super().__init__()
        make = nn.LSTM if kind == "lstm" else nn.RNN
        self.core = make(features, hidden, layers, batch_first=True)
        self.head = nn.Linear(hidden, features)

    def roll(self, start: Tensor, steps: int, scale: Tensor, shift: Tensor) -> Tensor:
        """States (B, steps, F) after ``start`` (B, F); the change is scale * net + shift."""
        state, memory, path = start, None, []
        for _ in range(steps):
            out, memory = self.core(state[:, None], memory)
            state = state + scale * self.head(out[:, 0]) + shift
            path.append(state)
        return torch.stack(path, dim=1)


class Flow(nn.Module):
    """Neural ODE or Hamiltonian network, by Euler steps.

    Parameters
    ----------
    kind
        ode or hnn.
    features
        Length of a state; positions first, then velocities.
    hidden, layers
        Units per layer, and number of layers.
    """

    def __init__(self, kind: Kind, features: int, hidden: int, layers: int) -> None:
        super().__init__()
        widths = [features] + [hidden] * layers
        inner = [module for a, b in pairwise(widths) for module in (nn.Linear(a, b), nn.Tanh())]
        self.net = nn.Sequential(*inner, nn.Linear(hidden, 1 if kind == "hnn" else features))
        self.hamiltonian = kind == "hnn"

    def change(self, state: Tensor) -> Tensor:
        """Standardised change (B, F) of a state."""
        if not self.hamiltonian:
            out: Tensor = self.net(state)
            return out
        with torch.enable_grad():
            known = state if state.requires_grad else state.detach().requires_grad_()
            total = self.net(known).sum()
            (slope,) = torch.autograd.grad(total, known, create_graph=True)
        of_x, of_v = slope.chunk(2, dim=-1)
        return torch.cat([of_v, -of_x], dim=-1)

    def roll(self, start: Tensor, steps: int, scale: Tensor, shift: Tensor) -> Tensor:
        """States (B, steps, F) after ``start`` (B, F); the change is scale * net + shift."""
        state, path = start, []
        for _ in range(steps):
            state = state + scale * self.change(state) + shift
            path.append(state)
        return torch.stack(path, dim=1)


def make(kind: Kind, features: int, hidden: int, layers: int) -> Recurrent | Flow:
    """A new network with weights from the random numbers of torch."""
    maker = Recurrent if kind in ("lstm", "rnn") else Flow
    return maker(kind, features, hidden, layers)
