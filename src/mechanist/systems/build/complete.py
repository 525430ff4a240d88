"""Raw PDB files made complete: missing heavy atoms, hydrogens at a pH, water and ions.

Heavy atoms by PDBFixer; hydrogens, water and ions by OpenMM's Modeller, which decides protonation
from the pKa of each residue alone, and that of histidine from its hydrogen bonds.
"""

import io
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.errors import SettingsError, SystemBuildError
from mechanist.systems.build.atoms import write_pdb
from mechanist.systems.build.coordinates import PDB, PDBX, parsing, read_structure
from mechanist.systems.build.pdb_names import unique_names
from mechanist.systems.build.text import plain_text
from mechanist.systems.descriptors.waters import is_water

WATERS = {
    "tip3p": "amber14/tip3p.xml",
    "spce": "amber14/spce.xml",
    "tip4pew": "amber14/tip4pew.xml",
}
"""Models of water, and the file of each that has its ions, too."""

PROTEIN = "amber14-all.xml"

SEED = 1
"""Of the places of ions and of hydrogens that are not determined."""

WIDEST = 5.0
"""nm; a larger padding is a mistake of units."""

SATURATED = 5.0
"""mol/l; more salt does not dissolve."""


@dataclass(frozen=True)
class Completion:
    """What is to be added to a PDB file.

    Parameters
    ----------
    ph
        Hydrogens at this pH, and missing heavy atoms; None: nothing.
    water
        Model of water, one of `WATERS`; None: no solvent.
    padding
        nm between the molecule and the edge of the box.
    ions
        mol/l of NaCl, beyond what neutralises the molecule.
    """

    ph: float | None = None
    water: str | None = None
    padding: float = 1.0
    ions: float = 0.0

    def check(self) -> None:
        """Refuse values without a meaning.

        Raises
        ------
        SettingsError
            Naming the option.
        """
        if self.ph is not None and not 0 <= self.ph <= 14:
            raise SettingsError("new", f"--pH: {self.ph:g}: must be between 0 and 14")
        if self.water is not None and self.water not in WATERS:
            raise SettingsError(
                "new", f"--solvate: {self.water!r}: must be one of {', '.join(WATERS)}"
            )
        if not 0 < self.padding <= WIDEST:
            raise SettingsError(
                "new", f"--padding: {self.padding:g} nm: must be above 0 and at most {WIDEST:g} nm"
            )
        if not 0 <= self.ions <= SATURATED:
            raise SettingsError(
                "new", f"--ions: {self.ions:g}: must be between 0 and {SATURATED:g} mol/l"
            )


def force_field_of(given: Sequence[str], completion: Completion) -> list[str]:
    """Names of force-field files: those that were given, else Amber's for proteins and water."""
    if given:
        return list(given)
    water = WATERS[completion.water] if completion.water else WATERS["tip3p"]
    return [PROTEIN, water]


def complete(
    files: Sequence[Path], targets: Sequence[Path], force_field: Sequence[str], how: Completion
) -> list[str]:
    """Write completed copies of PDB files; what was added, in words.

    Several structures get the same box, and as many waters and ions: those beyond are removed, the
    last first.

    Parameters
    ----------
    files, targets
        PDB or PDBx/mmCIF files of one molecule, and the PDB files to be written.
    force_field
        XML files with parameters of all residues, and of the water.
    how
        What to add.

    Raises
    ------
    SystemBuildError
        If PDBFixer is missing, a residue is unknown, or atoms do not fit it.
    """
    from openmm import app, unit

    notes: list[str] = []
    try:
        field = app.ForceField(*force_field)
    except Exception as error:
        raise SystemBuildError("new", f"--force-field: {list(force_field)}: {error}") from None
    with _repeatable():
        modellers = [_dry(file, field, how, notes) for file in files]
        if how.water is not None:
            edge = max(map(_diameter, modellers)) + 2 * how.padding
            had = [modeller.topology.getNumResidues() for modeller in modellers]
            for modeller, file in zip(modellers, files, strict=True):
                _add_solvent(modeller, field, how, edge, file.name)
            for file, note in zip(files, _equal(modellers, had), strict=True):
                notes.append(
                    f"{file.name}: {note}: a cube of {edge:.2f} nm, padding {how.padding:g} nm,"
                    f" {how.ions:g} mol/l of NaCl beyond what neutralises"
                )
    for modeller, target in zip(modellers, targets, strict=True):
        positions = np.array(modeller.positions.value_in_unit(unit.nanometer), dtype=np.float64)
        write_pdb(modeller.topology, positions, target)
    return notes


def _dry(file: Path, field: Any, how: Completion, notes: list[str]) -> Any:
    """A Modeller of a file with the atoms that it lacks, without added water."""
    from openmm import app, unit

    if file.suffix.lower() not in (*PDB, *PDBX):
        raise SystemBuildError(
            file.name, "--add-hydrogens and --solvate need a PDB or PDBx/mmCIF file"
        )
    structure = read_structure(file)
    notes += structure.notes
    if how.ph is None:
        return app.Modeller(structure.topology, structure.positions * unit.nanometer)
    modeller = _with_heavy_atoms(file, notes)
    _add_hydrogens(modeller, field, how.ph, file.name, notes)
    return modeller


def _equal(modellers: Sequence[Any], had: Sequence[int]) -> list[str]:
    """Remove what one has more of than another; what each then has, in words."""
    found = []
    for modeller, before in zip(modellers, had, strict=True):
        kinds: dict[str, list[Any]] = {}
        for residue in list(modeller.topology.residues())[before:]:
            kinds.setdefault(residue.name, []).append(residue)
        found.append(kinds)
    names = sorted({name for kinds in found for name in kinds})
    least = {name: min(len(kinds.get(name, [])) for kinds in found) for name in names}
    for modeller, kinds in zip(modellers, found, strict=True):
        extra = [one for name in kinds for one in kinds[name][least[name] :]]
        if extra:
            modeller.delete(extra)
    texts = []
    for kinds in found:
        cut = sum(len(kinds.get(name, [])) - least[name] for name in names)
        text = ", ".join(f"{count:,} {name}" for name, count in least.items())
        texts.append(text + (f" ({cut} more were removed again)" if cut else ""))
    return texts


@contextmanager
def _repeatable() -> Iterator[None]:
    """Python's own random numbers, which Modeller uses, from a fixed seed; restored afterwards."""
    before = random.getstate()
    random.seed(SEED)
    try:
        yield
    finally:
        random.setstate(before)


def _with_heavy_atoms(file: Path, notes: list[str]) -> Any:
    """A Modeller of the file with the heavy atoms that its residues lack."""
    from openmm import app

    try:
        from pdbfixer import PDBFixer
    except ImportError:
        raise SystemBuildError(
            "pdbfixer",
            "is not installed, and --add-hydrogens needs it; pip install pdbfixer",
        ) from None
    with parsing(file, "a PDB file"):
        if file.suffix.lower() in PDB:
            text, _ = unique_names(plain_text(file), file)
            fixer = PDBFixer(pdbfile=io.StringIO(text))
        else:
            fixer = PDBFixer(filename=str(file))
        fixer.findMissingResidues()
        gaps = _gaps(fixer)
        if gaps:
            raise SystemBuildError(
                file.name,
                f"residues are missing within a chain ({gaps}), and no loop is guessed; give a"
                " complete structure",
            )
        fixer.missingResidues = {}
        fixer.findMissingAtoms()
        atoms = [
            f"{_numbered(residue)}-{atom.name}"
            for residue, missing in fixer.missingAtoms.items()
            for atom in missing
        ]
        ends = [
            f"{_numbered(residue)}-{name}"
            for residue, missing in fixer.missingTerminals.items()
            for name in missing
        ]
        if atoms or ends:
            fixer.addMissingAtoms(seed=SEED)
            added = atoms + ends
            notes.append(f"{file.name}: {len(added)} heavy atoms were added: {_some(added)}")
    return app.Modeller(fixer.topology, fixer.positions)


def _numbered(residue: Any) -> str:
    return f"{residue.name}{residue.id}{residue.insertionCode.strip()}"


def _gaps(fixer: Any) -> str:
    """Missing residues that are not at an end of their chain."""
    chains = list(fixer.topology.chains())
    inner = [
        f"chain {chains[chain].id or chain}: {'-'.join(names)} before residue {place + 1}"
        for (chain, place), names in fixer.missingResidues.items()
        if 0 < place < len(list(chains[chain].residues()))
    ]
    return "; ".join(inner)


def _some(names: Sequence[str], most: int = 6) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _add_hydrogens(modeller: Any, field: Any, ph: float, where: str, notes: list[str]) -> None:
    before = modeller.topology.getNumAtoms()
    try:
        variants = modeller.addHydrogens(field, pH=ph)
    except Exception as error:
        raise SystemBuildError(where, f"hydrogens cannot be added: {_plain(error)}") from None
    added = modeller.topology.getNumAtoms() - before
    chosen = [
        f"{_numbered(residue)} as {variant}"
        for residue, variant in zip(modeller.topology.residues(), variants, strict=True)
        if variant is not None
    ]
    states = f": {_some(chosen, 20)}" if chosen else ""
    notes.append(f"{where}: {added} hydrogens were added at pH {ph:g}{states}")
    bare = [
        residue
        for residue in modeller.topology.residues()
        if not is_water(residue) and _lacks_hydrogens(residue)
    ]
    if bare:
        names = ", ".join(sorted({residue.name for residue in bare}))
        raise SystemBuildError(
            where,
            f"residue {names} is unknown to OpenMM's hydrogens.xml and has none; give it with"
            " hydrogens, or remove it",
        )


def _lacks_hydrogens(residue: Any) -> bool:
    symbols = [atom.element.symbol for atom in residue.atoms() if atom.element is not None]
    return symbols.count("C") > 1 and "H" not in symbols


def _add_solvent(modeller: Any, field: Any, how: Completion, edge: float, where: str) -> None:
    import openmm
    from openmm import unit

    try:
        modeller.addSolvent(
            field,
            model=how.water,
            boxSize=openmm.Vec3(edge, edge, edge) * unit.nanometer,
            ionicStrength=how.ions * unit.molar,
        )
    except Exception as error:
        raise SystemBuildError(where, f"cannot be solvated: {_plain(error)}") from None


def _diameter(modeller: Any) -> float:
    """Diameter in nm of a sphere around the centre of the molecule, which may turn in its box."""
    from openmm import unit

    places = np.array(modeller.positions.value_in_unit(unit.nanometer), dtype=np.float64)
    middle = 0.5 * (places.min(axis=0) + places.max(axis=0))
    return 2 * float(np.linalg.norm(places - middle, axis=1).max())


def _plain(error: Exception) -> str:
    """What OpenMM says, without its link, and what to do about an unknown residue."""
    said = " ".join(str(error).split()).partition(" For more information")[0][:300]
    if "No template found" in said:
        said += " Give its parameters by --force-field, or remove it."
    return said or type(error).__name__
