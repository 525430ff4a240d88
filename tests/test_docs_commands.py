"""Commands on the pages exist as they are written: options, settings, targets, rules."""

import re
import shlex

import click
import pytest
import typer
import yaml

from mechanist.cli.main import app
from mechanist.settings.config import Config
from tests.conftest import REPOSITORY

PAGES = [*sorted((REPOSITORY / "docs").glob("*.md")), REPOSITORY / "README.md"]

ENDS = ("&&", "||", "|", ";", ">", ">>", "2>&1", "&", "#")


def commands(page):
    """Words of each command in the blocks of a page that holds no other language."""
    text = page.read_text(encoding="utf-8")
    found = []
    for block in re.findall(r"^```(?:sh|bash)?\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        for line in block.replace("\\\n", " ").splitlines():
            try:
                words = shlex.split(line, comments=True)
            except ValueError:
                continue
            own = []
            for word in [*words, ";"]:
                if word not in ENDS:
                    own.append(word)
                    continue
                if own and own[0] in ("mechanist", "snakemake", "make"):
                    found.append(own)
                own = []
    return [own for own in found if len(own) > 1 and not own[0].endswith(":")]


EVERY = [(page, words) for page in PAGES for words in commands(page)]


def test_pages_have_commands():
    assert len(EVERY) > 40
    assert {words[0] for _, words in EVERY} == {"mechanist", "snakemake", "make"}


def test_contributing_says_who_runs_the_commands_of_each_page():
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\w., -]+\.md) \| (.*) \|$", text, re.MULTILINE)
    told = {name for names, _ in rows for name in names.split(", ")}
    assert {page.name for page, _ in EVERY} <= told
    for _, by in rows:
        tests = re.findall(r"`(tests/[\w/]+\.py)`", by)
        assert tests or "by hand" in by
        assert all((REPOSITORY / test).is_file() for test in tests), by


def named(cases):
    return [pytest.param(words, id=f"{page.name}: {' '.join(words)[:70]}") for page, words in cases]


@pytest.mark.parametrize("words", named([c for c in EVERY if c[1][0] == "mechanist"]))
def test_commands_of_mechanist(words):
    command, rest = typer.main.get_command(app), words[1:]
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        assert rest[0] in command.commands, rest[0]
        command, rest = command.commands[rest[0]], rest[1:]
    if isinstance(command, click.Group):
        assert set(rest) <= {"--help", "--version", "--install-completion", "--show-completion"}
        return
    # Names in capitals and dots stand for words of the reader.
    rest = [word for word in rest if word != "..."]
    try:
        command.make_context(words[1], rest)
    except click.exceptions.Exit:
        assert "--help" in rest


@pytest.mark.parametrize("words", named([c for c in EVERY if c[1][0] == "snakemake"]))
def test_settings_and_targets_of_snakemake(words):
    rules = "".join(
        path.read_text(encoding="utf-8")
        for path in [REPOSITORY / "Snakefile", *(REPOSITORY / "workflow" / "rules").glob("*.smk")]
    )
    settings, rest = {}, iter(words[1:])
    mode = ""
    for word in rest:
        if word.startswith("-"):
            mode = word
        elif mode == "--config" and "=" in word:
            key, value = word.split("=", 1)
            settings[key] = yaml.safe_load(value)
        elif mode in ("--workflow-profile", "--profile"):
            assert (REPOSITORY / word / "config.yaml").is_file()
        elif not word.isdigit() and mode in ("--cores", "--config", ""):
            assert word == "all" or re.search(rf"^rule {word}:", rules, re.MULTILINE), word
    Config.model_validate({"system": "double_well"} | settings)


@pytest.mark.parametrize("words", named([c for c in EVERY if c[1][0] == "make"]))
def test_targets_of_make(words):
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    for word in words[1:]:
        name, _, value = word.partition("=")
        rule = rf"^{name} \?=" if value else rf"^{name}:"
        assert re.search(rule, makefile, re.MULTILINE), word
