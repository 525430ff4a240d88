"""Every kind of force, stacked: the forces on each copy are those of the copy alone."""

from typing import Any

import numpy as np
import openmm
import pytest

from mechanist.errors import SystemBuildError
from mechanist.systems.replicate import LAYOUTS, replicate, why_not
from mechanist.systems.replicate.grid import cutoff

from . import stacked_forces as small

COULOMB = 138.93545764438198
ONLY_GRID = ("gbsa", "custom_gb")
SHIFTED = ("nonbonded", "nonbonded_with_offsets", "gbsa")


def allowed() -> list[tuple[str, str]]:
    return [
        (name, layout)
        for name in small.FORCES
        for layout in LAYOUTS
        if not (layout == "pairs" and name in ONLY_GRID)
    ]


@pytest.mark.parametrize(("name", "layout"), allowed())
def test_forces_and_energy(name: str, layout: str) -> None:
    rng = np.random.default_rng(20261120)
    system = small.system_with(small.FORCES[name](rng))
    assert why_not(system, layout) is None
    excess = small.compare(system, layout, small.geometries(rng))
    if layout == "pairs" or name not in SHIFTED:
        assert abs(excess) < 1e-6


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ["custom_nonbonded", "nonbonded_with_offsets", "external"])
def test_global_parameters(name: str, layout: str) -> None:
    rng = np.random.default_rng(3)
    system = small.system_with(small.FORCES[name](rng))
    parameter = "depth" if name == "external" else "lambda"
    positions = small.geometries(rng)
    small.compare(system, layout, positions, parameters={parameter: 1.3})
    _, one = small.energy_and_forces(system, positions[0])
    _, other = small.energy_and_forces(system, positions[0], {parameter: 1.3})
    assert np.abs(one - other).max() > 0.01


def test_energy_of_cut_coulomb() -> None:
    """Each pair that is no exception gets -q_i q_j / (4 pi eps0 cutoff)."""
    rng = np.random.default_rng(4)
    force = small.nonbonded(rng)
    charges = [force.getParticleParameters(i)[0]._value for i in range(small.ATOMS)]
    exceptions = [set(force.getExceptionParameters(k)[:2]) for k in range(force.getNumExceptions())]
    products = sum(
        charges[i] * charges[j]
        for j in range(small.ATOMS)
        for i in range(j)
        if {i, j} not in exceptions
    )
    excess = small.compare(small.system_with(force), "grid", small.geometries(rng))
    expected = -small.COPIES * COULOMB * products / cutoff(small.REACH)
    assert excess == pytest.approx(expected, rel=1e-8)


def test_energy_of_cut_gbsa() -> None:
    """Each pair gets +(1/eps_in - 1/eps_out) q_i q_j / (4 pi eps0 cutoff)."""
    rng = np.random.default_rng(5)
    force = small.gbsa(rng)
    charges = np.array([force.getParticleParameters(i)[0]._value for i in range(small.ATOMS)])
    products = 0.5 * (charges.sum() ** 2 - (charges**2).sum())
    excess = small.compare(small.system_with(force), "grid", small.geometries(rng))
    screening = 1 / force.getSoluteDielectric() - 1 / force.getSolventDielectric()
    expected = small.COPIES * COULOMB * screening * products / cutoff(small.REACH)
    assert excess == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_all_forces_in_one_system(layout: str) -> None:
    rng = np.random.default_rng(6)
    system = small.bare_system()
    for number, make in enumerate(small.FORCES.values()):
        force = make(rng)
        force.setForceGroup(number % 32)
        force.setName(f"the {number}th")
        if why_not(small.system_with(openmm.XmlSerializer.clone(force)), layout) is None:
            system.addForce(force)
    small.compare(system, layout, small.geometries(rng))
    stacked = replicate(system, 2, layout, small.REACH)
    kept = {(force.getName(), force.getForceGroup()) for force in stacked.getForces()}
    assert kept == {(force.getName(), force.getForceGroup()) for force in system.getForces()}


def test_derivative_is_the_sum_over_copies() -> None:
    rng = np.random.default_rng(7)
    system = small.system_with(small.custom_nonbonded(rng))
    positions = small.geometries(rng)

    def derivative(of: Any, where: Any) -> float:
        platform = openmm.Platform.getPlatformByName("Reference")
        context = openmm.Context(of, openmm.VerletIntegrator(0.001), platform)
        context.setPositions(where)
        state = context.getState(parameterDerivatives=True)
        return float(state.getEnergyParameterDerivatives()["lambda"])

    stacked = derivative(replicate(system, small.COPIES), positions.reshape(-1, 3))
    assert stacked == pytest.approx(sum(derivative(system, copy) for copy in positions))


def test_one_copy_is_the_system() -> None:
    rng = np.random.default_rng(8)
    system = small.system_with(small.harmonic_bond(rng))
    same = openmm.XmlSerializer.serialize(replicate(system, 1))
    assert same == openmm.XmlSerializer.serialize(system)


def periodic(force: Any) -> Any:
    force.setUsesPeriodicBoundaryConditions(True)
    return force


def cut(force: Any) -> Any:
    force.setNonbondedMethod(force.CutoffNonPeriodic)
    return force


def named(force: Any, name: str) -> Any:
    force.addGlobalParameter(name, 1.0)
    return force


def doubled() -> Any:
    """Two offsets by one parameter: the last one counts on Reference, the sum on CPU."""
    force = named(openmm.NonbondedForce(), "lambda")
    for charge in (1, 2):
        force.addParticleParameterOffset("lambda", 3, charge, 0, 0)
    return force


def renamed_remover() -> Any:
    force = openmm.CMMotionRemover()
    force.setName("HarmonicBondForce")
    return force


REFUSED = [
    (openmm.CMMotionRemover(), "both", "CMMotionRemover: would remove the centre-of-mass motion"),
    (renamed_remover(), "both", "CMMotionRemover: would remove the centre-of-mass motion"),
    (openmm.MonteCarloBarostat(1, 300), "both", "MonteCarloBarostat: changes the box"),
    (openmm.AndersenThermostat(300, 1), "both", "AndersenThermostat: acts besides the integrator"),
    (openmm.CustomCVForce("0"), "both", "CustomCVForce: is a function of sums over all particles"),
    (openmm.RMSDForce([[0, 0, 0]] * 9), "both", "RMSDForce: acts on all particles at once"),
    (openmm.CustomHbondForce("0"), "both", "CustomHbondForce: no way to stack it"),
    (openmm.DrudeForce(), "both", "DrudeForce: no way to stack it"),
    (cut(openmm.NonbondedForce()), "both", "NonbondedForce: has a cutoff"),
    (cut(openmm.CustomNonbondedForce("r")), "both", "CustomNonbondedForce: has a cutoff"),
    (cut(openmm.GBSAOBCForce()), "both", "GBSAOBCForce: has a cutoff"),
    (periodic(openmm.HarmonicBondForce()), "both", "HarmonicBondForce: uses a periodic box"),
    (periodic(openmm.CustomTorsionForce("0")), "both", "CustomTorsionForce: uses a periodic box"),
    (openmm.GBSAOBCForce(), "pairs", "GBSAOBCForce: an implicit solvent needs the layout 'grid'"),
    (openmm.CustomGBForce(), "pairs", "CustomGBForce: an implicit solvent needs the layout 'grid'"),
    (doubled(), "pairs", "NonbondedForce: two offsets of particle 3 by 'lambda'"),
    (named(openmm.NonbondedForce(), "r"), "pairs", "NonbondedForce: the global parameter 'r'"),
    (named(openmm.NonbondedForce(), "a b"), "pairs", "NonbondedForce: the global parameter 'a b'"),
    (
        openmm.CustomExternalForce("x+y; x=3"),
        "grid",
        "CustomExternalForce: its expression gives 'x' a meaning of its own",
    ),
    (
        named(openmm.CustomCompoundBondForce(2, "x1"), "x1"),
        "grid",
        "CustomCompoundBondForce: its expression gives 'x1' a meaning of its own",
    ),
]


@pytest.mark.parametrize(("force", "where", "message"), REFUSED, ids=lambda part: str(part)[:40])
def test_refused(force: Any, where: str, message: str) -> None:
    system = small.bare_system()
    system.addForce(small.harmonic_bond(np.random.default_rng(9)))
    system.addForce(openmm.XmlSerializer.clone(force))
    for layout in LAYOUTS:
        reason = why_not(system, layout)
        if where in ("both", layout):
            assert reason is not None
            assert reason.startswith(message)
            with pytest.raises(SystemBuildError, match=r"system\.xml: \w+: .*layout") as caught:
                replicate(system, 2, layout, small.REACH)
            assert reason in str(caught.value)
        else:
            assert reason is None


def test_refused_coordinates_in_implicit_solvent() -> None:
    force = openmm.CustomGBForce()
    force.addEnergyTerm("x^2", force.SingleParticle)
    reason = why_not(small.system_with(force), "grid")
    assert reason == "CustomGBForce: its expressions use absolute coordinates"


def test_refused_arguments() -> None:
    system = small.system_with(small.nonbonded(np.random.default_rng(10)))
    with pytest.raises(SystemBuildError, match="layout: 'heap': must be 'pairs' or 'grid'"):
        replicate(system, 2, "heap")
    with pytest.raises(SystemBuildError, match="copies: 0: must be at least 1"):
        replicate(system, 0)
    with pytest.raises(SystemBuildError, match=r"9 molecules .* need a reach"):
        replicate(system, 2, "grid")
    with pytest.raises(SystemBuildError, match="reach: -1: must be a length above 0"):
        replicate(system, 2, "grid", reach=-1)
