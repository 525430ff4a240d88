"""From two structures to two states: MD in each, what tells them apart, intervals.

1. Both structures are minimised, and several short runs start from each.
2. The first third of the frames, in which no run has had the time to go far, tells which descriptor
   separates the basins, and gives first intervals.
3. A run has left its basin once it enters the first intervals of the other; later frames do not
   count. Basins that are left within a few ps on average are one.
4. Descriptors and intervals are chosen again from all frames that count.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array, Mask
from mechanist.errors import SystemBuildError
from mechanist.starts.candidates import Candidate
from mechanist.starts.choice import Telling, chosen, examined
from mechanist.starts.density import inside, middle
from mechanist.systems.descriptors.box import BoxVectors
from mechanist.systems.descriptors.descriptor_set import DescriptorSet

EARLY = 1 / 3
"""Share of each run from which the first intervals come."""

LIFETIME = 3.0
"""ps; basins that are left for each other within less on average are one."""

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
    box
        Vectors of its periodic box, or None.
    """

    file: str
    given: Array
    minimised: Array
    frames: Array
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
        Runs that left A and B, of how many.
    replicas
        Runs from each.
    sampled_ps
        MD that counts, for A and B.
    """

    telling: tuple[Telling, ...]
    values: tuple[Array, Array]
    shares: tuple[float, float]
    lifetimes: tuple[float, float]
    left: tuple[int, int]
    replicas: int
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
    replicas, length = values[0].shape[:2]
    early = [v[:, : max(1, round(EARLY * length))].reshape(-1, len(candidates)) for v in values]
    first = examined(candidates, early[0], early[1])
    begin = chosen(first)
    if not begin:
        raise _one_basin(first, ends, candidates)
    columns = {id(candidate): i for i, candidate in enumerate(candidates)}
    kept, left, lifetimes = [], [], []
    for side in (0, 1):
        ages = _ages(values[side], begin, columns, 1 - side)
        left.append(int((ages < length).sum()))
        time = float(ages.sum()) * frame_ps
        lifetimes.append(time / left[side] if left[side] else float("inf"))
        kept.append(np.concatenate([v[:age] for v, age in zip(values[side], ages, strict=True)]))
        if lifetimes[side] < LIFETIME:
            raise SystemBuildError(
                ends[side].file,
                f"MD goes from it to {ends[1 - side].file} within {lifetimes[side]:.1f} ps on"
                f" average ({left[side]} of {replicas} runs): both are in one basin at this"
                " temperature; give structures of two basins",
            )
    centres = tuple(_centres(candidates, part) for part in early)
    found = examined(candidates, kept[0], kept[1], (centres[0], centres[1]))
    telling = chosen(found)
    if not telling:
        raise _one_basin(found, ends, candidates)
    for side in (0, 1):
        _check_given(ends[side], telling, side)
    picked = [columns[id(t.candidate)] for t in telling]
    shares = [float(held(kept[side][:, picked], telling, side).mean()) for side in (0, 1)]
    for side in (0, 1):
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
        (lifetimes[0], lifetimes[1]),
        (left[0], left[1]),
        replicas,
        (len(kept[0]) * frame_ps, len(kept[1]) * frame_ps),
    )
    _say(result, first, said)
    return result


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


def _ages(values: Array, begin: Sequence[Telling], columns: dict[int, int], other: int) -> Array:
    """Frames (R,) of each run before it enters the first intervals of the other basin."""
    picked = [columns[id(t.candidate)] for t in begin]
    ages = []
    for run in values:
        there = held(run[:, picked], begin, other)
        ages.append(int(there.argmax()) if there.any() else len(run))
    return np.array(ages)


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
    torsions = [c.descriptor for c in candidates if c.descriptor.periodic and c.rank < 3]
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
    apart = sum(telling.separates for telling in first)
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
            text += (
                f"; {result.left[side]} of {result.replicas} runs left it, after"
                f" {result.lifetimes[side]:.0f} ps on average"
            )
        said(text)
