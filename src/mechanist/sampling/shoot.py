"""The work of one shooting job: many chains, each making the same number of moves.

Every chain makes all of its moves, so a shot that takes long is never dropped: dropping the last to
finish would favour short paths.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import chain

import numpy as np

from mechanist.engine.protocol import END_NAMES, Engine, ShotQueue
from mechanist.sampling.chain import Chains, CurrentPath, Shots
from mechanist.sampling.records import PATH_COLUMNS, SHOT_COLUMNS, Frames, Table

Progress = Callable[[int, int], None]
"""Called with shots done and shots to do."""


@dataclass(frozen=True)
class Harvest:
    """What a job has made: shots by chain and move, and the paths of each chain."""

    shots: Shots
    paths: dict[int, list[CurrentPath]]


def shoot(chains: Chains, engine: Engine, moves: int, progress: Progress) -> Harvest:
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
        Called after every batch of shots.
    """
    return gather(chains, shots_as_they_end(chains, engine, moves), moves, progress)


def gather(chains: Chains, made: Iterable[Shots], moves: int, progress: Progress) -> Harvest:
    """Put shots of `shoot` together as they end."""
    paths = {
        number: [path] for number, path in zip(chains.numbers.tolist(), chains.paths, strict=True)
    }
    done, batches = 0, []
    for shots in made:
        # Frames of halves that made no path are not kept.
        batches.append(replace(shots, halves=()))
        for number, path in zip(shots.chain.tolist(), shots.paths, strict=True):
            if path is not None:
                paths[number].append(path)
        done += len(shots)
        progress(done, moves * len(chains))
    return Harvest(join(batches), paths)


def shots_as_they_end(chains: Chains, engine: Engine, moves: int) -> Iterator[Shots]:
    """Shots of `shoot` in the order in which they end, ``moves`` of each chain."""
    last = chains.moves + moves
    queue = ShotQueue()
    queue.put(chains.propose(np.arange(len(chains))))
    for halves in engine.run(queue.take):
        finished = chains.told(halves)
        if finished is None:
            continue
        rows, shots = finished
        on = rows[chains.moves[rows] < last[rows]]
        if len(on):
            queue.put(chains.propose(on))
        yield shots


def join(batches: Sequence[Shots]) -> Shots:
    """All shots in one, by chain and move."""
    columns = {part.name: [getattr(b, part.name) for b in batches] for part in fields(Shots)}
    del columns["halves"]
    paths = list(chain.from_iterable(columns.pop("paths")))
    arrays = {name: np.concatenate(parts) for name, parts in columns.items()}
    order = np.lexsort([arrays["move"], arrays["chain"]])
    paths = [paths[i] for i in order.tolist()]
    return Shots(**{name: part[order] for name, part in arrays.items()}, paths=paths, halves=())


def shot_table(harvest: Harvest, number: int, worker: int, model: str) -> tuple[Table, Frames]:
    """Rows of `SHOT_COLUMNS` and the shooting points (S, N, 3)."""
    shots = harvest.shots
    weights = [0 if path is None else path.weight for path in shots.paths]
    names = END_NAMES[shots.ends]
    columns: Table = {
        "round": np.full(len(shots), number, dtype=np.int32),
        "worker": np.full(len(shots), worker, dtype=np.int32),
        "chain": shots.chain.astype(np.int32),
        "move": shots.move.astype(np.int32),
        "seed": shots.seed,
        "model": np.full(len(shots), model, dtype=object),
        "p_predicted": shots.p_predicted,
        "end_backward": names[:, 0],
        "end_forward": names[:, 1],
        "steps_backward": shots.steps[:, 0],
        "steps_forward": shots.steps[:, 1],
        "accepted": shots.accepted,
        "weight": np.array(weights, dtype=np.int64),
    }
    assert tuple(columns) == SHOT_COLUMNS
    return columns, shots.points.astype(np.float32)


def path_table(
    paths: dict[int, list[CurrentPath]], number: int, worker: int
) -> tuple[Table, list[Frames]]:
    """Rows of `PATH_COLUMNS`, by chain and move, and the frames of each path."""
    rows = [(of, path) for of, group in paths.items() for path in group]
    lengths = np.array([len(path.frames) for _, path in rows], dtype=np.int64)
    columns: Table = {
        "round": np.full(len(rows), number, dtype=np.int32),
        "worker": np.full(len(rows), worker, dtype=np.int32),
        "chain": np.array([of for of, _ in rows], dtype=np.int32),
        "move": np.array([path.move for _, path in rows], dtype=np.int32),
        "first_frame": np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64),
        "frames": lengths,
        "shooting_frame": np.array([path.shooting_frame for _, path in rows], dtype=np.int64),
        "weight": np.array([path.weight for _, path in rows], dtype=np.int64),
    }
    assert tuple(columns) == PATH_COLUMNS
    return columns, [path.frames for _, path in rows]
