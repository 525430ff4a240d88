"""Stage ``initial``: the first transition paths, and the model of a run to start from."""

import shutil

from mechanist.bookkeeping.journal import Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.network import load as load_model
from mechanist.committor.network import save
from mechanist.sampling.first_path.earlier_run import earlier_run
from mechanist.sampling.first_path.guess import Guess
from mechanist.sampling.first_path.initial import first_paths, write_first_paths
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
    # Left by a killed job, it is emptied: the search starts again.
    stored = DiskLog(folder / "paths.trr", prepared.atoms)
    try:
        write_first_paths(layout, first_paths(config, prepared, topology, log, stored, given))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
