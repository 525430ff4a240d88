"""Which forces can be stacked, and how."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mechanist.systems.replicate import solvent
from mechanist.systems.replicate.custom_nonbonded import custom_nonbonded, refuse_custom_nonbonded
from mechanist.systems.replicate.expression import used
from mechanist.systems.replicate.listed import (
    cmap_torsions,
    coordinate_names,
    listed,
    placed,
    refuse_placed,
)
from mechanist.systems.replicate.nonbonded import nonbonded, refuse_nonbonded
from mechanist.systems.replicate.tile import Tile


def _never(force: Any, layout: str) -> str | None:
    return None


@dataclass(frozen=True)
class Rule:
    """How one kind of force is stacked.

    Parameters
    ----------
    stack
        Returns the forces of all copies.
    refuse
        Returns why a force cannot be stacked in a layout, or None.
    """

    stack: Callable[[Any, Tile], list[Any]]
    refuse: Callable[[Any, str], str | None] = _never


PLACED = {
    "CustomCompoundBondForce": "Bond",
    "CustomCentroidBondForce": "Bond",
    "CustomExternalForce": "Particle",
}
"""Forces whose expressions may use absolute coordinates, and what their terms are."""

RULES = {
    "HarmonicBondForce": Rule(listed("Bond", 2)),
    "HarmonicAngleForce": Rule(listed("Angle", 3)),
    "PeriodicTorsionForce": Rule(listed("Torsion", 4)),
    "RBTorsionForce": Rule(listed("Torsion", 4)),
    "CMAPTorsionForce": Rule(cmap_torsions),
    "CustomBondForce": Rule(listed("Bond", 2)),
    "CustomAngleForce": Rule(listed("Angle", 3)),
    "CustomTorsionForce": Rule(listed("Torsion", 4)),
    "NonbondedForce": Rule(nonbonded, refuse_nonbonded),
    "CustomNonbondedForce": Rule(custom_nonbonded, refuse_custom_nonbonded),
    "GBSAOBCForce": Rule(solvent.gbsa, solvent.refuse_gbsa),
    "CustomGBForce": Rule(solvent.custom_gb, solvent.refuse_custom_gb),
} | {name: Rule(placed(term), refuse_placed(term)) for name, term in PLACED.items()}

_COUPLES = "acts on all particles at once, so it would couple the copies"
REFUSALS = {
    "CMMotionRemover": "would remove the centre-of-mass motion of all copies together",
    "AndersenThermostat": "acts besides the integrator, which has its own thermostat",
    "MonteCarloBarostat": "changes the box, which all copies would share",
    "MonteCarloAnisotropicBarostat": "changes the box, which all copies would share",
    "MonteCarloFlexibleBarostat": "changes the box, which all copies would share",
    "MonteCarloMembraneBarostat": "changes the box, which all copies would share",
    "RPMDMonteCarloBarostat": "changes the box, which all copies would share",
    "CustomVolumeForce": "depends on the box, which all copies would share",
    "CustomCVForce": "is a function of sums over all particles, so it would couple the copies",
    "RMSDForce": _COUPLES,
    "RGForce": _COUPLES,
    "OrientationRestraintForce": _COUPLES,
}


def kind(force: Any) -> str:
    """The class of a force, whatever its name."""
    name = type(force).__name__
    # Forces of plugins without a Python layer have no class here.
    return str(force.getName()) if name == "Force" else name


def refusal(force: Any, layout: str) -> str | None:
    """Why a force cannot be stacked, beginning with its kind, or None."""
    name = kind(force)
    if name not in RULES:
        return f"{name}: {REFUSALS.get(name, 'no way to stack it')}"
    if force.usesPeriodicBoundaryConditions():
        return f"{name}: uses a periodic box"
    reason = RULES[name].refuse(force, layout)
    return None if reason is None else f"{name}: {reason}"


def uses_coordinates(force: Any) -> bool:
    """Whether a force depends on absolute coordinates, so that moving a copy changes it."""
    return kind(force) in PLACED and used(force.getEnergyFunction(), coordinate_names(force))
