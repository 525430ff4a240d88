"""Which descriptors tell two basins apart, and the interval of each basin in them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mechanist.arrays import Array
from mechanist.starts.candidates import Candidate
from mechanist.starts.density import core, distance, inside, middle, overlap

APART = 0.05
"""Overlap of two densities up to which a descriptor tells them apart."""

NEARLY = 0.15
"""The same for the first frames, where a run may have left its basin already, and for basins
between which runs go to and fro over a low barrier."""

COMPACT = 0.1
"""Overlap up to which a further descriptor keeps the states compact."""

LEVELS = (0.1, 0.05, 0.02)
"""Shares of its highest density that an interval reaches down to: 2.3, 3.0 or 3.9 kT above the
minimum. The first that holds `MOST_FRAMES` of the frames is taken, else the first."""

TIGHTER = (0.2, 0.35, 0.5)
"""The same where intervals of A and B would else be closer than `LEAST_GAP`: over a low barrier."""

MOST_FRAMES = 0.95
"""Share of the frames of a basin that an interval should hold, parts of the basin included that
the runs visit over a low barrier."""

UNCUT = 0.8
"""Share of the frames of a basin that an interval holds unless it cuts the basin in two."""

MOST = 2
"""Descriptors of a state: the one that tells most, and one that keeps the state compact."""

ANGLE_STEP, LENGTH_STEP = np.radians(5.0), 0.005
"""rad and nm; ends of intervals are rounded outwards to multiples."""

LEAST_GAP = {"rad": np.radians(15.0), "nm": 0.02}
"""Between the intervals of A and B of a descriptor that separates them."""

Ends = tuple[float, float]


@dataclass(frozen=True)
class Telling:
    """A descriptor with its intervals in both basins.

    Parameters
    ----------
    candidate
        The descriptor.
    overlap
        Of its densities in the MD of both, 0 to 1.
    a, b
        Intervals in rad or nm.
    held
        Share of the frames of each basin that its interval holds, of the basin with the smaller.
    """

    candidate: Candidate
    overlap: float
    a: Ends
    b: Ends
    held: float

    @property
    def whole(self) -> bool:
        """Whether no interval cuts its basin, as it would the two turns of a phenyl ring."""
        return self.held >= UNCUT

    @property
    def gap(self) -> float:
        """Between the intervals, in rad or nm; negative if they meet."""
        return distance(self.a, self.b, self.candidate.descriptor.periodic)

    @property
    def contrast(self) -> float:
        """The gap in units of the mean width of the intervals."""
        widths = self.a[1] - self.a[0] + self.b[1] - self.b[0]
        return self.gap / max(0.5 * widths, 1e-9)

    def separates(self, most: float = APART) -> bool:
        """Whether the basins are apart in this descriptor alone, with an overlap up to ``most``."""
        return self.overlap <= most and self.gap >= LEAST_GAP[self.candidate.descriptor.unit]


def examined(
    candidates: Sequence[Candidate], a: Array, b: Array, centres: tuple[Array, Array] | None = None
) -> list[Telling]:
    """Overlap and intervals of every candidate.

    Parameters
    ----------
    candidates
        D of them.
    a, b
        Values (F, D) and (G, D) in the MD of both basins.
    centres
        Values (D,) in each basin from which its interval is grown; None: the medians.
    """
    found = []
    for column, candidate in enumerate(candidates):
        one, other = a[:, column], b[:, column]
        turns = candidate.descriptor.periodic
        middles = (
            (middle(one, turns), middle(other, turns))
            if centres is None
            else (float(centres[0][column]), float(centres[1][column]))
        )
        parts = list(zip((one, other), middles, strict=True))
        ends = [interval(values, centre, turns) for values, centre in parts]
        shares = [
            float(inside(values, *own, turns).mean())
            for (values, _), own in zip(parts, ends, strict=True)
        ]
        found.append(Telling(candidate, overlap(one, other, turns), ends[0], ends[1], min(shares)))
    return found


def tightened(
    found: Sequence[Telling], a: Array, b: Array, centres: tuple[Array, Array]
) -> list[Telling]:
    """The same with intervals tight enough to leave a gap, if any are; see `examined`."""
    result = []
    for column, telling in enumerate(found):
        turns = telling.candidate.descriptor.periodic
        least = LEAST_GAP[telling.candidate.descriptor.unit]
        parts = (a[:, column], centres[0][column]), (b[:, column], centres[1][column])
        for level in TIGHTER:
            if telling.overlap > NEARLY or telling.gap >= least:
                break
            one, other = (
                rounded(core(values, float(centre), level, turns), turns)
                for values, centre in parts
            )
            telling = replace(telling, a=one, b=other)
        result.append(telling)
    return result


def chosen(found: Sequence[Telling], most: float = APART) -> list[Telling]:
    """The descriptors of the states, at most `MOST`; none if no descriptor separates the basins.

    The first is of the most readable kind that separates at all, and of these the one with the
    widest gap. The second, which keeps the states compact, is of the same kind, turns about another
    bond, and has hardly an overlap; its intervals need no gap. Descriptors whose intervals cut a
    basin in two are taken only where no other separates the basins.
    """
    apart = [telling for telling in found if telling.separates(most)]
    apart = [telling for telling in apart if telling.whole] or apart
    if not apart:
        return []
    rank = min(telling.candidate.rank for telling in apart)
    result = [max((t for t in apart if t.candidate.rank == rank), key=lambda t: t.contrast)]
    further = [t for t in found if t.candidate.rank == rank and t.overlap <= COMPACT and t.whole]
    for telling in sorted(further, key=lambda t: -t.contrast):
        if len(result) == MOST:
            break
        if _independent(telling, result):
            result.append(telling)
    return result


def interval(values: Array, centre: float, periodic: bool) -> Ends:
    """The interval of a basin in one descriptor, around ``centre``, of values (F,)."""
    found = [rounded(core(values, centre, level, periodic), periodic) for level in LEVELS]
    for ends in found:
        if inside(values, *ends, periodic).mean() >= MOST_FRAMES:
            return ends
    return found[0]


def _independent(telling: Telling, others: Sequence[Telling]) -> bool:
    """Whether a descriptor says more than those that are chosen: torsions of other bonds."""
    own = telling.candidate.descriptor
    if own.kind != "torsion":
        return all(set(own.atoms) != set(t.candidate.descriptor.atoms) for t in others)
    return all(set(own.atoms[1:3]) != set(t.candidate.descriptor.atoms[1:3]) for t in others)


def rounded(ends: Ends, periodic: bool) -> Ends:
    """Ends of an interval, outwards to a multiple of the step."""
    step = ANGLE_STEP if periodic else LENGTH_STEP
    low = float(np.floor(round(ends[0] / step, 6)) * step)
    high = float(np.ceil(round(ends[1] / step, 6)) * step)
    if periodic and high - low >= 2 * np.pi:
        return -np.pi, np.pi
    turns = round(2 * np.pi * np.floor((low + np.pi + 1e-6) / (2 * np.pi)), 12) if periodic else 0.0
    return low - turns, high - turns
