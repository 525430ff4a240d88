"""Section ``learn`` of config.yaml: the committor networks."""

from pydantic import Field

from mechanist.settings.base import Section


class LearnSettings(Section):
    """An ensemble of small networks, trained anew in every round on all shots so far."""

    members: int = Field(5, ge=2, le=100, description="networks; their spread is the uncertainty")
    hidden: tuple[int, ...] = Field((64, 32), description="widths of the hidden layers")
    epochs_max: int = Field(40, ge=1, le=100_000, description="passes over the data at most")
    steps: int = Field(1500, ge=1, description="gradient steps at most, all members together")
    batch: int = Field(512, ge=1, description="shots a gradient step")
    learning_rate: float = Field(5e-3, gt=0, le=1, description="largest step of AdamW")
    weight_decay: float = Field(0.1, ge=0, le=10, description="of AdamW, decoupled")
    held_out_every: int = Field(
        5, ge=2, description="every so many-th chain is held out of all training"
    )
    relevance_repeats: int = Field(
        6, ge=1, description="bootstrap samples that the relevance of inputs is averaged over"
    )
