"""Shots made elsewhere, as every reader of this folder gives them, and what they must be.

A shot is a shooting point with the states in which half-shots from it ended. Points are structures,
or rows of a table of descriptors alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array, Frames, Mask, Rows
from mechanist.errors import DataError

LEAST_OUTCOMES, LEAST_EACH = 200, 20
"""Half-shots that ended in a state, and those in the rarer one: with fewer nothing is learned."""

LEAST_CHAINS = 10
"""With fewer chains, or none, blocks of consecutive shots stand for chains."""

NOT_SHOT = "not_shot"
"""End of a half-shot that was not made: of one-way shots, and of points with an odd number."""


@dataclass(frozen=True)
class OutsidePath:
    """A transition path.

    Parameters
    ----------
    shot
        Row of the shot that made it; of a first path that of the first shot from it.
    frames
        (F, N, 3) in nm, from A to B.
    weight
        Moves for which it was current.
    chain
        As of the shots.
    """

    shot: int
    frames: Frames
    weight: int = 1
    chain: int = 0


@dataclass(frozen=True)
class OutsideShots:
    """S shots from one or several files.

    Parameters
    ----------
    source
        Names of the files.
    ends
        (S, 2) A, B, too_long or not_shot.
    chain
        (S,) number of the chain; None if the files know none.
    weight
        (S,) times that each shot counts.
    accepted
        (S,) whether a shot gave a new path.
    points
        (S, N, 3) in nm, or None.
    names, values
        Descriptors (S, D) of a table without structures, or none.
    paths
        Transition paths, if there are structures of them.
    remarks
        What the report must say of these shots.
    """

    source: str
    ends: NDArray[Any]
    chain: Rows | None
    weight: Array
    accepted: Mask
    points: Frames | None = None
    names: tuple[str, ...] = ()
    values: Array | None = None
    paths: Sequence[OutsidePath] = ()
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ends)

    def rows(self, rows: Mask) -> "OutsideShots":
        """Some of the shots."""
        return replace(
            self,
            ends=self.ends[rows],
            chain=None if self.chain is None else self.chain[rows],
            weight=self.weight[rows],
            accepted=self.accepted[rows],
            points=None if self.points is None else self.points[rows],
            values=None if self.values is None else self.values[rows],
        )


def pairs(n_a: Rows, n_b: Rows) -> tuple[Rows, NDArray[Any]]:
    """Shots of two half-shots each for points with ``n_a`` and ``n_b`` outcomes (P,).

    Returns
    -------
    rows
        (S,) point of each shot.
    ends
        (S, 2); an odd number leaves one half that was not shot.
    """
    rows: list[int] = []
    ends: list[tuple[str, str]] = []
    for point, (a, b) in enumerate(zip(n_a.tolist(), n_b.tolist(), strict=True)):
        # In turn, so that shots of a point are alike.
        every = ["A"] * a + ["B"] * b
        half = (len(every) + 1) // 2
        second = every[half:] + [NOT_SHOT] * (2 * half - len(every))
        ends += zip(every[:half], second, strict=True)
        rows += [point] * half
    table = np.array(ends, dtype=object).reshape(-1, 2)
    return np.array(rows, dtype=np.int64), table


def joined(parts: Sequence[OutsideShots]) -> OutsideShots:
    """Shots of several files, whose chains are different ones.

    Raises
    ------
    DataError
        If the files do not have the same descriptors or number of atoms.
    """
    first = parts[0]
    for part in parts[1:]:
        if part.names != first.names:
            missing = [n for n in first.names if n not in part.names]
            more = [n for n in part.names if n not in first.names]
            differ = f"lacks {missing[0]!r}" if missing else f"has {more[0]!r}" if more else "order"
            raise DataError(part.source, f"other descriptors than {first.source}: {differ}")
        if (part.points is None) != (first.points is None) or (
            part.points is not None
            and first.points is not None
            and part.points.shape[1] != first.points.shape[1]
        ):
            raise DataError(part.source, f"other atoms than {first.source}")
    chains: list[Rows] = []
    paths: list[OutsidePath] = []
    begin = first_row = 0
    for part in parts:
        # Of a file without chains, the file is one.
        own = np.zeros(len(part), np.int64) if part.chain is None else part.chain
        chains.append(own + begin)
        paths += [replace(path, shot=path.shot + first_row) for path in part.paths]
        begin += int(own.max(initial=0)) + 1
        first_row += len(part)
    known = any(part.chain is not None for part in parts) or len(parts) > 1
    return replace(
        first,
        source=_names([Path(part.source) for part in parts]),
        ends=np.concatenate([part.ends for part in parts]),
        chain=np.concatenate(chains) if known else None,
        weight=np.concatenate([part.weight for part in parts]),
        accepted=np.concatenate([part.accepted for part in parts]),
        points=None if first.points is None else np.concatenate([p.points for p in parts]),
        values=None if first.values is None else np.concatenate([p.values for p in parts]),
        paths=paths,
        remarks=tuple(dict.fromkeys(remark for part in parts for remark in part.remarks)),
    )


def _names(files: Sequence[Path]) -> str:
    """Names of files, with their folders where names alone are not unique."""
    names = [file.name for file in files]
    if len(set(names)) < len(names):
        names = [f"{file.parent.name}/{file.name}" for file in files]
    return ", ".join(names)


def checked(shots: OutsideShots) -> OutsideShots:
    """The shots that say something, if they are enough.

    Raises
    ------
    DataError
        In one line, if a number is not finite, a weight negative, or there are too few outcomes.
    """
    for name, table in (("points", shots.points), ("descriptors", shots.values)):
        if table is not None:
            bad = np.argwhere(~np.isfinite(table.reshape(len(table), -1)))
            if len(bad):
                row, column = (int(number) for number in bad[0])
                what = shots.names[column] if shots.names else f"a coordinate of the {name}"
                raise DataError(shots.source, f"row {row + 1}: {what} is not finite")
    strange = np.flatnonzero(~(np.isfinite(shots.weight) & (shots.weight >= 0)))
    if len(strange):
        row = int(strange[0])
        raise DataError(shots.source, f"row {row + 1}: weight {shots.weight[row]:g}")
    ended = np.isin(shots.ends, ["A", "B"])
    kept = shots.rows((shots.weight > 0) & ended.any(axis=1))
    counts = {state: int((kept.ends == state).sum()) for state in ("A", "B")}
    total = sum(counts.values())
    if total < LEAST_OUTCOMES:
        raise DataError(
            shots.source,
            f"{total} half-shots ended in A or B; at least {LEAST_OUTCOMES} are needed",
        )
    for state, count in counts.items():
        if count < LEAST_EACH:
            raise DataError(
                shots.source,
                f"{count} of {total} half-shots ended in {state}; at least {LEAST_EACH} are needed",
            )
    return kept


def in_chains(shots: OutsideShots) -> tuple[OutsideShots, str]:
    """The shots in chains that are held out as a whole, counted from 0, and what these are.

    Neighbouring shots start from similar points. Without chains, or with few, blocks of consecutive
    shots stand for chains: shots in different blocks are the less alike, the longer the blocks are.
    """
    own = np.zeros(len(shots), np.int64) if shots.chain is None else shots.chain
    own = np.unique(own, return_inverse=True)[1]
    count = int(own.max()) + 1
    if count >= LEAST_CHAINS:
        return _with_chains(shots, own), f"{count} chains"
    blocks = -(-2 * LEAST_CHAINS // count)
    result = np.zeros(len(own), np.int64)
    for chain in range(count):
        here = np.flatnonzero(own == chain)
        result[here] = chain * blocks + np.arange(len(here)) * blocks // len(here)
    result = np.unique(result, return_inverse=True)[1]
    known = "there is only 1 chain" if count == 1 else f"there are only {count} chains"
    few = "no chains are known" if shots.chain is None else known
    total = int(result.max()) + 1
    text = f"{total} blocks of consecutive shots in the place of chains, since {few}"
    return _with_chains(shots, result), text


def _with_chains(shots: OutsideShots, chain: Rows) -> OutsideShots:
    last = len(chain) - 1
    paths = [replace(path, chain=int(chain[min(path.shot, last)])) for path in shots.paths]
    return replace(shots, chain=chain, paths=paths)
