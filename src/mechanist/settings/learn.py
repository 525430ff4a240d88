"""Section ``learn`` of config.yaml: the committor networks."""

from typing import Annotated

from pydantic import Field

from mechanist.settings.base import Section

Width = Annotated[int, Field(ge=1, le=4096)]
Decay = Annotated[float, Field(ge=0, le=100)]


class LearnSettings(Section):
    """An ensemble of small networks, trained anew in every round on all shots so far."""

    members: int = Field(
        5,
        ge=2,
        le=100,
        description="networks; their spread is the uncertainty; as many again where shots are few",
    )
    hidden: tuple[Width, ...] = Field(
        (64, 32), max_length=8, description="widths of the hidden layers"
    )
    steps: int = Field(
        1500, ge=1, le=10_000_000, description="gradient steps, unless that takes under 8 epochs"
    )
    epochs_max: int = Field(40, ge=1, le=100_000, description="passes over the data at most")
    batch: int = Field(512, ge=1, description="shots a gradient step; fewer if shots are few")
    learning_rate: float = Field(5e-3, gt=0, le=1, description="largest step of AdamW")
    weight_decay: tuple[Decay, ...] = Field(
        (0.2,),
        min_length=1,
        max_length=10,
        description="of AdamW at 50,000 shots and 100 inputs, larger with fewer shots, smaller "
        "with fewer inputs; all are tried at once and the one that predicts the chains best that "
        "a network did not see is kept",
    )
    held_out_every: int = Field(
        5, ge=2, description="every so many-th chain is held out of all training"
    )
    relevance_repeats: int = Field(
        6, ge=1, le=1000, description="bootstrap samples that relevance is averaged over"
    )
