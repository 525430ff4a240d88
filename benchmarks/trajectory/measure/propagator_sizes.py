"""Amounts of table T3: small for two cores, full for a GPU."""

from dataclasses import dataclass

from mechanist.trajectory.propagator.gicnet_learn import USUAL, GicnetBudget

TIMES = (1.0, 2.0, 5.0, 10.0, 20.0)
"""After an origin, in fs, at which errors are measured."""


@dataclass(frozen=True)
class PropagatorSize:
    """Amounts.

    Parameters
    ----------
    every
        Frames of the test block from one origin to the next.
    replicas, chain_ps
        Chains that run at once, and how long.
    judged
        Frames of each chain whose energy is found by the true potential.
    dipoles
        Frames, 2 fs apart, whose dipoles make an infrared spectrum.
    gicnet
        Of 4-D networks, in our form and in the published one.
    gicnet_ps
        Length of their chains.
    shots
        Of azobenzene, both ways; the last one is explained.
    shot_ps
        Length of each way.
    """

    every: int = 20
    replicas: int = 4
    chain_ps: float = 50.0
    judged: int = 100
    dipoles: int = 10_000
    gicnet: GicnetBudget = USUAL
    gicnet_ps: float = 10.0
    shots: int = 9
    shot_ps: float = 0.04


PUBLISHED = GicnetBudget(
    widths=(1024, 512, 256, 128, 64),
    energy_widths=(512, 256, 128, 64),
    members=8,
    steps=300_000,
    energy_steps=50_000,
    pairs=500_000,
    batch=1024,
    rate=1e-3,
)
"""Published widths and ensemble; for a GPU."""

PROPAGATOR_SIZES = {
    "small": PropagatorSize(),
    "full": PropagatorSize(
        every=10,
        replicas=10,
        judged=500,
        dipoles=50_000,
        gicnet=PUBLISHED,
        gicnet_ps=50.0,
        shots=21,
        shot_ps=0.06,
    ),
}
"""By the name in the settings."""
