"""Names of runs and systems on the command line: what exists, and what a wrong one meant."""

from pathlib import Path

from mechanist.bookkeeping.home import HOME, suggestion
from mechanist.errors import DataError

RESULTS = Path("results")


def run_folder(name: Path) -> Path:
    """Folder of a run: a path such as results/NAME, or its NAME below results/.

    Raises
    ------
    DataError
        If there is no such folder; the one that looks like it is named, or those that exist.
    """
    for folder in (name, RESULTS / name):
        if folder.is_dir():
            return folder
    raise DataError(name, f"there is no such run; {suggestion(name.name, run_names())}")


def run_names() -> list[str]:
    """Runs below results/ of this folder, as ``alanine_dipeptide`` or ``well/seed2``."""
    found = {file.parents[1] for file in RESULTS.glob("**/system/dynamics.json")}
    return sorted(folder.relative_to(RESULTS).as_posix() for folder in found)


def systems() -> list[str]:
    """Systems of this folder and those that are shipped."""
    from mechanist.settings.load import system_names

    return sorted(system_names(Path.cwd(), HOME))


def complete_run(incomplete: str) -> list[str]:
    """Runs that begin so, for the shell."""
    return [name for name in run_names() if name.startswith(incomplete)]


def complete_system(incomplete: str) -> list[str]:
    """Systems that begin so, for the shell."""
    return [name for name in systems() if name.startswith(incomplete)]
