"""Symplectic steps of Newton's equations with learned forces.

A step is a row of kicks v <- v + c h F(x)/m and drifts x <- x + d h v. Forces between pairs of
atoms keep total linear and angular momentum to rounding; palindromic steps run back as forth.
Velocity Verlet is of second order. The other step is of fourth order with four forces a step, and
the constants are those of position-extended Forest and Ruth-like steps: Omelyan, Mryglod and Folk,
Comput. Phys. Commun. 146, 188 (2002).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from mechanist.trajectory.propagator.field import Field

XI, LAMBDA, CHI = 0.1786178958448091, -0.2123418310626054, -0.06626458266981849


@dataclass(frozen=True)
class Scheme:
    """A palindromic composition.

    Parameters
    ----------
    kicks
        Parts of the step by which velocities are changed.
    drifts
        Parts by which positions are changed; they alternate with kicks.
    kick_first
        Whether a kick comes first.
    """

    kicks: tuple[float, ...]
    drifts: tuple[float, ...]
    kick_first: bool

    @property
    def forces(self) -> int:
        """Forces a step."""
        return len(self.kicks) - 1 if self.kick_first else len(self.kicks)


VERLET = Scheme((0.5, 0.5), (1.0,), True)
FOURTH = Scheme(
    (0.5 - LAMBDA, LAMBDA, LAMBDA, 0.5 - LAMBDA),
    (XI, CHI, 1 - 2 * (CHI + XI), CHI, XI),
    False,
)


@dataclass(frozen=True)
class State:
    """B states of motion.

    Parameters
    ----------
    x, v, a
        (B, N, 3) positions in nm, velocities in nm/ps and accelerations in nm/ps2.
    """

    x: Tensor
    v: Tensor
    a: Tensor


def begin(field: Field, masses: Tensor, x: Tensor, v: Tensor) -> State:
    """A state with its accelerations; ``masses`` (N, 1) in Da."""
    return State(x, v, field.forces(x) / masses)


def step(field: Field, masses: Tensor, state: State, h: float, scheme: Scheme = VERLET) -> State:
    """The state a time ``h`` in ps later."""
    x, v, a = state.x, state.v, state.a
    drifts = iter(scheme.drifts)
    if not scheme.kick_first:
        x = x + next(drifts) * h * v
        a = field.forces(x) / masses
    for kick in scheme.kicks:
        v = v + kick * h * a
        along = next(drifts, None)
        if along is not None:
            x = x + along * h * v
            a = field.forces(x) / masses
    return State(x, v, a)


def walk(
    field: Field, masses: Tensor, state: State, h: float, steps: int, scheme: Scheme = VERLET
) -> Iterator[State]:
    """The state at the start and after every step."""
    yield state
    for _ in range(steps):
        state = step(field, masses, state, h, scheme)
        yield state


def total_energy(field: Field, masses: Tensor, state: State) -> Tensor:
    """Kinetic and learned energies (B,) in kJ/mol."""
    return field.energy(state.x) + 0.5 * torch.sum(masses * state.v**2, dim=(1, 2))
