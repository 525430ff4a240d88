"""Section ``trajectory`` of config.yaml: tables of the learned trajectory models."""

from typing import Literal

from pydantic import Field, field_validator

from mechanist.settings.base import Section
from mechanist.settings.units import Kelvin

MoleculeName = Literal["ethanol", "malonaldehyde", "benzene", "toluene", "azobenzene"]


class TrajectorySettings(Section):
    """What `snakemake trajectory_models` learns and tests; see docs/trajectory-models.md."""

    size: Literal["small", "full"] = Field(
        "small",
        description="small: minutes on two cores; full: more data, networks of the published"
        " width, for a GPU",
    )
    molecules: tuple[MoleculeName, ...] = Field(
        ("ethanol",), min_length=1, description="molecules whose motion by GFN2-xTB is learned"
    )
    seeds: int = Field(
        3,
        ge=2,
        le=100,
        description="trajectories of each molecule, over which spreads are computed",
    )
    temperature: Kelvin = Field(
        "500 K",
        gt=0,
        le=2000,
        description="temperature to which molecules are heated before runs at constant energy",
    )

    @field_validator("molecules")
    @classmethod
    def _once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise ValueError("names a molecule twice")
        return value
