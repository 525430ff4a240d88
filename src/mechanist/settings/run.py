"""Sections of config.yaml that say how much is sampled, and how."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from mechanist.settings.base import Section
from mechanist.settings.units import Nanometre, Picoseconds

FEWEST_CHAINS = 4
"""Chains of a run, over all workers: two to train on and two that are held out."""


def refuse_few_chains(workers: int, chains: int) -> None:
    """Refuse a run whose tests would have too few chains.

    Raises
    ------
    ValueError
        In one line, with what to set.
    """
    if workers * chains < FEWEST_CHAINS:
        raise ValueError(
            f"{workers} x {chains} chains (sampling.workers x sampling.chains) are fewer than the"
            f" {FEWEST_CHAINS} that the tests of convergence need; set sampling.chains to at least"
            f" {-(-FEWEST_CHAINS // workers)}"
        )


class InitialSettings(Section):
    """How the first transition paths are found."""

    method: Literal["auto", "hot", "pull", "torsions", "file"] = Field(
        "auto",
        description="source of the guesses: MD at a high temperature (hot), restraints that"
        " pull from A to B (pull), torsions driven from A to B in minimised windows (torsions), or"
        " a trajectory (file); auto: file if path is given, else hot; both then pull, once in"
        " each direction, and until there are 4 guesses",
    )
    path: str | None = Field(
        None, description="trajectory to start from, in any format that mdtraj reads"
    )
    along: tuple[str, ...] = Field(
        (),
        description="descriptors to pull or drive along, of those that define the states; all if"
        " empty",
    )
    heating: tuple[float, ...] = Field(
        (2.5, 3.0, 4.0),
        min_length=1,
        description="factors on the temperature, tried in this order until a crossing is found",
    )
    replicas: int = Field(
        8, ge=1, le=10_000, description="hot trajectories that run at the same time"
    )
    guesses: int = Field(
        16,
        ge=1,
        le=1000,
        description="independent guesses, each of which begins a family of chains; more than 4 are"
        " looked for only within a quarter of the budget",
    )
    budget: Picoseconds = Field(
        "4000 ps", gt=0, description="total hot MD at each factor, summed over replicas"
    )
    shots_max: int = Field(
        5000, ge=1, description="two-way shots from the guesses before they are given up"
    )
    paths: int = Field(
        16,
        ge=1,
        description="different first paths that the chains start from, at least one of each guess",
    )

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
        "auto", description="OpenMM platform; auto: the fastest usable one, as timed"
    )
    layout: Literal["auto", "pool", "pairs", "grid", "batched"] = Field(
        "auto",
        description="one context for each half-shot (pool), or all copies in one System, with"
        " nonbonded pairs as bonds (pairs) or on a grid, out of each other's reach (grid), or in"
        " one call of a force law (batched); auto: batched for force laws that compute many copies"
        " at once, pool for other molecules on CPUs unless a stack is 1.5 times as fast, pairs for"
        " potentials, the fastest on GPUs",
    )
    copies: int | Literal["auto"] = Field(
        "auto",
        description="half-shots that a job runs at the same time; auto: 64 on CPUs, timed on GPUs",
    )
    lanes: int | Literal["auto"] = Field(
        "auto",
        description="contexts that share the copies of a job; auto: 1 on CPUs; 2 on GPUs, one of"
        " which moves while the frames of the other are analysed",
    )

    @field_validator("copies", "lanes")
    @classmethod
    def _above_zero(cls, value: int | str) -> int | str:
        if isinstance(value, int) and not 1 <= value <= 1_000_000:
            raise ValueError("must be auto or between 1 and 1,000,000")
        return value


class StoreSettings(Section):
    """What is stored of paths that are not the last of their chain; see docs/long-jobs.md."""

    every: int = Field(1, ge=1, le=10_000, description="every n-th frame is stored")
    waters: int | Literal["all"] = Field(
        "all", description="waters nearest to the solute that are stored with each frame"
    )
    tolerance: Nanometre | None = Field(
        None,
        gt=0,
        description="each job lowers `every` until 99 % of the heavy atoms of restored frames are"
        " within this distance of the original; null: `every` as given",
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

    workers: int = Field(4, ge=1, le=10_000, description="shooting jobs per round")
    chains: int | Literal["auto"] = Field(
        "auto",
        description="Markov chains per worker; auto: as many as keep the engine busy, on CPUs 32"
        " for small molecules, fewer for larger ones, and 64 for potentials",
    )
    first_round: int = Field(
        4000, ge=1, description="shots of round 0; on a GPU at least 8 per chain"
    )
    growth: float = Field(
        2.0,
        ge=1,
        le=10,
        description="factor by which the number of shots grows from round to round",
    )
    round_max: int = Field(32_000, ge=1, description="largest number of shots of a round")
    rounds_max: int = Field(8, ge=1, le=999, description="largest number of rounds, the budget")
    selection: Literal["lorentzian", "uniform"] = Field(
        "lorentzian", description="how shooting points are chosen once there is a model"
    )
    candidates: int = Field(
        1,
        ge=1,
        le=10_000,
        description="every n-th frame of a half-shot, counted from the shooting point, is kept and"
        " may be shot from; states are checked at all frames",
    )
    gamma: float = Field(1.0, gt=0, description="width of the Lorentzian in q")
    flatten: bool = Field(
        True,
        description="divide selection by the density of candidate frames in predicted p_B",
    )
    early_stop: float = Field(
        0.0,
        ge=0,
        le=0.5,
        description="probability of joining A and B below which a shot may be stopped early, at"
        " random and without bias; 0: never; 0.2 is a usual value",
    )
    burn_in: int = Field(
        3, ge=0, description="accepted paths of a chain that are discarded before its paths count"
    )
    store: StoreSettings = Field(
        StoreSettings(),
        description="what is stored of paths that are not the last of their chain: {every: 5,"
        " waters: 60} stores every fifth frame with the 60 waters nearest to the solute; {every: 8,"
        " tolerance: 0.02 nm} at most every eighth, so that the frames between can be restored"
        " within the tolerance; see docs/long-jobs.md",
    )

    @model_validator(mode="after")
    def _enough_chains(self) -> "SamplingSettings":
        if isinstance(self.chains, int):
            refuse_few_chains(self.workers, self.chains)
        return self

    @model_validator(mode="after")
    def _frames_for_all(self) -> "SamplingSettings":
        if self.candidates > 1 and self.early_stop:
            raise ValueError("early_stop: looks at every frame; it needs candidates: 1")
        if self.candidates > 1 and self.store.tolerance is not None:
            raise ValueError("store.tolerance: restores every frame; it needs candidates: 1")
        return self

    def shots(self, number: int) -> int:
        """Shots of a round."""
        return int(min(self.first_round * self.growth**number, self.round_max))
