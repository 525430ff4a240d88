"""The matrix of `make inputs`: its page is complete, and a part of it is run."""

import importlib.util
import re
from dataclasses import replace

import pytest

from tests.conftest import REPOSITORY
from tests.inputs.cases import COLUMNS, IMPLICIT, MADE, files_of, write
from tests.inputs.cell import CLOSE, compare, examine
from tests.inputs.page import ROWS
from tests.inputs.plain import read

PAGE = REPOSITORY / "docs" / "inputs.md"
OWN = ("PDB", "mmCIF", "System XML")
"""Formats that OpenMM writes."""


def table():
    text = PAGE.read_text(encoding="utf-8").split("## Kinds of input by formats")[1]
    lines = [line for line in text.split("\n\n")[1].splitlines() if line.startswith("|")]
    rows = [[word.strip() for word in line.strip("|").split("|")] for line in lines]
    return rows[0][1:], {row[0]: row[1:] for row in rows[2:]}


def test_the_page_has_all_kinds_and_formats_without_a_fault():
    head, rows = table()
    assert tuple(head) == COLUMNS
    assert tuple(rows) == ROWS
    for name, cells in rows.items():
        case = next(case for case in (MADE | IMPLICIT).values() if name in case.rows)
        for column, cell in zip(COLUMNS, cells, strict=True):
            if column in case.missing:
                assert cell == "-", (name, column)
            else:
                found = re.fullmatch(r"(0|\de-\d\d)(, round)?", cell)
                assert found, (name, column, cell)
                assert float(found[1]) <= CLOSE, (name, column)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Files that OpenMM writes, of two small cases."""
    folder = tmp_path_factory.mktemp("inputs")
    for name in ("lonepair", "GBn2"):
        write((MADE | IMPLICIT)[name], folder / name, convert=False)
    return folder


CELLS = [*(("lonepair", column) for column in OWN), ("GBn2", "PDB")]


@pytest.mark.parametrize(("name", "column"), CELLS)
def test_energies_and_inputs_of_a_cell(name, column, files, tmp_path):
    case = (MADE | IMPLICIT)[name]
    cell = examine(name, files_of(case, column, files / name), tmp_path, rounds=False)
    assert cell.fault == ""
    assert cell.difference <= CLOSE
    assert cell.inputs > 10


def test_a_cell_shows_a_fault(files, tmp_path):
    """Another barrier in the files that plain OpenMM is given alone."""
    right = files_of(MADE["lonepair"], "PDB", files / "lonepair")
    text = (files / "lonepair" / "chloroethane.xml").read_text(encoding="utf-8")
    (tmp_path / "other.xml").write_text(text.replace('k1="0.65"', 'k1="0.66"'), encoding="utf-8")
    other = replace(right, forces=(str(tmp_path / "other.xml"),))
    assert examine("x", right, tmp_path, rounds=False).fault == ""
    found = compare("x", other, tmp_path / "results" / "cell")
    assert "energies differ by" in found.fault


@pytest.mark.parametrize("column", ["Amber", "GROMACS", "CHARMM"])
def test_files_of_other_programs(column, tmp_path):
    if importlib.util.find_spec("parmed") is None:
        pytest.skip("ParmEd is not installed; make inputs installs it and runs all cells")
    case = MADE["lonepair"] if column != "Amber" else IMPLICIT["OBC2"]
    write(case, tmp_path / "files")
    files = files_of(case, column, tmp_path / "files")
    assert read(files)[1].getNumParticles() > 8
    assert examine("x", files, tmp_path, rounds=False).fault == ""
