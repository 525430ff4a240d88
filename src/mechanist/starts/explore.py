"""Basins from one structure: hot MD, minimised frames, clusters of their torsions."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mechanist.arrays import Array
from mechanist.engine.plan import Plan
from mechanist.errors import MechanistError, SystemBuildError
from mechanist.starts.basin_md import RunLength, basin_frames
from mechanist.starts.basins import Basin, Basins, clustered, differing
from mechanist.starts.candidates import Candidate, telling
from mechanist.systems.build.identity import centres_of, mirrored
from mechanist.systems.build.minimise import energy_of, minimise
from mechanist.systems.build.molecule import Molecule
from mechanist.systems.descriptors.box import box_of
from mechanist.systems.descriptors.descriptor_set import DescriptorSet
from mechanist.systems.descriptors.labels import topology_of
from mechanist.systems.prepared import Prepared

Log = Callable[[str], None]

CLASSICAL, LARGE, LAW = RunLength(8, 1.0, 50.0), RunLength(4, 1.0, 10.0), RunLength(4, 0.25, 4.0)
"""Hot MD: shorter for many atoms and under a force law."""

MANY = 1000
"""Atoms."""

MOST_MINIMA = 400
"""Frames that are minimised, at most; fewer in solvent and under a force law, see `_count`."""

SHOWN = 12
"""Basins that are listed, at most."""


@dataclass(frozen=True)
class Exploration:
    """How basins are looked for.

    Parameters
    ----------
    temperature
        In K.
    states
        Numbers of the basins that become A and B, from 1; None: they are only listed.
    length
        Of the hot MD; None: by the cost of a step.
    """

    temperature: float = 600.0
    states: tuple[int, int] | None = None
    length: RunLength | None = None


def explore(
    prepared: Prepared, molecule: Molecule, how: Exploration, plan: Plan, seed: int, said: Log
) -> Basins:
    """Look for basins by hot MD from a minimised structure.

    Parameters
    ----------
    prepared
        The system at the temperature of the run.
    molecule
        As built, for minimisations.
    how
        Temperature and length.
    plan, seed
        Of the MD.
    said
        Called with every step.

    Raises
    ------
    SystemBuildError
        If the MD explodes, or only one basin is found.
    """
    length = how.length or _length(molecule)
    said(
        f"exploring: {length.replicas} x {length.settle + length.sampled:g} ps of MD at"
        f" {how.temperature:g} K"
    )
    hot = replace(prepared, temperature=how.temperature)
    runs = basin_frames(hot, length, plan, seed, "exploration")
    runs = runs[:, round(length.settle / (prepared.timestep * prepared.stride)) :]
    frames = runs.reshape(-1, *runs.shape[2:])
    every = max(1, len(frames) // _count(prepared, molecule))
    frames = frames[::every]
    said(f"minimising {len(frames)} frames")
    minima, energies, kept = _minimised(frames, molecule, prepared, said)
    candidates = _candidates(molecule)
    descriptors = DescriptorSet(tuple(c.descriptor for c in candidates), box_of(molecule.system))
    values = descriptors.values(minima)
    labels = clustered(values, candidates)
    order = np.argsort(-np.bincount(labels), kind="stable")
    labels = np.argsort(order)[labels]
    found = []
    for number in range(len(order)):
        rows = np.flatnonzero(labels == number)
        best = rows[int(np.argmin(energies[rows]))]
        share = len(rows) / len(labels)
        found.append(Basin(minima[best], float(energies[best]), share, values[best]))
    if len(found) < 2:
        raise SystemBuildError(
            "exploration",
            f"found one basin only in {length.total:g} ps at {how.temperature:g} K; raise"
            " --explore-temperature, or give structures of both states by --from and --to",
        )
    shares = np.array([basin.share for basin in found])
    columns = differing(np.array([basin.values for basin in found]), shares, candidates)
    basins = Basins(
        tuple(replace(basin, values=basin.values[columns]) for basin in found),
        tuple(candidates[i] for i in columns),
        descriptors.values(frames[kept])[:, columns],
        labels,
        how.temperature,
    )
    for line in table(basins):
        said(line)
    return basins


def _length(molecule: Molecule) -> RunLength:
    if molecule.law is not None:
        return LAW
    return LARGE if len(molecule.positions) > MANY else CLASSICAL


def _count(prepared: Prepared, molecule: Molecule) -> int:
    """Frames to minimise, by what one costs."""
    if molecule.law is not None:
        return 60
    return max(40, min(MOST_MINIMA, 40_000 // prepared.atoms))


def effort(molecule: Molecule) -> tuple[float, int]:
    """Tolerance in kJ/mol/nm and steps of a minimisation: enough to tell a basin by its torsions.

    Energies of a force law have noise, on which a fine minimisation would not end.
    """
    return (1.0, 2000) if molecule.law is None else (50.0, 60)


def _candidates(molecule: Molecule) -> list[Candidate]:
    """Torsions of heavy atoms and of acid hydrogens; without any, distances."""
    every = telling(topology_of(molecule.topology))
    return [c for c in every if c.rank in (1, 2, 3)] or [c for c in every if c.rank == 5]


def _minimised(
    frames: Array, molecule: Molecule, prepared: Prepared, said: Log
) -> tuple[Array, Array, Array]:
    """Minima (K, N, 3), their energies (K,) in kJ/mol, and the frames (K,) that they come from.

    Frames in which a centre has turned into its mirror image, or that cannot be minimised, are left
    out.
    """
    centres, where = centres_of(molecule.topology), Path("exploration")
    minima, energies, kept = [], [], []
    turned = failed = 0
    for number, frame in enumerate(frames):
        if mirrored(centres, prepared.positions, frame) is not None:
            turned += 1
            continue
        try:
            start = frame.astype(np.float64)
            lowest = minimise(molecule.system, start, where, None, molecule.law, *effort(molecule))
        except MechanistError:
            failed += 1
            continue
        minima.append(lowest)
        energies.append(energy_of(molecule.system, lowest))
        kept.append(number)
    if turned:
        said(f"{turned} frames were left out: a centre has turned into its mirror image")
    if failed:
        said(f"{failed} frames were left out: they cannot be minimised")
    if not minima:
        raise SystemBuildError("exploration", "no frame could be minimised")
    return np.array(minima), np.array(energies), np.array(kept)


def table(basins: Basins, columns: int = 4) -> list[str]:
    """The basins as lines of a table: number, share, energy, the most telling descriptors."""
    shown = basins.telling[:columns]
    head = ["basin", "share", "energy", *(c.descriptor.name for c in shown)]
    lowest = min(basin.energy for basin in basins.found)
    rows = []
    for number, basin in enumerate(basins.found[:SHOWN], 1):
        cells = [str(number), f"{100 * basin.share:.1f} %", f"{basin.energy - lowest:.1f} kJ/mol"]
        for value, candidate in zip(basin.values, shown, strict=False):
            turns = candidate.descriptor.periodic
            cells.append(f"{np.degrees(value):.0f} deg" if turns else f"{value:.3f} nm")
        rows.append(cells)
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = [
        f"{len(basins.found)} basins at {basins.temperature:g} K, with the energy of their lowest"
        " minimum:"
    ]
    for row in [head, *rows]:
        cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)]
        lines.append("  " + "  ".join(cells).rstrip())
    if len(basins.found) > SHOWN:
        lines.append(f"  and {len(basins.found) - SHOWN} more")
    return lines
