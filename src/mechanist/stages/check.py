"""Stage ``check``: build a system, try it, and report what would go wrong in a run."""

from collections.abc import Callable

from mechanist.analysis.examination.examination import Examination, examine
from mechanist.errors import MechanistError
from mechanist.report.check_table import table
from mechanist.settings.load import load_system, system_folder
from mechanist.systems.build.sanity import ERROR, Finding


def check(name: str, steps: int, log: Callable[[str], None]) -> tuple[str, bool]:
    """Text of the examination of a system, and whether no error was found.

    Parameters
    ----------
    name
        Of a folder below systems/, or its path.
    steps
        MD steps to try.
    log
        Called with progress.
    """
    folder = system_folder(name)
    try:
        examination = examine(load_system(folder), folder, steps, log)
    except MechanistError as error:
        examination = Examination(folder.name, folder, [Finding(ERROR, str(error))])
    return table(examination), examination.fine
