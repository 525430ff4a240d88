"""Pages of the site that are generated: command line, Python, notebook, and files beside docs/.

Run by mkdocs, see mkdocs.yml; a link that leads nowhere ends the build.
"""

import inspect
import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def beside() -> list[str]:
    """Pages of the repository outside docs/ that pages in docs/ link to."""
    links = re.compile(r"\]\(\.\./([^)#]+\.md)")
    pages = (file.read_text(encoding="utf-8") for file in (ROOT / "docs").glob("*.md"))
    return sorted({name for text in pages for name in links.findall(text)})


def on_files(files: Any, config: Any) -> Any:
    """Add the generated pages."""
    from mkdocs.structure.files import File

    made = {"cli.md": command_line(), "api.md": python(), "notebook.md": notebook()}
    for name in beside():
        text = (ROOT / name).read_text(encoding="utf-8")
        # Links to source code and pictures outside the site are shown as text.
        made[name] = re.sub(r"!?\[([^\]]*)\]\([^)#:]*\)", r"\1", text)
    for name, text in made.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Links from docs/ to files beside it lead to their copies in the site."""
    text = markdown.replace("](../", "](")
    # The notebook is a page; GitHub shows the file itself.
    return text.replace("](notebook.ipynb)", "](notebook.md)")


def command_line() -> str:
    """Every command with its help, by section."""
    from typer.main import get_command

    from mechanist.cli.main import GROUPS, PANELS, TOOLS, app, command_name

    group: Any = get_command(app)
    lines = ["# Command line", "", "As `mechanist --help` shows it."]
    for title, functions in PANELS.items():
        lines += ["", f"## {title}"]
        for function in functions:
            name = command_name(function)
            lines += _command(name, group.commands[name])
    lines += ["", f"## {TOOLS}"]
    for name, functions in GROUPS.items():
        for function in functions:
            own = command_name(function)
            lines += _command(f"{name} {own}", group.commands[name].commands[own])
    return "\n".join(lines) + "\n"


def _command(name: str, command: Any) -> list[str]:
    lines = ["", f"### mechanist {name}", "", command.help or "", ""]
    lines += ["| option | meaning |", "|---|---|"]
    return lines + [f"| {_names(one)} | {_meaning(one)} |" for one in command.params]


def _names(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.name.upper()}`"
    return ", ".join(f"`{name}`" for name in parameter.opts)


def _meaning(parameter: Any) -> str:
    return (parameter.help or "").replace("|", "\\|")


def python() -> str:
    """What notebooks use: `open_run` and the attributes of `Run`."""
    from mechanist.report import run

    lines = ["# Python", "", "```python", "import mechanist", "```", ""]
    lines += ["## mechanist.open_run", "", *_docstring(run.open_run)]
    lines += ["", "## Run", "", *_docstring(run.Run)]
    for name, member in vars(run.Run).items():
        function = getattr(member, "func", getattr(member, "fget", member))
        if name.startswith("_") or not inspect.getdoc(function) or not callable(function):
            continue
        call = str(inspect.signature(function)).replace("self, ", "").replace("self", "")
        shown = f".{name}" if function is not member else f".{name}{call.split(' ->')[0]}"
        lines += ["", f"### {shown}", "", *_docstring(function)]
    return "\n".join(lines) + "\n"


def _docstring(thing: Any) -> list[str]:
    return ["```text", inspect.getdoc(thing) or "", "```"]


def notebook() -> str:
    """The cells of docs/notebook.ipynb."""
    text = (ROOT / "docs" / "notebook.ipynb").read_text(encoding="utf-8")
    parts = []
    for cell in json.loads(text)["cells"]:
        body = "".join(cell["source"])
        parts.append(body if cell["cell_type"] == "markdown" else f"```python\n{body}\n```")
    return "\n\n".join(parts) + "\n"
