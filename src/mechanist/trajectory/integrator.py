"""Symplectic steps of Newton's equations, for arrays of numpy and tensors of torch alike.

A step alternates kicks v <- v + c h a(x) and drifts x <- x + d h v. Palindromic steps are
reversible in time, and forces between pairs of atoms conserve total linear and angular momentum to
rounding. Velocity Verlet is of second order (Swope, Andersen, Berens and Wilson, J. Chem. Phys. 76,
637 (1982)); its velocities belong to the times of its positions. `FOURTH` is of fourth order with
four forces per step, position-extended Forest-Ruth-like (Omelyan, Mryglod and Folk, Comput. Phys.
Commun. 146, 188 (2002)).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

XI, LAMBDA, CHI = 0.1786178958448091, -0.2123418310626054, -0.06626458266981849


@dataclass(frozen=True)
class Scheme:
    """A palindromic composition.

    Parameters
    ----------
    kicks
        Fractions c of the step for changes of velocities.
    drifts
        Fractions d of the step for changes of positions; kicks and drifts alternate.
    kick_first
        Whether a kick comes first.
    """

    kicks: tuple[float, ...]
    drifts: tuple[float, ...]
    kick_first: bool

    @property
    def forces(self) -> int:
        """Evaluations of forces per step."""
        return len(self.kicks) - 1 if self.kick_first else len(self.kicks)


VERLET = Scheme((0.5, 0.5), (1.0,), True)
FOURTH = Scheme(
    (0.5 - LAMBDA, LAMBDA, LAMBDA, 0.5 - LAMBDA),
    (XI, CHI, 1 - 2 * (CHI + XI), CHI, XI),
    False,
)


@dataclass(frozen=True)
class State:
    """A state of motion: an array or tensor (..., N, 3) each.

    Parameters
    ----------
    x, v
        Positions in nm and velocities in nm/ps.
    pull
        What `Pull` returned for the latest positions: accelerations in nm/ps2, or forces.
    """

    x: Any
    v: Any
    pull: Any


Pull = Callable[[Any], Any]
"""Positions to accelerations, or to what `Kick` turns into changes of velocities."""

Kick = Callable[[float, Any], Any]
"""Change of velocities in a time in ps, from the time and the result of `Pull`."""


def accelerate(time: float, pull: Any) -> Any:
    """The kick of accelerations."""
    return time * pull


def begin(pull: Pull, x: Any, v: Any) -> State:
    """The state to start from."""
    return State(x, v, pull(x))


def step(
    pull: Pull, state: State, h: float, scheme: Scheme = VERLET, kick: Kick = accelerate
) -> State:
    """The state a time ``h`` in ps later."""
    x, v, a = state.x, state.v, state.pull
    drifts = iter(scheme.drifts)
    if not scheme.kick_first:
        x = x + next(drifts) * h * v
        a = pull(x)
    for share in scheme.kicks:
        v = v + kick(share * h, a)
        along = next(drifts, None)
        if along is not None:
            x = x + along * h * v
            a = pull(x)
    return State(x, v, a)


def walk(
    pull: Pull,
    state: State,
    h: float,
    steps: int,
    scheme: Scheme = VERLET,
    kick: Kick = accelerate,
) -> Iterator[State]:
    """The state at the start and after every step of ``h`` ps."""
    yield state
    for _ in range(steps):
        state = step(pull, state, h, scheme, kick)
        yield state
