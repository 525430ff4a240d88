"""The largest extent of a molecule, from its bonds."""

from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import SystemBuildError
from mechanist.systems.replicate.particles import site_indices
from mechanist.systems.replicate.tile import terms

STRETCH = 1.2
"""Factor for bonds that are longer than at rest."""
GROWTH = 3.0
"""Factor on the present extent for molecules that are not bonded to one another."""
SITE_ARM = 0.1
"""Distance in nm between a virtual site and the first particle that it depends on."""
SMALLEST = 0.5
"""Reach in nm of a single atom."""


def default_reach(system: Any, positions: Array | None = None) -> float:
    """Largest extent in nm that a copy may have in the layout ``grid``.

    The longest of the shortest paths between atoms along bonds and constraints at rest is as far as
    a molecule can be stretched; 20 % are added. Particles that are not bonded to one another have
    no such bound; then it is 3 times the extent of ``positions``, and at least the sum over the
    molecules. Copies that grow beyond it are caught by `within_reach`.

    Parameters
    ----------
    system
        OpenMM System of one copy.
    positions
        (N, 3) nm, a reference structure; may be left out if all particles are bonded together.

    Raises
    ------
    SystemBuildError
        If there are several molecules and no positions.
    """
    from scipy.sparse.csgraph import connected_components, shortest_path

    graph = _bonds(system)
    ways = shortest_path(graph, directed=False)
    molecules, member = connected_components(graph, directed=False)
    lengths = [ways[np.ix_(member == m, member == m)].max() for m in range(molecules)]
    extent = 0.0 if positions is None else _extent(positions)
    if molecules == 1:
        return float(max(STRETCH * lengths[0], STRETCH * extent, SMALLEST))
    if positions is None:
        raise SystemBuildError(
            "system.xml", f"{molecules} molecules that are not bonded together need a reach"
        )
    return float(max(GROWTH * extent, STRETCH * sum(lengths), SMALLEST))


def _bonds(system: Any) -> Any:
    """Lengths of bonds and constraints at rest in nm, as a sparse (N, N) matrix."""
    from scipy.sparse import coo_array

    edges = terms(system.getConstraintParameters, system.getNumConstraints())
    for force in system.getForces():
        if type(force).__name__ == "HarmonicBondForce":
            edges += [bond[:3] for bond in terms(force.getBondParameters, force.getNumBonds())]
    # A site is linked to one particle only; more links would be short cuts between them.
    edges += [[i, system.getVirtualSite(i).getParticle(0), SITE_ARM] for i in site_indices(system)]
    # A pair with a bond and a constraint counts once; the matrix would add them.
    unique = {(min(i, j), max(i, j)): length for i, j, length in edges}
    size = system.getNumParticles()
    rows = np.array(list(unique), dtype=np.int64).reshape(-1, 2)
    return coo_array((list(unique.values()), (rows[:, 0], rows[:, 1])), shape=(size, size)).tocsr()


def _extent(positions: Array) -> float:
    """Upper bound of the largest distance between two atoms in nm."""
    return float(np.linalg.norm(positions.max(axis=0) - positions.min(axis=0)))
