"""Stacking of particles, constraints and virtual sites."""

from typing import Any
from xml.etree import ElementTree

from mechanist.systems.replicate.tile import Tile, plain, terms

SITES = (
    "TwoParticleAverageSite",
    "ThreeParticleAverageSite",
    "OutOfPlaneSite",
    "LocalCoordinatesSite",
)


def stack_particles(system: Any, tile: Tile, stacked: Any) -> None:
    """Add the masses, constraints and virtual sites of all copies to ``stacked``."""
    masses = terms(lambda i: [system.getParticleMass(i)], tile.size)
    constraints = terms(system.getConstraintParameters, system.getNumConstraints())
    for _ in range(tile.copies):
        for (mass,) in masses:
            stacked.addParticle(mass)
    for copy in range(tile.copies):
        first = copy * tile.size
        for i, j, distance in constraints:
            stacked.addConstraint(i + first, j + first, distance)
    _stack_sites(system, tile, stacked)


def refuse_sites(system: Any, layout: str) -> str | None:
    """A virtual site that cannot be stacked and why, or None."""
    symmetric = symmetry_sites(system)
    for i in site_indices(system):
        kind = type(system.getVirtualSite(i)).__name__
        if i not in symmetric and kind not in SITES:
            return f"{kind}: no way to stack it"
    if any(int(site["useBoxVectors"]) for site in symmetric.values()):
        return "SymmetrySite: uses the vectors of the periodic box"
    if symmetric and layout == "grid":
        # Its vector would differ between copies, and OpenMM's GPU platforms, which swap equal
        # molecules under a cutoff, ignore it.
        return "SymmetrySite: depends on absolute coordinates"
    return None


def site_indices(system: Any) -> list[int]:
    """Particles that are virtual sites."""
    return [i for i in range(system.getNumParticles()) if system.isVirtualSite(i)]


def symmetry_sites(system: Any) -> dict[int, dict[str, str]]:
    """Attributes of every SymmetrySite in the XML of the System, by particle.

    The Python layer of OpenMM 8.6 returns these sites without their type.
    """
    import openmm

    kinds = [type(system.getVirtualSite(i)).__name__ for i in site_indices(system)]
    if all(kind in SITES for kind in kinds):
        return {}
    tree = ElementTree.fromstring(openmm.XmlSerializer.serialize(system))
    found = ((i, p.find("SymmetrySite")) for i, p in enumerate(tree.iter("Particle")))
    return {i: dict(site.attrib) for i, site in found if site is not None}


def _stack_sites(system: Any, tile: Tile, stacked: Any) -> None:
    symmetric = symmetry_sites(system)
    for i in site_indices(system):
        site = system.getVirtualSite(i)
        for copy in range(tile.copies):
            first = copy * tile.size
            if i in symmetric:
                stacked.setVirtualSite(first + i, _symmetry_site(symmetric[i], first))
            else:
                stacked.setVirtualSite(first + i, _moved_site(site, first))


def _moved_site(site: Any, first: int) -> Any:
    """The same site on the particles of another copy, which starts at particle ``first``."""
    import openmm

    particles = [site.getParticle(k) + first for k in range(site.getNumParticles())]
    kind = type(site).__name__
    if kind == "TwoParticleAverageSite":
        weights = [site.getWeight(k) for k in range(2)]
        return openmm.TwoParticleAverageSite(*particles, *weights)
    if kind == "ThreeParticleAverageSite":
        weights = [site.getWeight(k) for k in range(3)]
        return openmm.ThreeParticleAverageSite(*particles, *weights)
    if kind == "OutOfPlaneSite":
        weights = [site.getWeight12(), site.getWeight13(), site.getWeightCross()]
        return openmm.OutOfPlaneSite(*particles, *weights)
    frame = [site.getOriginWeights(), site.getXWeights(), site.getYWeights()]
    (place,) = plain([site.getLocalPosition()])
    return openmm.LocalCoordinatesSite(particles, *frame, place)


def _symmetry_site(attributes: dict[str, str], first: int) -> Any:
    """A SymmetrySite from its XML, on a particle of the copy that starts at particle ``first``."""
    import openmm

    def vector(head: str) -> Any:
        return openmm.Vec3(*(float(attributes[f"{head}{axis}"]) for axis in "xyz"))

    rows = [vector("Rx"), vector("Ry"), vector("Rz")]
    return openmm.SymmetrySite(int(attributes["p"]) + first, *rows, vector("v"), False)
