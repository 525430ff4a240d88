"""One System that holds many independent copies of another."""

from mechanist.systems.replicate.grid import LAYOUTS, MARGIN, centres, escaped, within_reach
from mechanist.systems.replicate.reach import default_reach
from mechanist.systems.replicate.stack import (
    analytic,
    anchored,
    replicate,
    shifts,
    why_not,
)

__all__ = [
    "LAYOUTS",
    "MARGIN",
    "analytic",
    "anchored",
    "centres",
    "default_reach",
    "escaped",
    "replicate",
    "shifts",
    "why_not",
    "within_reach",
]
