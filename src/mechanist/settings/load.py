"""Reading config.yaml and system.yaml: errors name file, line, key, value and what is allowed."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import ValidationError

from mechanist.bookkeeping.files import parse_json
from mechanist.bookkeeping.home import HOME, suggestion
from mechanist.errors import MechanistError, SettingsError, SystemBuildError, did_you_mean
from mechanist.settings.base import Section
from mechanist.settings.config import Config
from mechanist.settings.system import SystemSettings
from mechanist.settings.yaml_text import MAX_BYTES, line_of, parse_yaml

S = TypeVar("S", bound=Section)

SYSTEM_FILE = "system.yaml"

TYPES = frozenset({"str", "int", "float"})


def validate(model: type[S], content: object, where: object) -> S:
    """Turn plain data into settings.

    Parameters
    ----------
    model
        What the data should be.
    content
        Plain data, from YAML or JSON.
    where
        For messages: the file, whose lines are then named, or some other source.

    Raises
    ------
    SettingsError
        One line for the first fault: file, line, key, value, what is allowed.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise _settings_error(error, model, content, where) from None


def _settings_error(
    error: ValidationError, model: type[Section], content: object, where: object
) -> MechanistError:
    """The most telling fault of a validation, as ``file:line: key: value: what is allowed``."""
    faults = error.errors(include_url=False)
    # A union reports a fault for each of its members; the one that went deepest came closest, and
    # one that knew the key came closer than one that did not.
    rank = {"missing": 0, "extra_forbidden": 1}
    fault = max(faults, key=lambda f: (len(f["loc"]), rank.get(f["type"], 2)))
    # Members of a union stand among the keys by the name of their type.
    parts = [str(part) for part in fault["loc"]]
    keys = [p for p in parts if not p.endswith(("Settings", "]")) and p not in TYPES]
    value = _value_at(content, keys, fault["input"])
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        message = f"there is no such key; {_suggestion(parts[-1], _known_keys(model, parts[:-1]))}"
    shown = json.dumps(value, default=str)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    text = f"{shown}: {message[:1].lower()}{message[1:]}" if keys else message
    if fault["type"] == "missing":
        text = "this key is missing"
    file = Path(str(where))
    if file.is_file() and _value_at(read_yaml(file), keys, None) in (value, None):
        return key_error(file, ".".join(keys), text, SettingsError)
    return SettingsError(where, ": ".join([*filter(None, [".".join(keys)]), text]))


def _suggestion(word: str, known: Sequence[str]) -> str:
    """The known key that looks like ``word``, or all of them."""
    return did_you_mean(word, known) or f"allowed: {', '.join(known)}"


def _known_keys(model: type[Section], parts: Sequence[str]) -> list[str]:
    """Keys that a section may have; ``parts`` lead to it, with names of types where unions are."""
    sections = [model]
    for part in parts:
        named = [section for section in sections if section.__name__ == part]
        fields = [s.model_fields[part].annotation for s in sections if part in s.model_fields]
        sections = named or [s for field in fields for s in _sections_in(field)] or sections
    return sorted({name for section in sections for name in section.model_fields})


def _sections_in(annotation: object) -> list[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return [annotation]
    return [section for inner in get_args(annotation) for section in _sections_in(inner)]


def key_error(
    file: Path, key: str, text: str, kind: type[MechanistError] = SystemBuildError
) -> MechanistError:
    """An error about a key of a YAML file, with its line.

    Parameters
    ----------
    file
        A file that `read_yaml` accepts; the line is left out if it does not exist.
    key
        Dotted, as ``sampling.workers`` or ``states.A.box.0.phi``; may be empty.
    text
        The value, and what is allowed.
    kind
        Class of the error.
    """
    line = None
    if key and file.is_file():
        line = line_of(file.read_text(encoding="utf-8"), key.split("."))
    where = file if line is None else f"{file}:{line}"
    return kind(where, f"{key}: {text}" if key else text)


def _value_at(content: object, keys: Sequence[str], parsed: object) -> object:
    """The value as the user wrote it, where it is found; ``parsed`` may have lost its unit."""
    for key in keys:
        if isinstance(content, Mapping) and key in content:
            content = content[key]
        elif isinstance(content, list | tuple) and key.isdigit() and int(key) < len(content):
            content = content[int(key)]
        else:
            return parsed
    return content


def read_yaml(path: Path) -> Any:
    """Plain data of a YAML file; object tags are refused.

    Raises
    ------
    SettingsError
        If the file is missing, unreadable or no YAML mapping.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SettingsError(path, f"is longer than {MAX_BYTES:,} bytes")
        content = parse_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(path, "there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(path, f"cannot be read ({error})") from None
    except ValueError as error:
        raise SettingsError(path, f"not valid YAML: {error}") from None
    if not isinstance(content, Mapping):
        raise SettingsError(path, "holds no keys; a line reads 'key: value'")
    return dict(content)


def load_config(source: str) -> Config:
    """Settings from a YAML file, or from JSON text that starts with a brace."""
    if source.lstrip().startswith("{"):
        try:
            return validate(Config, parse_json(source), "--config")
        except (ValueError, RecursionError) as error:
            raise SettingsError("--config", f"is not JSON ({error})") from None
    path = Path(source)
    return validate(Config, read_yaml(path), path)


def find_system(name: str, *roots: Path) -> Path:
    """Folder of a system: a path, or a name below ``systems/`` of one of ``roots``.

    Raises
    ------
    SettingsError
        If no such folder holds a system.yaml; the systems that exist are named.
    """
    candidates = [Path(name), *(root / "systems" / name for root in roots)]
    for folder in candidates:
        if (folder / SYSTEM_FILE).is_file():
            return folder
    known = suggestion(name, system_names(*roots))
    raise SettingsError("config.yaml", f"system: {name!r}: no folder with a system.yaml; {known}")


def system_names(*roots: Path) -> set[str]:
    """Names of the systems below ``systems/`` of some folders."""
    return {file.parent.name for root in roots for file in root.glob(f"systems/*/{SYSTEM_FILE}")}


def system_folder(name: str) -> Path:
    """Folder of a system, looked for here and beside the installed workflow; see `find_system`."""
    return find_system(name, Path.cwd(), HOME)


def load_system(folder: Path) -> SystemSettings:
    """Settings of the system in ``folder``."""
    path = folder / SYSTEM_FILE
    return validate(SystemSettings, read_yaml(path), path)
