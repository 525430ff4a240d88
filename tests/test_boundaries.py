"""The table of calls to libraries names tests that exist, and all libraries."""

import ast
import re
import sys

from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "boundaries.md").read_text(encoding="utf-8")
ROWS = [
    [word.strip() for word in line.strip("|").split(" | ")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| library")
]


def functions_of(file):
    tree = ast.parse((REPOSITORY / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def libraries():
    """Libraries that the package imports, also inside functions."""
    found = set()
    for file in (REPOSITORY / "src" / "mechanist").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {"mechanist"}


def test_every_call_has_a_test_that_exists():
    assert len(ROWS) >= 25
    for row in ROWS:
        assert len(row) == 5, row
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row[4])
        assert named, row
        for file, name in named:
            assert name.startswith("test_"), name
            assert name in functions_of(file), (file, name)


def test_every_library_is_on_the_page():
    plain = PAGE.rsplit("Libraries that meet no data", 1)[1]
    known = {name.strip() for row in ROWS for name in row[0].split(",")}
    known |= set(re.findall(r"\w+", plain))
    assert sorted(libraries() - known) == []
