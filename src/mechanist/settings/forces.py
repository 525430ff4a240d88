"""Key ``molecule.forces`` of system.yaml: a force law other than a classical force field."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from mechanist.settings.base import Section

XTB = ("gfn2-xtb", "gfn1-xtb")
"""Force laws that a word alone names."""

KEYS = ("xtb", "ase", "openmm-ml", "torch", "python", "learned")
"""Keys of which one names a force law in a section."""

LEARNED = "forces.safetensors"
"""Weights of learned forces in a folder of models."""

Arguments = dict[str, str | int | float | bool | list[Any] | dict[str, Any] | None]
"""Keyword arguments as YAML has them."""


class LawSection(Section):
    """What every force law may have."""

    atoms: str | None = Field(
        None,
        min_length=1,
        description="selection of whole molecules that the law treats, the rest being classical;"
        " null: all atoms",
    )


class ElectronsSettings(LawSection):
    """Number of electrons and their spin."""

    charge: int = Field(0, ge=-100, le=100, description="total charge in elementary charges")
    multiplicity: int = Field(
        1, ge=1, le=100, description="2 S + 1: one more than the number of unpaired electrons"
    )


class XtbSettings(ElectronsSettings):
    """Extended tight binding, computed by tblite."""

    xtb: Literal["gfn2-xtb", "gfn1-xtb"] = Field(description="the method")
    solvent: str | None = Field(
        None, description="implicit solvent ALPB by its name in tblite, such as water; null: none"
    )
    accuracy: float = Field(
        1.0, ge=1e-4, le=10, description="of the self-consistent field; smaller is more accurate"
    )


class AseSettings(LawSection):
    """A calculator of ASE, which must be installed with the program that it calls.

    Charge and spin go where the calculator expects them.
    """

    ase: str = Field(
        pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$",
        description="module and class, such as ase.calculators.emt:EMT",
    )
    arguments: Arguments = Field(default_factory=dict, description="keyword arguments of the class")
    info: Arguments = Field(
        default_factory=dict, description="entries of the info of ASE's Atoms, such as a charge"
    )


class OpenmmMlSettings(ElectronsSettings):
    """A potential of the package openmmml, whose weights must be on this machine."""

    openmm_ml: str = Field(min_length=1, description="its name in openmmml, such as ani2x")
    arguments: Arguments = Field(
        default_factory=dict, description="keyword arguments of MLPotential"
    )


class TorchSettings(LawSection):
    """A module of PyTorch beside system.yaml, for many replicas at once.

    It maps positions (R, N, 3) in nm to energies (R,) in kJ/mol; the forces are their gradient.
    """

    torch: str = Field(
        min_length=1, description="file of torch.export.save (pt2) or torch.jit.save"
    )


class PythonSettings(LawSection):
    """A Python file beside system.yaml, for many replicas at once.

    Its function maps positions (R, N, 3) in nm to energies (R,) in kJ/mol and forces (R, N, 3) in
    kJ/mol/nm.
    """

    python: str = Field(pattern=r"\.py$", description="the file")
    function: str = Field("energy_forces", pattern=r"^[A-Za-z_]\w*$", description="its function")
    arguments: Arguments = Field(
        default_factory=dict, description="keyword arguments of the function"
    )


class LearnedSettings(LawSection):
    """Forces that `mechanist trajectory learn` has learned, for many replicas at once."""

    learned: str = Field(min_length=1, description="folder of the models, which holds forces.json")


def _by_name(value: object) -> object:
    """A section from a word; ``openmm-ml`` may be written with a hyphen."""
    if isinstance(value, str):
        if value.lower() not in XTB:
            raise ValueError(f"must be {', '.join(XTB)}, or a section with {', '.join(KEYS)}")
        return {"xtb": value.lower()}
    if isinstance(value, Mapping):
        if sum(key in value for key in (*KEYS, "openmm_ml")) != 1:
            raise ValueError(f"needs one of {', '.join(KEYS)}")
        return {("openmm_ml" if key == "openmm-ml" else key): v for key, v in value.items()}
    return value


LawSettings = (
    XtbSettings | AseSettings | OpenmmMlSettings | TorchSettings | PythonSettings | LearnedSettings
)

ForcesSettings = Annotated[LawSettings, BeforeValidator(_by_name)]
"""A force law, by its name or as a section."""


def law_file(settings: LawSettings) -> str | None:
    """File beside system.yaml that a force law is read from."""
    if isinstance(settings, TorchSettings):
        return settings.torch
    if isinstance(settings, LearnedSettings):
        return f"{settings.learned.rstrip('/')}/{LEARNED}"
    return settings.python if isinstance(settings, PythonSettings) else None
