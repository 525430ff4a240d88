"""Small molecules and boxes, made at run time with OpenMM and PDBFixer from what they ship."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openmm
from openmm import app, unit

from tests.conftest import REPOSITORY

DIPEPTIDE = REPOSITORY / "systems" / "alanine_dipeptide" / "alanine_dipeptide.pdb"


def dipeptide() -> Any:
    """Alanine dipeptide as an OpenMM Modeller."""
    pdb = app.PDBFile(str(DIPEPTIDE))
    return app.Modeller(pdb.topology, pdb.positions)


def two_dipeptides() -> Any:
    """Two equal chains, 0.9 nm apart."""
    made, other = dipeptide(), dipeptide()
    made.add(other.topology, [p + openmm.Vec3(0, 0, 0.9) * unit.nanometer for p in other.positions])
    return made


def chain(names: Sequence[str], start: int) -> Any:
    """A chain of residues that PDBFixer builds from its template of ``names[start]``."""
    import pdbfixer

    template = Path(pdbfixer.__file__).parent / "templates" / f"{names[start]}.pdb"
    fixer = pdbfixer.PDBFixer(str(template))
    made = app.Modeller(fixer.topology, fixer.positions)
    # PDBFixer builds away from what is there, and divides by zero where there is one residue only.
    far = app.Topology()
    far.addAtom("NA", app.element.sodium, far.addResidue("NA", far.addChain("Z")))
    middle = np.mean([list(p.value_in_unit(unit.nanometer)) for p in fixer.positions], axis=0)
    made.add(far, [openmm.Vec3(*middle) + openmm.Vec3(0, 0, 0.8)] * unit.nanometer)
    fixer.topology, fixer.positions = made.topology, made.positions
    before, after = list(names[:start]), list(names[start + 1 :])
    fixer.missingResidues = {(0, 0): before, (0, 1): after}
    fixer.nonstandardResidues = []
    fixer.findMissingAtoms()
    fixer.addMissingAtoms(seed=1)
    made = app.Modeller(fixer.topology, fixer.positions)
    made.delete([r for r in made.topology.residues() if r.name == "NA"])
    return made


def disulfide(field: Any) -> Any:
    """ACE-CYS-GLY-GLY-CYS-NME, closed by a disulfide bond."""
    made = chain(["ACE", "CYS", "GLY", "GLY", "CYS", "NME"], 1)
    made.topology.addBond(*[atom for atom in made.topology.atoms() if atom.name == "SG"])
    made.addHydrogens(field)
    return made


def dinucleotide(field: Any) -> Any:
    """DC-DG, without a phosphate at its 5' end."""
    made = chain(["DC", "DG"], 0)
    first = next(iter(made.topology.residues()))
    made.delete([atom for atom in first.atoms() if atom.name in ("P", "OP1", "OP2")])
    made.addHydrogens(field)
    return made


CHLOROETHANE = """<ForceField>
 <AtomTypes>
  <Type name="c3" class="c3" element="C" mass="12.011"/>
  <Type name="cl" class="cl" element="Cl" mass="35.453"/>
  <Type name="hc" class="hc" element="H" mass="1.008"/>
  <Type name="lp" class="lp" mass="0"/>
 </AtomTypes>
 <Residues>
  <Residue name="CLE">
   <Atom name="C1" type="c3" charge="-0.10"/><Atom name="C2" type="c3" charge="-0.04"/>
   <Atom name="CL" type="cl" charge="-0.20"/><Atom name="LP1" type="lp" charge="0.04"/>
   <Atom name="H1" type="hc" charge="0.05"/><Atom name="H2" type="hc" charge="0.05"/>
   <Atom name="H3" type="hc" charge="0.05"/><Atom name="H4" type="hc" charge="0.075"/>
   <Atom name="H5" type="hc" charge="0.075"/>
   <VirtualSite type="average2" siteName="LP1" atomName1="CL" atomName2="C2"
                weight1="1.9" weight2="-0.9"/>
   <Bond atomName1="C1" atomName2="C2"/><Bond atomName1="C2" atomName2="CL"/>
   <Bond atomName1="C1" atomName2="H1"/><Bond atomName1="C1" atomName2="H2"/>
   <Bond atomName1="C1" atomName2="H3"/><Bond atomName1="C2" atomName2="H4"/>
   <Bond atomName1="C2" atomName2="H5"/>
  </Residue>
 </Residues>
 <HarmonicBondForce>
  <Bond class1="c3" class2="c3" length="0.1535" k="253634"/>
  <Bond class1="c3" class2="cl" length="0.1800" k="233000"/>
  <Bond class1="c3" class2="hc" length="0.1092" k="282252"/>
 </HarmonicBondForce>
 <HarmonicAngleForce>
  <Angle class1="c3" class2="c3" class3="cl" angle="1.93" k="480"/>
  <Angle class1="c3" class2="c3" class3="hc" angle="1.92" k="388"/>
  <Angle class1="hc" class2="c3" class3="hc" angle="1.89" k="329"/>
  <Angle class1="hc" class2="c3" class3="cl" angle="1.85" k="420"/>
 </HarmonicAngleForce>
 <PeriodicTorsionForce>
  <Proper class1="" class2="c3" class3="c3" class4="" periodicity1="3" phase1="0" k1="0.65"/>
 </PeriodicTorsionForce>
 <NonbondedForce coulomb14scale="0.833333" lj14scale="0.5">
  <UseAttributeFromResidue name="charge"/>
  <Atom class="c3" sigma="0.3400" epsilon="0.4577"/>
  <Atom class="cl" sigma="0.3471" epsilon="1.1087"/>
  <Atom class="hc" sigma="0.2650" epsilon="0.0657"/>
  <Atom class="lp" sigma="0.1" epsilon="0"/>
 </NonbondedForce>
</ForceField>
"""
"""Parameters like those of general force fields, and a lone pair that continues the C-Cl bond."""


BONDS = ("C1 C2", "C2 CL", "C1 H1", "C1 H2", "C1 H3", "C2 H4", "C2 H5")


def chloroethane(field: Any) -> Any:
    """Chloroethane with a lone pair."""
    topology = app.Topology()
    residue = topology.addResidue("CLE", topology.addChain())
    rows = {
        "C1": (0, 0, 0),
        "C2": (0.1535, 0, 0),
        "CL": (0.2165, 0.1686, 0),
        "LP1": (0, 0, 0),
        "H1": (-0.036, 0.103, 0),
        "H2": (-0.036, -0.0515, 0.089),
        "H3": (-0.036, -0.0515, -0.089),
        "H4": (0.190, -0.0515, 0.089),
        "H5": (0.190, -0.0515, -0.089),
    }
    elements = {"C": app.element.carbon, "H": app.element.hydrogen}
    atoms = {}
    for name in rows:
        element = None if name == "LP1" else elements.get(name[:1] if name != "CL" else "")
        element = app.element.chlorine if name == "CL" else element
        atoms[name] = topology.addAtom(name, element, residue)
    for one, other in (pair.split() for pair in BONDS):
        topology.addBond(atoms[one], atoms[other])
    return app.Modeller(topology, [openmm.Vec3(*row) for row in rows.values()] * unit.nanometer)


def box_of(shape: str, edge: float) -> list[Any]:
    """Vectors of a box in nm, in OpenMM's reduced form."""
    rows = {
        "cubic": [(1, 0, 0), (0, 1, 0), (0, 0, 1)],
        "octahedral": [
            (1, 0, 0),
            (1 / 3, 2 * math.sqrt(2) / 3, 0),
            (-1 / 3, math.sqrt(2) / 3, math.sqrt(6) / 3),
        ],
        "triclinic": [(1, 0, 0), (0.15, 1.05, 0), (-0.1, 0.2, 0.98)],
    }
    return [edge * openmm.Vec3(*row) for row in rows[shape]]


def solvate(made: Any, field: Any, shape: str, edge: float, **options: Any) -> Any:
    """Water, and ions if the options ask for them, in a box."""
    made.addSolvent(field, boxVectors=box_of(shape, edge) * unit.nanometer, **options)
    return made


def relax(topology: Any, system: Any, positions: Any) -> Any:
    """Positions near a minimum, rounded as PDB files round them."""
    platform = openmm.Platform.getPlatformByName("CPU")
    integrator = openmm.VerletIntegrator(0.001)
    context = openmm.Context(system, integrator, platform, {"Threads": "1"})
    context.setPositions(positions)
    context.computeVirtualSites()
    openmm.LocalEnergyMinimizer.minimize(context, 10, 300)
    found = context.getState(positions=True).getPositions(asNumpy=True)
    context.setPositions(found.value_in_unit(unit.nanometer).round(4))
    context.computeVirtualSites()
    return np.array(context.getState(positions=True).getPositions(asNumpy=True)._value)
