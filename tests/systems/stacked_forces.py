"""Small forces of every kind with random parameters, and forces of stacked and of single copies."""

from collections.abc import Callable
from typing import Any

import numpy as np
import openmm

from mechanist.arrays import Array
from mechanist.systems.replicate import replicate, shifts

Rng = np.random.Generator

ATOMS = 9
COPIES = 3
REACH = 1.2
FORCES: dict[str, Callable[[Rng], Any]] = {}


def case(make: Callable[[Rng], Any]) -> Callable[[Rng], Any]:
    FORCES[make.__name__] = make
    return make


def bare_system() -> Any:
    system = openmm.System()
    for i in range(ATOMS):
        system.addParticle(1.0 + i)
    return system


def system_with(force: Any) -> Any:
    system = bare_system()
    system.addForce(force)
    return system


def geometries(rng: Rng, copies: int = COPIES, atoms: int = ATOMS) -> Array:
    """Different places of the atoms in each copy, (R, N, 3) nm, at least 0.17 nm apart."""
    lattice = 0.25 * (np.array(list(np.ndindex(3, 3, 3))) - 1)
    places = np.stack([rng.permutation(lattice)[:atoms] for _ in range(copies)])
    return np.asarray(places + rng.uniform(-0.04, 0.04, places.shape))


def energy_and_forces(
    system: Any, positions: Array, parameters: dict[str, float] | None = None
) -> tuple[float, Array]:
    """In kJ/mol and kJ/mol/nm, in double precision."""
    platform = openmm.Platform.getPlatformByName("Reference")
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform)
    context.setPositions(positions)
    for name, value in (parameters or {}).items():
        context.setParameter(name, value)
    state = context.getState(energy=True, forces=True)
    return state.getPotentialEnergy()._value, state.getForces(asNumpy=True)._value


def compare(
    system: Any,
    layout: str,
    positions: Array,
    reach: float = REACH,
    parameters: dict[str, float] | None = None,
) -> float:
    """Check the forces of every copy; gives the sum of energies of the stack less the copies."""
    copies = len(positions)
    stacked = replicate(system, copies, layout, reach)
    stacked = openmm.XmlSerializer.deserialize(openmm.XmlSerializer.serialize(stacked))
    moved = positions + shifts(system, copies, layout, reach)[:, None]
    energy, forces = energy_and_forces(stacked, moved.reshape(-1, 3), parameters)
    alone = [energy_and_forces(system, copy, parameters) for copy in positions]
    for own, (_, expected) in zip(forces.reshape(positions.shape), alone, strict=True):
        scale = np.abs(expected).max()
        assert scale > 0.01
        np.testing.assert_allclose(own, expected, rtol=0, atol=1e-6 * scale)
    return energy - sum(single for single, _ in alone)


def some(rng: Rng, arity: int, terms: int = 6) -> list[list[int]]:
    """Random particles, all different within a term."""
    return [rng.permutation(ATOMS)[:arity].tolist() for _ in range(terms)]


def table(rng: Rng) -> Any:
    return openmm.Continuous1DFunction(rng.normal(size=20), 0.0, 7.0)


@case
def harmonic_bond(rng: Rng) -> Any:
    force = openmm.HarmonicBondForce()
    for pair in some(rng, 2):
        force.addBond(*pair, rng.uniform(0.1, 0.3), rng.uniform(10, 100))
    return force


@case
def harmonic_angle(rng: Rng) -> Any:
    force = openmm.HarmonicAngleForce()
    for triple in some(rng, 3):
        force.addAngle(*triple, rng.uniform(1, 3), rng.uniform(10, 100))
    return force


@case
def periodic_torsion(rng: Rng) -> Any:
    force = openmm.PeriodicTorsionForce()
    for four in some(rng, 4):
        force.addTorsion(*four, int(rng.integers(1, 5)), rng.uniform(-3, 3), rng.uniform(1, 9))
    return force


@case
def rb_torsion(rng: Rng) -> Any:
    force = openmm.RBTorsionForce()
    for four in some(rng, 4):
        force.addTorsion(*four, *rng.normal(size=6).tolist())
    return force


@case
def cmap_torsion(rng: Rng) -> Any:
    force = openmm.CMAPTorsionForce()
    for _ in range(2):
        force.addMap(8, rng.normal(size=64))
    for k, eight in enumerate(some(rng, 8, 3)):
        force.addTorsion(k % 2, *eight)
    return force


@case
def custom_bond(rng: Rng) -> Any:
    force = openmm.CustomBondForce("scale*k*(r-r0)^4")
    force.addGlobalParameter("scale", 1.5)
    for name in ("k", "r0"):
        force.addPerBondParameter(name)
    for pair in some(rng, 2):
        force.addBond(*pair, rng.uniform(0.5, 2, 2))
    return force


@case
def custom_angle(rng: Rng) -> Any:
    force = openmm.CustomAngleForce("k*(theta-theta0)^4")
    for name in ("k", "theta0"):
        force.addPerAngleParameter(name)
    for triple in some(rng, 3):
        force.addAngle(*triple, rng.uniform(0.5, 2, 2))
    return force


@case
def custom_torsion(rng: Rng) -> Any:
    force = openmm.CustomTorsionForce("k*cos(2*theta-theta0)")
    for name in ("k", "theta0"):
        force.addPerTorsionParameter(name)
    for four in some(rng, 4):
        force.addTorsion(*four, rng.uniform(0.5, 2, 2))
    return force


@case
def compound_bond(rng: Rng) -> Any:
    force = openmm.CustomCompoundBondForce(3, "k*(distance(p1,p2)-b)^2 + bend(angle(p1,p2,p3))")
    for name in ("k", "b"):
        force.addPerBondParameter(name)
    force.addTabulatedFunction("bend", table(rng))
    for triple in some(rng, 3):
        force.addBond(triple, rng.uniform(0.5, 2, 2))
    return force


@case
def compound_bond_at_coordinates(rng: Rng) -> Any:
    text = "k*x1*y2+b*sin(z3)^2-x1^2+pointdistance(x1, y1,z1,x3,y3,z3)^2+u; u=1.e1*(x2-copy_x)^3"
    force = openmm.CustomCompoundBondForce(3, text)
    for name in ("k", "b", "copy_x"):
        force.addPerBondParameter(name)
    for triple in some(rng, 3):
        force.addBond(triple, rng.uniform(0.5, 2, 3))
    return force


@case
def centroid_bond(rng: Rng) -> Any:
    force = openmm.CustomCentroidBondForce(2, "k*(distance(g1,g2)-b)^2")
    for name in ("k", "b"):
        force.addPerBondParameter(name)
    for particles in some(rng, 4, 2):
        force.addGroup(particles)
    force.addGroup([0, 3, 4], [0.2, 0.3, 0.7])
    for pair in ([0, 1], [2, 1], [0, 2]):
        force.addBond(pair, rng.uniform(0.5, 2, 2))
    return force


@case
def centroid_bond_at_coordinates(rng: Rng) -> Any:
    force = openmm.CustomCentroidBondForce(2, "k*x1*y2 + z1^2")
    force.addPerBondParameter("k")
    for particles in some(rng, 4, 2):
        force.addGroup(particles)
    for pair in ([0, 1], [1, 0]):
        force.addBond(pair, rng.uniform(0.5, 2, 1))
    return force


@case
def external(rng: Rng) -> Any:
    force = openmm.CustomExternalForce("k*(x-x0)^2+depth*exp(-y^2)*step(z)*z^2+select(x,y,z)+1e1*x")
    force.addGlobalParameter("depth", 2.5)
    for name in ("k", "x0"):
        force.addPerParticleParameter(name)
    for i in range(ATOMS - 2):
        force.addParticle(i + 1, rng.uniform(0.5, 2, 2))
    return force


def filled(rng: Rng, expression: str) -> Any:
    force = openmm.CustomNonbondedForce(expression)
    for name in ("a", "b"):
        force.addPerParticleParameter(name)
    force.addGlobalParameter("lambda", 0.7)
    for _ in range(ATOMS):
        force.addParticle(rng.uniform(0.5, 2, 2))
    for pair in {tuple(sorted(pair)) for pair in some(rng, 2)}:
        force.addExclusion(*pair)
    # Without a cutoff this says nothing, and must not begin to do so.
    force.setUseSwitchingFunction(True)
    force.setSwitchingDistance(0.1)
    return force


@case
def custom_nonbonded(rng: Rng) -> Any:
    force = filled(rng, "lambda*s*exp(-r)/r; s=sqrt(a1*a2)+b1*b2")
    force.addEnergyParameterDerivative("lambda")
    return force


@case
def custom_nonbonded_in_groups(rng: Rng) -> Any:
    force = filled(rng, "a1*a2*exp(-r)/r+b1+b2")
    force.addInteractionGroup([0, 1, 2, 3], [2, 3, 4, 5])
    force.addInteractionGroup([1, 6], [2, 7, 8])
    return force


@case
def custom_nonbonded_with_table(rng: Rng) -> Any:
    force = filled(rng, "a1*a2*f(r)")
    force.addTabulatedFunction("f", table(rng))
    return force


@case
def custom_nonbonded_with_values(rng: Rng) -> Any:
    force = filled(rng, "c1*c2/r")
    force.addComputedValue("c", "a+lambda*b")
    force.addInteractionGroup([0, 1, 2, 3], [2, 3, 4, 5])
    return force


@case
def nonbonded(rng: Rng) -> Any:
    force = openmm.NonbondedForce()
    for _ in range(ATOMS):
        force.addParticle(rng.normal(), rng.uniform(0.1, 0.2), rng.uniform(0.1, 1))
    for k, pair in enumerate({tuple(sorted(pair)) for pair in some(rng, 2)}):
        scaled = (rng.normal(), rng.uniform(0.1, 0.2), rng.uniform(0.1, 1))
        force.addException(*pair, *(scaled if k % 2 else (0, 1, 0)))
    # Without a cutoff this says nothing, and must not begin to do so.
    force.setUseSwitchingFunction(True)
    force.setSwitchingDistance(0.1)
    return force


@case
def nonbonded_with_offsets(rng: Rng) -> Any:
    force = nonbonded(rng)
    force.addGlobalParameter("mu", 0.3)
    force.addGlobalParameter("lambda", 0.7)
    for i in (0, 4):
        force.addParticleParameterOffset("lambda", i, 0.5, 0.02, 0.3)
    force.addParticleParameterOffset("mu", 4, -0.5, 0.03, 0.1)
    for k in (0, 1):
        force.addExceptionParameterOffset("mu", k, 0.5, 0.02, 0.3)
    return force


@case
def gbsa(rng: Rng) -> Any:
    force = openmm.GBSAOBCForce()
    for _ in range(ATOMS):
        force.addParticle(rng.normal(), rng.uniform(0.1, 0.2), rng.uniform(0.7, 0.9))
    return force


@case
def custom_gb(rng: Rng) -> Any:
    force = openmm.CustomGBForce()
    for name in ("q", "radius"):
        force.addPerParticleParameter(name)
    force.addGlobalParameter("solvent", 78.5)
    force.addTabulatedFunction("overlap", table(rng))
    force.addComputedValue("I", "radius2*exp(-r/radius1)+0.1*overlap(r)", force.ParticlePair)
    force.addComputedValue("B", "1/(1/radius-0.1*tanh(I))", force.SingleParticle)
    force.addEnergyTerm("-70*(1-1/solvent)*q^2/B", force.SingleParticle)
    pair = "-139*(1-1/solvent)*q1*q2/sqrt(r^2+B1*B2*exp(-r^2/(4*B1*B2)))"
    force.addEnergyTerm(pair, force.ParticlePairNoExclusions)
    for _ in range(ATOMS):
        force.addParticle([rng.normal(), rng.uniform(0.1, 0.2)])
    for pair_ in {tuple(sorted(pair)) for pair in some(rng, 2)}:
        force.addExclusion(*pair_)
    return force
