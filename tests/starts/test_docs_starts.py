"""The commands of docs/starts.md, as they are printed."""

import re

import pytest

from tests.conftest import REPOSITORY
from tests.starts.commands import GAFF, PDBFIXER, RDKIT, prepare, run

PAGE = (REPOSITORY / "docs" / "starts.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\nmechanist (.*?)\n```", PAGE)


def test_there_are_commands():
    assert len(BLOCKS) == 3


@pytest.mark.slow
@pytest.mark.parametrize("command", BLOCKS)
@RDKIT
@GAFF
@PDBFIXER
def test_every_command_runs(command, tmp_path, monkeypatch, capsys):
    prepare(tmp_path, monkeypatch)
    (tmp_path / "tests").symlink_to(REPOSITORY / "tests")
    code, told = run(capsys, command)
    assert code == 0, told
    if "--from" in command:
        # Torsions and their intervals are those of the page, within the noise of another platform.
        assert "phi (named torsion): overlap 0.000" in told
        assert "psi (named torsion): overlap 0.0" in told
