"""What a run has stored of one shot, and how a regenerated shot compares with it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Frames
from mechanist.bookkeeping.job_files import WorkerFiles
from mechanist.bookkeeping.layout import Layout
from mechanist.engine.plan import Plan
from mechanist.errors import DataError
from mechanist.sampling.chains.current_path import CurrentPath
from mechanist.sampling.chains.shots import Shot
from mechanist.sampling.records.tables import (
    PATH_COLUMNS,
    SHOT_COLUMNS,
    Table,
    read_frames,
    read_notes,
    read_table,
)
from mechanist.sampling.records.thinning import Thinning, thinning_of


@dataclass(frozen=True)
class ShotRecord:
    """One row of the shots of a job, with the files beside it.

    Parameters
    ----------
    files
        Files of the job.
    row
        Row of the shot, counted from 0.
    shots, index
        The job's tables with `SHOT_COLUMNS` and `PATH_COLUMNS`.
    plan
        How the job was run.
    atoms
        Atoms of a frame.
    thinning
        How the paths of the job are stored; None: completely.
    resumed
        How often the job was resumed with other random noise than without the interruption.
    """

    files: WorkerFiles
    row: int
    shots: Table
    index: Table
    plan: Plan
    atoms: int
    thinning: Thinning | None = None
    resumed: int = 0

    def __getitem__(self, column: str) -> Any:
        return self.shots[column][self.row]

    @property
    def file(self) -> str:
        """The table that the row is in."""
        return str(self.files.shots)

    @property
    def round(self) -> int:
        """Round of the shot."""
        return int(self["round"])

    @property
    def worker(self) -> int:
        """Worker whose job made it."""
        return int(self["worker"])

    @property
    def chain(self) -> int:
        """Its chain."""
        return int(self["chain"])

    @property
    def move(self) -> int:
        """Number of the move in its chain."""
        return int(self["move"])

    @property
    def seed(self) -> int:
        """Seed of point, velocities and acceptance."""
        return int(self["seed"])

    @property
    def name(self) -> str:
        """The shot, for messages."""
        return f"round {self.round}, worker {self.worker}, chain {self.chain}, move {self.move}"

    @property
    def job_chains(self) -> int:
        """Chains of the job."""
        return len(np.unique(self.shots["chain"]))

    @property
    def job_moves(self) -> int:
        """Moves of each chain of the job."""
        return int(np.unique(self.shots["chain"], return_counts=True)[1].max())

    @property
    def point(self) -> Frames:
        """Shooting point (N, 3) in nm."""
        point: Frames = read_frames(self.files.points, self.atoms, self.row, 1)[0]
        return point

    def path_before(self) -> CurrentPath:
        """The path before the shot, from which its point was chosen."""
        # The first path of a chain is older than the job, whatever its move.
        rows = self._path_rows()
        earlier = rows[1:][self.index["move"][rows[1:]] < self.move]
        if self.thinning is not None:
            raise DataError(
                self.files.index,
                f"{self.name}: cannot be made alone, the path before it is stored in part"
                " (sampling.store)",
            )
        return self._path(int(earlier[-1]) if len(earlier) else int(rows[0]))

    def path(self) -> CurrentPath:
        """The path of an accepted shot."""
        rows = self._path_rows()[1:]
        found = rows[self.index["move"][rows] == self.move]
        if len(found) != 1:
            raise DataError(self.files.index, f"lacks the path of {self.name}")
        return self._path(int(found[0]))

    def _path_rows(self) -> NDArray[np.int64]:
        rows = np.flatnonzero(self.index["chain"] == self.chain)
        if len(rows) == 0:
            raise DataError(self.files.index, f"lacks the paths of chain {self.chain}")
        return rows

    def _path(self, row: int) -> CurrentPath:
        index = self.index
        first, count = int(index["first_frame"][row]), int(index["frames"][row])
        waters = None if self.thinning is None else self.thinning.waters
        atoms = self.atoms if waters is None else len(waters.kept_atoms)
        frames = read_frames(self.files.paths, atoms, first, count)
        names = ("move", "shooting_frame", "length")
        move, point, length = (int(index[name][row]) for name in names)
        return CurrentPath(frames, move, point, length=length)

    def check_model(self, model: str) -> None:
        """Raise a DataError for another model than the one that the shot was made with."""
        if model != self["model"]:
            raise DataError(
                self.file,
                f"{self.name}: the replay differs in model (row {self['model']!r},"
                f" replay {model!r})",
            )

    def differences_before(self, shot: Shot) -> list[str]:
        """Differences in what does not depend on noise; empty if there are none."""
        result = []
        # Single-precision networks: other machines may sum in another order.
        if not np.isclose(self["p_predicted"], shot.p_predicted, 1e-5, 1e-7, equal_nan=True):
            result.append(_difference("p_predicted", self["p_predicted"], shot.p_predicted))
        if not np.array_equal(self.point, shot.point):
            result.append(f"the shooting point ({self.files.points.name})")
        return result

    def differences(self, shot: Shot) -> list[str]:
        """Columns and frames in which a shot differs from the record, with both values."""
        values: dict[str, object] = {
            "end_backward": shot.ends[0],
            "end_forward": shot.ends[1],
            "steps_backward": shot.steps[0],
            "steps_forward": shot.steps[1],
            "seen_backward": shot.seen[0],
            "seen_forward": shot.seen[1],
            "accepted": shot.path is not None,
        }
        result = self.differences_before(shot)
        result += [
            _difference(name, self[name], new) for name, new in values.items() if self[name] != new
        ]
        if shot.path is not None and self["accepted"]:
            stored, again = self.path(), shot.path.frames
            if self.thinning is not None:
                again = self.thinning.reduce(again, self.move)
            if stored.shooting_frame != shot.path.shooting_frame or not np.array_equal(
                stored.frames[:], again[:]
            ):
                result.append(f"the frames of its path ({self.files.paths.name})")
        return result


def _difference(column: str, row: object, replay: object) -> str:
    return f"{column} (row {row}, replay {replay})"


def read_record(layout: Layout, address: tuple[int, int, int, int], atoms: int) -> ShotRecord:
    """Find a shot by round, worker, chain and move.

    Raises
    ------
    DataError
        If a file is missing or damaged, or there is no such shot.
    """
    number, worker, chain, move = address
    files = layout.round(number).worker(worker)
    if not files.shots.is_file():
        raise DataError(files.shots, f"the file is missing; {_jobs(layout, number)}")
    shots = read_table(files.shots, SHOT_COLUMNS)
    keys = np.stack([shots[name] for name in ("round", "worker", "chain", "move")], axis=1)
    rows = np.flatnonzero((keys == address).all(axis=1))
    if len(rows) != 1:
        chains, moves = (f"{shots[c].min()} to {shots[c].max()}" for c in ("chain", "move"))
        raise DataError(
            files.shots,
            f"has no shot of chain {chain}, move {move}; it has chains {chains}, moves {moves}",
        )
    try:
        notes = read_notes(files.shots)
        plan, resumed = Plan.of(notes), int(notes.get("resumed", 0))
    except (KeyError, ValueError):
        raise DataError(
            files.shots, "does not say which platform it was made on; delete it and run again"
        ) from None
    index = read_table(files.index, PATH_COLUMNS)
    thinning = thinning_of(read_notes(files.index), files.index)
    return ShotRecord(files, int(rows[0]), shots, index, plan, atoms, thinning, resumed)


def _jobs(layout: Layout, number: int) -> str:
    """Which jobs or rounds there are, for messages."""
    there = [files.folder.name.removeprefix("worker_") for files in layout.round(number).workers]
    if there:
        return f"round {number} has the jobs {', '.join(str(int(worker)) for worker in there)}"
    rounds = [n for n in layout.rounds() if layout.round(n).workers]
    return f"the rounds there are: {', '.join(map(str, rounds)) or 'none'}"
