"""Reading config.yaml and system.yaml, with errors that name file, key, value and allowed form."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from mechanist.bookkeeping.files import parse_json
from mechanist.errors import SettingsError
from mechanist.settings.base import Section
from mechanist.settings.config import Config
from mechanist.settings.system import SystemSettings
from mechanist.settings.yaml_text import MAX_BYTES, parse_yaml

S = TypeVar("S", bound=Section)

TYPES = frozenset({"str", "int", "float"})
SYSTEM_FILE = "system.yaml"


def validate(model: type[S], content: object, where: object) -> S:
    """Turn plain data into settings.

    Raises
    ------
    SettingsError
        One line for the first fault: file, key, value, what is allowed.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise SettingsError(where, _one_line(error, content)) from None


def _one_line(error: ValidationError, content: object) -> str:
    """The most telling fault of a validation, as ``key: value: what is allowed``."""
    faults = error.errors(include_url=False)
    # A union reports a fault for each of its members; the one that went deepest came closest, and
    # one that knew the key came closer than one that did not.
    rank = {"missing": 0, "extra_forbidden": 1}
    fault = max(faults, key=lambda f: (len(f["loc"]), rank.get(f["type"], 2)))
    # Members of a union stand among the keys by the name of their type.
    parts = [str(part) for part in fault["loc"]]
    key = ".".join(p for p in parts if not p.endswith(("Settings", "]")) and p not in TYPES)
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        message = "there is no such key"
    elif fault["type"] == "missing":
        return f"{key}: this key is missing"
    shown = json.dumps(_as_written(content, key.split("."), fault["input"]), default=str)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    prefix = f"{key}: {shown}: " if key else ""
    return prefix + message[:1].lower() + message[1:]


def _as_written(content: object, keys: list[str], parsed: object) -> object:
    """The value as the user wrote it; ``parsed`` may have lost its unit."""
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
        raise SettingsError(path, f"is not YAML: {error}") from None
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
    known = sorted(f.parent.name for r in roots for f in r.glob(f"systems/*/{SYSTEM_FILE}"))
    raise SettingsError(
        "config.yaml", f"system: {name!r}: no folder with a system.yaml; known: {', '.join(known)}"
    )


def system_folder(name: str) -> Path:
    """Folder of a system, looked for here and beside the installed workflow; see `find_system`."""
    return find_system(name, Path.cwd(), Path(__file__).resolve().parents[3])


def load_system(folder: Path) -> SystemSettings:
    """Settings of the system in ``folder``."""
    path = folder / SYSTEM_FILE
    return validate(SystemSettings, read_yaml(path), path)
