"""What is wrong in a settings file is named by file, line, key, value and what is allowed."""

import pytest

from mechanist.errors import SettingsError
from mechanist.settings.config import Config
from mechanist.settings.load import load_config, load_system, read_yaml, validate
from mechanist.settings.yaml_text import line_of, parse_yaml
from tests.conftest import REPOSITORY

FAULTS = {
    "a misspelt key": (
        "seed: 1\nsampling:\n  worker: 2\n",
        "config.yaml:3: sampling.worker: 2: there is no such key; did you mean workers?",
    ),
    "a key like no other": (
        "compare: {seeds: 3, xyz: 4}\n",
        "config.yaml:1: compare.xyz: 4: there is no such key; allowed: rounds, seeds, steps",
    ),
    "a value out of range": (
        "# first\n\nseed: -1\n",
        "config.yaml:3: seed: -1: input should be greater than or equal to 0",
    ),
    "a fault inside a list": (
        "learn:\n  hidden:\n    - 8\n    - 0\n",
        "config.yaml:4: learn.hidden.1: 0: input should be greater than or equal to 1",
    ),
    "a duplicate key": (
        "seed: 1\nseed: 2\n",
        "config.yaml: not valid YAML: line 2: seed: duplicate key, first in line 1",
    ),
    "a bracket that is never closed": (
        "learn:\n  hidden: [8\nseed: 1\n",
        "config.yaml: not valid YAML: line 3: ",
    ),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_faults_of_a_file(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text, message = FAULTS[kind]
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_config("config.yaml")
    assert str(caught.value).startswith(message)


def test_a_value_that_the_file_does_not_hold_has_no_line(tmp_path, monkeypatch):
    """It came from the command line."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("seed: 1\n", encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        validate(Config, read_yaml(tmp_path / "config.yaml") | {"seed": -2}, "config.yaml")
    assert str(caught.value).startswith("config.yaml: seed: -2: ")


def test_a_misspelt_key_of_a_descriptor(tmp_path):
    text = (REPOSITORY / "systems" / "alanine_dipeptide" / "system.yaml").read_text("utf-8")
    (tmp_path / "system.yaml").write_text(text.replace("torsion:", "torsions:", 1), "utf-8")
    with pytest.raises(SettingsError, match="did you mean torsion") as caught:
        load_system(tmp_path)
    assert ": descriptors.phi.torsions: " in str(caught.value)


def test_lines_of_keys():
    text = "a:\n  b: [1,\n    2]\n  c: {d: 1}\n"
    lines = {key: line_of(text, key.split(".")) for key in ("a", "a.b.1", "a.c.d", "a.x", "x")}
    assert lines == {"a": 1, "a.b.1": 3, "a.c.d": 4, "a.x": 1, "x": None}


def test_a_merge_may_repeat_a_key():
    assert parse_yaml("a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}")["b"] == {"x": 3, "y": 2}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("sampling: {workers: 1, chains: 3}\n", "1 x 3 chains"),
        ("sampling: {workers: 3, chains: 1}\n", "set sampling.chains to at least 2"),
        ("sampling: {workers: 1}\nengine: {copies: 3}\n", "1 x 3 chains"),
    ],
)
def test_too_few_chains_are_refused_before_anything_is_paid_for(text, what, tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=what) as error:
        validate(Config, read_yaml(file), file)
    assert "\n" not in str(error.value)
    validate(Config, {"sampling": {"workers": 4, "chains": 1}}, file)
