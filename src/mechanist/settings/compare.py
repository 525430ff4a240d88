"""Section ``compare`` of config.yaml: guided against uniform selection."""

from pydantic import Field

from mechanist.settings.base import Section


class CompareSettings(Section):
    """What `mechanist compare` spends on guided and on uniform selection, each."""

    seeds: int = Field(5, ge=2, le=1000, description="pairs of runs; intervals are over them")
    rounds: int = Field(
        3,
        ge=2,
        le=999,
        description="rounds of a guided run, with the sizes of `sampling`; the MD steps that they"
        " take are the budget of the uniform run",
    )
    steps: int | None = Field(
        None,
        ge=1,
        description="budget of each run in MD steps, with as many rounds as it takes; null: what"
        " `rounds` take",
    )
