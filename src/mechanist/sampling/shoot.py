"""The work of one shooting job: many chains, each making the same number of moves.

Every chain makes all of its moves, so a shot that takes long is never dropped: dropping the last to
finish would favour short paths.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from mechanist.engine.protocol import Engine, HalfShot
from mechanist.sampling.chain import Chain, CurrentPath, Shot
from mechanist.sampling.records import PATH_COLUMNS, SHOT_COLUMNS, Frames, Table

Progress = Callable[[int, int], None]
"""Called with shots done and shots to do."""


@dataclass
class Harvest:
    """What a job has made: shots in the order in which they ended, and the paths of each chain."""

    shots: list[Shot] = field(default_factory=list)
    paths: dict[int, list[CurrentPath]] = field(default_factory=dict)


def shoot(chains: Sequence[Chain], engine: Engine, moves: int, progress: Progress) -> Harvest:
    """Let every chain make ``moves`` moves.

    Parameters
    ----------
    chains
        Their paths are taken as they are and move on.
    engine
        Runs the half-shots.
    moves
        Moves a chain.
    progress
        Called after every shot.
    """
    harvest = Harvest(paths={chain.number: [chain.path] for chain in chains})
    for shot in shots_as_they_end(chains, engine, moves):
        harvest.shots.append(shot)
        if shot.path is not None:
            harvest.paths[shot.chain].append(shot.path)
        progress(len(harvest.shots), moves * len(chains))
    harvest.shots.sort(key=lambda shot: (shot.chain, shot.move))
    return harvest


def shots_as_they_end(chains: Sequence[Chain], engine: Engine, moves: int) -> Iterator[Shot]:
    """Shots of `shoot` in the order in which they end, ``moves`` of each chain."""
    by_number = {chain.number: chain for chain in chains}
    last = {chain.number: chain.move + moves for chain in chains}
    queue: deque[HalfShot] = deque()
    for chain in chains:
        queue.extend(chain.propose())
    for half in engine.run(lambda: queue.popleft() if queue else None):
        chain = by_number[half.key // 2]
        shot = chain.told(half)
        if shot is None:
            continue
        if chain.move < last[chain.number]:
            queue.extend(chain.propose())
        yield shot


def shot_table(harvest: Harvest, number: int, worker: int, model: str) -> tuple[Table, Frames]:
    """Rows of `SHOT_COLUMNS` and the shooting points (S, N, 3)."""
    shots = harvest.shots
    weights = {
        (chain, path.move): path.weight for chain, paths in harvest.paths.items() for path in paths
    }
    accepted = np.array([shot.path is not None for shot in shots])
    columns: Table = {
        "round": np.full(len(shots), number, dtype=np.int32),
        "worker": np.full(len(shots), worker, dtype=np.int32),
        "chain": np.array([s.chain for s in shots], dtype=np.int32),
        "move": np.array([s.move for s in shots], dtype=np.int32),
        "seed": np.array([s.seed for s in shots], dtype=np.int64),
        "model": np.array([model] * len(shots), dtype=object),
        "p_predicted": np.array([s.p_predicted for s in shots], dtype=np.float64),
        "end_backward": np.array([s.backward.reason for s in shots], dtype=object),
        "end_forward": np.array([s.forward.reason for s in shots], dtype=object),
        "steps_backward": np.array([s.backward.steps for s in shots], dtype=np.int64),
        "steps_forward": np.array([s.forward.steps for s in shots], dtype=np.int64),
        "accepted": accepted,
        "weight": np.array(
            [weights[s.chain, s.move] if s.path else 0 for s in shots], dtype=np.int64
        ),
    }
    assert tuple(columns) == SHOT_COLUMNS
    return columns, np.array([shot.point for shot in shots], dtype=np.float32)


def path_table(harvest: Harvest, number: int, worker: int) -> tuple[Table, list[Frames]]:
    """Rows of `PATH_COLUMNS`, by chain and move, and the frames of each path."""
    rows = [(chain, path) for chain, paths in harvest.paths.items() for path in paths]
    lengths = np.array([len(path.frames) for _, path in rows], dtype=np.int64)
    columns: Table = {
        "round": np.full(len(rows), number, dtype=np.int32),
        "worker": np.full(len(rows), worker, dtype=np.int32),
        "chain": np.array([chain for chain, _ in rows], dtype=np.int32),
        "move": np.array([path.move for _, path in rows], dtype=np.int32),
        "first_frame": np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64),
        "frames": lengths,
        "shooting_frame": np.array([path.shooting_frame for _, path in rows], dtype=np.int64),
        "weight": np.array([path.weight for _, path in rows], dtype=np.int64),
    }
    assert tuple(columns) == PATH_COLUMNS
    return columns, [path.frames for _, path in rows]
