"""Symmetry functions of many frames at once; equations in `mechanist.systems.descriptors.shapes`.

All functions of one centre and one set of atoms are computed together, so that they share
distances, factors exp(-eta (r - r_s)^2) and powers of 1 + lambda cos theta.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array, Counts, Positions, Rows
from mechanist.systems.descriptors.box import Cell
from mechanist.systems.descriptors.geometry import vectors_from
from mechanist.systems.descriptors.pair_sums import LOW, moment_sums, pair_sums
from mechanist.systems.descriptors.shapes import Angular, Radial, Shape

FRAMES = 64
"""Frames whose distances are computed at a time."""
WIDTHS = 16
"""Range of the Fermi function beyond the cutoff, in widths 1/alpha; there it is 1e-7."""
LIGHT = 1e-7
"""Atoms all of whose factors exp(...) fc in G5 are smaller are left out of its pairs."""


@dataclass(frozen=True)
class Member:
    """A column of the result: its centre, the atoms around it, and its parameters."""

    column: int
    centre: int
    others: tuple[int, ...]
    shape: Shape


@dataclass(frozen=True)
class SharedSite:
    """The functions of one centre, one set of atoms and one cutoff."""

    centre: int
    others: Rows
    cutoff: float
    steepness: float
    radial: tuple[tuple[int, Radial], ...]
    angular: tuple[tuple[int, Angular], ...]


def shared_sites(members: Sequence[Member]) -> list[SharedSite]:
    """Group symmetry functions by centre, atoms and cutoff."""
    groups: dict[tuple[int, tuple[int, ...], float, float], list[tuple[int, Radial]]] = {}
    for member in members:
        shape = member.shape
        assert isinstance(shape, Radial)
        key = (member.centre, member.others, shape.cutoff, shape.steepness)
        groups.setdefault(key, []).append((member.column, shape))
    return [
        SharedSite(
            centre,
            np.array(others, dtype=np.int64),
            cutoff,
            steepness,
            tuple((i, s) for i, s in shapes if not isinstance(s, Angular)),
            tuple((i, s) for i, s in shapes if isinstance(s, Angular)),
        )
        for (centre, others, cutoff, steepness), shapes in groups.items()
    ]


def fill(site: SharedSite, positions: Positions, cell: Cell | None, result: Array) -> None:
    """Write the symmetry functions of a site into their columns.

    Parameters
    ----------
    site
        From `shared_sites`.
    positions
        (F, N, 3) in nm.
    cell
        The periodic box.
    result
        (F, D), of which the columns of its functions are written.
    """
    for start in range(0, len(positions), FRAMES):
        rows = slice(start, start + FRAMES)
        cells = None if cell is None else cell.part(rows)
        steps = vectors_from(positions[rows], site.centre, site.others, cells)
        square = steps[0] ** 2 + steps[1] ** 2 + steps[2] ** 2
        near = square < (site.cutoff + WIDTHS / site.steepness) ** 2
        counts = near.sum(axis=1)
        lengths = np.sqrt(square[near])
        fermi = 1 / (1 + np.exp(site.steepness * (lengths - site.cutoff)))
        if site.radial:
            _fill_radial(site, lengths, fermi, counts, result[rows])
        if site.angular:
            ways = np.stack([step[near] for step in steps], axis=1) / lengths[:, None]
            _fill_angular(site, lengths, ways, fermi, counts, result[rows])


def _frames(counts: Counts) -> Iterator[slice]:
    """For each frame the rows of its atoms."""
    ends = np.cumsum(counts)
    return (slice(end - count, end) for end, count in zip(ends, counts, strict=True))


def _bells(shells: Sequence[tuple[float, float]], lengths: Array, fermi: Array) -> Array:
    """Factors exp(-eta (r - r_s)^2) fc(r) of atoms (M,) for each (eta, r_s): (M, S)."""
    eta, shift = np.array(shells).T
    bells: Array = np.exp(-eta * (lengths[:, None] - shift) ** 2)
    bells *= fermi[:, None]
    return bells


def _fill_radial(
    site: SharedSite, lengths: Array, fermi: Array, counts: Counts, result: Array
) -> None:
    bells = _bells([(s.eta, s.shift) for _, s in site.radial], lengths, fermi)
    columns = [i for i, _ in site.radial]
    norms = np.array([s.norm for _, s in site.radial])
    for row, atoms in enumerate(_frames(counts)):
        result[row, columns] = bells[atoms].sum(axis=0) / norms


def _fill_angular(
    site: SharedSite,
    lengths: Array,
    ways: Array,
    fermi: Array,
    counts: Counts,
    result: Array,
) -> None:
    shells = list(dict.fromkeys((s.eta, s.shift) for _, s in site.angular))
    powers = list(dict.fromkeys((s.sign, s.zeta) for _, s in site.angular))
    bells = _bells(shells, lengths, fermi)
    heavy = bells.max(axis=1) > LIGHT
    of_frame = np.repeat(np.arange(len(counts)), counts)[heavy]
    frames = list(_frames(np.bincount(of_frame, minlength=len(counts))))
    weights, ways = bells[heavy], ways[heavy]
    sums = np.empty((len(counts), len(powers), len(shells)))
    low = [i for i, (_, zeta) in enumerate(powers) if zeta <= LOW]
    high = [i for i, (_, zeta) in enumerate(powers) if zeta > LOW]
    if low:
        sums[:, low] = moment_sums(ways, weights, frames, [powers[i] for i in low])
    if high:
        sums[:, high] = pair_sums(ways, weights, frames, [powers[i] for i in high])
    for column, s in site.angular:
        found = sums[:, powers.index((s.sign, s.zeta)), shells.index((s.eta, s.shift))]
        result[:, column] = found / s.norm
