"""The schema of config.yaml."""

import re
from pathlib import Path

from pydantic import Field, field_validator, model_validator

from mechanist.settings.base import Section
from mechanist.settings.compare import CompareSettings
from mechanist.settings.convergence import ConvergenceSettings
from mechanist.settings.formula import FormulaSettings
from mechanist.settings.kinetics import KineticsSettings
from mechanist.settings.learn import LearnSettings
from mechanist.settings.run import (
    EngineSettings,
    InitialSettings,
    SamplingSettings,
    refuse_few_chains,
)
from mechanist.settings.trajectory import TrajectorySettings
from mechanist.settings.validation import ValidationSettings

RESULTS = Path("results")
MODELS = "trajectory_models"
FOLDER = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")


class Config(Section):
    """config.yaml."""

    system: str = Field(
        "alanine_dipeptide", min_length=1, description="folder below systems/, or path to one"
    )
    results: str | None = Field(
        None,
        max_length=200,
        description="name or path of the run's folder below results/, such as alanine/seed2; null: "
        "the name of the system's folder",
    )
    warm_start: str | None = Field(
        None,
        min_length=1,
        description="finished run of the same molecule, states and inputs under a cheaper force"
        " law, by its name below results/ or its folder: its paths are the guesses, its model"
        " guides round 0, and networks may start from it, see docs/forces.md",
    )
    seed: int = Field(1, ge=0, lt=2**31, description="seed of all random numbers of the run")
    initial: InitialSettings = InitialSettings()
    engine: EngineSettings = EngineSettings()
    sampling: SamplingSettings = SamplingSettings()
    learn: LearnSettings = LearnSettings()
    convergence: ConvergenceSettings = ConvergenceSettings()
    formula: FormulaSettings = FormulaSettings()
    validation: ValidationSettings = ValidationSettings()
    kinetics: KineticsSettings = KineticsSettings()
    compare: CompareSettings = CompareSettings()
    trajectory: TrajectorySettings = TrajectorySettings()

    @model_validator(mode="after")
    def _enough_chains(self) -> "Config":
        """With ``chains: auto`` a job has at most as many chains as copies."""
        copies = self.engine.copies
        if self.sampling.chains == "auto" and isinstance(copies, int):
            refuse_few_chains(self.sampling.workers, copies)
        return self

    @field_validator("results")
    @classmethod
    def _below(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not all(FOLDER.fullmatch(part) for part in value.split("/")):
            raise ValueError(
                "a folder below results/ is named by letters, digits, _, - and . (not in front),"
                " with / between folders"
            )
        if value.split("/")[0] == MODELS:
            raise ValueError(f"results/{MODELS} holds the tables of learned models of motion")
        return value

    @property
    def warm_folder(self) -> Path | None:
        """Folder of the run to start from, if any."""
        if self.warm_start is None:
            return None
        named = RESULTS / self.warm_start
        return named if named.is_dir() else Path(self.warm_start)

    @property
    def folder(self) -> Path:
        """Folder of the run."""
        return RESULTS / (self.results or Path(self.system).name)
