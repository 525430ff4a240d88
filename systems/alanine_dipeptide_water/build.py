"""Make alanine_dipeptide_water.pdb: ACE-ALA-NME in a cubic box of TIP3P water.

Run it here: ``python build.py``. Waters are laid out by OpenMM; `mechanist prepare` relaxes them
and finds the volume of the box at the pressure of system.yaml.
"""

from pathlib import Path

from openmm import Vec3, app, unit

EDGE = 2.4  # nm
HERE = Path(__file__).parent


def main() -> None:
    """Write alanine_dipeptide_water.pdb beside this file."""
    peptide = app.PDBFile(str(HERE.parent / "alanine_dipeptide" / "alanine_dipeptide.pdb"))
    force_field = app.ForceField("amber99sbildn.xml", "tip3p.xml")
    modeller = app.Modeller(peptide.topology, peptide.positions)
    box = Vec3(EDGE, EDGE, EDGE) * unit.nanometer
    modeller.addSolvent(force_field, model="tip3p", boxSize=box)
    with (HERE / "alanine_dipeptide_water.pdb").open("w", encoding="utf-8") as handle:
        app.PDBFile.writeFile(modeller.topology, modeller.positions, handle, keepIds=True)


if __name__ == "__main__":
    main()
