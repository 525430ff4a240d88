"""Section ``kinetics`` of config.yaml: rates and free energies."""

from typing import Annotated, Literal

from pydantic import Field

from mechanist.settings.base import Section

EXTENSION = 16
"""Times ``run_frames`` that a run has at most, by default."""


class KineticsSettings(Section):
    """Equilibrium runs in both states, and chains of excursions between them."""

    rates: bool = Field(
        True,
        description="whether rates and free energies are computed; false leaves out the runs and"
        " the excursions, most of the MD of a run, and with them the channels",
    )
    runs: int = Field(64, ge=2, le=1_000_000, description="equilibrium runs in each state")
    run_frames: int = Field(
        3000,
        ge=20,
        le=100_000_000,
        description="frames of each run (a frame is dynamics.stride MD steps)",
    )
    run_frames_max: Annotated[int, Field(ge=20, le=100_000_000)] | Literal["auto"] = Field(
        "auto",
        description="frames up to which runs are continued while tests find them not at"
        " equilibrium, in multiples of run_frames; auto: 16 times run_frames",
    )
    relax: float = Field(
        0.1, ge=0, lt=1, description="fraction of each run and chain that is discarded at its start"
    )
    ignore_slow: tuple[str, ...] = Field(
        (),
        description="descriptors that have nothing to do with the rates, such as a torsion at the"
        " far end of the molecule, which the tests of the runs leave out: a slow one refuses the"
        " rates otherwise. The summary names them. Existing runs are tested again without"
        " new MD",
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

    @property
    def longest_run(self) -> int:
        """Frames of a run, at most."""
        if self.run_frames_max == "auto":
            return EXTENSION * self.run_frames
        return max(1, self.run_frames_max // self.run_frames) * self.run_frames
