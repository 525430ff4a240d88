"""How much a network learns; apart from the networks, which need torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """How much is learned.

    Parameters
    ----------
    hidden, layers
        Of the networks.
    frames
        Steps of training times missing frames of a gap, so that every gap takes as long.
    batch
        Gaps of a step.
    rate
        Of Adam.
    """

    hidden: int = 64
    layers: int = 2
    frames: int = 1500
    batch: int = 64
    rate: float = 2e-3
