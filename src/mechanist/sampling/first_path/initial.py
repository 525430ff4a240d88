"""First transition paths: several guesses, then shots from their frames."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.journal import MD, SHOOTING, Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.engine.choose import choose_plan
from mechanist.sampling.chains.current_path import CurrentPath
from mechanist.sampling.chains.job_tables import path_table
from mechanist.sampling.first_path.equilibrate import equilibrate
from mechanist.sampling.first_path.guess import Guess
from mechanist.sampling.first_path.guesses import GuessSearch
from mechanist.sampling.first_path.kept import KeptGuesses, NothingKept
from mechanist.sampling.records.frame_log import FrameLog
from mechanist.sampling.records.tables import PATH_COLUMNS, write_frames, write_table
from mechanist.settings.config import Config
from mechanist.systems.descriptors.box import BoxVectors
from mechanist.systems.prepared import Prepared


@dataclass(frozen=True)
class FirstPaths:
    """First paths in the order in which chains take them, and a report on how they were found."""

    paths: list[CurrentPath]
    report: dict[str, Any]


def first_paths(
    config: Config,
    prepared: Prepared,
    topology: Path,
    log: Journal,
    stored: FrameLog | None = None,
    given: Sequence[Guess] = (),
    kept: KeptGuesses | None = None,
) -> FirstPaths:
    """Find first paths of several families.

    ``topology`` is for guesses from a file, ``stored`` takes the frames of paths, which are in
    memory if None. No guesses are looked for if some are ``given``; those that are looked for are
    ``kept`` on the way.
    """
    settings = config.initial
    plan = choose_plan(prepared, config.engine, log)
    search = GuessSearch(
        prepared, settings, plan, config.seed, topology, log, kept or NothingKept()
    )
    with log.work(SHOOTING):
        guesses = list(given) or search.find()
        each = -(-settings.paths // len(guesses))
        frames, most = [guess.frames for guess in guesses], settings.shots_max
        found, shots = equilibrate(
            prepared, frames, each, most, plan, config.seed, log, log.clock(MD), stored
        )
    paths, families, dropped = _in_turn(guesses, found, shots.tolist())
    for family in dropped:
        log(f"a guess by {family['method']} was dropped: {family['reason']}")
    methods = list(dict.fromkeys(family["method"] for family in families))
    report: dict[str, Any] = {"platform": plan.platform, "method": " and ".join(methods)}
    report |= search.notes | {
        "guesses": len(guesses),
        "shots": int(shots.sum()),
        "paths": len(paths),
        "families": families,
        "dropped": dropped,
    }
    return FirstPaths(paths, report)


def _in_turn(
    guesses: Sequence[Guess], found: Sequence[Sequence[CurrentPath]], shots: Sequence[int]
) -> tuple[list[CurrentPath], list[dict[str, Any]], list[dict[str, Any]]]:
    """First paths of all families in turn, and what to report of families and dropped guesses."""
    notes = [
        guess.notes | {"guess_frames": len(guess.frames), "shots": count}
        for guess, count in zip(guesses, shots, strict=True)
    ]
    rows: list[list[int]] = [[] for _ in found]
    paths: list[CurrentPath] = []
    for turn in range(max(map(len, found))):
        for guess, own in enumerate(found):
            if turn < len(own):
                rows[guess].append(len(paths))
                paths.append(own[turn])
    families = [note | {"first_paths": own} for note, own in zip(notes, rows, strict=True) if own]
    dropped = [
        note | {"reason": f"none of its {note['shots']} shots joined A and B"}
        for note, own in zip(notes, rows, strict=True)
        if not own
    ]
    return paths, families, dropped


def write_first_paths(layout: Layout, found: FirstPaths, box: BoxVectors | None) -> None:
    """Write first paths, one for each of the first chains, and the report.

    ``box`` is `Prepared.frame_box`: not None if each frame has its own, see `records.trr.write`.
    """
    index, frames = path_table({i: [path] for i, path in enumerate(found.paths)}, -1, -1)
    write_frames(layout.initial.paths, frames, box=box)
    write_table(layout.initial.index, index, PATH_COLUMNS)
    write_json(layout.initial_report, found.report)
