"""Equilibrium weights of excursions that were sampled with several known biases.

With N_k excursions from a sampler whose bias on an excursion P is b_k(P), the weight of each that
makes them all together represent the equilibrium measure mu is

    w(P) = 1 / sum_k N_k b_k(P) / Z_k,    Z_k = sum over all P of w(P) b_k(P),

the multistate Bennett acceptance ratio (Shirts and Chodera, J. Chem. Phys. 129, 124105 (2008)) with
paths in the place of configurations (Minh and Chodera, J. Chem. Phys. 131, 134110 (2009); for path
ensembles Rogal, Lechner, Juraszek, Ensing, Bolhuis, J. Chem. Phys. 133, 174109 (2010)). Its
solution is the minimum of a convex function of the ln Z_k, found by Newton steps.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.errors import MechanistError

STEPS = 200
TOLERANCE = 1e-10


@dataclass(frozen=True)
class Reweighted:
    """Solution of the equations.

    Attributes
    ----------
    weights
        (P,) equilibrium weight of each excursion, up to a common factor.
    normalisers
        (K,) Z of each sampler in the same unit.
    overlap
        (K, K) chance that an excursion drawn with bias i, when its sampler has been forgotten, is
        ascribed to sampler j; rows sum to 1. Near 0 between two blocks, nothing connects them.
    """

    weights: Array
    normalisers: Array
    overlap: Array


def reweight(
    bias: Array, source: NDArray[np.int64], times: Array, guess: Array | None = None
) -> Reweighted:
    """Solve for the equilibrium weights.

    Parameters
    ----------
    bias
        (K, P) what sampler k multiplies the equilibrium weight of excursion P by, up to a factor.
    source
        (P,) the sampler that each excursion came from.
    times
        (P,) how often each was drawn.
    guess
        (K,) normalisers to start from.

    Raises
    ------
    MechanistError
        If no solution is found within the steps allowed.
    """
    counts = np.bincount(source, times, minlength=len(bias)).astype(np.float64)
    used = times > 0
    active = counts > 0
    counts, bias = counts[active], bias[active]
    scale = bias.max(axis=1)
    known = bias[:, used] / scale[:, None] * counts[:, None]
    drawn = times[used]
    f = np.zeros(len(bias)) if guess is None else np.log(scale / guess[active])
    value = np.inf
    for _ in range(STEPS):
        total, share = _shares(known, f)
        now = float(drawn @ np.log(total) - counts @ f)
        gradient = share @ drawn - counts
        if np.abs(gradient).max() < TOLERANCE * counts.sum():
            break
        hessian = np.diag(share @ drawn) - (share * drawn) @ share.T
        # A common shift of all f changes nothing; the first stays where it is.
        step = np.zeros(len(f))
        step[1:] = np.linalg.lstsq(hessian[1:, 1:], gradient[1:], rcond=None)[0]
        f, value = _descend(known, drawn, counts, f, step, now)
        if not np.isfinite(value):
            break
    else:
        raise MechanistError(
            "kinetics", f"no weights found in {STEPS} Newton steps; the samplers share too little"
        )
    total, share = _shares(known, f)
    weights = np.zeros(len(source))
    weights[used] = drawn / total
    normalisers = np.full(len(active), np.nan)
    normalisers[active] = np.exp(-f) * scale
    return Reweighted(weights, normalisers, (share * drawn) @ share.T / counts[:, None])


def _shares(known: Array, f: Array) -> tuple[Array, Array]:
    """Denominators (P,), and the part that each sampler has in them (K, P)."""
    parts = known * np.exp(f)[:, None]
    total = parts.sum(axis=0)
    return total, parts / total


def _descend(
    known: Array, drawn: Array, counts: Array, f: Array, step: Array, now: float
) -> tuple[Array, float]:
    """Take a Newton step, halved until it does not lead up."""
    for _ in range(60):
        trial = f - np.clip(step, -5, 5)
        value = float(drawn @ np.log((known * np.exp(trial)[:, None]).sum(axis=0)) - counts @ trial)
        if value <= now + 1e-12 * abs(now):
            return trial, value
        step = step / 2
    return f, float("inf")
