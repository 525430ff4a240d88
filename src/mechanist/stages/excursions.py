"""Stage ``excursions``: shots that are spread evenly from A to B."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Frames, NamedArrays
from mechanist.bookkeeping.journal import MD, SHOOTING, Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.bookkeeping.progress import Progress, reporter
from mechanist.committor.even_windows import even_windows
from mechanist.committor.gather import gather_full_paths
from mechanist.engine.choose import make_engine
from mechanist.engine.half_shots import END_NAMES
from mechanist.engine.plan import POOL, Plan
from mechanist.engine.protocol import Engine
from mechanist.sampling.chains.current_path import CurrentPath
from mechanist.sampling.chains.moves import Moves
from mechanist.sampling.chains.selection import shootable
from mechanist.sampling.chains.shoot import gather, made
from mechanist.sampling.chains.shots import Shots
from mechanist.sampling.excursions.excursions import (
    EXCURSION_COLUMNS,
    EvenWindows,
    ExcursionChains,
    Reservoir,
    make_reservoir,
)
from mechanist.sampling.excursions.files import run_frames
from mechanist.sampling.excursions.windows import flattened, windows_of
from mechanist.sampling.jobs import identity, plan_of
from mechanist.sampling.records.checkpoint import Checkpoint, checkpointed
from mechanist.sampling.records.tables import PathTable, Table, write_frames, write_table
from mechanist.sampling.streams import shot_seed, thermal_velocities
from mechanist.settings.config import Config
from mechanist.systems.prepared import Prepared, load

EXCURSION_STREAM = 2**36
"""Chain numbers from here on are chains of excursions."""

LESSONS = (0.25, 0.5, 1.0)
"""Parts of the moves before relaxation after which the weights are corrected by the visits."""

LONG = 250
"""Moves after which excursions of a molecule no longer tell what their chain started from."""

TRIED = 20
"""Excursions of which a chain starts from one."""


@dataclass(frozen=True)
class Start:
    """What a chain starts from: `A` or `B` for an excursion of a run there, else `path`."""

    kind: str
    frames: Frames
    ends: tuple[str, str]


def make_excursions(config: Config, layout: Layout, worker: int, log: Journal) -> None:
    """Let the excursion chains of one worker make their moves.

    Raises
    ------
    Interrupted
        If the job was told to stop; what it has done is kept, and the next call goes on from it.
    """
    prepared = load(layout)
    files = layout.kinetics_job(worker)
    job = job_identity(config, layout, worker)
    with checkpointed(files.partial("excursions"), job, log) as checkpoint:
        settings, sampling = config.kinetics, config.sampling
        plan = plan_of(checkpoint.saved, prepared, config, log)
        count = chains_for(plan, settings.shots // sampling.workers, sampling.chains)
        moves = -(-settings.shots // (count * sampling.workers))
        chains, kinds = open_chains(config, layout, prepared, worker, count)
        seed = shot_seed(config.seed, EXCURSION_STREAM - 1 - worker, 0) % 2**31
        engine = make_engine(prepared, plan.slots(count), plan, seed, clock=log.clock(MD))
        work = Lessons(chains, moves, max(1, round(settings.relax * moves)))
        with log.work(SHOOTING):
            kept = work.run(engine, reporter(log), checkpoint, plan)
        index, frames = excursion_table(kept, kinds)
        write_frames(files.excursions, frames)
        write_table(files.index, index, EXCURSION_COLUMNS)
    lost = work.lost + int((~kept.accepted).sum())
    log(
        f"worker {worker}: {count} chains x {moves} moves; {plan}; {lost} shots lost,"
        f" {chains.exchanges} excursions of runs taken in"
    )


def job_identity(config: Config, layout: Layout, worker: int) -> dict[str, Any]:
    """Everything that the excursions of one job follow from."""
    keys: Any = {"seed": True, "engine": True, "sampling": {"workers", "chains"}}
    keys |= {"kinetics": {"shots", "relax"}}
    settings = config.model_dump(mode="json", include=keys) | {"worker": worker}
    inputs = [layout.windows, layout.windows_model, layout.windows_model_card, layout.inputs]
    for number in range(config.sampling.workers):
        runs = layout.kinetics_job(number)
        inputs += [runs.run_excursions, runs.run_index]
    return identity("excursions", layout, settings, inputs)


def open_chains(
    config: Config, layout: Layout, prepared: Prepared, worker: int, count: int
) -> tuple[ExcursionChains, dict[int, str]]:
    """The chains of a job at their start, and what each starts from."""
    last, windows = even_windows(layout, prepared)
    runs, between = run_frames(config, layout, prepared)
    reservoirs = [reservoir(name, runs, between, prepared, windows) for name in ("A", "B")]
    paths = gather_full_paths(layout, [last], config.sampling.workers, prepared.atoms)
    rng = np.random.default_rng(shot_seed(config.seed, EXCURSION_STREAM - 1 - worker, 1))
    starts = draw_starts(reservoirs, paths, windows, count, rng)
    first = EXCURSION_STREAM + worker * count
    chains = ExcursionChains(
        first + np.arange(count),
        [CurrentPath(start.frames, -1, 1) for start in starts],
        [start.ends for start in starts],
        windows,
        reservoirs,
        config.seed,
        thermal_velocities(prepared),
    )
    return chains, {first + i: start.kind for i, start in enumerate(starts)}


def chains_for(plan: Plan, shots: int, wanted: int | str) -> int:
    """Chains of a job: in a pool, where fewer are hardly slower, long ones that can relax."""
    if isinstance(wanted, int):
        return wanted
    return min(plan.chains, max(1, shots // LONG)) if plan.layout == POOL else plan.chains


def reservoir(
    state: str,
    runs: PathTable,
    between: NDArray[np.bool_],
    prepared: Prepared,
    windows: EvenWindows,
) -> Reservoir:
    """Excursions of the runs in one state, with their frames in each window."""
    rows = np.flatnonzero(runs.index["source"] == state)
    place = windows_of(windows.q(runs.frames[between]), windows.edges)
    visited = frames_in_windows(runs, between, place, windows) > 0
    usable = in_reach(runs, windows.longest)
    counts = frames_in_windows(runs, between & usable, place[usable[between]], windows)
    first, lengths = runs.index["first_frame"], runs.index["frames"]
    ends = [
        END_NAMES[(prepared.states.label_positions(runs.frames[at]) + 1) // 2]
        for at in (first, first + lengths - 1)
    ]
    return make_reservoir(
        state,
        [runs.path(int(row)) for row in rows],
        [(ends[0][row], ends[1][row]) for row in rows],
        visited[rows],
        counts[rows],
    )


def in_reach(table: PathTable, longest: int) -> NDArray[np.bool_]:
    """Which frames (F,) leave both halves of their path within ``longest`` frames."""
    lengths = np.repeat(table.index["frames"], table.index["frames"])
    place = np.arange(len(table.frames)) - np.repeat(
        table.index["first_frame"], table.index["frames"]
    )
    return np.asarray((place <= longest) & (lengths - 1 - place <= longest))


def frames_in_windows(
    table: PathTable, use: NDArray[np.bool_], window: NDArray[np.int64], windows: EvenWindows
) -> NDArray[np.float64]:
    """Frames of each path in each window, (P, W).

    ``use`` (F,) says which frames to count, ``window`` the window of each of these.
    """
    count = len(windows.log_weights)
    cells = table.frame_path[use] * count + window
    total = np.bincount(cells, minlength=len(table) * count)
    return total.reshape(len(table), count).astype(np.float64)


def draw_starts(
    reservoirs: list[Reservoir],
    paths: PathTable,
    windows: EvenWindows,
    count: int,
    rng: np.random.Generator,
) -> list[Start]:
    """Transition paths and excursions out of A and out of B, in turn."""
    counted = np.flatnonzero(paths.index["weight"] > 0)
    pools = [[Start("path", paths.path(int(row)), ("A", "B")) for row in counted]]
    for some in reservoirs:
        ends = zip(some.excursions, some.ends, strict=True)
        pools.append([Start(some.state, frames, both) for frames, both in ends])
    pools = [
        [start for start in pool if shootable(len(start.frames) - 2, windows.longest).any()]
        for pool in pools
    ]
    pools = [pool for pool in pools if pool]
    starts = []
    for i in range(count):
        pool = pools[i % len(pools)]
        tried = [pool[j] for j in rng.choice(len(pool), min(len(pool), TRIED), replace=False)]
        interiors = [start.frames[1:-1] for start in tried]
        # Drawn in proportion to G, of a few, so that even a start is nearly in equilibrium.
        totals = np.array([one.total for one in windows.candidates(interiors)])
        starts.append(tried[int(rng.choice(len(tried), p=totals / totals.sum()))])
    return starts


class Lessons:
    """Moves in which the windows are made even, and those that count after them.

    After each part of the first moves it is learned from them which windows need more weight. See
    `mechanist.sampling.records.checkpoint.Resumable`.

    Parameters
    ----------
    chains
        At their start.
    moves, relax
        Moves of each chain in all, and those before the ones that count.
    """

    def __init__(self, chains: ExcursionChains, moves: int, relax: int) -> None:
        self._chains = chains
        until = [0]
        for part in LESSONS:
            until.append(max(until[-1] + 1, round(part * relax)))
        self._counts = [*np.diff(until).tolist(), moves - relax]
        self._lesson = 0
        self._moves = Moves(chains, self._counts[0])
        self.lost = 0

    def run(self, engine: Engine, progress: Progress, checkpoint: Checkpoint, plan: Plan) -> Shots:
        """Make all moves, or those that are left; the shots that count."""
        begun = checkpoint.begin(self, plan.notes())
        while True:
            shots = gather(
                self._moves, made(self._moves, engine, checkpoint, begun), progress
            ).shots
            if self._lesson == len(LESSONS):
                return shots
            self._learn(shots)
            begun = None

    def _learn(self, shots: Shots) -> None:
        """Weigh windows by how often they were visited, and begin the next lesson."""
        windows = self._chains.windows
        q = windows.q(shots.points)
        visits = np.bincount(windows_of(q, windows.edges), minlength=len(windows.log_weights))
        self._chains.use(replace(windows, log_weights=flattened(windows.log_weights, visits)))
        self.lost += int((~shots.accepted).sum())
        self._lesson += 1
        self._moves = Moves(self._chains, self._counts[self._lesson])

    def progress(self) -> str:
        """See `mechanist.sampling.records.checkpoint.Resumable`."""
        lessons = len(LESSONS)
        part = f"lesson {self._lesson + 1} of {lessons}" if self._lesson < lessons else "the end"
        return f"{self._moves.progress()} of {part}"

    def finished(self) -> NamedArrays:
        """See `mechanist.sampling.records.checkpoint.Resumable`."""
        arrays = self._moves.finished()
        return arrays and arrays | {"lesson": np.array(self._lesson)}

    def state(self) -> NamedArrays:
        """See `mechanist.sampling.records.checkpoint.Resumable`."""
        own = {"lesson": np.array(self._lesson), "lost": np.array(self.lost)}
        return self._moves.state() | own | {"last": self._moves.last}

    def restore(self, parts: list[NamedArrays], state: NamedArrays) -> None:
        """See `mechanist.sampling.records.checkpoint.Resumable`."""
        self._lesson, self.lost = int(state["lesson"]), int(state["lost"])
        self._moves = Moves(self._chains, self._counts[self._lesson])
        self._moves.last = state["last"].copy()
        # Shots of earlier lessons have done their work.
        mine = [part for part in parts if int(part["lesson"]) == self._lesson]
        self._moves.restore(mine, state)


def excursion_table(shots: Shots, starts: dict[int, str]) -> tuple[Table, list[Frames]]:
    """Rows of `EXCURSION_COLUMNS` for the excursions of shots, and their frames."""
    kept = np.flatnonzero(shots.accepted)
    paths = [path for path in shots.paths if path is not None]
    chains = shots.chain[kept]
    lengths = np.array([len(path.frames) for path in paths], dtype=np.int64)
    table: Table = {
        "source": np.full(len(kept), "shot", dtype=object),
        "start": np.array([starts[chain] for chain in chains.tolist()], dtype=object),
        "chain": chains - EXCURSION_STREAM,
        "move": shots.move[kept],
        "first_frame": np.cumsum(lengths) - lengths,
        "frames": lengths,
        "shooting_frame": np.array([path.shooting_frame for path in paths], dtype=np.int64),
    }
    return table, [path.frames for path in paths]
