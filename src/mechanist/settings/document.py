"""The settings as a page: every key with its default, unit and meaning."""

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from mechanist.settings.config import Config

HEAD = """# Settings

Every key of config.yaml. Made from the schema by `python -m mechanist.settings.document`; a test
keeps it up to date. Quantities are written with their unit, for example `20 ps`.
"""


def page() -> str:
    """The page as Markdown."""
    lines = [HEAD, "## Top level\n", *_table(Config())]
    for name, field in Config.model_fields.items():
        if isinstance(field.default, BaseModel):
            doc = (type(field.default).__doc__ or "").strip()
            lines += ["", f"## {name}\n", doc + "\n", *_table(field.default)]
    return "\n".join(lines) + "\n"


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
