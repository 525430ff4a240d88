"""The schema of config.yaml."""

from pydantic import Field, model_validator

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


class Config(Section):
    """config.yaml."""

    system: str = Field(
        "alanine_dipeptide", min_length=1, description="folder below systems/, or path to one"
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
