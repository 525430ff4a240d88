"""Statistics of the error of learned forces, and what it does to the end of a path.

The error g(t), an acceleration, is a Gaussian process: independent between atoms, with the standard
deviation of each atom and the covariance exp[-(t - t')^2 / (2 memory^2)] in time. With
G = d(end)/dg of the linearised motion, the end has the covariance G C G'.

| symbol | variable | meaning |
|---|---|---|
| C | ``alike`` | covariance in time, in units of the variance of an atom |
| G | ``pulls`` | derivatives of the end, (positions, h times velocities), in g at each node |
"""

import numpy as np

from mechanist.arrays import Array


def covariance_in_time(nodes: int, h: float, memory: float) -> Array:
    """C (L, L) at L times a step ``h`` apart; ``memory`` in the same unit."""
    times = h * np.arange(nodes)
    return np.asarray(np.exp(-0.5 * ((times[:, None] - times) / memory) ** 2))


def end_derivatives(stiffness: Array, h: float) -> Array:
    """G of velocity Verlet: (B, L, 6N, 3N).

    ``stiffness`` (B, L, 3N, 3N) holds derivatives of accelerations with respect to positions in
    1/ps2, ``h`` is the step in ps.
    """
    count, nodes, size = stiffness.shape[:3]
    identity, zero = np.eye(size), np.zeros((size, size))
    of_x = np.tile(np.concatenate([identity, zero]), (count, 1, 1))
    of_v = np.tile(np.concatenate([zero, h * identity]), (count, 1, 1))
    pulls = np.empty((count, nodes, 2 * size, size))
    pulls[:, -1] = 0.5 * h * of_v
    for k in range(nodes - 2, -1, -1):
        of_x = of_x + 0.5 * h * (of_v @ stiffness[:, k + 1])
        of_v = of_v + h * of_x
        of_x = of_x + 0.5 * h * (of_v @ stiffness[:, k])
        pulls[:, k] = (h if k else 0.5 * h) * of_v
    return pulls


def end_covariance(pulls: Array, alike: Array, nugget: float) -> tuple[Array, Array]:
    """C G' (B, L, 3N, 6N) and G C G' (B, 6N, 6N).

    ``pulls`` (B, L, 6N, 3N) are in units of the standard deviations; ``nugget`` is added to the
    diagonal in units of its mean.
    """
    spread = np.einsum("kl,blsi->bkis", alike, pulls, optimize=True)
    gram = np.einsum("bksi,bkit->bst", pulls, spread, optimize=True)
    size = gram.shape[1]
    trace = np.trace(gram, axis1=1, axis2=2) / size
    gram += nugget * trace[:, None, None] * np.eye(size)
    return spread, gram
