"""Stage ``initial``: the first transition paths, and the model of a run to start from."""

import hashlib
import json
import shutil
from pathlib import Path

from mechanist.bookkeeping.files import sha256
from mechanist.bookkeeping.journal import Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.network import load as load_model
from mechanist.committor.network import save
from mechanist.errors import MechanistError
from mechanist.sampling.first_path.earlier_run import earlier_run
from mechanist.sampling.first_path.guess import Guess
from mechanist.sampling.first_path.initial import first_paths, write_first_paths
from mechanist.sampling.first_path.kept import KeptGuesses
from mechanist.sampling.records.frame_log import DiskLog
from mechanist.settings.config import Config
from mechanist.systems.prepared import load


def initial(config: Config, layout: Layout, log: Journal) -> None:
    """Find first paths and write them with a report on how they were found.

    Raises
    ------
    SettingsError
        If the run to start from does not fit.
    """
    prepared, topology = load(layout), layout.topology
    given: list[Guess] = []
    if config.warm_folder is not None:
        earlier = earlier_run(config.warm_folder, layout)
        given = earlier.guesses(config.initial.guesses, prepared.atoms)
        log(f"{len(given)} guesses from {config.warm_folder}, the last paths of its chains")
        files = earlier.layout.round(earlier.last)
        # A copy, so that this run does not change when the other goes on.
        save(load_model(files.model, files.model_card), layout.warm_model, layout.warm_model_card)
    folder = layout.initial.paths.parent / ".partial"
    # Paths of a killed job are dropped: the shots start again, from the guesses that it has kept.
    stored = DiskLog(folder / "paths.trr", prepared.atoms)
    kept = KeptGuesses(folder, _identity(config, layout), log)
    try:
        found = first_paths(config, prepared, topology, log, stored, given, kept)
        write_first_paths(layout, found, prepared.frame_box)
    except MechanistError:
        # Of a search that failed, guesses alone stay: with other shots they serve again.
        (folder / "paths.trr").unlink(missing_ok=True)
        if not kept.found:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)


def _identity(config: Config, layout: Layout) -> str:
    """Hash of all that guesses by hot MD and by pulls depend on."""
    files = [layout.system_xml, layout.dynamics, layout.topology]
    if config.initial.path is not None:
        files.append(Path(config.initial.path))
    settings = config.initial.model_dump(mode="json", exclude={"shots_max", "paths"})
    content = [settings, config.seed, [sha256(file) for file in files if file.is_file()]]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
