"""Correlation of the two halves of a shot by inertia, fitted to shots.

Both halves start at the same point with opposite velocities. In the diffusive limit they end
independently and a shot joins A and B with probability 2 p (1 - p) (Hummer, J. Chem. Phys. 120, 516
(2004)). With inertia they tend to end on opposite sides. To first order a half ends in B if the
effect of its initial velocity plus that of later noise exceeds a threshold that depends on the
point. Both are normal, so the latent sums of the two halves are jointly normal with one correlation
rho, from -1 (the velocity decides) to 0 (it is forgotten). Then

    P(A and B | p) = 2 [p - Phi2(z, z; rho)] = 4 T(z, sqrt((1 - rho) / (1 + rho))),

with z = Phi^-1(p), Phi2 the bivariate normal distribution and T the function of Owen (Ann. Math.
Statist. 27, 1075 (1956)). Any rho is compatible with any p, unlike a constant correlation of
outcomes, which cannot be negative where p is near 0 or 1.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array, Mask
from mechanist.statistics.pieces import mean_error, pieces

LIMIT = 0.999
"""Largest size of rho."""

LEVEL = 0.99
"""Of the interval that the number of transitions must lie in."""

FOUND = 0.9
"""Chance with which a difference as large as the power is found."""

TINY = 1e-12


@dataclass(frozen=True)
class TransitionCheck:
    """Observed transitions of some shots beside the number expected from p_B and rho.

    Attributes
    ----------
    observed, expected
        Their numbers.
    allowed
        Largest |observed - expected| that passes: the effect of an error of p_B by the tolerance
        everywhere, plus the 99 % interval of the difference with chains, or pieces of them, as the
        independent units.
    power
        Smallest true difference that is found with a chance of 90 %.
    """

    observed: int
    expected: float
    allowed: float
    power: float


def transition_probability(p: Array, rho: float) -> Array:
    """Probability (S,) that one half ends in A and the other in B."""
    from scipy.special import ndtri, owens_t

    z = ndtri(np.clip(p, TINY, 1 - TINY))
    return np.asarray(4 * owens_t(z, np.sqrt((1 - rho) / (1 + rho))))


def log_likelihood(p: Array, first_b: Mask, second_b: Mask, rho: float) -> float:
    """Log-likelihood of how both halves of each shot ended, in nats."""
    joins = transition_probability(p, rho)
    both_a, both_b = 1 - p - 0.5 * joins, p - 0.5 * joins
    chance = np.where(first_b != second_b, joins, np.where(first_b, both_b, both_a))
    return float(np.log(np.maximum(chance, TINY)).sum())


def fit_latent_correlation(p: Array, first_b: Mask, second_b: Mask) -> float | None:
    """Maximum-likelihood rho of shots with both halves decided.

    Parameters
    ----------
    p
        (S,) p_B of the shooting points.
    first_b, second_b
        (S,) whether the half ended in B.

    Returns
    -------
    float or None
        None if no shot has two decided halves.
    """
    from scipy.optimize import minimize_scalar

    if not len(p):
        return None
    found = minimize_scalar(
        lambda rho: -log_likelihood(p, first_b, second_b, rho),
        bounds=(-LIMIT, LIMIT),
        method="bounded",
        options={"xatol": 1e-4},
    )
    return float(found.x)


def check_transitions(
    p: Array,
    transition: Mask,
    chain: NDArray[np.int64],
    rho: float,
    tolerance: float,
    fitted: int | None = None,
) -> TransitionCheck | None:
    """Compare transitions with what is expected.

    Parameters
    ----------
    p, transition, chain
        (S,) p_B of shots of unseen chains; whether each joined A and B; its chain.
    rho
        Latent correlation of the halves, fitted to shots of other chains.
    tolerance
        Error of p_B that is allowed.
    fitted
        Shots that rho was fitted to, whose noise it carries; None if rho is known.

    Returns
    -------
    TransitionCheck or None
        None if there are fewer than two pieces of chains.
    """
    from scipy.special import stdtrit

    expected, piece = transition_probability(p, rho), pieces(chain)
    if len(np.unique(piece)) < 2:
        return None
    off = transition - expected
    error, freedom = mean_error(off - off.mean(), chain, piece, 1.0)
    # Chains that happen to agree show no scatter; independent shots would have at least this.
    variance = max(error**2, float((expected * (1 - expected)).sum()))
    error = (variance * (1 + (len(p) / fitted if fitted else 0.0))) ** 0.5
    step = 1e-4
    up, down = (transition_probability(np.clip(p + side, 0, 1), rho) for side in (step, -step))
    slope = float(np.abs(up - down).sum()) / (2 * step)
    allowed = tolerance * slope + float(stdtrit(freedom, 0.5 + 0.5 * LEVEL)) * error
    power = allowed + float(stdtrit(freedom, FOUND)) * error
    return TransitionCheck(int(transition.sum()), float(expected.sum()), allowed, power)
