"""The schema of collective variables of many atoms in system.yaml."""

from typing import Literal

from pydantic import Field

from mechanist.settings.base import Section
from mechanist.settings.units import PerSquareNanometre


class CentreDistancePart(Section):
    """Two groups of atoms."""

    between: tuple[str, str] = Field(description="two groups, in mdtraj's selection language")
    weights: Literal["mass", "equal"] = Field(
        "mass", description="centres of mass, or of the positions"
    )


class CentreDistanceSettings(Section):
    """The distance between the centres of two groups of atoms."""

    centre_distance: CentreDistancePart


class RmsdPart(Section):
    """A structure and the atoms that are superposed on it."""

    to: str = Field(description="PDB file beside system.yaml with all atoms, or those selected")
    select: str = Field("name CA", description="atoms, in mdtraj's selection language")


class RmsdSettings(Section):
    """Root mean square deviation from a structure, after the best superposition."""

    rmsd: RmsdPart


class PathPart(Section):
    """Structures along a path from A to B."""

    frames: str = Field(
        description="PDB file of several models beside system.yaml, evenly spaced, with all atoms"
        " or those selected"
    )
    select: str = Field("name CA", description="atoms, in mdtraj's selection language")
    sharpness: PerSquareNanometre | Literal["auto"] = Field(
        "auto",
        description="lambda of the exponentials; auto: 2.3 over the mean squared deviation of"
        " neighbouring models",
    )


class PathSSettings(Section):
    """Place along a path of structures, from 1 to their number."""

    path_s: PathPart


class PathZSettings(Section):
    """Squared distance from a path of structures, in nm^2."""

    path_z: PathPart


def structure_of(settings: Section) -> str | None:
    """Name of the file of structures that a descriptor reads; None if it reads none."""
    match settings:
        case RmsdSettings(rmsd=part):
            return part.to
        case PathSSettings(path_s=part) | PathZSettings(path_z=part):
            return part.frames
    return None
