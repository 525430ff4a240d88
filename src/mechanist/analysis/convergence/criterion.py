"""One criterion of the convergence test: a figure, its limit, and what it could have seen.

The power of a criterion is the smallest deviation that it would have found with a chance of 90 %,
in its own unit. A criterion that could not have seen a deviation as large as its limit of power has
not passed, whatever its figure.
"""

from dataclasses import dataclass, replace

import numpy as np

FOUND = 0.9
"""Chance with which a deviation as large as the power is found."""


@dataclass(frozen=True)
class Criterion:
    """One figure of the test beside its limit.

    Attributes
    ----------
    value, limit
        None if the figure is unknown.
    passed
        An unknown figure has not passed, nor one without enough power.
    direction
        ``"at most"`` or ``"at least"``: how the value stands to the limit when it passes.
    explanation
        What the figure is.
    power
        Smallest deviation that it would have found with a chance of 90 %; None if unknown, or if
        the figure is a plain count.
    power_limit
        Largest power that passes; None if any does.
    power_unit
        What the power is measured in.
    advice
        What to set if it has not passed; may be empty.
    """

    value: float | None
    limit: float
    passed: bool
    direction: str
    explanation: str
    power: float | None = None
    power_limit: float | None = None
    power_unit: str | None = None
    advice: str = ""

    @property
    def blind(self) -> bool:
        """Whether it cannot see what it must."""
        if self.power_limit is None:
            return False
        return self.power is None or self.power > self.power_limit

    def failure(self, name: str) -> str:
        """Why it has not passed."""
        value, limit = with_limit(self.value, self.limit)
        within = self.value is not None and (
            self.value <= self.limit if self.direction == "at most" else self.value >= self.limit
        )
        if self.blind and within:
            return f"{name} {self._sight()}"
        advice = f"; {self.advice}" if self.advice else ""
        return f"{name} {value} (needs {self.direction} {limit}{advice})"

    def _sight(self) -> str:
        least = "any deviation" if self.power is None else f"deviations below {self.power:.2g}"
        return f"cannot see {least} (must see {self.power_limit:.2g}; needs more chains or shots)"

    def seeing(self, power: float | None, limit: float | None, unit: str) -> "Criterion":
        """The same criterion with its power; passed only if the power is enough."""
        known = finite(power)
        made = replace(self, power=known, power_limit=limit, power_unit=unit)
        if not made.blind:
            return made
        text = f"{self.explanation}; {made._sight()}"
        return replace(made, passed=False, explanation=text)


def with_limit(value: float | None, limit: float) -> tuple[str, str]:
    """A value, or ``unknown``, and its limit, in three digits or as many as tell them apart."""
    if value is None:
        return "unknown", f"{limit:.3g}"
    pairs = [(f"{value:.{digits}g}", f"{limit:.{digits}g}") for digits in range(3, 8)]
    return next((pair for pair in pairs if pair[0] != pair[1]), pairs[0])


def finite(value: float | None) -> float | None:
    """``value``, or None if it is NaN or infinite, for which JSON has no notation."""
    return value if value is not None and np.isfinite(value) else None


def at_most(value: float | None, limit: float, explanation: str) -> Criterion:
    """Passes when ``value`` is a number no larger than ``limit``."""
    known = finite(value)
    return Criterion(known, limit, known is not None and known <= limit, "at most", explanation)


def at_least(value: float | None, limit: float, explanation: str) -> Criterion:
    """Passes when ``value`` is a number no smaller than ``limit``."""
    known = finite(value)
    return Criterion(known, limit, known is not None and known >= limit, "at least", explanation)


SHARE_POWER = 0.02
"""Shares of shots must be told from their limit at this distance."""


def share_at_most(
    count: int, total: int, limit: float, explanation: str, advice: str = ""
) -> Criterion:
    """Passes when a share of all shots is no larger than ``limit``.

    Its power is the smallest true share of which at most ``limit`` is observed with a chance of
    10 %, by the binomial distribution.
    """
    from scipy.special import betaincinv

    made = replace(at_most(count / max(1, total), limit, explanation), advice=advice)
    allowed = int(np.floor(limit * total + 1e-9))
    power = 1.0 if allowed >= total else float(betaincinv(allowed + 1, total - allowed, FOUND))
    return made.seeing(power, limit + SHARE_POWER, "share of shots")
