"""Many copies of one System in one."""

from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import SystemBuildError
from mechanist.systems.replicate import grid
from mechanist.systems.replicate.particles import refuse_sites, stack_particles, symmetry_sites
from mechanist.systems.replicate.reach import default_reach
from mechanist.systems.replicate.rules import RULES, kind, refusal, uses_coordinates
from mechanist.systems.replicate.tile import Tile


def why_not(system: Any, layout: str = "pairs") -> str | None:
    """Why a System cannot be stacked in a layout; None if it can.

    Returns
    -------
    str or None
        One line that names the force or the virtual site, and the reason.

    Raises
    ------
    SystemBuildError
        If there is no such layout.
    """
    grid.check_layout(layout)
    reasons = (refusal(force, layout) for force in system.getForces())
    return next((reason for reason in reasons if reason is not None), refuse_sites(system, layout))


def analytic(system: Any) -> bool:
    """Whether a System is a model potential: external fields alone, no constraints."""
    fields = all(kind(force) == "CustomExternalForce" for force in system.getForces())
    return fields and system.getNumConstraints() == 0


def anchored(system: Any) -> bool:
    """Whether forces depend on absolute coordinates, so that a copy must not be moved."""
    return any(map(uses_coordinates, system.getForces())) or bool(symmetry_sites(system))


def shifts(system: Any, copies: int, layout: str = "pairs", reach: float | None = None) -> Array:
    """The shift that `replicate` expects in the coordinates of each copy.

    Parameters
    ----------
    system
        OpenMM System of one copy.
    copies
        Number of copies, R.
    layout
        One of `LAYOUTS`.
    reach
        In nm, for the layout ``grid``: the largest extent that a copy may have; by default
        `default_reach` of the System.

    Returns
    -------
    array
        (R, 3) nm; zeros in the layout ``pairs``.

    Raises
    ------
    SystemBuildError
        If there is no such layout, or no default for the reach.
    """
    grid.check_layout(layout)
    if layout == "pairs":
        return np.zeros((copies, 3))
    return grid.points(copies, _reach(system, reach))


def replicate(system: Any, copies: int, layout: str = "pairs", reach: float | None = None) -> Any:
    """Stack ``copies`` independent copies of ``system``.

    Particle ``i`` of copy ``c`` becomes particle ``c * N + i``. Copies share global parameters.
    In the layout ``pairs`` the nonbonded pairs of each copy become bonds, and nothing is shifted.
    In the layout ``grid`` copy ``c`` belongs at ``shifts(...)[c]``; nonbonded forces get a cutoff
    longer than the copy and shorter than the distance to the next one. There an engine must check
    `within_reach` at every frame, and single precision loses digits far from 0; see `grid`.

    Parameters
    ----------
    system
        OpenMM System of one copy.
    copies
        Number of copies.
    layout
        One of `LAYOUTS`.
    reach
        In nm, as for `shifts`.

    Returns
    -------
    openmm.System
        It can be written as XML.

    Raises
    ------
    SystemBuildError
        If `why_not` returns a reason, or the number of copies or the reach is invalid.
    """
    reason = why_not(system, layout)
    if reason is not None:
        raise SystemBuildError("system.xml", f"{reason} (layout {layout!r})")
    if copies < 1:
        raise SystemBuildError("engine", f"copies: {copies}: must be at least 1")
    import openmm

    cutoff = grid.cutoff(_reach(system, reach)) if layout == "grid" else 0.0
    tile = Tile(system.getNumParticles(), layout, shifts(system, copies, layout, reach), cutoff)
    stacked = openmm.System()
    stack_particles(system, tile, stacked)
    for force in system.getForces():
        for whole in RULES[kind(force)].stack(force, tile):
            stacked.addForce(whole)
    return stacked


def _reach(system: Any, reach: float | None) -> float:
    found = default_reach(system) if reach is None else reach
    if not (np.isfinite(found) and found > 0):
        raise SystemBuildError("engine", f"reach: {found}: must be a length above 0 in nm")
    return found
