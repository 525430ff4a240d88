"""The schema of descriptors in system.yaml, of a molecule and of its solvent."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from mechanist.settings.base import Section
from mechanist.settings.collective import (
    CentreDistanceSettings,
    PathSSettings,
    PathZSettings,
    RmsdSettings,
)
from mechanist.settings.units import (
    Degree,
    Nanometre,
    PerCubicNanometre,
    PerNanometre,
    PerSquareNanometre,
)

Radius: Any = Annotated[Nanometre, Field(gt=0, lt=10)]

Atom = int | str
"""An index counted from 0, or a selection in mdtraj's language that matches one atom."""
Zeta = Annotated[int, Field(ge=1, le=100)]
"""Power of an angular symmetry function; 2^100 fits in single precision."""


class TorsionSettings(Section):
    """A torsion of four atoms."""

    torsion: tuple[Atom, Atom, Atom, Atom]


class AngleSettings(Section):
    """An angle of three atoms, at the second."""

    angle: tuple[Atom, Atom, Atom]


class DistanceSettings(Section):
    """The distance between two atoms."""

    distance: tuple[Atom, Atom]


class DifferenceSettings(Section):
    """The first of two distances minus the second, such as those of an atom that changes bonds."""

    difference: tuple[tuple[Atom, Atom], tuple[Atom, Atom]]


class HeightSettings(Section):
    """Signed height of an atom over the plane of three others.

    It is positive on the side from which those three are seen counter-clockwise.
    """

    height: tuple[Atom, Atom, Atom, Atom]


class CoordinateSettings(Section):
    """A Cartesian coordinate, for model potentials: 0 is x, 1 is y, 3 is x of the next particle."""

    coordinate: int = Field(ge=0)


class VolumeSettings(Section):
    """The volume of the periodic box, where it changes within paths."""

    volume: Literal["box"]


class CutoffPart(Section):
    """What all symmetry functions share: the Fermi cutoff and the normalisation."""

    cutoff: Radius = Field(
        "1 nm", description="where the Fermi function 1/(1 + exp(a(r - cutoff))) is ½"
    )
    steepness: PerNanometre = Field("150 1/nm", gt=0, description="a of the Fermi function")
    normalise: Literal["published", "ideal", "none"] = Field(
        "published",
        description="norm: of the published LiCl study, of a fluid without structure, or none",
    )
    density: PerCubicNanometre = Field(
        "33 1/nm**3",
        gt=0,
        description="number density of molecules, for the normalisation; 33 is water",
    )


class RadialPart(CutoffPart):
    """A radial symmetry function G2: atoms at a distance of about ``shift``."""

    around: Atom = Field(description="the central atom")
    of: str = Field(description="the atoms around it, in mdtraj's selection language")
    eta: PerSquareNanometre = Field(gt=0, description="sharpness of the shell")
    shift: Radius = Field(description="radius of the shell")


class AngularPart(RadialPart):
    """An angular symmetry function G5: pairs of atoms in a shell at small or wide angles."""

    zeta: Zeta = Field(description="sharpness in the angle")
    sign: Literal[-1, 1] = Field(description="1 weights small angles at the centre, -1 wide ones")


class RadialSettings(Section):
    """A radial symmetry function."""

    radial: RadialPart


class AngularSettings(Section):
    """An angular symmetry function."""

    angular: AngularPart


class CoordinationPart(Section):
    """A smooth count of atoms within a radius of one atom, or of each of several."""

    around: Atom = Field(description="one or several central atoms")
    of: str = Field(description="atoms that are counted")
    radius: Radius = Field(description="distance at which an atom counts ½")
    switch: Literal["rational", "fermi"] = Field(
        "rational", description="1/(1 + (r/radius)^power) or 1/(1 + exp(steepness (r - radius)))"
    )
    power: int = Field(12, ge=2, le=60, description="exponent of the rational switch")
    steepness: PerNanometre = Field("50 1/nm", gt=0, description="of the Fermi switch")


class CoordinationSettings(Section):
    """A coordination number."""

    coordination: CoordinationPart


class HydrogenBondsPart(Section):
    """A smooth count of hydrogen bonds D-H...A by distance H...A and angle D-H...A."""

    donors: str = Field(description="heavy atoms whose hydrogens are donated")
    acceptors: str = Field(description="atoms that accept hydrogen bonds")
    distance: Radius = Field("0.25 nm", description="H...A distance at which a bond counts ½")
    angle: Degree = Field(
        "120 deg", gt=0, lt=180, description="D-H...A angle at which a bond counts ½"
    )
    steepness: PerNanometre = Field(
        "100 1/nm", gt=0, description="steepness of the switch in the distance"
    )
    sharpness: float = Field(
        20, gt=0, description="steepness of the switch in the cosine of the angle"
    )


class HydrogenBondsSettings(Section):
    """A number of hydrogen bonds."""

    hydrogen_bonds: HydrogenBondsPart


class BridgesPart(Section):
    """A smooth count of atoms in contact with both of two atoms, or of two selections."""

    between: tuple[Atom, Atom] = Field(description="two atoms or selections")
    of: str = Field(description="bridging atoms, such as the oxygens of water")
    radii: tuple[Radius, Radius] = Field(
        description="distance from each of the two at which a contact counts ½"
    )
    steepness: PerNanometre = Field("50 1/nm", gt=0, description="of the Fermi switch")


class BridgesSettings(Section):
    """A number of bridges."""

    bridges: BridgesPart


class CustomSettings(Section):
    """A function of positions in the file descriptors.py beside system.yaml."""

    function: str = Field(description="name of the function")
    unit: Literal["nm", "rad", "1"] | None = Field(
        None, description="unit of the values; null: the attribute unit of the function, or else 1"
    )
    periodic: bool = Field(False, description="whether the value is an angle, periodic in 2 pi rad")

    @model_validator(mode="after")
    def _angle(self) -> "CustomSettings":
        if self.periodic and self.unit != "rad":
            raise ValueError("periodic: true: needs unit: rad")
        if not self.function.isidentifier():
            raise ValueError(f"function: {self.function!r}: is not a valid function name")
        return self


class PlumedSettings(Section):
    """A collective variable of PLUMED in the file plumed.dat beside system.yaml."""

    plumed: str = Field(description="label of the variable, such as d or d.x")
    unit: Literal["nm", "rad", "1"] = Field(description="unit of the values")
    periodic: bool = Field(False, description="whether the value is an angle, periodic in 2 pi rad")

    @model_validator(mode="after")
    def _angle(self) -> "PlumedSettings":
        if self.periodic and self.unit != "rad":
            raise ValueError("periodic: true: needs unit: rad")
        if not all(
            part and part.replace("-", "_").isidentifier() for part in self.plumed.split(".")
        ):
            raise ValueError(f"plumed: {self.plumed!r}: is not a label of PLUMED")
        return self


DescriptorSettings = (
    TorsionSettings
    | AngleSettings
    | DistanceSettings
    | DifferenceSettings
    | HeightSettings
    | CoordinateSettings
    | RadialSettings
    | AngularSettings
    | CoordinationSettings
    | HydrogenBondsSettings
    | BridgesSettings
    | CentreDistanceSettings
    | RmsdSettings
    | PathSSettings
    | PathZSettings
    | VolumeSettings
    | CustomSettings
    | PlumedSettings
)


class GroupSettings(Section):
    """All bonds, angles or torsions of bonded atoms within a selection.

    ``heights``: of every atom over the plane of any three that are bonded to the same atom.
    ``distances``: of all pairs, bonded or not. ``differences``: of the distances of every atom from
    any two others.
    """

    all: Literal["bonds", "angles", "torsions", "heights", "distances", "differences"]
    select: str = Field("all", description="atoms, in mdtraj's selection language")


class RadialFamily(Section):
    """G2 for each shift."""

    eta: PerSquareNanometre = Field(gt=0, description="sharpness of the shells")
    shifts: tuple[Radius, ...] = Field(min_length=1, description="radii of the shells")


class AngularFamily(RadialFamily):
    """G5 for each shift, each zeta and each sign."""

    zeta: tuple[Zeta, ...] = Field(min_length=1, description="powers")
    signs: tuple[Literal[-1, 1], ...] = Field((1, -1), min_length=1, description="of the cosine")


class SymmetryPart(CutoffPart):
    """Symmetry functions around each of some atoms, over each of some kinds of atoms."""

    around: dict[str, Atom] = Field(min_length=1, description="central atoms by their short names")
    of: dict[str, str] = Field(min_length=1, description="selections by their short names")
    radial: RadialFamily | None = None
    angular: AngularFamily | None = None

    @model_validator(mode="after")
    def _complete(self) -> "SymmetryPart":
        if self.radial is None and self.angular is None:
            raise ValueError("radial, angular or both must be given")
        for name in (*self.around, *self.of):
            if not (name.isascii() and name.isalnum()):
                raise ValueError(f"{name!r}: a short name has letters and digits only")
        return self


class SymmetrySettings(Section):
    """A family of symmetry functions."""

    symmetry: SymmetryPart
