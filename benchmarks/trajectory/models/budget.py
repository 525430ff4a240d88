"""Amounts of training; apart from the networks, which need torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """Sizes and training of a network.

    Parameters
    ----------
    hidden, layers
        Of the networks.
    frames
        Training steps times missing frames of a gap, so that gaps of all lengths take equal time.
    batch
        Gaps per step.
    rate
        Of Adam.
    """

    hidden: int = 64
    layers: int = 2
    frames: int = 1500
    batch: int = 64
    rate: float = 2e-3
