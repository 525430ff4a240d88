"""Command line: what every rule of the workflow calls, and commands for people."""

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from mechanist.cli import runs, stages, systems
from mechanist.cli.job import STOPPED, say

PANELS = {
    "Systems": (systems.new, systems.check, systems.doctor),
    "Runs": (
        *(runs.status, runs.verify, runs.replay, runs.free_energy, runs.compare),
        *(runs.compare_pair, runs.restore),
    ),
    "Stages of the workflow, in order": stages.COMMANDS,
}
"""Commands by section of ``mechanist --help``; the name is that of the function."""


class Panels(TyperGroup):
    """Lists commands by section, each with the whole first line of its help."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the sections of `PANELS`."""
        for title, functions in PANELS.items():
            names = [command_name(function) for function in functions]
            commands = [(name, self.commands[name]) for name in names]
            rows = [
                (name, (command.help or "").splitlines()[0])
                for name, command in commands
                if not command.hidden
            ]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


def command_name(function: Any) -> str:
    """``free-energy`` for ``free_energy``."""
    return str(function.__name__).replace("_", "-")


app = typer.Typer(
    cls=Panels,
    help="Why does A turn into B? Transition path sampling that ends in a formula.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for functions in PANELS.values():
    for function in functions:
        app.command(command_name(function))(function)


def main() -> None:
    """Entry point: an error in the input ends in one line, not in a traceback."""
    from mechanist.errors import Interrupted, MechanistError

    try:
        app()
    except Interrupted as stop:
        say(f"mechanist: {stop}")
        sys.exit(STOPPED)
    except MechanistError as error:
        _fail(str(error))
    except OSError as error:
        if error.filename is None and error.errno is None:
            raise
        _fail(f"{error.filename}: {error.strerror}")
    except MemoryError:
        _fail("memory: there is not enough of it")


def _fail(reason: str) -> None:
    print(f"mechanist: error: {reason}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
