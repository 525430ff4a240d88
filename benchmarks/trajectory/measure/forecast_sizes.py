"""Amounts of table T4: small for two cores, full for a GPU."""

from dataclasses import dataclass

from benchmarks.trajectory.models.options import Options, Training


@dataclass(frozen=True)
class ForecastSize:
    """Amounts.

    Parameters
    ----------
    options
        Of the network.
    training
        Of every network.
    plain
        Windows to learn from.
    validate, test
        Windows.
    rolls, frames
        Long forecasts, and frames of each.
    """

    options: Options
    training: Training
    plain: int
    validate: int
    test: int
    rolls: int
    frames: int = 200


FORECASTS = {
    "small": ForecastSize(Options(), Training(), 3000, 64, 100, 4),
    "full": ForecastSize(
        Options(width=192, heads=8, blocks=5),
        Training(steps=20_000, batch=128, rate=5e-4, checks=50),
        30_000,
        500,
        1000,
        20,
    ),
}
"""By the name in the settings."""
