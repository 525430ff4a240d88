"""Stage ``initial``: the first transition paths."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mechanist.engine.choose import choose_plan
from mechanist.errors import DataError
from mechanist.files import write_json
from mechanist.journal import MD, SHOOTING, Journal
from mechanist.layout import Layout
from mechanist.sampling.first_path import hot_path, relax
from mechanist.sampling.records import PATH_COLUMNS, write_frames, write_table
from mechanist.sampling.shoot import path_table
from mechanist.settings.config import Config
from mechanist.systems.prepared import load


def initial(config: Config, layout: Layout, log: Journal) -> None:
    """Find first paths and write them with a report of how they were found."""
    prepared = load(layout)
    settings = config.initial
    plan = choose_plan(prepared, config.engine, log)
    report: dict[str, object] = {"platform": plan.platform}
    if settings.path is None:
        with log.work(SHOOTING):
            found = hot_path(
                prepared,
                settings.heating,
                settings.replicas,
                settings.budget,
                plan,
                config.seed,
                log,
                log.clock(MD),
            )
        guess = found.frames
        report |= {
            "method": "hot MD",
            "temperature": found.factor * prepared.temperature,
            "simulated_ps": found.simulated_ps,
        }
    else:
        guess = read_guess(Path(settings.path), layout.topology, prepared.atoms)
        report |= {"method": "given path", "file": settings.path}
    most, clock = settings.shots_max, log.clock(MD)
    with log.work(SHOOTING):
        paths, shots = relax(prepared, guess, settings.paths, most, plan, config.seed, log, clock)
    index, frames = path_table({i: [path] for i, path in enumerate(paths)}, -1, -1)
    write_frames(layout.initial.paths, frames)
    write_table(layout.initial.index, index, PATH_COLUMNS)
    write_json(layout.initial_report, report | {"shots": shots, "paths": len(paths)})


def read_guess(path: Path, topology: Path, atoms: int) -> NDArray[np.float32]:
    """Frames (F, N, 3) in nm of a trajectory that the user gives.

    Raises
    ------
    DataError
        If the file is missing, unreadable, or holds another number of atoms.
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
