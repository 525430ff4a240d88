"""Section ``learn`` of config.yaml: the committor networks."""

from typing import Annotated

from pydantic import Field

from mechanist.settings.base import Section

Width = Annotated[int, Field(ge=1, le=4096)]
Decay = Annotated[float, Field(ge=0, le=100)]


class LearnSettings(Section):
    """An ensemble of small networks, trained from scratch in every round on all shots so far."""

    members: int = Field(
        5,
        ge=2,
        le=100,
        description="networks, whose spread is the uncertainty; twice as many where shots are few",
    )
    hidden: tuple[Width, ...] = Field(
        (64, 64, 32), max_length=8, description="widths of the hidden layers"
    )
    steps: int = Field(
        1500,
        ge=1,
        le=10_000_000,
        description="gradient steps, or more if these are fewer than 8 epochs",
    )
    epochs_max: int = Field(
        40, ge=1, le=100_000, description="largest number of passes over the data"
    )
    batch: int = Field(512, ge=1, description="shots per gradient step; fewer if shots are few")
    learning_rate: float = Field(5e-3, gt=0, le=1, description="largest learning rate of AdamW")
    weight_decay: tuple[Decay, ...] = Field(
        (1.0,),
        min_length=1,
        max_length=10,
        description="weight decay of AdamW at 50,000 shots and 100 inputs, scaled up with fewer "
        "shots and down with fewer inputs; of several values the one that best predicts chains "
        "outside the training set is used",
    )
    held_out_every: int = Field(5, ge=2, description="every n-th chain is held out of all training")
    relevance_repeats: int = Field(
        6, ge=1, le=1000, description="bootstrap samples that relevance is averaged over"
    )
