"""Commands about systems and the machine: ``check``, ``doctor``; for ``new`` see its module."""

from pathlib import Path
from typing import Annotated

import typer

from mechanist.cli.job import log
from mechanist.cli.names import complete_system
from mechanist.errors import SettingsError


def configured() -> str:
    """The system that config.yaml of this folder names, or its default.

    Raises
    ------
    SettingsError
        If there is no config.yaml, or it is wrong.
    """
    from mechanist.settings.load import load_config

    if not Path("config.yaml").is_file():
        what = "there is none in this folder; name a system: mechanist check NAME"
        raise SettingsError("config.yaml", what)
    return load_config("config.yaml").system


def check(
    system: Annotated[
        str | None,
        typer.Argument(
            help="a name below systems/, or a folder; default: that of config.yaml",
            autocompletion=complete_system,
        ),
    ] = None,
    steps: Annotated[int, typer.Option("--steps", min=1, help="MD steps of the test")] = 100,
    platform: Annotated[
        str | None, typer.Option("--platform", help="OpenMM platform to try; default: the fastest")
    ] = None,
) -> None:
    """Build a system, test it, and list what would go wrong; exit code 1 if anything would."""
    from mechanist.stages.check import check as run

    text, fine = run(system or configured(), steps, log, platform)
    print(text)
    if not fine:
        raise typer.Exit(1)


def doctor(
    system: Annotated[str, typer.Argument(help="system to time")] = "alanine_dipeptide",
    install_pysr: Annotated[
        bool, typer.Option("--install-pysr", help="install PySR with Julia, try it, and stop")
    ] = False,
    fetch: Annotated[
        str | None,
        typer.Option("--fetch", help="download the weights of a potential of openmmml, and stop"),
    ] = None,
) -> None:
    """Show OpenMM platforms with measured speed, GPU, PySR and versions."""
    if fetch is not None:
        from mechanist.systems.forces.openmm_ml import fetch as get

        get(fetch)
        print(f"{fetch}: its weights are on this machine; see the licence that they come with")
        return
    if install_pysr:
        from mechanist.formula.search.install_pysr import install_pysr as install

        install(log)
        return
    from mechanist.stages.doctor import doctor as examine

    print(examine(system))
