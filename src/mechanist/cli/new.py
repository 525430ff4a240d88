"""Command ``new``: from files, a SMILES or two structures to a folder below systems/."""

from pathlib import Path
from typing import Annotated

import typer

PARTS = "Structure", "Forces", "States", "Additions"

StructureOption = Annotated[
    Path | None,
    typer.Option(
        "--structure",
        help="PDB, PDBx, gro, inpcrd, rst7 or CHARMM crd file.",
        rich_help_panel=PARTS[0],
    ),
]
SmilesOption = Annotated[
    str | None,
    typer.Option("--smiles", help="A molecule, protonated as drawn.", rich_help_panel=PARTS[0]),
]
SdfOption = Annotated[
    Path | None, typer.Option("--sdf", help="SDF or MOL file.", rich_help_panel=PARTS[0])
]
XyzOption = Annotated[
    Path | None,
    typer.Option("--xyz", help="XYZ file, with a force law.", rich_help_panel=PARTS[0]),
]
FromOption = Annotated[
    Path | None,
    typer.Option("--from", help="Structure in state A, PDB, SDF or XYZ.", rich_help_panel=PARTS[0]),
]
ToOption = Annotated[
    Path | None,
    typer.Option(
        "--to", help="Structure in B; short MD in both finds the states.", rich_help_panel=PARTS[0]
    ),
]
TopologyOption = Annotated[
    Path | None,
    typer.Option(
        "--topology",
        help="prmtop, GROMACS top, psf, or xml of an OpenMM System.",
        rich_help_panel=PARTS[1],
    ),
]
FieldOption = Annotated[
    list[str] | None,
    typer.Option(
        "--force-field",
        help="Force-field XML, or parameters of a psf; repeatable.",
        rich_help_panel=PARTS[1],
    ),
]
IncludeOption = Annotated[
    Path | None,
    typer.Option(
        "--include", help="Folder of files that a GROMACS top includes.", rich_help_panel=PARTS[1]
    ),
]
DefineOption = Annotated[
    list[str] | None,
    typer.Option(
        "--define",
        help="Macro of a GROMACS top, as NAME or NAME=VALUE; repeatable.",
        rich_help_panel=PARTS[1],
    ),
]
ForcesOption = Annotated[
    str | None,
    typer.Option(
        "--forces",
        help="Force law: gfn2-xtb, gfn1-xtb, ase:MODULE:Class, openmm-ml:NAME, torch:FILE,"
        " python:FILE, learned:FOLDER, or a section '{xtb: gfn2-xtb, solvent: water}'; or gaff2.",
        rich_help_panel=PARTS[1],
    ),
]
ChargeOption = Annotated[
    int | None,
    typer.Option(
        "--charge", help="Under a force law; default: as drawn, else 0.", rich_help_panel=PARTS[1]
    ),
]
MultiplicityOption = Annotated[
    int | None,
    typer.Option(
        "--multiplicity",
        min=1,
        help="Unpaired electrons and one; default: as drawn, else 1.",
        rich_help_panel=PARTS[1],
    ),
]
ReactOption = Annotated[
    str | None,
    typer.Option(
        "--react",
        help="Bonds that make the states, as 'break 0-5, form 4-5'.",
        rich_help_panel=PARTS[2],
    ),
]
ExploreOption = Annotated[
    bool,
    typer.Option(
        "--explore",
        help="Look for basins by short hot MD, and list them.",
        rich_help_panel=PARTS[2],
    ),
]
StatesOption = Annotated[
    str | None,
    typer.Option(
        "--states", help="Basins that become A and B, such as 1,3.", rich_help_panel=PARTS[2]
    ),
]
HotOption = Annotated[
    str,
    typer.Option("--explore-temperature", help="Of the hot MD.", rich_help_panel=PARTS[2]),
]
MdOption = Annotated[
    str | None,
    typer.Option(
        "--md",
        help="MD of each run in each state; default: 10 ps, 2 ps under a force law.",
        rich_help_panel=PARTS[2],
    ),
]
HydrogensOption = Annotated[
    bool,
    typer.Option(
        "--add-hydrogens",
        help="Add hydrogens and missing heavy atoms to a PDB file.",
        rich_help_panel=PARTS[3],
    ),
]
PhOption = Annotated[
    float, typer.Option("--pH", help="For --add-hydrogens.", rich_help_panel=PARTS[3])
]
SolvateOption = Annotated[
    str | None,
    typer.Option("--solvate", help="Water: tip3p, spce or tip4pew.", rich_help_panel=PARTS[3]),
]
PaddingOption = Annotated[
    str,
    typer.Option(
        "--padding", help="From the molecule to the edge of the box.", rich_help_panel=PARTS[3]
    ),
]
IonsOption = Annotated[
    float,
    typer.Option("--ions", help="NaCl in mol/l beyond neutralisation.", rich_help_panel=PARTS[3]),
]


def new(
    name: Annotated[str, typer.Argument(help="Name of the new folder below systems/.")],
    structure: StructureOption = None,
    smiles: SmilesOption = None,
    sdf: SdfOption = None,
    xyz: XyzOption = None,
    from_: FromOption = None,
    to: ToOption = None,
    topology: TopologyOption = None,
    force_field: FieldOption = None,
    include: IncludeOption = None,
    define: DefineOption = None,
    forces: ForcesOption = None,
    charge: ChargeOption = None,
    multiplicity: MultiplicityOption = None,
    react: ReactOption = None,
    explore: ExploreOption = False,
    states: StatesOption = None,
    explore_temperature: HotOption = "600 K",
    md: MdOption = None,
    add_hydrogens: HydrogensOption = False,
    ph: PhOption = 7.0,
    solvate: SolvateOption = None,
    padding: PaddingOption = "1 nm",
    ions: IonsOption = 0.0,
) -> None:
    """Make a folder for a molecule of your own: from a structure, a SMILES, or two structures.

    With ``--from`` and ``--to``, or ``--explore`` and ``--states``, nothing is left to edit.
    """
    from mechanist.errors import SettingsError
    from mechanist.stages.new import new as run
    from mechanist.starts.options import exploration_of, length_of, quantity
    from mechanist.systems.build.complete import Completion
    from mechanist.systems.build.new import Sources
    from mechanist.systems.build.request import Request, refuse_nothing

    if (from_ is None) != (to is None):
        raise SettingsError("new", "--from and --to: give both, a structure of A and one of B")
    files = (structure, sdf, xyz, from_)
    refuse_nothing((*files, smiles))
    first = next((file for file in files if file is not None), Path())
    sources = Sources(first, topology, force_field or (), include, define or (), forces)
    completion = Completion(
        ph if add_hydrogens else None, solvate, quantity("--padding", padding, "nm"), ions
    )
    request = Request(sources, smiles, to, charge, multiplicity, completion)
    if react is not None and (to is not None or explore):
        raise SettingsError("new", "--react: the states come from it or from --to, not from both")
    exploration = exploration_of(explore, states, explore_temperature)
    made = run(name, request, exploration, length_of(md), print, react)
    todo = f"Next: mechanist check {name}"
    if made.states is None and react is None:
        todo = f"Edit the marked lines, then: mechanist check {name}"
    if made.basins is not None and made.states is None:
        todo = "To use two of the basins: the same command with --states and another NAME"
    print(f"{made.folder}/system.yaml is written. {todo}")
