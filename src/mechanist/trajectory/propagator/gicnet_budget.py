"""Sizes and training of GICnet; apart from the networks, which need torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class GicnetBudget:
    """Amounts.

    Parameters
    ----------
    widths, energy_widths
        Of the hidden layers.
    members
        Of the ensemble.
    steps, energy_steps
        Of Adam, for each member and for the energy.
    batch
        Pairs per step.
    rate
        Of Adam at the start; annealed along a cosine to a hundredth.
    reach_ps
        Longest time t_c.
    """

    widths: tuple[int, ...] = (256, 128, 64)
    energy_widths: tuple[int, ...] = (128, 64)
    members: int = 2
    steps: int = 1500
    energy_steps: int = 1000
    batch: int = 512
    rate: float = 1e-3
    reach_ps: float = 0.01


SMALL = GicnetBudget()
"""Half a minute on one core."""

PUBLISHED = GicnetBudget(
    widths=(1024, 512, 256, 128, 64),
    energy_widths=(512, 256, 128, 64),
    members=8,
    steps=300_000,
    energy_steps=50_000,
    batch=1024,
)
"""Published widths and ensemble; for a GPU."""
