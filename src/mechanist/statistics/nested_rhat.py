"""Nested R-hat, by which groups of chains that began in different places are compared.

Margossian, Hoffman, Sountsov, Riou-Durand, Vehtari, Gelman, Bayesian Anal. (2024),
doi:10.1214/24-BA1453. K superchains of M chains of N draws each; the chains of one superchain
descend from one start. With superchain means m_k,

    nested R-hat = sqrt(1 + B / W),  B = var_k(m_k),  W = mean_k(between_k + within_k),

where between_k is the variance of the means of the chains in superchain k and within_k their mean
variance. As M grows, B no longer has the noise of single chains: what is left is the memory of the
start. So many short chains are judged as fairly as few long ones; with M = 1 it is R-hat.

Here chains may differ in length: means over chains become means over draws. The first half of each
chain is left out, and each superchain enters twice, by the two halves of what remains, so that a
drift that all starts share shows, too. With one chain a start this is split R-hat.

======  ==============  ==================================================
symbol  variable        meaning
======  ==============  ==================================================
m_k     ``mean``        mean of all draws of a superchain
B       ``between``     variance of the superchain means
W       ``within``      variance of draws within a superchain
======  ==============  ==================================================
"""

from collections.abc import Sequence

import numpy as np

from mechanist.arrays import Array, Rows

LEAST_DRAWS = 4
"""Draws that a chain needs for one in each half of its later half."""


def later_halves(chain: Array) -> tuple[Array, Array]:
    """The two halves of the later half of a chain (n, ...); an odd draw is left out."""
    quarter = (len(chain) - len(chain) // 2) // 2
    rest = len(chain) - 2 * quarter
    return chain[rest : rest + quarter], chain[rest + quarter :]


def superchains(chains: Sequence[Array], group: Rows) -> list[list[Array]]:
    """Chains of each group twice, by both halves of their later half.

    Parameters
    ----------
    chains
        One-dimensional arrays of draws of any lengths; those under `LEAST_DRAWS` are left out.
    group
        (C,) the start that each chain descends from.
    """
    parts: dict[tuple[int, int], list[Array]] = {}
    for chain, own in zip(chains, group.tolist(), strict=True):
        if len(chain) >= LEAST_DRAWS:
            for half, draws in enumerate(later_halves(np.asarray(chain, dtype=np.float64))):
                parts.setdefault((own, half), []).append(draws)
    return [parts[key] for key in sorted(parts)]


def _moments(chains: Sequence[Array]) -> tuple[float, float, float]:
    """Number of draws of a superchain, their mean, and their variance."""
    draws = np.array([len(chain) for chain in chains], dtype=np.float64)
    means = np.array([chain.mean() for chain in chains])
    total, mean = draws.sum(), float(draws @ means / draws.sum())
    between = 0.0
    if len(chains) > 1:
        between = float(draws @ (means - mean) ** 2 / total) * len(chains) / (len(chains) - 1)
    inner = np.array([chain.var(ddof=1) if len(chain) > 1 else 0.0 for chain in chains])
    return total, mean, between + float(draws @ inner / total)


def nested_rhat(chains: Sequence[Array], group: Rows) -> float:
    """Nested R-hat of one quantity over groups of chains.

    Parameters
    ----------
    chains, group
        See `superchains`.

    Returns
    -------
    float
        Near 1 if all groups agree and do not drift. 1 if every draw is the same, infinity if each
        superchain is constant but they differ, NaN if no chain is long enough.
    """
    parts = superchains(chains, group)
    if not parts:
        return float("nan")
    draws, means, variances = np.array([_moments(part) for part in parts]).T
    within = float(draws @ variances / draws.sum())
    grand = float(draws @ means / draws.sum())
    between = float(draws @ (means - grand) ** 2 / draws.sum()) * len(parts) / (len(parts) - 1)
    scale = max(float(np.abs(means).max()), np.finfo(np.float64).tiny)
    # Rounding of the mean makes the variance of a constant series a few ulp, not zero.
    if within <= (1e-12 * scale) ** 2:
        return 1.0 if between <= (1e-12 * scale) ** 2 else float("inf")
    return float(np.sqrt(1 + between / within))
