"""Stage ``excursions``: shots that are spread evenly from A to B."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mechanist.engine.choose import choose_plan, make_engine
from mechanist.engine.plan import POOL, Plan
from mechanist.engine.protocol import END_NAMES, Engine
from mechanist.journal import MD, SHOOTING, Journal
from mechanist.layout import Layout
from mechanist.sampling.chain import CurrentPath, Shots
from mechanist.sampling.excursions import (
    EXCURSION_COLUMNS,
    EvenWindows,
    ExcursionChains,
    Reservoir,
    make_reservoir,
)
from mechanist.sampling.first_path import thermal_velocities
from mechanist.sampling.moves import join
from mechanist.sampling.records import Frames, PathTable, Table, write_frames, write_table
from mechanist.sampling.selection import shootable
from mechanist.sampling.shoot import Progress, shoot
from mechanist.sampling.streams import shot_seed
from mechanist.sampling.windows import flattened, windows_of
from mechanist.settings.config import Config
from mechanist.stages.gather import gather_full_paths
from mechanist.stages.shoot import reporter
from mechanist.stages.windows import even_windows, run_frames
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
    """Let the excursion chains of one worker make their moves."""
    prepared = load(layout)
    settings, sampling = config.kinetics, config.sampling
    plan = choose_plan(prepared, config.engine, log)
    count = chains_for(plan, settings.shots // sampling.workers, sampling.chains)
    moves = -(-settings.shots // (count * sampling.workers))
    last, windows = even_windows(layout, prepared)
    runs, between = run_frames(config, layout, prepared)
    reservoirs = [reservoir(name, runs, between, prepared, windows) for name in ("A", "B")]
    paths = gather_full_paths(layout, [last], sampling.workers, prepared.atoms)
    rng = np.random.default_rng(shot_seed(config.seed, EXCURSION_STREAM - 1 - worker, 1))
    starts = draw_starts(reservoirs, paths, windows, count, rng)
    sigma = thermal_velocities(prepared)
    first = EXCURSION_STREAM + worker * count
    chains = ExcursionChains(
        first + np.arange(count),
        [CurrentPath(start.frames, -1, 1) for start in starts],
        [start.ends for start in starts],
        windows,
        reservoirs,
        config.seed,
        sigma,
    )
    seed = shot_seed(config.seed, EXCURSION_STREAM - 1 - worker, 0) % 2**31
    engine = make_engine(prepared, plan.slots(count), plan, seed, clock=log.clock(MD))
    relax = max(1, round(settings.relax * moves))
    with log.work(SHOOTING):
        shots = flatten(chains, engine, windows, relax, reporter(log))
        kept = shoot(chains, engine, moves - relax, reporter(log)).shots
    index, frames = excursion_table(kept, {first + i: s.kind for i, s in enumerate(starts)})
    files = layout.kinetics_job(worker)
    write_frames(files.excursions, frames)
    write_table(files.index, index, EXCURSION_COLUMNS)
    lost = int((~shots.accepted).sum() + (~kept.accepted).sum())
    log(
        f"worker {worker}: {count} chains x {moves} moves; {plan}; {lost} shots lost,"
        f" {chains.exchanges} excursions of runs taken in"
    )


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
    place = windows_of(windows.logit(runs.frames[between]), windows.edges)
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


def flatten(
    chains: ExcursionChains,
    engine: Engine,
    windows: EvenWindows,
    moves: int,
    progress: Progress,
) -> Shots:
    """Make the first moves, and learn from them which windows need more weight."""
    done, lessons = 0, []
    for part in LESSONS:
        until = max(done + 1, round(part * moves))
        lesson = shoot(chains, engine, until - done, progress).shots
        done = until
        lessons.append(lesson)
        q = windows.logit(lesson.points)
        visits = np.bincount(windows_of(q, windows.edges), minlength=len(windows.log_weights))
        windows = replace(windows, log_weights=flattened(windows.log_weights, visits))
        chains.use(windows)
    return join(lessons)


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
