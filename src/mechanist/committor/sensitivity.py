"""How much q depends on each input."""

from collections.abc import Callable

import numpy as np

from mechanist.arrays import Array

SENSITIVITY_ROWS = 300
"""Number of configurations that sensitivities are averaged over, at most about twice as many."""


def column_spread(features: Array) -> Array:
    """Standard deviation of each column, exactly 0 where there is only rounding noise."""
    if not len(features):
        return np.zeros(features.shape[1])
    spread = features.std(axis=0)
    noise = 1e-9 * np.maximum(1.0, np.abs(features).max(axis=0))
    return np.asarray(np.where(spread > noise, spread, 0.0))


def sensitivities(features: Array, q: Callable[[Array], Array]) -> Array:
    """Root mean square change of q when one feature changes by its standard deviation.

    Parameters
    ----------
    features
        (P, K) configurations, of which every n-th is used.
    q
        Reaction coordinate (F,) of features (F, K).

    Returns
    -------
    ndarray
        (K,) root mean square change; 0 for a feature that does not vary.
    """
    spread = column_spread(features)
    rows = features[:: max(1, len(features) // SENSITIVITY_ROWS)]
    result = np.zeros(len(spread))
    for k in np.flatnonzero(spread):
        step = np.zeros(len(spread))
        step[k] = spread[k] / 2
        result[k] = np.sqrt(np.mean((q(rows + step) - q(rows - step)) ** 2))
    return result
