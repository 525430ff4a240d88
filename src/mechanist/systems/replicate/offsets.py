"""NonbondedForce with parameter offsets as bonds.

An offset adds (global parameter) x (scale) to the charge, sigma or epsilon of a particle or of an
exception. The combining rules act on the sums, so a bond has the values of both particles.
"""

from collections import Counter
from itertools import combinations
from typing import Any

from mechanist.systems.replicate.names import add_globals, global_names
from mechanist.systems.replicate.tile import Tile, repeat, terms

PREFIX = "pair_"
VALUES = ("charge", "sigma", "epsilon")
BOTH = tuple(f"{value}{side}" for side in (1, 2) for value in VALUES)

Row = tuple[float, ...]
Entry = tuple[int, int, Row]


def particle_offsets(force: Any) -> list[list[Any]]:
    """Offsets of particles: [global parameter, particle, three scales]."""
    return terms(force.getParticleParameterOffset, force.getNumParticleParameterOffsets())


def exception_offsets(force: Any) -> list[list[Any]]:
    """Offsets of exceptions: [global parameter, exception, three scales]."""
    return terms(force.getExceptionParameterOffset, force.getNumExceptionParameterOffsets())


def refuse_offsets(force: Any) -> str | None:
    """Why the offsets of this NonbondedForce cannot become bonds, or None."""
    kinds = {"particle": particle_offsets(force), "exception": exception_offsets(force)}
    for kind, offsets in kinds.items():
        for (name, index), times in Counter((o[0], o[1]) for o in offsets).items():
            # OpenMM's platforms disagree here: the last one counts, or the sum.
            if times > 1:
                return f"two offsets of {kind} {index} by {name!r}"
    return None


def offset_bonds(force: Any, tile: Tile, coulomb: float) -> list[Any]:
    """The pairs and the exceptions of a NonbondedForce with offsets, as two CustomBondForces.

    Parameters
    ----------
    coulomb
        1 / (4 pi eps0) in kJ nm / (mol e^2).
    """
    energy = f"{coulomb}*{PREFIX}qq/r + 4*{PREFIX}e*({PREFIX}s^12-{PREFIX}s^6)"
    pairs = (
        f"{energy}; {PREFIX}qq=({_sum(force, 'charge1')})*({_sum(force, 'charge2')});"
        f"{PREFIX}s=0.5*({_sum(force, 'sigma1')}+{_sum(force, 'sigma2')})/r;"
        f"{PREFIX}e=sqrt(({_sum(force, 'epsilon1')})*({_sum(force, 'epsilon2')}))"
    )
    exceptions = (
        f"{energy}; {PREFIX}qq={_sum(force, 'charge')};"
        f"{PREFIX}s=({_sum(force, 'sigma')})/r; {PREFIX}e={_sum(force, 'epsilon')}"
    )
    return [
        _bonds(force, tile, pairs, BOTH, _pair_entries(force)),
        _bonds(force, tile, exceptions, VALUES, _exception_entries(force)),
    ]


def _names(force: Any, value: str) -> list[str]:
    """Bond parameters of one value: the value itself, then its scale for each global parameter."""
    return [PREFIX + value, *(f"{PREFIX}{value}_{k}" for k in range(len(global_names(force))))]


def _sum(force: Any, value: str) -> str:
    """A value with its offsets, for example ``pair_charge1+lambda*pair_charge1_0``."""
    own, *scales = _names(force, value)
    parts = zip(global_names(force), scales, strict=True)
    return "+".join([own, *(f"{name}*{scale}" for name, scale in parts)])


def _bonds(
    force: Any, tile: Tile, energy: str, values: tuple[str, ...], entries: list[Entry]
) -> Any:
    import openmm

    whole = openmm.CustomBondForce(energy)
    for value in values:
        for name in _names(force, value):
            whole.addPerBondParameter(name)
    add_globals(force, whole)
    for i, j, parameters in entries:
        whole.addBond(i, j, parameters)
    repeat(entries, 2, tile, whole.addBond)
    whole.setForceGroup(force.getForceGroup())
    whole.setName(force.getName())
    return whole


def _rows(force: Any, base: list[Row], offsets: list[list[Any]]) -> list[Row]:
    """For each particle or exception the values of `_names` of charge, sigma and epsilon."""
    names = global_names(force)
    width = 1 + len(names)
    table = [[0.0] * (len(VALUES) * width) for _ in base]
    for row, values in zip(table, base, strict=True):
        row[::width] = values
    for name, index, *scales in offsets:
        table[index][1 + names.index(name) :: width] = scales
    return [tuple(row) for row in table]


def _pair_entries(force: Any) -> list[Entry]:
    base = terms(force.getParticleParameters, force.getNumParticles())
    rows = _rows(force, [tuple(values) for values in base], particle_offsets(force))
    apart = {frozenset(e[:2]) for e in _exceptions(force)}
    pairs = combinations(range(len(rows)), 2)
    return [(i, j, rows[i] + rows[j]) for i, j in pairs if frozenset((i, j)) not in apart]


def _exception_entries(force: Any) -> list[Entry]:
    exceptions = _exceptions(force)
    base = [tuple(e[2:]) for e in exceptions]
    rows = _rows(force, base, exception_offsets(force))
    width = len(rows[0]) // len(VALUES) if rows else 0
    # Charges and epsilons that are 0 and stay 0 are exclusions.
    return [
        (e[0], e[1], row)
        for e, row in zip(exceptions, rows, strict=True)
        if any(row[:width]) or any(row[2 * width :])
    ]


def _exceptions(force: Any) -> list[list[Any]]:
    return terms(force.getExceptionParameters, force.getNumExceptions())
