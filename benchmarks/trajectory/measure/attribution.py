"""Integrated gradients: contributions of present coordinates and velocities to a later one.

Sundararajan, Taly and Yan, ICML 2017; of propagators: Ge and others 2023. For an output F of
inputs z and a baseline z',

    IG_i = (z_i - z'_i) * integral from 0 to 1 of dF/dz_i[z' + k (z - z')] dk,

by the trapezoidal rule. They add up to F(z) - F(z').
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mechanist.arrays import Array
from mechanist.systems.forces.kernel import KernelForces
from mechanist.trajectory.integrator import begin, walk
from mechanist.trajectory.propagator.learned import LearnedMotion
from mechanist.trajectory.propagator.zmatrix import POINTS, Zmatrix, unwrapped
from mechanist.trajectory.trajectory import SYMBOLS

POINTS_OF_PATH = 101

STEP = 1e-4
"""Displacement in nm for differences of forces."""


@dataclass(frozen=True)
class Attribution:
    """Contributions of the inputs to the difference of an output from its baseline.

    Parameters
    ----------
    values
        (K,), one for each input.
    difference
        Of the output at the point and at the baseline; the sum of all contributions.
    """

    values: Array
    difference: float

    @property
    def incompleteness(self) -> float:
        """Relative deviation of the sum of contributions from the difference."""
        return float(abs(self.values.sum() - self.difference) / abs(self.difference))


def integrated_gradients(
    output: Callable[[Tensor], Tensor], point: Tensor, baseline: Tensor, count: int = POINTS_OF_PATH
) -> Attribution:
    """Attribute an output.

    Parameters
    ----------
    output
        (B, K) to (B,).
    point, baseline
        (K,).
    count
        Points on the path, with its ends.
    """
    parts = torch.linspace(0, 1, count, dtype=point.dtype)[:, None]
    path = (baseline + parts * (point - baseline)).requires_grad_()
    values = output(path)
    (slope,) = torch.autograd.grad(values.sum(), path)
    mean = torch.trapezoid(slope, dx=1 / (count - 1), dim=0)
    values = values.detach()
    return Attribution(((point - baseline) * mean).numpy(), float(values[-1] - values[0]))


class _Forces(torch.autograd.Function):
    """Learned forces; their stiffness, which is symmetric, meets a direction by differences."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, forces: KernelForces) -> Tensor:
        ctx.save_for_backward(x)
        ctx.forces = forces
        return torch.tensor(forces(x.numpy()))

    @staticmethod
    def backward(ctx: Any, *along: Tensor) -> tuple[Tensor, None]:
        x, way = ctx.saved_tensors[0].numpy(), along[0].numpy()
        size = np.maximum(np.abs(way).max(axis=(1, 2), keepdims=True), 1e-300)
        ahead, behind = (ctx.forces(x + sign * STEP * way / size) for sign in (1, -1))
        return torch.tensor((ahead - behind) * (size / (2 * STEP))), None


def later(
    motion: LearnedMotion, zmatrix: Zmatrix, which: tuple[int, int], steps: int
) -> Callable[[Tensor], Tensor]:
    """The internal coordinate ``which`` after some steps, of (B, 6N) coordinates and velocities."""
    masses = torch.tensor(motion.masses)[:, None]

    def pull(x: Tensor) -> Tensor:
        forces: Tensor = _Forces.apply(x, motion.forces)  # type: ignore[no-untyped-call]
        return forces / masses

    def output(inputs: Tensor) -> Tensor:
        q, s = inputs.reshape(len(inputs), 2, -1, 3).unbind(1)
        x, v = zmatrix.back(q, s)
        *_, last = walk(pull, begin(pull, x, v), motion.step_ps, steps)
        found = zmatrix.internal(last.x)[:, which[0], which[1]]
        return unwrapped(found, q[:, which[0], which[1]].detach()) if which[1] == 2 else found

    return output


def inputs_of(zmatrix: Zmatrix, x: Array, v: Array, near: Array | None = None) -> Tensor:
    """Coordinates and velocities (6N,) of positions and velocities (N, 3) in nm and nm/ps.

    Dihedrals are within pi of ``near`` (6N,), if given.
    """
    q, s = zmatrix.there(torch.tensor(x)[None], torch.tensor(v)[None])
    if near is not None:
        beside = torch.tensor(near).reshape(2, -1, 3)[0, :, 2]
        q[0, :, 2] = unwrapped(q[0, :, 2], beside)
    return torch.cat([q.flatten(), s.flatten()])


def names(zmatrix: Zmatrix, numbers: NDArray[np.int64]) -> list[str]:
    """Names of all 6N inputs; atoms count from 0, fixed points are p0, p1 and p2."""
    label = [f"p{i}" for i in range(POINTS)]
    label += [f"{SYMBOLS[int(z)]}{i}" for i, z in enumerate(numbers)]
    coordinates = [
        f"{kind} " + "-".join(label[one] for one in (atom + POINTS, *references[: column + 1]))
        for atom, references in enumerate(zmatrix.references)
        for column, kind in enumerate(("distance", "angle", "dihedral"))
    ]
    return coordinates + [f"velocity of {one}" for one in coordinates]
