"""Section ``validation`` of config.yaml: fresh shots that test network and formula."""

from pydantic import Field

from mechanist.settings.base import Section


class ValidationSettings(Section):
    """Points and fresh shots that validate network and formula."""

    points: int = Field(
        120,
        ge=10,
        le=100_000,
        description="configurations, spread evenly over the network's p_B from 0.02 to 0.98",
    )
    formula_points: int = Field(
        40,
        ge=0,
        le=100_000,
        description="further configurations, spread evenly over the formula's own p_B",
    )
    surface_points: int = Field(
        40,
        ge=0,
        le=100_000,
        description="further configurations where the formula predicts p_B = 1/2",
    )
    shots: int = Field(
        60,
        ge=2,
        le=1_000_000,
        description="half-shots from each configuration, each with fresh velocities",
    )
