"""The site of the documentation: its generated pages, its contents, and that it builds."""

import importlib.util
import json
import subprocess
import sys

import pytest
import yaml

from mechanist.cli.main import GROUPS, PANELS, command_name
from tests.conftest import REPOSITORY

DOCS = REPOSITORY / "docs"


@pytest.fixture(scope="module")
def hooks():
    spec = importlib.util.spec_from_file_location("site_hooks", DOCS / "site_hooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_command_and_option_is_on_the_page_of_the_command_line(hooks):
    page = hooks.command_line()
    for functions in PANELS.values():
        for function in functions:
            assert f"### mechanist {command_name(function)}\n" in page
    for group, functions in GROUPS.items():
        for function in functions:
            assert f"### mechanist {group} {command_name(function)}\n" in page
    for option in ("`--cores`", "`--along`", "`--round`", "`--dry-run`, `-n`"):
        assert option in page


def test_the_page_of_python_names_what_notebooks_use(hooks):
    page = hooks.python()
    for name in ("shots", "paths", "formulas", "relevance", "validation", "formula", "figures"):
        assert f"### .{name}\n" in page
    assert "### .trajectory(path: int | None = None)" in page
    assert "### .committor(positions" in page


def test_the_page_of_the_notebook_has_its_cells(hooks):
    cells = json.loads((DOCS / "notebook.ipynb").read_text(encoding="utf-8"))["cells"]
    page = hooks.notebook()
    assert page.count("```python\n") == sum(cell["cell_type"] == "code" for cell in cells)
    assert all("".join(cell["source"]) in page for cell in cells)


def listed(nav):
    for entry in nav:
        for target in entry.values():
            yield from listed(target) if isinstance(target, list) else [target]


def test_every_page_can_be_reached():
    """From the contents of the site, or from another page; the contents name pages that exist."""
    nav = yaml.safe_load((REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    pages = {file.name for file in DOCS.glob("*.md")}
    made = {"cli.md", "api.md", "notebook.md", "CHANGELOG.md"}
    assert set(listed(nav)) - made <= pages
    guides = [*DOCS.glob("*.md"), *(REPOSITORY / n for n in ("README.md", "CONTRIBUTING.md"))]
    linked = "".join(file.read_text(encoding="utf-8") for file in guides)
    lost = [name for name in pages - set(listed(nav)) if f"{name})" not in linked]
    assert lost == []


@pytest.mark.skipif(
    not importlib.util.find_spec("mkdocs"), reason="mkdocs is not installed: make docs installs it"
)
def test_the_site_builds_without_a_warning(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name in ("index.html", "cli.html", "api.html", "notebook.html", "tutorial.html"):
        assert (tmp_path / name).stat().st_size > 0, name
