"""The settings as a page: every key with its default, unit and meaning."""

import inspect

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from mechanist.settings.config import Config
from mechanist.settings.molecule import MoleculeSettings
from mechanist.settings.system import DynamicsSettings

HEAD = """# Settings

Every key of config.yaml, and of two sections of system.yaml. Made from the schema by
`python -m mechanist.settings.document`; a test keeps it up to date. Quantities are written with
their unit, for example `20 ps`.
"""


SYSTEM_HEAD = """## system.yaml

Sections that say how a molecule is built and moved; [your-molecule.md](your-molecule.md) walks
through them.
"""


def page() -> str:
    """The page as Markdown."""
    lines = [HEAD, "## Top level\n", *_table(Config())]
    for name, field in Config.model_fields.items():
        if isinstance(field.default, BaseModel):
            doc = (type(field.default).__doc__ or "").strip()
            lines += ["", f"## {name}\n", doc + "\n", *_table(field.default)]
    lines += ["", SYSTEM_HEAD]
    for name, section in (("molecule", MoleculeSettings), ("dynamics", DynamicsSettings)):
        doc = inspect.cleandoc(section.__doc__ or "")
        lines += [f"### {name}\n", doc + "\n", *_keys(section), ""]
    return "\n".join(lines[:-1]) + "\n"


def _keys(section: type[BaseModel]) -> list[str]:
    """A table of keys some of which have no default."""
    rows = ["| key | default | meaning |", "|---|---|---|"]
    for name, field in section.model_fields.items():
        default = "must be given" if field.is_required() else f"`{_written(field.default)}`"
        rows.append(f"| `{name}` | {default} | {field.description} |")
    return rows


def _written(value: object) -> str:
    """A default as YAML has it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return "[]" if value == () else str(value)


def _table(section: BaseModel) -> list[str]:
    rows = ["| key | default | meaning |", "|---|---|---|"]
    plain = section.model_dump(mode="json")
    for name, field in type(section).model_fields.items():
        if not isinstance(field.default, BaseModel):
            value = to_jsonable_python(plain[name])
            rows.append(f"| `{name}` | `{value}` | {field.description} |")
    return rows


if __name__ == "__main__":
    print(page(), end="")
