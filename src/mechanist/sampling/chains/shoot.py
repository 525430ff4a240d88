"""The work of one shooting job: many chains, each making the same number of moves.

Every chain makes all of its moves, so a shot that takes long is never dropped: dropping the last to
finish would favour short paths.
"""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from mechanist.arrays import Frames
from mechanist.bookkeeping.progress import Progress
from mechanist.engine.half_shots import END_NAMES
from mechanist.engine.protocol import Engine, Rest
from mechanist.engine.under_way import UnderWay
from mechanist.sampling.chains.chain import Chains
from mechanist.sampling.chains.current_path import CurrentPath
from mechanist.sampling.chains.moves import Harvest, Moves
from mechanist.sampling.chains.shots import Shots
from mechanist.sampling.records.checkpoint import Checkpoint
from mechanist.sampling.records.tables import PATH_COLUMNS, SHOT_COLUMNS, Table
from mechanist.sampling.records.thinning import Thinning


def shoot(
    chains: Chains,
    engine: Engine,
    moves: int,
    progress: Progress,
    checkpoint: Checkpoint | None = None,
    notes: Mapping[str, str] | None = None,
) -> Harvest:
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
    checkpoint
        Keeps the state of the job, and goes on from what an earlier process has left; the engine
        must then be of the same shape.
    notes
        What the checkpoint notes of the job.
    """
    work = Moves(chains, moves)
    begun = None if checkpoint is None else checkpoint.begin(work, notes or {})
    return gather(work, made(work, engine, checkpoint, begun), progress)


def gather(work: Moves, made: Iterable[Shots], progress: Progress) -> Harvest:
    """Put shots of `shoot` together as they end."""
    for shots in made:
        work.add(shots)
        progress(work.done, work.total)
    return work.harvest()


def shots_as_they_end(chains: Chains, engine: Engine, moves: int) -> Iterator[Shots]:
    """Shots of `shoot` in the order in which they end, ``moves`` of each chain."""
    return made(Moves(chains, moves), engine)


def made(
    work: Moves, engine: Engine, rest: Rest | None = None, begun: UnderWay | None = None
) -> Iterator[Shots]:
    """Shots of a job as they end, from its beginning or from what is under way."""
    chains, queue = work.chains, work.queue
    if begun is None:
        queue.put(chains.propose(np.arange(len(chains))))
    for halves in engine.run(queue.take, rest, begun, chains.early_stop):
        finished = chains.on_finished(halves)
        if finished is None:
            continue
        rows, shots = finished
        on = rows[chains.moves[rows] < work.last[rows]]
        if len(on):
            queue.put(chains.propose(on))
        yield shots


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
        "watched": shots.watched,
        "seen_backward": shots.seen[:, 0],
        "seen_forward": shots.seen[:, 1],
        "accepted": shots.accepted,
        "weight": np.array(weights, dtype=np.int64),
    }
    assert tuple(columns) == SHOT_COLUMNS
    return columns, shots.points.astype(np.float32)


def path_table(
    paths: dict[int, list[CurrentPath]], number: int, worker: int, thinning: Thinning | None = None
) -> tuple[Table, list[Frames]]:
    """Rows of `PATH_COLUMNS`, by chain and move, and the frames of each path that are stored."""
    rows = [(of, path) for of, group in paths.items() for path in group]
    stored = [
        path.frames if thinning is None else thinning.reduce(path.frames, path.move)
        for _, path in rows
    ]
    counts = np.array([len(frames) for frames in stored], dtype=np.int64)
    columns: Table = {
        "round": np.full(len(rows), number, dtype=np.int32),
        "worker": np.full(len(rows), worker, dtype=np.int32),
        "chain": np.array([of for of, _ in rows], dtype=np.int32),
        "move": np.array([path.move for _, path in rows], dtype=np.int32),
        "first_frame": np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64),
        "frames": counts,
        "length": np.array([len(path.frames) for _, path in rows], dtype=np.int64),
        "shooting_frame": np.array([path.shooting_frame for _, path in rows], dtype=np.int64),
        "weight": np.array([path.weight for _, path in rows], dtype=np.int64),
    }
    assert tuple(columns) == PATH_COLUMNS
    return columns, stored
