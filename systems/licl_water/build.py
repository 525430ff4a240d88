"""Make licl_water.pdb: one Li+ and one Cl- in contact, in a cubic box of 240 TIP3P waters.

Run it here: ``python build.py``. Waters are laid out by OpenMM; `mechanist prepare` relaxes them
and finds the volume of the box at the pressure of system.yaml.
"""

from pathlib import Path

from openmm import Vec3, app, unit

WATERS = 240
CONTACT = 0.22  # nm


def ions() -> tuple[app.Topology, list[Vec3]]:
    """Topology and positions in nm of the two ions."""
    topology = app.Topology()
    chain = topology.addChain()
    for name, element in (("LI", app.element.lithium), ("CL", app.element.chlorine)):
        topology.addAtom(name, element, topology.addResidue(name, chain))
    return topology, [Vec3(0, 0, 0), Vec3(CONTACT, 0, 0)]


def main() -> None:
    """Write licl_water.pdb beside this file."""
    force_field = app.ForceField("amber14/tip3p.xml")
    topology, positions = ions()
    modeller = app.Modeller(topology, positions * unit.nanometer)
    modeller.addSolvent(force_field, model="tip3p", numAdded=WATERS, neutralize=False)
    with (Path(__file__).parent / "licl_water.pdb").open("w", encoding="utf-8") as handle:
        app.PDBFile.writeFile(modeller.topology, modeller.positions, handle, keepIds=True)


if __name__ == "__main__":
    main()
