"""The session file of a run: which system it samples with which seed, besides when it began."""

from pathlib import Path

from mechanist.bookkeeping.files import read_json
from mechanist.bookkeeping.layout import Layout
from mechanist.errors import DataError, SettingsError


def refuse_other_system(layout: Layout, system: Path) -> None:
    """Refuse a folder that holds the run of another system, which would be overwritten.

    Runs whose system has been moved or removed, and those of versions that did not record it, are
    accepted.

    Raises
    ------
    SettingsError
        If the system of the run is another folder than ``system``, and exists.
    """
    try:
        content = read_json(layout.session)
    except DataError:
        return
    known = content.get("system") if isinstance(content, dict) else None
    if isinstance(known, str) and Path(known).is_dir() and Path(known) != system.resolve():
        raise SettingsError(
            "config.yaml",
            f"results: {layout.root} holds a run of {known}; name another folder for {system},"
            f" such as results: {layout.root.name}_2",
        )


def refuse_other_seed(layout: Layout, seed: int) -> None:
    """Refuse a folder with shots of another seed, which would be replaced without a word.

    Folders without a first path are accepted, and those of versions that did not record the seed.

    Raises
    ------
    SettingsError
        With the seed of the folder, and what to set.
    """
    if not layout.initial.index.is_file():
        return
    try:
        content = read_json(layout.session)
    except DataError:
        return
    known = content.get("seed") if isinstance(content, dict) else None
    if isinstance(known, int) and known != seed:
        raise SettingsError(
            "config.yaml",
            f"seed: {seed}: {layout.root} holds a run with seed {known}, which this one would"
            f" replace; set results: {layout.root.name}_seed{seed}, or delete that folder",
        )


def refuse_no_earlier_run(folder: Path | None) -> None:
    """Refuse to start from a run (``warm_start``) that has no round.

    Raises
    ------
    SettingsError
        If the folder, unless it is None, holds none.
    """
    if folder is not None and not Layout(folder).rounds():
        raise SettingsError("config.yaml", f"warm_start: {folder}: holds no run with a round")
