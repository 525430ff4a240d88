"""Calibration slope and offset of predictions against fresh shots, and what they allow to say.

The logistic recalibration (Cox, Biometrika 45, 562 (1958))

    q_true = slope q + offset

is fitted to the outcomes; slope 1 and offset 0 mean calibrated. Predictions are called calibrated
only if the 95 % intervals hold 1 and 0 and are narrow; wide intervals determine nothing. They are
contradicted if an interval lies beyond the tolerance.
"""

from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array, Counts, Q
from mechanist.statistics.binomial import fit_logistic

NARROW_SLOPE, NARROW_OFFSET = (0.8, 1.25), (-0.25, 0.25)
"""Intervals within these are narrow; 0.25 in q is 0.06 in p_B at p_B = 1/2."""

SLOPE, OFFSET = (0.9, 1.1), (-0.1, 0.1)
"""Deviations within these are tolerated, however narrow the intervals; 0.1 in q is 0.025 in p_B."""

RESAMPLES = 500
FEWEST = 10
"""Points of a kind that an estimate needs."""

CALIBRATED, NEARLY, UNDETERMINED, CONTRADICTED = (
    *("calibrated", "nearly calibrated"),
    *("not determined", "not calibrated"),
)
"""What is said of predictions."""

Interval = tuple[float, float]


@dataclass(frozen=True)
class CalibrationLine:
    """Slope and offset with 95 % intervals by bootstrap over points, and what follows."""

    slope: float
    slope_interval: Interval
    offset: float
    offset_interval: Interval

    @property
    def state(self) -> str:
        """One of `CALIBRATED`, `NEARLY`, `UNDETERMINED` and `CONTRADICTED`."""
        pairs = (
            (self.slope_interval, 1.0, SLOPE, NARROW_SLOPE),
            (self.offset_interval, 0.0, OFFSET, NARROW_OFFSET),
        )
        if any(low > most or high < least for (low, high), _, (least, most), _ in pairs):
            return CONTRADICTED
        if any(low < least or high > most for (low, high), _, _, (least, most) in pairs):
            return UNDETERMINED
        holds = all(low <= right <= high for (low, high), right, _, _ in pairs)
        return CALIBRATED if holds else NEARLY

    def text(self, what: str) -> str:
        """A sentence on the predictions of ``what``."""
        (low, high), (left, right) = self.slope_interval, self.offset_interval
        numbers = (
            f"The calibration slope of the {what} is {self.slope:.2f} ({low:.2f} to {high:.2f})"
            f" and its offset in q is {self.offset:+.2f} ({left:+.2f} to {right:+.2f})"
        )
        return f"{numbers}: {_ENDS[self.state]}."


_ENDS = {
    CALIBRATED: "calibrated",
    NEARLY: "not exactly calibrated, but within the tolerance",
    UNDETERMINED: "the intervals are too wide to say whether it is calibrated, so more validation"
    " points or shots are needed",
    CONTRADICTED: "not calibrated",
}


def calibration_line(
    q: Q, n: Counts, n_b: Counts, rng: np.random.Generator
) -> CalibrationLine | None:
    """Calibration slope and offset, by maximum likelihood; None with too few different q.

    Parameters
    ----------
    q
        (P,) predicted.
    n, n_b
        (P,) half-shots that ended in a state, and in B.
    rng
        For the bootstrap.
    """
    if len(q) < FEWEST or np.ptp(q) == 0:
        return None
    best = recalibrated(q, n, n_b)
    draws = rng.integers(len(q), size=(RESAMPLES, len(q)))
    found = np.array([recalibrated(q[d], n[d], n_b[d]) for d in draws])
    low, high = np.quantile(found, [0.025, 0.975], axis=0).tolist()
    return CalibrationLine(float(best[0]), (low[0], high[0]), float(best[1]), (low[1], high[1]))


def recalibrated(q: Q, n: Counts, n_b: Counts) -> Array:
    """Slope and offset (2,) of the true q as a linear function of ``q`` (P,)."""
    columns = np.stack([q, np.ones(len(q))], axis=1)
    return fit_logistic(columns, n, n_b, np.zeros(2), np.array([1.0, 0.0]))
