"""Equilibrium weights of excursions that were sampled with several known biases.

With N_k excursions from sampler k, whose bias on an excursion P is b_k(P), the weights with which
all of them together represent the equilibrium measure mu are

    w(P) = 1 / sum_k N_k b_k(P) / Z_k,    Z_k = sum over all P of w(P) b_k(P),

the multistate Bennett acceptance ratio (Shirts and Chodera, J. Chem. Phys. 129, 124105 (2008)) with
paths in place of configurations (Minh and Chodera, J. Chem. Phys. 131, 134110 (2009); for path
ensembles Rogal, Lechner, Juraszek, Ensing, Bolhuis, J. Chem. Phys. 133, 174109 (2010)). The
solution is the minimum, found by Newton steps, of the convex function

    sum over P of n(P) ln[ sum_k N_k b_k(P) exp(f_k) ] - sum_k N_k f_k,    f_k = -ln Z_k.

    symbol   variable               meaning
    b_k(P)   bias (K, P)            bias of each sampler
    n(P)     times, copies (P,)     how often each excursion was drawn
    N_k      draws (K,)             draws of each sampler
    Z_k      normalisers (K,)       normalising constant of each sampler
    w(P)     weights (P,)           equilibrium weight, n(P) included
"""

from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array, Rows, Weights
from mechanist.errors import MechanistError

STEPS = 200
"""Newton steps at most."""

HALVINGS = 60
"""Of a Newton step, at most."""

TOLERANCE = 1e-10
"""Largest component of the gradient at the solution, relative to the number of draws."""

ROUNDING = 1e-7
"""The same, where rounding keeps the function from decreasing further."""


@dataclass(frozen=True)
class Reweighted:
    """Solution of the equations.

    Attributes
    ----------
    weights
        (P,) equilibrium weight of each excursion, up to a common factor.
    normalisers
        (K,) Z of each sampler in the same unit; NaN without draws.
    overlap
        (K, K) of the samplers with draws: probability that an excursion drawn from sampler i would
        be assigned to sampler j by its bias alone; rows sum to 1. Two blocks of samplers with
        overlap near 0 are not connected.
    """

    weights: Weights
    normalisers: Array
    overlap: Array


def reweight(bias: Array, sampler: Rows, times: Array, guess: Array | None = None) -> Reweighted:
    """Solve for the equilibrium weights.

    Parameters
    ----------
    bias
        (K, P) factor by which sampler k multiplies the equilibrium weight of excursion P.
    sampler
        (P,) the sampler of each excursion.
    times
        (P,) how often each was drawn.
    guess
        (K,) normalisers to start from.

    Raises
    ------
    MechanistError
        If the Newton steps do not converge, or the function cannot be decreased.
    """
    draws = np.bincount(sampler, times, minlength=len(bias)).astype(np.float64)
    used = times > 0
    active = draws > 0
    draws, bias = draws[active], bias[active]
    scale = bias.max(axis=1)
    scaled = bias[:, used] / scale[:, None] * draws[:, None]
    copies = times[used]
    f = np.zeros(len(bias)) if guess is None else np.log(scale / guess[active])
    for _ in range(STEPS):
        total, share = _shares(scaled, f)
        now = float(copies @ np.log(total) - draws @ f)
        gradient = share @ copies - draws
        if np.abs(gradient).max() < TOLERANCE * draws.sum():
            break
        hessian = np.diag(share @ copies) - (share * copies) @ share.T
        # A common shift of all f changes nothing; the first is held fixed.
        step = np.zeros(len(f))
        step[1:] = np.linalg.lstsq(hessian[1:, 1:], gradient[1:], rcond=None)[0]
        lower = _descend(scaled, copies, draws, f, step, now)
        if lower is None:
            if np.abs(gradient).max() < ROUNDING * draws.sum():
                break
            raise MechanistError(
                "kinetics",
                f"weights not converged: {HALVINGS} halvings of a Newton step do not decrease the"
                " function; the samplers overlap too little",
            )
        f = lower
    else:
        raise MechanistError(
            "kinetics",
            f"weights not converged in {STEPS} Newton steps; the samplers overlap too little",
        )
    total, share = _shares(scaled, f)
    weights = np.zeros(len(sampler))
    weights[used] = copies / total
    normalisers = np.full(len(active), np.nan)
    normalisers[active] = np.exp(-f) * scale
    return Reweighted(weights, normalisers, (share * copies) @ share.T / draws[:, None])


def _shares(scaled: Array, f: Array) -> tuple[Array, Array]:
    """Denominators (P,) of the weights, and the share of each sampler in them (K, P)."""
    parts = scaled * np.exp(f)[:, None]
    total = parts.sum(axis=0)
    return total, parts / total


def _descend(
    scaled: Array, copies: Array, draws: Array, f: Array, step: Array, now: float
) -> Array | None:
    """Take a Newton step, halved until the function does not increase; None if it always does."""
    for _ in range(HALVINGS):
        trial = f - np.clip(step, -5, 5)
        value = float(
            copies @ np.log((scaled * np.exp(trial)[:, None]).sum(axis=0)) - draws @ trial
        )
        if value <= now + 1e-12 * abs(now):
            return trial
        step = step / 2
    return None
