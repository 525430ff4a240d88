"""Model potentials as OpenMM Systems: particles in external fields, no interactions."""

from typing import Any

from mechanist.errors import SystemBuildError
from mechanist.settings.system import PotentialSettings

AXES = ("x", "y", "z")


def build_potential(settings: PotentialSettings) -> tuple[Any, Any, Any]:
    """Topology, positions and System of one copy of a model potential.

    Coordinate ``d`` is axis ``d % 3`` of particle ``d // 3``. Coordinates that the potential does
    not use are harmonic, so that they stay bounded.

    Raises
    ------
    SystemBuildError
        If OpenMM cannot read the expression.
    """
    import openmm
    from openmm import app, unit

    particles = max(1, -(-(settings.dimensions + settings.idle_dimensions) // 3))
    system = openmm.System()
    topology = app.Topology()
    residue = topology.addResidue("POT", topology.addChain())
    for i in range(particles):
        system.addParticle(settings.mass)
        topology.addAtom(f"X{i}", app.Element.getBySymbol("Ar"), residue)

    half = 0.5 * settings.idle_stiffness
    unused = "".join(f"+{half}*{axis}^2" for axis in AXES[settings.dimensions :])
    # After a semicolon OpenMM reads definitions of what the energy is made of.
    energy, *definitions = settings.expression.rstrip("; \n").split(";")
    main = openmm.CustomExternalForce("; ".join([f"({energy}){unused}", *definitions]))
    main.addParticle(0, [])
    system.addForce(main)
    if particles > 1:
        idle = openmm.CustomExternalForce(f"{half}*(x^2+y^2+z^2)")
        for i in range(1, particles):
            idle.addParticle(i, [])
        system.addForce(idle)

    start = list(settings.start) + [0.0] * (3 - settings.dimensions)
    positions = [start] + [[0.0, 0.0, 0.0]] * (particles - 1)
    _check(system, positions, settings.expression)
    return topology, positions * unit.nanometer, system


def _check(system: Any, positions: list[list[float]], expression: str) -> None:
    import openmm

    platform = openmm.Platform.getPlatformByName("Reference")
    try:
        context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform)
        context.setPositions(positions)
        context.getState(energy=True)
    except openmm.OpenMMException as error:
        raise SystemBuildError(
            "system.yaml", f"potential.expression: {expression!r}: {error}"
        ) from None
