"""One System that holds many independent copies of another."""

from mechanist.systems.replicate.grid import LAYOUTS, MARGIN, drift, within_reach
from mechanist.systems.replicate.reach import default_reach
from mechanist.systems.replicate.stack import anchored, can_replicate, replicate, shifts, why_not

__all__ = [
    "LAYOUTS",
    "MARGIN",
    "anchored",
    "can_replicate",
    "default_reach",
    "drift",
    "replicate",
    "shifts",
    "why_not",
    "within_reach",
]
