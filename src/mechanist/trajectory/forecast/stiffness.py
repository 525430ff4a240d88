"""Second derivatives of a learned force field, in closed form.

With r = D - D_m between scaled inverse distances and those of a learned geometry m, its weights
w_m, s = r.w_m, u = sqrt(7) |r| / width and a = 49/(15 width^4) exp(-u), the forces of
`superres.forcefield` have the derivative in scaled inverse distances

    J = sum over m of a [7 s r r' / width^2 - (1 + u) (w r' + r w' + s 1)],

and the chain rule gives derivatives with respect to positions. The cost is that of about fifteen
evaluations of the forces; numerical derivatives take 3N + 1.
"""

import numpy as np

from mechanist.arrays import Array
from mechanist.trajectory.superres.forcefield import (
    KernelForces,
    derivatives,
    inverse_distances,
    pairs,
)


def stiffness(forces: KernelForces, x: Array) -> Array:
    """Derivatives of forces with respect to positions.

    Parameters
    ----------
    forces
        The learned force field.
    x
        (B, N, 3) positions in nm.

    Returns
    -------
    ndarray
        (B, 3N, 3N) in kJ/mol/nm2; symmetric.
    """
    inverse, gradients = inverse_distances(x)
    count, atoms = x.shape[:2]
    first, second = pairs(atoms)
    result = np.empty((count, 3 * atoms, 3 * atoms))
    rows = np.arange(len(first))
    for b in range(count):
        pull, slope = _of_pairs(forces, inverse[b])
        full = np.zeros((len(first), atoms, 3))
        full[rows, first], full[rows, second] = gradients[b], -gradients[b]
        flat = full.reshape(len(first), -1)
        result[b] = flat.T @ slope @ flat
        _add_bends(result[b].reshape(atoms, 3, atoms, 3), pull, inverse[b], gradients[b])
    return result


def _of_pairs(forces: KernelForces, inverse: Array) -> tuple[Array, Array]:
    """Negative derivatives (P,) of the energy in inverse distances; derivatives (P, P) of those."""
    width, weights = forces.width, forces.weights
    scale = np.broadcast_to(forces.scale, inverse.shape)
    away = scale * inverse - forces.points
    apart = np.einsum("mp,mp->m", away, away)
    along = np.einsum("mp,mp->m", away, weights)
    soft, steep = derivatives(apart, width)
    pull = soft @ weights - (steep * along) @ away
    mixed = (steep[:, None] * weights).T @ away
    bend = 343 / (15 * width**6) * np.exp(-np.sqrt(7 * apart) / width) * along
    slope = (bend[:, None] * away).T @ away - mixed - mixed.T
    slope[np.diag_indices(len(slope))] -= (steep * along).sum()
    return scale * pull, scale[:, None] * slope * scale


def _add_bends(result: Array, pull: Array, inverse: Array, gradients: Array) -> None:
    """Add the pulls times second derivatives of the inverse distances, in place."""
    first, second = pairs(len(result))
    # With D = 1/r and its gradient g = -D^3 a, the second derivative is 3 g g' / D - D^3.
    own = 3 * gradients[:, :, None] * gradients[:, None] / inverse[:, None, None]
    own -= (inverse**3)[:, None, None] * np.eye(3)
    own *= pull[:, None, None]
    for i, j, block in zip(first, second, own, strict=True):
        result[i, :, i] += block
        result[j, :, j] += block
        result[i, :, j] -= block
        result[j, :, i] -= block
