"""Velocity Verlet, for arrays of numpy and tensors of torch alike.

Of second order and reversible in time; forces between pairs of atoms conserve total linear and
angular momentum to rounding, and velocities belong to the times of the positions (Swope, Andersen,
Berens and Wilson, J. Chem. Phys. 76, 637 (1982)).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Pull = Callable[[Any], Any]
"""Positions (..., N, 3) in nm to accelerations in nm/ps2."""


@dataclass(frozen=True)
class State:
    """Positions in nm, velocities in nm/ps and accelerations in nm/ps2, (..., N, 3) each."""

    x: Any
    v: Any
    a: Any


def begin(pull: Pull, x: Any, v: Any) -> State:
    """The state to start from."""
    return State(x, v, pull(x))


def step(pull: Pull, state: State, h: float) -> State:
    """The state a time ``h`` in ps later."""
    v = state.v + 0.5 * h * state.a
    x = state.x + h * v
    a = pull(x)
    return State(x, v + 0.5 * h * a, a)


def walk(pull: Pull, state: State, h: float, steps: int) -> Iterator[State]:
    """The state at the start and after every step of ``h`` ps."""
    yield state
    for _ in range(steps):
        state = step(pull, state, h)
        yield state
