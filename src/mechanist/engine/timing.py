"""The measured speed of a plan."""

from dataclasses import dataclass

from mechanist.engine.plan import Plan


@dataclass(frozen=True)
class Timing:
    """Measured speed of a plan in MD steps per second, summed over copies, or a fault."""

    plan: Plan
    steps_per_second: float
    fault: str = ""
