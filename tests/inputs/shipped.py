"""Files that packages ship: examples of ParmEd, tests of PDBFixer and MDTraj."""

from pathlib import Path

from tests.inputs.cases import Files

PARMED = "parmed-4.3.1/examples"
TOPPAR = ("toppar/par_all36_prot.prm", "toppar/toppar_water_ions.str")
WATER = {"nonbonded": "PME", "cutoff": "0.65 nm"}


def shipped(source: Path) -> dict[str, tuple[str, Files]]:
    """Where each comes from, and its files; ``source`` holds ParmEd's source distribution."""
    import pdbfixer

    amber, charmm = source / PARMED / "amber", source / PARMED / "charmm"
    data = Path(pdbfixer.__file__).parent / "tests" / "data"
    parameters = tuple(str(charmm / name) for name in TOPPAR)
    edges = (3.71332590, 3.54106700, 3.44705580)
    box = tuple(tuple(edges[i] if i == j else 0.0 for j in range(3)) for i in range(3))
    gb = {"implicit_solvent": "OBC2"}
    return {
        "tleap's alanine pentapeptide, OBC2": (
            "ParmEd, `examples/amber/ala5_gas`",
            Files("Amber", amber / "ala5_gas.rst7", amber / "ala5_gas.parm7", (), gb),
        ),
        "tleap's alanine dipeptide in TIP3P": (
            "ParmEd, `examples/amber/ala2_solv`",
            Files("Amber", amber / "ala2_solv.rst7", amber / "ala2_solv.parm7", (), WATER, box),
        ),
        "autopsf's alanine pentapeptide, CMAP": (
            "ParmEd, `examples/charmm/ala5_autopsf`",
            Files(
                "CHARMM", charmm / "ala5_autopsf.pdb", charmm / "ala5_autopsf.psf", parameters[:1]
            ),
        ),
        "CHARMM-GUI's alanine dipeptide in TIP3P": (
            "ParmEd, `examples/charmm/ala2_charmmgui`",
            Files(
                *("CHARMM", charmm / "ala2_charmmgui.crd", charmm / "ala2_charmmgui.psf"),
                *(parameters, WATER, ((2.9, 0.0, 0.0), (0.0, 2.9, 0.0), (0.0, 0.0, 2.9))),
            ),
        ),
        "villin headpiece 1VII by NMR": (
            "PDBFixer, `tests/data/test.pdb`",
            Files("PDB", data / "test.pdb", None, ("amber14-all.xml",)),
        ),
    }
