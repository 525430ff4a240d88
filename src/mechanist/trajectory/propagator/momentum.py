"""Total momentum of a state, and its correction.

Of all changes of velocity that restore linear and angular momentum, that of least kinetic energy is
a rigid translation and rotation, v <- v + w x r with w = I^-1 (L_target - L), as in GICnet.
"""

import torch
from torch import Tensor


def linear(v: Tensor, masses: Tensor) -> Tensor:
    """Momenta (B, 3) in Da nm/ps of velocities (B, N, 3); ``masses`` (N, 1) in Da."""
    return (masses * v).sum(1)


def centred(x: Tensor, masses: Tensor) -> Tensor:
    """Positions (B, N, 3) about the centre of mass."""
    middle: Tensor = (masses * x).sum(1) / masses.sum()
    return x - middle[:, None]


def angular(x: Tensor, v: Tensor, masses: Tensor) -> Tensor:
    """Angular momenta (B, 3) in Da nm2/ps about the centre of mass."""
    each: Tensor = torch.linalg.cross(centred(x, masses), masses * v)
    return each.sum(1)


def repaired(x: Tensor, v: Tensor, masses: Tensor, target: tuple[Tensor, Tensor]) -> Tensor:
    """Velocities (B, N, 3) with the given linear and angular momenta (B, 3).

    Parameters
    ----------
    x, v
        (B, N, 3) in nm and nm/ps.
    masses
        (N, 1) in Da.
    target
        Linear and angular momenta.
    """
    v = v + ((target[0] - linear(v, masses)) / masses.sum())[:, None]
    about = centred(x, masses)
    square = (masses * about**2).sum((1, 2))[:, None, None] * torch.eye(3, dtype=x.dtype)
    inertia = square - torch.einsum("bnx,bny->bxy", masses * about, about)
    # A linear molecule has no inertia, and no momentum, about its axis.
    inverse = torch.linalg.pinv(inertia, rtol=1e-9, hermitian=True)
    turn = torch.einsum("bxy,by->bx", inverse, target[1] - angular(x, v, masses))
    added: Tensor = torch.linalg.cross(turn[:, None].expand_as(about), about)
    return v + added
