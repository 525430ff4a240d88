"""Commands about systems and the machine: ``new``, ``check``, ``doctor``."""

from pathlib import Path
from typing import Annotated

import typer

from mechanist.cli.job import log


def new(
    name: Annotated[str, typer.Argument(help="name of the new folder below systems/")],
    structure: Annotated[
        Path | None,
        typer.Option("--structure", help="PDB, PDBx, gro, inpcrd, rst7 or CHARMM crd file"),
    ] = None,
    from_: Annotated[
        Path | None, typer.Option("--from", help="structure in state A, in place of --structure")
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option("--to", help="structure in state B: short MD in both finds the states"),
    ] = None,
    topology: Annotated[
        Path | None,
        typer.Option("--topology", help="prmtop, GROMACS top, psf, or xml of an OpenMM System"),
    ] = None,
    force_field: Annotated[
        list[str] | None,
        typer.Option("--force-field", help="force-field XML, or parameters of a psf; repeatable"),
    ] = None,
    forces: Annotated[
        str | None,
        typer.Option(
            "--forces", help="force law, such as gfn2-xtb or '{xtb: gfn2-xtb, charge: -1}'"
        ),
    ] = None,
    react: Annotated[
        str | None,
        typer.Option("--react", help="bonds that make the states, as 'break 0-5, form 4-5'"),
    ] = None,
    include: Annotated[
        Path | None, typer.Option("--include", help="folder of files that a GROMACS top includes")
    ] = None,
    define: Annotated[
        list[str] | None,
        typer.Option("--define", help="macro of a GROMACS top, as NAME or NAME=VALUE; repeatable"),
    ] = None,
) -> None:
    """Make a folder for a molecule of your own: from one structure, or from one in each state."""
    from mechanist.errors import SettingsError
    from mechanist.stages.new import new as run
    from mechanist.systems.build.new import Sources

    if (from_ is None) != (to is None):
        raise SettingsError("new", "--from and --to: give both, a structure of A and one of B")
    first = structure or from_
    if first is None or (structure is not None and from_ is not None):
        raise SettingsError("new", "give either --structure, or --from and --to")
    if to is not None and react is not None:
        raise SettingsError("new", "--react: the states come from it or from --to, not from both")
    sources = Sources(first, topology, force_field or (), include, define or (), forces)
    folder = run(name, sources, to, print, react)
    todo = "Edit the marked lines, then" if to is None and react is None else "Next"
    print(f"{folder}/system.yaml is written. {todo}: mechanist check {name}")


def check(
    system: Annotated[str, typer.Argument(help="a name below systems/, or a folder")],
    steps: Annotated[int, typer.Option("--steps", min=1, help="MD steps of the test")] = 100,
    platform: Annotated[
        str | None, typer.Option("--platform", help="OpenMM platform to try; default: the fastest")
    ] = None,
) -> None:
    """Build a system, test it, and list what would go wrong; exit code 1 if anything would."""
    from mechanist.stages.check import check as run

    text, fine = run(system, steps, log, platform)
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
