"""The formula as an OpenMM force whose energy, in kJ/mol, is the number q."""

from typing import Any

from mechanist.formula.export.names import definitions, plain
from mechanist.systems.descriptors import Descriptor, DescriptorSet


def openmm_force(formula: str, descriptors: DescriptorSet) -> Any:
    """An ``openmm.CustomCVForce`` whose energy is q, with each descriptor as a variable.

    It can be added to a System for a bias, or given to ``openmm.app.metadynamics.BiasVariable``.

    Parameters
    ----------
    formula
        Text as `mechanist.formula.expression.parse` reads it.
    descriptors
        What its names mean. In a box, distances, angles and torsions are those of nearest images.

    Raises
    ------
    DataError
        If the text is no formula or uses a name that is no descriptor.
    """
    import openmm

    force = openmm.CustomCVForce(plain(formula).replace("**", "^"))
    force.setName("q")
    for descriptor in definitions(formula, descriptors):
        variable = _variable(descriptor)
        if descriptors.box is not None and descriptor.kind != "coordinate":
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
        case "height":
            # Made of functions that know nearest images.
            force = openmm.CustomCompoundBondForce(
                4, "-distance(p1,p2)*sin(angle(p1,p2,p3))*sin(dihedral(p1,p2,p3,p4))"
            )
            force.addBond(atoms, [])
        case "distance":
            force = openmm.CustomBondForce("r")
            force.addBond(*atoms, [])
        case _:
            force = openmm.CustomExternalForce("xyz"[descriptor.axis])
            force.addParticle(atoms[0], [])
    return force
