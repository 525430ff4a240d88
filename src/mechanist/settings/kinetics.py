"""Section ``kinetics`` of config.yaml: rates and free energies."""

from pydantic import Field

from mechanist.settings.base import Section


class KineticsSettings(Section):
    """Equilibrium runs in both states, and chains of excursions between them."""

    runs: int = Field(64, ge=2, le=1_000_000, description="equilibrium runs in each state")
    run_frames: int = Field(
        3000,
        ge=20,
        le=100_000_000,
        description="frames of each run (a frame is dynamics.stride MD steps)",
    )
    relax: float = Field(
        0.1, ge=0, lt=1, description="fraction of each run and chain that is discarded at its start"
    )
    shots: int = Field(
        16_000,
        ge=100,
        description="two-way shots, spread evenly along q, from which excursions are built",
    )
    windows: int = Field(32, ge=4, le=1000, description="windows along q")
    bootstrap: int = Field(
        200, ge=20, le=100_000, description="bootstrap samples for the intervals"
    )
