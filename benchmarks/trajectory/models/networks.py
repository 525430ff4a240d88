"""Networks that propagate a state step by step: LSTM, RNN, neural ODE, Hamiltonian network.

After Winkler, Mueller and Sauceda, Mach. Learn.: Sci. Technol. 3, 025011 (2022). The state y holds
positions and velocities, standardised. Each network corrects uniform motion, and

    y(k+1) = y(k) + (v dt, 0) + change_std net(y(k)) + change_mean

for LSTM and RNN, which have a hidden state. The neural ODE and the Hamiltonian network give a rate
in this way, which is integrated by the classical Runge-Kutta method of fourth order, one step a
frame. The latter gives one number H whose gradient moves the state, x' = dH/dv and v' = -dH/dx
(Greydanus, Dzamba and Yosinski, NeurIPS 2019). The last layers start at zero.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

Kind = Literal["lstm", "rnn", "ode", "hnn"]
KINDS: tuple[Kind, ...] = ("lstm", "rnn", "ode", "hnn")

Change = Callable[[Tensor, Tensor], Tensor]
"""A state (B, F) and the answer of a network (B, F) to the change of the state in a step."""


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
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def roll(self, start: Tensor, steps: int, change: Change) -> Tensor:
        """States (B, steps, F) after ``start`` (B, F)."""
        state, memory, path = start, None, []
        for _ in range(steps):
            out, memory = self.core(state[:, None], memory)
            state = state + change(state, self.head(out[:, 0]))
            path.append(state)
        return torch.stack(path, dim=1)


class Flow(nn.Module):
    """Neural ODE or Hamiltonian network, by steps of the classical Runge-Kutta method.

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
        last = nn.Linear(hidden, 1 if kind == "hnn" else features)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.net = nn.Sequential(*inner, last)
        self.hamiltonian = kind == "hnn"

    def answer(self, state: Tensor) -> Tensor:
        """Standardised rate (B, F) of a state beyond uniform motion."""
        if not self.hamiltonian:
            out: Tensor = self.net(state)
            return out
        with torch.enable_grad():
            known = state if state.requires_grad else state.detach().requires_grad_()
            total = self.net(known).sum()
            (slope,) = torch.autograd.grad(total, known, create_graph=True)
        of_x, of_v = slope.chunk(2, dim=-1)
        return torch.cat([of_v, -of_x], dim=-1)

    def roll(self, start: Tensor, steps: int, change: Change) -> Tensor:
        """States (B, steps, F) after ``start`` (B, F)."""

        def rate(state: Tensor) -> Tensor:
            return change(state, self.answer(state))

        state, path = start, []
        for _ in range(steps):
            one = rate(state)
            two = rate(state + 0.5 * one)
            three = rate(state + 0.5 * two)
            state = state + (one + 2 * two + 2 * three + rate(state + three)) / 6
            path.append(state)
        return torch.stack(path, dim=1)


def make(kind: Kind, features: int, hidden: int, layers: int) -> Recurrent | Flow:
    """A new network with weights from the random numbers of torch."""
    maker = Recurrent if kind in ("lstm", "rnn") else Flow
    return maker(kind, features, hidden, layers)
