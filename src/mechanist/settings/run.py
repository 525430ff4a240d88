"""Sections of config.yaml that say how much is sampled, and how."""

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from mechanist.settings.base import Section, quantity

Nanometre: Any = quantity("nm")
Picoseconds: Any = quantity("ps")


class InitialSettings(Section):
    """How the first transition path is found."""

    method: Literal["auto", "hot", "pull", "torsions", "file"] = Field(
        "auto",
        description="where the first guess comes from: MD at a high temperature (hot), restraints"
        " that pull from A to B (pull), torsions led from A to B in minimised windows (torsions),"
        " or a trajectory (file); auto: file if path is given, else hot, then pull if that finds"
        " nothing",
    )
    path: str | None = Field(
        None, description="a trajectory to start from, any format that mdtraj reads"
    )
    along: tuple[str, ...] = Field(
        (),
        description="descriptors to pull or lead along, of those that define the states; all if"
        " empty",
    )
    heating: tuple[float, ...] = Field(
        (2.5, 3.0, 4.0),
        min_length=1,
        description="factors on the temperature, tried in this order until a crossing is seen",
    )
    replicas: int = Field(8, ge=1, le=10_000, description="hot trajectories side by side")
    budget: Picoseconds = Field(
        "4000 ps", gt=0, description="hot MD in all at each factor, over all replicas"
    )
    shots_max: int = Field(5000, ge=1, description="two-way shots from the guess before giving up")
    paths: int = Field(16, ge=1, description="different first paths that the chains start from")

    @model_validator(mode="after")
    def _one_source(self) -> "InitialSettings":
        if self.method == "file" and self.path is None:
            raise ValueError("method file needs a path")
        if self.path is not None and self.method not in ("auto", "file"):
            raise ValueError(f"a path is given, but the method is {self.method}")
        return self


class EngineSettings(Section):
    """What moves the coordinates."""

    platform: Literal["auto", "Reference", "CPU", "CUDA", "HIP", "OpenCL"] = Field(
        "auto", description="OpenMM platform; auto times the usable ones and keeps the fastest"
    )
    layout: Literal["auto", "pool", "pairs", "grid"] = Field(
        "auto",
        description="a context for every half-shot (pool), or all copies in one System with their"
        " nonbonded pairs as bonds (pairs) or apart from each other on a grid; auto: a pool for"
        " molecules on CPUs, pairs for potentials, the fastest one on GPUs",
    )
    copies: int | Literal["auto"] = Field(
        "auto", description="half-shots at the same time in a job; auto: 64 on CPUs, timed on GPUs"
    )
    lanes: int | Literal["auto"] = Field(
        "auto",
        description="contexts that share the copies of a job; auto: 1 on CPUs, on GPUs 2, so that"
        " one moves while the frames of the other are looked at",
    )

    @field_validator("copies", "lanes")
    @classmethod
    def _above_zero(cls, value: int | str) -> int | str:
        if isinstance(value, int) and not 1 <= value <= 1_000_000:
            raise ValueError("must be auto or between 1 and 1,000,000")
        return value


class StoreSettings(Section):
    """What is stored of paths that no chain goes on from; see docs/long-jobs.md."""

    every: int = Field(1, ge=1, le=10_000, description="frames between two that are stored")
    waters: int | Literal["all"] = Field(
        "all", description="waters nearest to the solute that are stored of a frame"
    )
    tolerance: Nanometre | None = Field(
        None,
        gt=0,
        description="each job lowers `every` until 99 % of the heavy atoms of restored frames are"
        " within this distance; none: as asked for",
    )

    @model_validator(mode="after")
    def _restorable(self) -> "StoreSettings":
        if self.tolerance is not None and (self.every == 1 or self.waters != "all"):
            raise ValueError("tolerance: needs every above 1 and waters: all")
        return self

    @field_validator("waters")
    @classmethod
    def _above_zero(cls, value: int | str) -> int | str:
        if isinstance(value, int) and value < 1:
            raise ValueError("must be all or at least 1")
        return value


class SamplingSettings(Section):
    """Two-way shooting in rounds."""

    workers: int = Field(4, ge=1, le=10_000, description="shooting jobs a round")
    chains: int | Literal["auto"] = Field(
        "auto",
        description="Markov chains a worker; auto: as many as keep the engine busy, on CPUs 32 for"
        " molecules and 64 for potentials",
    )
    first_round: int = Field(
        4000, ge=1, description="shots of round 0; on a GPU at least 8 of each chain"
    )
    growth: float = Field(2.0, ge=1, le=10, description="factor from round to round")
    round_max: int = Field(32_000, ge=1, description="shots of a round at most")
    rounds_max: int = Field(8, ge=1, le=999, description="the budget, in rounds")
    selection: Literal["lorentzian", "uniform"] = Field(
        "lorentzian", description="how shooting points are chosen once there is a model"
    )
    gamma: float = Field(1.0, gt=0, description="width of the Lorentzian, in q")
    flatten: bool = Field(
        True, description="divide by the density of candidate frames in predicted p_B"
    )
    early_stop: float = Field(
        0.0,
        ge=0,
        le=0.5,
        description="chance to join A and B below which shots may be stopped on their way, at"
        " random and without bias; 0: none, 0.2 is usual",
    )
    burn_in: int = Field(3, ge=0, description="accepted paths a chain makes before its paths count")
    store: StoreSettings = Field(
        StoreSettings(),
        description="what is stored of paths that no chain goes on from: {every: 5, waters: 60} is"
        " every fifth frame, with the 60 waters nearest to the solute; all if 1 and all;"
        " {every: 8, tolerance: 0.02 nm} is every eighth at most, as far as the frames between can"
        " be restored so well; see docs/long-jobs.md",
    )

    def shots(self, number: int) -> int:
        """Shots of a round."""
        return int(min(self.first_round * self.growth**number, self.round_max))
