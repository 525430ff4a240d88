"""First transition paths by the method of the settings: a guess, then shots from its frames."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mechanist.arrays import Frames
from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.journal import MD, SHOOTING, Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.engine.choose import choose_plan
from mechanist.engine.plan import Plan
from mechanist.errors import DataError, SamplingError
from mechanist.sampling.chains.current_path import CurrentPath
from mechanist.sampling.chains.job_tables import path_table
from mechanist.sampling.first_path.equilibrate import equilibrate
from mechanist.sampling.first_path.guess import Guess, pulled_path, torsion_path
from mechanist.sampling.first_path.hot_md import hot_path
from mechanist.sampling.records.tables import PATH_COLUMNS, write_frames, write_table
from mechanist.settings.config import Config
from mechanist.settings.run import InitialSettings
from mechanist.systems.prepared import Prepared


def first_paths(
    config: Config, prepared: Prepared, topology: Path, log: Journal
) -> tuple[list[CurrentPath], dict[str, object]]:
    """First paths, and a report on how they were found; ``topology`` is for a guess from a file."""
    settings = config.initial
    plan = choose_plan(prepared, config.engine, log)
    if settings.path is None:
        with log.work(SHOOTING):
            guess = _find_guess(prepared, settings, plan, config.seed, log)
    else:
        frames = _read_guess(Path(settings.path), topology, prepared.atoms)
        guess = Guess(frames, {"method": "file", "file": settings.path})
    most, clock = settings.shots_max, log.clock(MD)
    with log.work(SHOOTING):
        paths, shots = equilibrate(
            prepared, guess.frames, settings.paths, most, plan, config.seed, log, clock
        )
    report = {"platform": plan.platform} | guess.notes
    return paths, report | {
        "guess_frames": len(guess.frames),
        "shots": shots,
        "paths": len(paths),
    }


def write_first_paths(
    layout: Layout, paths: Sequence[CurrentPath], report: dict[str, object]
) -> None:
    """Write first paths, one for each of the first chains, and the report."""
    index, frames = path_table({i: [path] for i, path in enumerate(paths)}, -1, -1)
    write_frames(layout.initial.paths, frames)
    write_table(layout.initial.index, index, PATH_COLUMNS)
    write_json(layout.initial_report, report)


def _find_guess(
    prepared: Prepared, settings: InitialSettings, plan: Plan, seed: int, log: Journal
) -> Guess:
    """A path from state to state by the method of the settings, with notes on it.

    Raises
    ------
    SamplingError
        If none is found.
    """
    clock = log.clock(MD)
    if settings.method == "torsions":
        guess = torsion_path(prepared, settings.along, plan.platform, log, clock)
        return replace(guess, notes={"method": "torsions"} | guess.notes)
    before = ""
    if settings.method != "pull":
        try:
            return _hot_guess(prepared, settings, plan, seed, log)
        except SamplingError as error:
            if settings.method == "hot":
                raise
            before = error.what
            log(f"{before}; pulling instead")
    notes: dict[str, object] = {"method": "pull"}
    if before:
        notes["before"] = before
    try:
        guess = pulled_path(prepared, settings.along, plan.platform, seed, log, clock)
    except SamplingError as error:
        if not before:
            raise
        raise SamplingError("first path", f"{before}; nor did a pull: {error.what}") from None
    return replace(guess, notes=notes | guess.notes)


def _hot_guess(
    prepared: Prepared, settings: InitialSettings, plan: Plan, seed: int, log: Journal
) -> Guess:
    """A crossing of hot MD."""
    found = hot_path(
        prepared,
        settings.heating,
        settings.replicas,
        settings.budget,
        plan,
        seed,
        log,
        log.clock(MD),
    )
    notes = {
        "method": "hot MD",
        "temperature": found.factor * prepared.temperature,
        "simulated_ps": found.simulated_ps,
    }
    return Guess(found.frames, notes)


def _read_guess(path: Path, topology: Path, atoms: int) -> Frames:
    """Frames (F, N, 3) in nm of a trajectory of the user.

    Raises
    ------
    DataError
        If the file is missing, unreadable, or has another number of atoms.
    """
    import mdtraj

    if not path.is_file():
        raise DataError(path, "initial.path: there is no such file")
    try:
        trajectory = mdtraj.load(str(path), top=str(topology))
    except (OSError, ValueError, RuntimeError, TypeError, IndexError, KeyError) as error:
        raise DataError(path, f"initial.path: mdtraj cannot read it ({error})") from None
    if trajectory.n_atoms != atoms:
        raise DataError(
            path, f"initial.path: has {trajectory.n_atoms} atoms, the system has {atoms}"
        )
    return np.asarray(trajectory.xyz, dtype=np.float32)
