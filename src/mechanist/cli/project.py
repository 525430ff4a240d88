"""Commands that begin: a project of one's own, a run, its report in the browser."""

import shlex
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from mechanist.bookkeeping.home import HOME
from mechanist.cli.names import complete_run, complete_system, run_folder
from mechanist.errors import DataError, MechanistError, SettingsError

SNAKEFILE = """\
# The workflow that is installed with Mechanist: `mechanist run`, or `snakemake --cores 32`.
# Rules of your own may follow.    Settings: config.yaml    Systems: systems/
from mechanist.bookkeeping.home import HOME


include: str(HOME / "Snakefile")


# What is made if no file is asked for: report, summary and manifest.
rule project:
    default_target: True
    input:
        rules.all.input,
"""
PROJECT = ("config.yaml", "Snakefile", "profiles")


def init(
    folder: Annotated[Path, typer.Argument(help="Folder to make, or an empty one.")],
    system: Annotated[
        str | None,
        typer.Option(
            "--system",
            help="System to sample; default: alanine dipeptide.",
            autocompletion=complete_system,
        ),
    ] = None,
) -> None:
    """Make a folder for a project of your own: config.yaml, Snakefile and profiles.

    No clone of Mechanist is needed: the Snakefile includes the workflow that is installed. Systems
    of your own go below systems/ in this folder, by ``mechanist new``.
    """
    for name in PROJECT:
        if (folder / name).exists():
            raise DataError(folder / name, "exists; a project begins in a folder without it")
    config = (HOME / "config.yaml").read_text(encoding="utf-8")
    if system is not None:
        from mechanist.settings.load import find_system

        find_system(system, Path.cwd(), HOME)
        config = config.replace("\nsystem: alanine_dipeptide\n", f"\nsystem: {system}\n")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "systems").mkdir(exist_ok=True)
    (folder / "config.yaml").write_text(config, encoding="utf-8")
    (folder / "Snakefile").write_text(SNAKEFILE, encoding="utf-8")
    shutil.copytree(HOME / "profiles", folder / "profiles")
    print(f"{folder} is ready. Next: cd {shlex.quote(str(folder))} && mechanist run")


def run(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="System to sample: a name or a folder; default: that of config.yaml.",
            autocompletion=complete_system,
        ),
    ] = None,
    cores: Annotated[str, typer.Option("--cores", help="CPU cores to use, or 'all'.")] = "all",
    profile: Annotated[
        str | None,
        typer.Option("--profile", help="Where jobs run, such as slurm; default: this machine."),
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change of a setting, as seed=2 or sampling.workers=8."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="List the jobs that would be run.")
    ] = False,
    unlock: Annotated[
        bool, typer.Option("--unlock", help="Release the lock of a run that was killed.")
    ] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="Plain lines instead of bars, also on a terminal.")
    ] = False,
    more: Annotated[
        str, typer.Option("--snakemake", help="Further options of Snakemake, as one text.")
    ] = "",
) -> None:
    """Run the workflow to its report; the same command continues a run that was interrupted.

    It reads config.yaml of this folder if there is one, and writes results/NAME. Snakemake runs
    underneath; the exit code is 3 if the report lacks some of its results.
    """
    from mechanist.cli.launch import Launch, launch, settings_of

    if name is None and not Path("config.yaml").is_file():
        raise SettingsError(
            "config.yaml",
            "there is none in this folder; make a project (mechanist init FOLDER), or name a"
            " system, such as mechanist run alanine_dipeptide",
        )
    settings, changes = settings_of(name, change or ())
    arguments = ["--unlock"] * unlock + shlex.split(more)
    if dry_run:
        # The profile hides the list of jobs.
        arguments += ["--dry-run", "--quiet", "host"]
    bars = sys.stderr.isatty() and not (plain or dry_run or unlock)
    status = launch(Launch(cores, profile, changes, arguments), settings, bars)
    if status:
        raise typer.Exit(status)


def open_(
    name: Annotated[
        Path | None,
        typer.Argument(
            metavar="NAME",
            help="Run, such as alanine_dipeptide; default: that of config.yaml.",
            autocompletion=complete_run,
        ),
    ] = None,
) -> None:
    """Show the report of a run in the browser.

    Without a browser, as on a cluster, the path of the page is printed; it is one file that can be
    copied elsewhere.
    """
    import webbrowser

    from mechanist.bookkeeping.layout import Layout
    from mechanist.settings.load import load_config

    folder = run_folder(load_config("config.yaml").folder if name is None else name)
    page = Layout(folder).report
    if not page.is_file():
        raise DataError(page, "is not written yet; mechanist run ends with it")
    print(page)
    try:
        shown = webbrowser.open_new_tab(page.resolve().as_uri())
    except webbrowser.Error as error:
        raise MechanistError("open", f"no browser could be started ({error})") from None
    if not shown:
        print("no browser was found; open the file by hand", file=sys.stderr)
