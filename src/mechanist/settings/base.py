"""What every section of the settings shares."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A section of config.yaml or system.yaml: unknown keys are refused, values never change."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False
    )
