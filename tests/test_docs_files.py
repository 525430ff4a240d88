"""Documents name only files that exist, and their links lead somewhere."""

import re
import tomllib
import unicodedata

import pytest
import yaml

from tests.conftest import REPOSITORY

PAGES = sorted(
    [REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    + list((REPOSITORY / "docs").glob("*.md"))
)
NAMING = ("docs/architecture.md", "CONTRIBUTING.md")
ROOTS = ("src", "tests", "docs", "workflow", "systems", "benchmarks")
PACKAGE = ("cli", "stages", "sampling", "engine", "committor", "report", "analysis", "formula")


def text_of(path):
    return path.read_text(encoding="utf-8")


def named_paths(text):
    """Paths in code spans that name a file or folder of the repository."""
    for span in re.findall(r"`([^`\n]+)`", text):
        word = span.split()[0] if span else ""
        root = word.split("/")[0]
        if "NAME" in word or "NNN" in word or "/" not in word:
            continue
        if root in ROOTS:
            yield word
        elif root in PACKAGE and word.endswith((".py", "/")):
            yield f"src/mechanist/{word}"


@pytest.mark.parametrize("page", NAMING)
def test_named_files_exist(page):
    names = list(named_paths(text_of(REPOSITORY / page)))
    assert len(names) > 10
    assert [name for name in names if not list(REPOSITORY.glob(name))] == []


def anchor(heading):
    """Anchor that GitHub gives a heading."""
    kept = [c for c in heading.lower() if c in " -_" or unicodedata.category(c)[0] in "LN"]
    return "".join(kept).strip().replace(" ", "-")


def anchors(page):
    text = re.sub(r"^```.*?^```", "", text_of(page), flags=re.MULTILINE | re.DOTALL)
    return {anchor(heading) for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    lost = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if target.startswith(("http:", "https:", "mailto:")):
            continue
        name, _, fragment = target.partition("#")
        file = page if not name else page.parent / name
        if not file.exists() or (fragment and fragment not in anchors(file)):
            lost.append(target)
    assert lost == []


def test_readme_is_short():
    assert len(text_of(REPOSITORY / "README.md").splitlines()) <= 200


def test_the_package_is_installed_from_a_clone():
    name = tomllib.loads(text_of(REPOSITORY / "pyproject.toml"))["project"]["name"]
    assert name == "mechanist-tps"
    wrong = re.compile(r"pip install[^\n]*\bmechanist\b")
    files = [*PAGES, *(REPOSITORY / "src").rglob("*.py"), *(REPOSITORY / "workflow").rglob("*.smk")]
    assert [str(file) for file in files if wrong.search(text_of(file))] == []


def test_pre_commit_runs_the_checks_of_make_lint():
    recipe = text_of(REPOSITORY / "Makefile").split("\nlint:", 1)[1].split("\n\n")[0]
    checks = [line.strip().replace("$(BIN)", ".venv/bin") for line in recipe.splitlines()[1:]]
    config = yaml.safe_load(text_of(REPOSITORY / ".pre-commit-config.yaml"))
    hooks = [hook["entry"] for repo in config["repos"] for hook in repo["hooks"]]
    plain = [check for check in checks if check.startswith(".venv")]
    assert [check for check in plain if check not in hooks] == []
    assert len(hooks) == len(checks)
    assert hooks[-1].endswith("snakemake --lint'")
    assert checks[-1].endswith("snakemake --lint")
