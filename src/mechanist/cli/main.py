"""Command line: what every rule of the workflow calls, and commands for people."""

import sys
from typing import Annotated, Any

import typer

from mechanist.cli import imports, new, project, runs, stages, systems, trajectory
from mechanist.cli.job import STOPPED, say

PANELS = {
    "Start here": (project.init, project.run, project.open_, runs.status),
    "A system of your own": (new.new, systems.check, systems.doctor),
    "Shots from elsewhere": (imports.import_,),
    "More from a run": (
        *(runs.replay, runs.free_energy, runs.verify, runs.seeds),
        *(runs.compare, runs.compare_pair, runs.restore),
    ),
    "Stages of the workflow, which the rules call in this order": stages.COMMANDS,
}
"""Commands by section of ``mechanist --help``; the name is that of the function."""

GROUPS = {"trajectory": trajectory.COMMANDS}
"""Commands of commands, such as ``mechanist trajectory learn``."""

GROUP_HELP = {
    "trajectory": "Learn the motion of a molecule from a trajectory; fill gaps of others, and more."
}

TOOLS = "Trajectories"
"""Section of `GROUPS`."""


def command_name(function: Any) -> str:
    """``free-energy`` for ``free_energy``, ``open`` for ``open_``."""
    return str(function.__name__).rstrip("_").replace("_", "-")


app = typer.Typer(
    help="Why does A turn into B? Transition path sampling that ends in a formula. Begin with"
    " `mechanist init FOLDER`, `cd FOLDER` and `mechanist run`.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for title, functions in PANELS.items():
    for function in functions:
        app.command(command_name(function), rich_help_panel=title)(function)

for name, functions in GROUPS.items():
    group = typer.Typer(no_args_is_help=True)
    for function in functions:
        group.command(command_name(function))(function)
    app.add_typer(group, name=name, rich_help_panel=TOOLS, help=GROUP_HELP[name])


def _version(wanted: bool) -> None:
    if wanted:
        from mechanist import __version__

        print(f"mechanist {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Options of the program itself."""


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
