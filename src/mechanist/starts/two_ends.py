"""From two structures to two states: MD in each, what tells them apart, intervals.

1. Both structures are minimised, and several short runs start from each.
2. The first frames, in which few runs have left their basin, tell which descriptor separates the
   basins, and give first intervals, the cores.
3. A frame of any run belongs to the core that its run visited last. Basins that are left for each
   other within few correlation times are one.
4. Descriptors and intervals are chosen again from all frames of each basin.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array, Mask
from mechanist.errors import SystemBuildError
from mechanist.starts.candidates import Candidate
from mechanist.starts.choice import NEARLY, Telling, chosen, examined, tightened
from mechanist.starts.density import inside, middle
from mechanist.starts.residence import Residence, correlation_time, pieces, residence
from mechanist.systems.descriptors.box import BoxVectors
from mechanist.systems.descriptors.descriptor_set import DescriptorSet

EARLY, FEWEST = (1 / 3, 1 / 10, 1 / 30), 8
"""Shares of each run from which the cores come, the first that tells the basins apart, and frames
at least."""

LIFETIME, SHORTEST = 10.0, 0.2
"""Basins are one if they are left for each other within fewer correlation times of the descriptor
that separates them, or within so many ps, on average."""

LEAST_SHARE = 0.5
"""Share of the frames of a basin that its state must hold."""

SLACK = {"rad": np.radians(20.0), "nm": 0.03}
"""Outside its state, as far as a structure may lie that was given for it."""

SIDES = ("A", "B")


@dataclass(frozen=True)
class End:
    """One of the two structures.

    Parameters
    ----------
    file
        Name, for messages.
    given, minimised
        Positions (N, 3) in nm.
    frames
        (R, F, N, 3) of MD from it.
    settled
        Frames at the beginning of each run that do not count for the intervals.
    box
        Vectors of its periodic box, or None.
    """

    file: str
    given: Array
    minimised: Array
    frames: Array
    settled: int = 0
    box: BoxVectors | None = None


@dataclass(frozen=True)
class TwoStates:
    """States that need no editing.

    Parameters
    ----------
    telling
        Descriptors with the intervals of both states.
    values
        For A and B: values (K, D) of these descriptors in the frames that count.
    shares
        Share of the frames that count that A and B hold.
    lifetimes
        For A and B in ps: mean time until a run enters the other state; infinite if none did.
    left
        How often A and B were left.
    sampled_ps
        MD that counts, for A and B.
    """

    telling: tuple[Telling, ...]
    values: tuple[Array, Array]
    shares: tuple[float, float]
    lifetimes: tuple[float, float]
    left: tuple[int, int]
    sampled_ps: tuple[float, float]


def two_states(
    candidates: Sequence[Candidate],
    ends: tuple[End, End],
    frame_ps: float,
    said: Callable[[str], None] = lambda text: None,
) -> TwoStates:
    """Find the states of two structures.

    Parameters
    ----------
    candidates
        Descriptors to choose from.
    ends
        The structures with their MD.
    frame_ps
        Time between two frames.
    said
        Called with what was found.

    Raises
    ------
    SystemBuildError
        If both are in one basin, or one of them is not in the basin that its MD samples.
    """
    descriptors = tuple(candidate.descriptor for candidate in candidates)
    values = [_values(descriptors, end) for end in ends]
    begin, centres = _cores(candidates, values, ends)
    columns = {id(candidate): i for i, candidate in enumerate(candidates)}
    runs = np.concatenate(values)
    stay = _residence(runs, begin, columns, len(values[0]))
    first = runs[..., columns[id(begin[0].candidate)]]
    for side in (0, 1):
        memory = frame_ps * correlation_time(pieces(first, stay.basins, side))
        _check_lifetime(ends, side, stay, memory, frame_ps)
    settled, basins = ends[0].settled, stay.basins[:, ends[0].settled :]
    kept = [runs[:, settled:][basins == side] for side in (0, 1)]
    found = examined(candidates, kept[0], kept[1], centres)
    # Over a low barrier only tighter intervals leave a gap.
    telling = chosen(found) or chosen(tightened(found, kept[0], kept[1], centres), NEARLY)
    if not telling:
        raise _one_basin(found, ends, candidates)
    picked = [columns[id(t.candidate)] for t in telling]
    shares = [float(held(kept[side][:, picked], telling, side).mean()) for side in (0, 1)]
    for side in (0, 1):
        _check_given(ends[side], telling, side)
        if shares[side] < LEAST_SHARE:
            raise SystemBuildError(
                ends[side].file,
                f"is in no stable basin: only {100 * shares[side]:.0f} % of its MD stays near"
                f" {_where(telling, side)}; give a structure of a stable state",
            )
    result = TwoStates(
        tuple(telling),
        (kept[0][:, picked], kept[1][:, picked]),
        (shares[0], shares[1]),
        (stay.lifetimes[0] * frame_ps, stay.lifetimes[1] * frame_ps),
        stay.leaves,
        (len(kept[0]) * frame_ps, len(kept[1]) * frame_ps),
    )
    _say(result, found, said)
    return result


def _cores(
    candidates: Sequence[Candidate], values: Sequence[Array], ends: tuple[End, End]
) -> tuple[list[Telling], tuple[Array, Array]]:
    """Cores from the first frames, and the middle (D,) of each basin in all descriptors."""
    found: list[Telling] = []
    for share in EARLY:
        count = max(FEWEST, round(share * values[0].shape[1]))
        early = [v[:, :count].reshape(-1, len(candidates)) for v in values]
        found = examined(candidates, early[0], early[1])
        begin = chosen(found, NEARLY)
        if begin:
            return begin, (_centres(candidates, early[0]), _centres(candidates, early[1]))
    raise _one_basin(found, ends, candidates)


def _residence(
    runs: Array, begin: Sequence[Telling], columns: dict[int, int], replicas: int
) -> Residence:
    """Basins of the frames of runs (2 R, F, D), of which the first R start in A."""
    picked = [columns[id(t.candidate)] for t in begin]
    flat = runs[..., picked].reshape(-1, len(picked))
    one, other = (held(flat, begin, side).reshape(runs.shape[:2]) for side in (0, 1))
    return residence((one, other), np.repeat([0, 1], replicas))


def _check_lifetime(
    ends: tuple[End, End], side: int, stay: Residence, memory: float, frame_ps: float
) -> None:
    """Refuse a basin that is left too soon; ``memory`` is its correlation time in ps."""
    lifetime = stay.lifetimes[side] * frame_ps
    if lifetime >= max(SHORTEST, LIFETIME * memory):
        return
    raise SystemBuildError(
        ends[side].file,
        f"MD goes from it to {ends[1 - side].file} within {lifetime:.2g} ps on average, less than"
        f" {LIFETIME:g} times the {memory:.2g} ps for which it remembers where it was: both are in"
        " one basin at this temperature; give structures of two basins",
    )


def held(values: Array, telling: Sequence[Telling], side: int) -> Mask:
    """Which rows of ``values`` (K, D), columns as ``telling``, lie in state A (0) or B (1)."""
    result = np.ones(len(values), dtype=np.bool_)
    for column, one in enumerate(telling):
        low, high = (one.a, one.b)[side]
        result &= inside(values[:, column], low, high, one.candidate.descriptor.periodic)
    return result


def _values(descriptors: tuple[object, ...], end: End) -> Array:
    """Values (R, F, D) in the MD of an end."""
    made = DescriptorSet(descriptors, end.box)  # type: ignore[arg-type]
    return np.stack([made.values(frames) for frames in end.frames])


def _centres(candidates: Sequence[Candidate], values: Array) -> Array:
    return np.array([middle(values[:, i], c.descriptor.periodic) for i, c in enumerate(candidates)])


def _one_basin(
    found: Sequence[Telling], ends: tuple[End, End], candidates: Sequence[Candidate]
) -> SystemBuildError:
    best = min(found, key=lambda telling: telling.overlap, default=None)
    text = "there is no torsion and no distance that could tell them apart"
    if best is not None:
        text = (
            f"MD from both visits the same values of all {len(candidates)} torsions and distances;"
            f" the least overlap is {best.overlap:.2f}, in {best.candidate.descriptor.name}"
        )
    moved = [note for end in ends if (note := _moved(end, candidates))]
    return SystemBuildError(
        ends[1].file,
        f"is in the same basin as {ends[0].file}: {text}{''.join('; ' + m for m in moved)}; give"
        " structures of two basins",
    )


def _moved(end: End, candidates: Sequence[Candidate]) -> str:
    """What minimisation changed most of an end that was at no minimum, or an empty text."""
    torsions = [c.descriptor for c in candidates if c.descriptor.periodic and c.rank < 4]
    if not torsions:
        return ""
    pair = np.stack([end.given, end.minimised])
    before, after = DescriptorSet(tuple(torsions), end.box).values(pair)
    change = np.abs(np.mod(after - before + np.pi, 2 * np.pi) - np.pi)
    worst = int(change.argmax())
    if change[worst] < SLACK["rad"]:
        return ""
    low, high = (f"{np.degrees(v[worst]):.0f}" for v in (before, after))
    return f"minimisation of {end.file} takes {torsions[worst].name} from {low} to {high} deg"


def _check_given(end: End, telling: Sequence[Telling], side: int) -> None:
    """Refuse an end whose structure lies outside the state that its MD samples."""
    made = DescriptorSet(tuple(t.candidate.descriptor for t in telling), end.box)
    row = made.values(end.given[None])[0]
    for value, one in zip(row.tolist(), telling, strict=True):
        descriptor = one.candidate.descriptor
        low, high = (one.a, one.b)[side]
        slack = SLACK[descriptor.unit]
        near = (low - slack, high + slack)
        whole = descriptor.periodic and near[1] - near[0] >= 2 * np.pi
        if whole or inside(np.array([value]), *near, descriptor.periodic)[0]:
            continue
        raise SystemBuildError(
            end.file,
            f"is no minimum: {descriptor.name} is {shown(value, descriptor.unit)} in it, and MD"
            f" from it stays at {_interval(one, side)}; give a structure at a minimum",
        )


def _where(telling: Sequence[Telling], side: int) -> str:
    return " and ".join(f"{t.candidate.descriptor.name} {_interval(t, side)}" for t in telling)


def _interval(telling: Telling, side: int) -> str:
    low, high = (telling.a, telling.b)[side]
    unit = telling.candidate.descriptor.unit
    return f"[{shown(low, unit)}, {shown(high, unit)}]"


def shown(value: float, unit: str) -> str:
    """A value with its unit, angles in degrees."""
    if unit == "rad":
        return f"{np.degrees(value):.0f} deg"
    return f"{value:.3f} {unit}"


def _say(result: TwoStates, first: Sequence[Telling], said: Callable[[str], None]) -> None:
    apart = sum(telling.separates() for telling in first)
    said(f"{apart} of {len(first)} torsions and distances tell A from B; chosen:")
    for one in result.telling:
        said(
            f"  {one.candidate.descriptor.name} ({one.candidate.kind}): overlap"
            f" {one.overlap:.3f}, A {_interval(one, 0)}, B {_interval(one, 1)}"
        )
    for side, name in enumerate(SIDES):
        text = (
            f"  {name} holds {100 * result.shares[side]:.0f} % of {result.sampled_ps[side]:.0f} ps"
        )
        if result.left[side]:
            after = f"{result.lifetimes[side]:.2g} ps on average"
            text += f"; left {result.left[side]} times, after {after}"
        said(text)
