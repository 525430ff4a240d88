"""The schema of system.yaml: what is sampled."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, model_validator

from mechanist.settings.base import Section
from mechanist.settings.descriptors import (
    Atom,
    DescriptorSettings,
    GroupSettings,
    SymmetrySettings,
)
from mechanist.settings.molecule import MoleculeSettings
from mechanist.settings.names import checked_name
from mechanist.settings.units import (
    Bar,
    Dalton,
    Femtoseconds,
    Nanometre,
    PerPicosecond,
    Picoseconds,
    Stiffness,
    to_unit,
)

Name = Annotated[str, AfterValidator(checked_name)]

GAS_CONSTANT = 8.31446261815324e-3
"""kJ/mol/K (CODATA 2018, exact)."""


def _kelvin(value: object) -> float:
    """Kelvin from a temperature, or from kT as a molar energy (usual for model potentials)."""
    try:
        return to_unit(value, "K")
    except ValueError:
        if isinstance(value, str) and "J" in value:
            return to_unit(value, "kJ/mol") / GAS_CONSTANT
        raise


Temperature = Annotated[
    float,
    BeforeValidator(_kelvin),
    PlainSerializer(lambda value: f"{value!r} K", return_type=str),
]


class PotentialSettings(Section):
    """A model potential of one to three coordinates x, y, z (nm) in kJ/mol."""

    expression: str = Field(
        max_length=10_000, description="energy in kJ/mol in OpenMM's syntax, of x, y, z (nm)"
    )
    dimensions: int = Field(ge=1, le=3, description="number of coordinates that the potential uses")
    idle_dimensions: int = Field(
        0, ge=0, le=300, description="further harmonic coordinates, independent of the rest"
    )
    idle_stiffness: Stiffness = Field(
        "10 kJ/mol/nm**2", description="stiffness of idle coordinates", gt=0
    )
    mass: Dalton = Field("1 dalton", gt=0, description="mass of the particle")
    start: tuple[Nanometre, ...] = Field(description="starting point, one value per dimension")

    @model_validator(mode="after")
    def _lengths(self) -> "PotentialSettings":
        if len(self.start) != self.dimensions:
            raise ValueError(
                f"start has {len(self.start)} values, but dimensions is {self.dimensions}"
            )
        return self


class DynamicsSettings(Section):
    """Langevin dynamics, integrated by OpenMM's LangevinMiddleIntegrator."""

    temperature: Temperature = Field(gt=0, description="of the bath in K, or kT in kJ/mol")
    friction: PerPicosecond = Field(gt=0, description="friction coefficient")
    timestep: Femtoseconds = Field(gt=0, description="integration time step")
    stride: int = Field(10, ge=1, description="MD steps between two frames of a path")
    max_half_path: Picoseconds = Field(
        gt=0, description="a longer half-shot ends as too_long and is rejected"
    )
    pressure: Bar | None = Field(
        None,
        gt=0,
        description="of a periodic box, which is brought to this pressure before sampling; see npt",
    )
    npt: Literal["start", "paths"] = Field(
        "start",
        description="start: a barostat finds the volume, at which all paths are then sampled"
        "; paths: the volume fluctuates within paths",
    )
    npt_steps: int = Field(
        50_000, ge=1000, description="MD steps under the barostat, if there is a pressure"
    )

    @model_validator(mode="after")
    def _frame(self) -> "DynamicsSettings":
        frame = self.timestep * self.stride / 1000
        if round(self.max_half_path / frame) < 1:
            raise ValueError(
                f"max_half_path: {self.max_half_path:g} ps: shorter than a frame, which is"
                f" {frame:g} ps (timestep x stride)"
            )
        return self

    @model_validator(mode="after")
    def _volume(self) -> "DynamicsSettings":
        if self.npt == "paths" and self.pressure is None:
            raise ValueError('npt: "paths": needs a pressure, such as pressure: 1 bar')
        return self


class DiscSettings(Section):
    """All points within a radius of a centre."""

    centre: dict[str, Nanometre] = Field(min_length=1)
    radius: Nanometre = Field(gt=0)


PLACEHOLDER = "FILL_IN"
"""Stands in a new system.yaml for what the user must decide."""

Limits = tuple[str | float, str | float]
"""Ends of an interval: quantities, or plain numbers for a descriptor without a unit."""


class StateSettings(Section):
    """A stable state: inside every interval of one of its boxes, or of its disc."""

    name: str = Field(min_length=1, description="name in figures and tables")
    box: dict[str, Limits] | tuple[dict[str, Limits], ...] = Field(
        default_factory=dict,
        description="intervals of descriptors, with units; or a list of such boxes",
    )
    disc: DiscSettings | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> "StateSettings":
        if not self.box and self.disc is None:
            raise ValueError("a state needs a box or a disc")
        return self

    @property
    def boxes(self) -> tuple[dict[str, Limits], ...]:
        """Its boxes as a tuple."""
        if isinstance(self.box, tuple):
            return self.box
        return (self.box,) if self.box else ()


class StatesSettings(Section):
    """The two states of the reaction."""

    A: StateSettings
    B: StateSettings


class SystemSettings(Section):
    """system.yaml."""

    name: str = Field(min_length=1, description="title in the report")
    molecule: MoleculeSettings | None = None
    potential: PotentialSettings | None = None
    dynamics: DynamicsSettings
    descriptors: dict[Name, DescriptorSettings] = Field(
        default_factory=dict, description="named descriptors"
    )
    equivalent: tuple[str | tuple[Atom, ...], ...] = Field(
        (),
        description="sets of atoms of one element that may change places: lists, or selections",
    )
    states: StatesSettings
    inputs: tuple[str | GroupSettings | SymmetrySettings, ...] = Field(
        min_length=1, description="descriptors that networks and formulas see: names and groups"
    )
    formula_inputs: tuple[str | GroupSettings | SymmetrySettings, ...] = Field(
        (), description="descriptors that only formulas may use: names and groups"
    )

    @model_validator(mode="after")
    def _one_source(self) -> "SystemSettings":
        if (self.molecule is None) == (self.potential is None):
            raise ValueError("exactly one of molecule and potential must be given")
        return self
