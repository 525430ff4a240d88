"""Second derivatives of a learned force field, in closed form.

With r = D - D_m between scaled inverse distances and those of a learned geometry m, its weights
w_m, s = r.w_m, u = sqrt(7) |r| / width and a = 49/(15 width^4) exp(-u), the forces of
`systems.forces.kernel` have the derivative in scaled inverse distances

    J = sum over m of a [7 s r r' / width^2 - (1 + u) (w r' + r w' + s 1)],

and the chain rule gives derivatives with respect to positions. The cost is that of about fifteen
evaluations of the forces; differences take 3N + 1.
"""

from collections.abc import Callable

import numpy as np

from mechanist.arrays import Array
from mechanist.systems.forces.kernel import KernelForces, derivatives, inverse_distances, pairs
from mechanist.trajectory.superres.forcefield import jacobian

Forces = Callable[[Array], Array]
"""Positions (B, N, 3) in nm to forces (B, N, 3) in kJ/mol/nm."""

STEP = 1e-6
"""Displacement in nm for differences of forces that have no closed form."""


def stiffness(forces: Forces, x: Array) -> Array:
    """Derivatives (B, 3N, 3N) of forces in kJ/mol/nm2 at positions (B, N, 3) in nm."""
    count, size = len(x), x[0].size
    if not isinstance(forces, KernelForces):
        shifts = STEP * np.eye(size).reshape(size, *x.shape[1:])
        moved = forces((x[:, None] + shifts).reshape(-1, *x.shape[1:])).reshape(count, size, size)
        return np.asarray((moved - forces(x).reshape(count, 1, size)).swapaxes(1, 2) / STEP)
    inverse, gradients = inverse_distances(x)
    result = np.empty((count, size, size))
    for b, flat in enumerate(jacobian(gradients, x.shape[1])):
        pull, slope = _of_pairs(forces, inverse[b])
        result[b] = flat.T @ slope @ flat
        # With D = 1/r and its gradient g = -D^3 a, the second derivative is 3 g g' / D - D^3.
        own = 3 * gradients[b, :, :, None] * gradients[b, :, None] / inverse[b, :, None, None]
        own -= (inverse[b] ** 3)[:, None, None] * np.eye(3)
        blocks = result[b].reshape(*x.shape[1:], *x.shape[1:])
        for i, j, bend in zip(*pairs(x.shape[1]), pull[:, None, None] * own, strict=True):
            blocks[i, :, i] += bend
            blocks[j, :, j] += bend
            blocks[i, :, j] -= bend
            blocks[j, :, i] -= bend
    return result


def _of_pairs(forces: KernelForces, inverse: Array) -> tuple[Array, Array]:
    """Negative derivatives (P,) of the energy in inverse distances; derivatives (P, P) of those."""
    width, weights, scale = forces.width, forces.weights, forces.scale
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
