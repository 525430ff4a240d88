"""The formula as an OpenMM force whose energy, in kJ/mol, is the number q."""

from functools import reduce
from typing import Any

import numpy as np

from mechanist.formula.export.names import plain, used_by
from mechanist.formula.export.openmm_compound import bell, compound, fermi, refusal
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from mechanist.systems.descriptors.programs import Program
from mechanist.systems.descriptors.shapes import (
    Centres,
    Coordination,
    PathVariable,
    Radial,
    Reference,
    Rmsd,
)

OPENMM = Program("OpenMM", refusal)
"""It knows all kinds; what has too many terms is refused."""

UNBOXED = ("coordinate", "rmsd", "path_s", "path_z", "volume")
"""Kinds that OpenMM computes from positions as they are: molecules must be whole."""


def openmm_force(formula: str, descriptors: DescriptorSet) -> Any:
    """An ``openmm.CustomCVForce`` whose energy is q, with each descriptor as a variable.

    It can be added to a System as a bias, or passed to ``openmm.app.metadynamics.BiasVariable``.

    Parameters
    ----------
    formula
        Text as `mechanist.formula.expression.parse` reads it.
    descriptors
        Definitions of its names. In a periodic box nearest images are used; if the box is not
        rectangular, OpenMM finds these only up to half its width.

    Raises
    ------
    DataError
        If the text is not a formula, or uses a name that is no descriptor or none that OpenMM can
        compute.
    """
    import openmm

    used = used_by(OPENMM, formula, descriptors)
    force = openmm.CustomCVForce(plain(formula).replace("**", "^"))
    force.setName("q")
    for descriptor in used:
        variable = _variable(descriptor)
        if descriptors.box is not None and descriptor.kind not in UNBOXED:
            variable.setUsesPeriodicBoundaryConditions(True)
        force.addCollectiveVariable(descriptor.name, variable)
    return force


def openmm_xml(formula: str, descriptors: DescriptorSet) -> str:
    """The force of `openmm_force` as XML for ``openmm.XmlSerializer.deserialize``."""
    import openmm

    return str(openmm.XmlSerializer.serialize(openmm_force(formula, descriptors)))


def _variable(descriptor: Descriptor) -> Any:
    """A force whose energy is the value of a descriptor."""
    import openmm

    atoms = descriptor.atoms
    match descriptor.kind:
        case "torsion":
            force = openmm.CustomTorsionForce("theta")
            force.addTorsion(*atoms, [])
        case "angle":
            force = openmm.CustomAngleForce("theta")
            force.addAngle(*atoms, [])
        case "difference" | "height" | "sorted" | "angular" | "hydrogen_bonds" | "bridges":
            text, rows = compound(descriptor)
            force = openmm.CustomCompoundBondForce(len(rows[0]) if rows else 3, text)
            for row in rows:
                force.addBond(row, [])
        case "distance":
            force = openmm.CustomBondForce("r")
            force.addBond(*atoms, [])
        case "radial" | "coordination":
            force = openmm.CustomBondForce(_pair_text(descriptor))
            for i in atoms:
                for j in descriptor.others[0]:
                    if i != j:
                        force.addBond(i, j, [])
        case "centre_distance":
            force = openmm.CustomCentroidBondForce(2, "distance(g1,g2)")
            assert isinstance(descriptor.shape, Centres)
            groups = (atoms, descriptor.others[0])
            for group, weights in zip(groups, descriptor.shape.weights, strict=True):
                force.addGroup(list(group), list(weights))
            force.addBond([0, 1], [])
        case "rmsd" | "path_s" | "path_z":
            force = _superposed(descriptor)
        case "volume":
            force = openmm.CustomVolumeForce("v")
        case _:
            force = openmm.CustomExternalForce("xyz"[descriptor.axis])
            force.addParticle(atoms[0], [])
    return force


def _superposed(descriptor: Descriptor) -> Any:
    """RMSD to a structure, or place along a path of them: one RMSD for each."""
    import openmm

    atoms, shape = list(descriptor.atoms), descriptor.shape
    assert isinstance(shape, Rmsd | PathVariable)

    def rmsd(reference: Reference) -> Any:
        # OpenMM takes positions of all particles, and looks at those of the atoms.
        places = np.zeros((shape.system, 3))
        places[atoms] = reference
        return openmm.RMSDForce(places, atoms)

    if isinstance(shape, Rmsd):
        return rmsd(shape.reference)
    # Relative to the nearest structure: far from the path all exponentials would be 0.
    squares = [f"d{p}^2" for p in range(1, len(shape.references) + 1)]
    least = reduce(lambda one, other: f"min({one},{other})", squares)
    terms = [f"exp(-{shape.sharpness!r}*({square}-least))" for square in squares]
    total = "+".join(terms)
    if descriptor.kind == "path_s":
        text = "+".join(f"{p}*{term}" for p, term in enumerate(terms, 1))
        force = openmm.CustomCVForce(f"({text})/({total}); least={least}")
    else:
        text = f"least-log({total})/{shape.sharpness!r}"
        force = openmm.CustomCVForce(f"{text}; least={least}")
    for p, reference in enumerate(shape.references, 1):
        force.addCollectiveVariable(f"d{p}", rmsd(reference))
    return force


def _pair_text(descriptor: Descriptor) -> str:
    """Term of a pair of atoms at a distance r in a sum over pairs."""
    match descriptor.shape:
        case Radial() as shape:
            return f"{bell(shape, 'r')}/{shape.norm!r}"
        case Coordination(radius=radius, power=0, steepness=steepness):
            return fermi(steepness, radius, "r")
        case Coordination(radius=radius, power=power):
            return f"1/(1+(r/{radius!r})^{power})"
    raise TypeError(f"{descriptor.name} is not a sum over pairs")
