"""Section ``compare`` of config.yaml: guided against uniform selection."""

from pydantic import Field

from mechanist.settings.base import Section


class CompareSettings(Section):
    """What `mechanist compare` spends on guided and on uniform selection, each."""

    seeds: int = Field(
        5, ge=2, le=1000, description="pairs of runs, over which intervals are computed"
    )
    rounds: int = Field(
        3,
        ge=2,
        le=999,
        description="rounds of a guided run, of the sizes given in `sampling`; the uniform run may"
        " take as many MD steps",
    )
    steps: int | None = Field(
        None,
        ge=1,
        description="budget of each run in MD steps, instead of a number of rounds; null: as many"
        " as `rounds` take",
    )
