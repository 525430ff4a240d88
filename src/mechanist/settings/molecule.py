"""Section ``molecule`` of system.yaml: files with atoms, forces and the box."""

from pathlib import PurePath
from typing import Literal

from pydantic import Field, model_validator

from mechanist.settings.base import Section
from mechanist.settings.forces import ForcesSettings, XtbSettings
from mechanist.settings.units import Dalton, Nanometre

KINDS = {
    ".prmtop": "Amber",
    ".parm7": "Amber",
    ".top": "GROMACS",
    ".psf": "CHARMM",
    ".xml": "OpenMM",
}
"""Program of a topology file by its suffix."""

OF_A_LAW = frozenset(("structure", "forces"))
"""Keys beside a force law."""

Vector = tuple[Nanometre, Nanometre, Nanometre]


class MoleculeSettings(Section):
    """A molecule, in vacuum or in solvent: atoms, forces, box.

    The forces come from force-field XML files, from the ``topology`` of another program: Amber
    (prmtop), GROMACS (top), CHARMM (psf), or a serialised OpenMM System (xml), or from a force law
    such as gfn2-xtb, under which bonds may break.
    """

    structure: str = Field(
        description="positions, beside system.yaml, with hydrogens: PDB, PDBx/mmCIF, gro, inpcrd or"
        " rst7, CHARMM crd"
    )
    topology: str | None = Field(
        None,
        description="prmtop, parm7, top, psf, or the xml of an OpenMM System; null: the forces"
        " come from force_field",
    )
    force_field: tuple[str, ...] = Field(
        (),
        description="force-field XML files that OpenMM ships or that lie beside system.yaml; with a"
        " psf its CHARMM parameter files (rtf, par, prm, str)",
    )
    forces: ForcesSettings | None = Field(
        None,
        description="a force law instead: gfn2-xtb, gfn1-xtb, or a section such as"
        " {python: forces.py}; with atoms it treats a part of a classical system, see"
        " [forces.md](forces.md)",
    )
    include: str | None = Field(
        None, description="folder with the files that a GROMACS topology includes"
    )
    define: tuple[str, ...] = Field(
        (),
        description="macros of a GROMACS topology, as NAME or NAME=VALUE, such as POSRES_WATER",
    )
    constraints: Literal["none", "HBonds", "AllBonds", "HAngles"] = Field(
        "HBonds", description="bonds of fixed length"
    )
    rigid_water: bool = Field(True, description="whether waters are rigid")
    hydrogen_mass: Dalton | None = Field(
        None,
        description="mass of each hydrogen, taken from its heavy atom, such as 3 dalton for steps"
        " of 4 fs; null: unchanged",
        gt=1,
        le=4,
    )
    nonbonded: Literal["NoCutoff", "CutoffNonPeriodic", "CutoffPeriodic", "Ewald", "PME"] = Field(
        "NoCutoff", description="method of nonbonded forces; NoCutoff: all pairs"
    )
    cutoff: Nanometre = Field(
        "1 nm", gt=0, description="cutoff of nonbonded forces, unless NoCutoff"
    )
    switching: Nanometre | None = Field(
        None,
        gt=0,
        description="distance at which Lennard-Jones starts to be switched off; null: plain cutoff",
    )
    ewald_tolerance: float = Field(
        5e-4, gt=0, lt=0.1, description="error tolerance of Ewald and PME forces"
    )
    dispersion_correction: bool | None = Field(
        None, description="Lennard-Jones beyond the cutoff; null: as in the force field"
    )
    implicit_solvent: Literal["none", "HCT", "OBC1", "OBC2", "GBn", "GBn2"] = Field(
        "none",
        description="for prmtop and psf; with XML files add one to force_field, such as"
        " implicit/obc2.xml",
    )
    box: Vector | tuple[Vector, Vector, Vector] | None = Field(
        None, description="edge lengths, or three box vectors; null: from the files"
    )

    @property
    def kind(self) -> str:
        """Source of the forces: ``XML``, ``Amber``, ``GROMACS``, ``CHARMM``, ``OpenMM`` or ``law``.

        The last is a force law of all atoms; one of a part stands beside classical forces.
        """
        if self.forces is not None and self.forces.atoms is None:
            return "law"
        if self.topology is None:
            return "XML"
        return KINDS[PurePath(self.topology).suffix.lower()]

    @property
    def periodic(self) -> bool:
        """Whether nonbonded forces are periodic; unknown for a serialised System."""
        return self.nonbonded in ("CutoffPeriodic", "Ewald", "PME")

    @model_validator(mode="after")
    def _fits(self) -> "MoleculeSettings":
        if self.topology is not None:
            suffix = PurePath(self.topology).suffix.lower()
            if suffix not in KINDS:
                raise ValueError(f"topology: {self.topology!r}: must end in {', '.join(KINDS)}")
        fault = self._sources() or self._cutoffs()
        if fault is not None:
            raise ValueError(fault)
        return self

    def _sources(self) -> str | None:
        """What is wrong with the keys that name files, or None."""
        if self.kind == "law":
            own = self.model_fields_set - OF_A_LAW
            what = "not used with a force law; leave it out, or name the atoms of the law in"
            return f"{min(own)}: {what} forces: {{..., atoms: SELECTION}}" if own else None
        if isinstance(self.forces, XtbSettings) and self.forces.solvent is not None:
            return "forces: solvent: not for a part (atoms), around which the rest is classical"
        if self.kind in ("XML", "CHARMM") and not self.force_field:
            return "force_field: missing; name at least one file"
        if self.kind in ("Amber", "GROMACS", "OpenMM") and self.force_field:
            return f"force_field: not used, since topology {self.topology!r} holds the forces"
        if self.include is not None and self.kind != "GROMACS":
            return "include: only a GROMACS topology (top) includes files"
        if self.define and self.kind != "GROMACS":
            return "define: only a GROMACS topology (top) has macros"
        if self.implicit_solvent != "none" and self.kind not in ("Amber", "CHARMM"):
            return (
                f"implicit_solvent: {self.implicit_solvent!r}: for prmtop and psf only; with XML"
                " files add one such as implicit/obc2.xml to force_field"
            )
        if self.kind == "OpenMM":
            own = self.model_fields_set - {"structure", "topology", "box", "forces"}
            if own:
                return f"{min(own)}: not used, since it is part of the OpenMM System; leave it out"
        return None

    def _cutoffs(self) -> str | None:
        """What is wrong with the keys of nonbonded forces, or None."""
        plain = self.nonbonded == "NoCutoff"
        if plain and self.kind != "OpenMM":
            own = self.model_fields_set & {"cutoff", "switching", "ewald_tolerance"}
            if own:
                return f"{min(own)}: not used with nonbonded: NoCutoff; leave it out"
        if self.switching is not None and self.switching >= self.cutoff:
            return f"switching: {self.switching:g} nm: must be less than cutoff {self.cutoff:g} nm"
        if self.implicit_solvent != "none" and self.periodic:
            return f"implicit_solvent: {self.implicit_solvent!r}: not with {self.nonbonded}"
        return None
