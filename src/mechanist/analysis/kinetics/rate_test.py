"""One test of what rates are computed from."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class RateTest:
    """A number beside its limit.

    Parameters
    ----------
    name
        What is tested.
    value, limit
        The number, None if it cannot be computed, and its largest or smallest allowed value.
    passed
        Whether it is allowed.
    explanation
        The test in words, and what to do if it has not passed.
    """

    name: str
    value: float | None
    limit: float
    passed: bool
    explanation: str

    def to_json(self) -> dict[str, Any]:
        """For kinetics.json; a number that is not finite is None."""
        finite = self.value is not None and math.isfinite(self.value)
        value = float(self.value) if finite and self.value is not None else None
        return asdict(self) | {"value": value, "passed": bool(self.passed)}


def reasons(tests: Sequence[RateTest]) -> list[str]:
    """Why there are no rates; empty if all tests have passed."""
    return [test.explanation for test in tests if not test.passed]
