"""Total momentum of a state, and its correction.

Of all changes of velocity that restore linear and angular momentum, that of least kinetic energy is
a rigid translation and rotation, v <- v + w x r with w = I^-1 (L_target - L), as in GICnet.
"""

import numpy as np

from mechanist.arrays import Array


def momenta(x: Array, v: Array, masses: Array) -> tuple[Array, Array]:
    """Linear momenta in Da nm/ps, and angular ones about the centre of mass in Da nm2/ps.

    (B, 3) each, of positions in nm and velocities in nm/ps (B, N, 3); ``masses`` (N,) in Da.
    """
    angular = masses @ np.cross(x - (masses @ x / masses.sum())[:, None], v)
    return masses @ v, np.asarray(angular)


def repaired(x: Array, v: Array, masses: Array, target: tuple[Array, Array] | None = None) -> Array:
    """Velocities (B, N, 3) with the given `momenta`, or without any."""
    linear, angular = (np.zeros((len(x), 3)),) * 2 if target is None else target
    v = v + ((linear - masses @ v) / masses.sum())[:, None]
    about = x - (masses @ x / masses.sum())[:, None]
    products = np.einsum("n,bnx,bny->bxy", masses, about, about)
    inertia = np.trace(products, axis1=1, axis2=2)[:, None, None] * np.eye(3) - products
    # A linear molecule has no inertia, and no momentum, about its axis.
    inverse = np.linalg.pinv(inertia, rcond=1e-9, hermitian=True)
    turn = np.einsum("bxy,by->bx", inverse, angular - momenta(x, v, masses)[1])
    return np.asarray(v + np.cross(turn[:, None], about))
