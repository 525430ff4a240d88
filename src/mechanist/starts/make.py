"""A new system from a request: files, structure, and states that need no editing."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mechanist.arrays import Array
from mechanist.bookkeeping.files import write_text
from mechanist.engine.choose import choose_plan
from mechanist.errors import SettingsError, SystemBuildError
from mechanist.settings.load import SYSTEM_FILE, validate
from mechanist.settings.molecule import MoleculeSettings
from mechanist.settings.run import EngineSettings
from mechanist.settings.system import DynamicsSettings
from mechanist.starts.basin_md import RunLength, basin_frames, unsampled
from mechanist.starts.basins import Basins
from mechanist.starts.candidates import telling
from mechanist.starts.explore import Exploration, effort, explore
from mechanist.starts.reasons import chosen_of
from mechanist.starts.two_ends import End, TwoStates, two_states
from mechanist.systems.build.atoms import write_pdb
from mechanist.systems.build.minimise import minimise
from mechanist.systems.build.molecule import Molecule, build_molecule
from mechanist.systems.build.new import draft_of, new_folder
from mechanist.systems.build.pairing import second_structure
from mechanist.systems.build.radii import bonded_pairs
from mechanist.systems.build.request import Request, ingredients
from mechanist.systems.build.template import Draft, dynamics_text, system_yaml
from mechanist.systems.descriptors.box import box_of
from mechanist.systems.descriptors.labels import topology_of
from mechanist.systems.prepared import Prepared

Log = Callable[[str], None]

SAME = 1e-3
"""nm; structures that differ less are one, since PDB files have three decimals of an angstrom."""

SEED = 1
"""Of the MD; another one gives the same states within their rounding."""

CLASSICAL, LARGE, LAW = RunLength(4, 1.0, 10.0), RunLength(4, 1.0, 5.0), RunLength(3, 0.25, 2.0)
"""MD in each basin: shorter for many atoms, and under a force law, whose steps take longer."""

MANY = 1000
"""Atoms."""

FOLDER = "basins"
"""Of the structures of an exploration."""


@dataclass(frozen=True)
class Made:
    """A new folder and what was found on the way, for figures.

    Parameters
    ----------
    folder
        Of the system.
    states
        Its states; None if they are left to the editor of system.yaml.
    names
        Of the states.
    basins
        Of an exploration, or None.
    """

    folder: Path
    states: TwoStates | None = None
    names: tuple[str, str] = ("A", "B")
    basins: Basins | None = None


@dataclass(frozen=True)
class Start:
    """A structure in a state: name of the state, PDB file in the folder, positions (N, 3) in nm."""

    name: str
    file: str
    positions: Array


def make(
    name: str,
    request: Request,
    root: Path,
    said: Log = lambda text: None,
    exploration: Exploration | None = None,
    length: RunLength | None = None,
    seed: int = SEED,
) -> Made:
    """Make ``root``/systems/``name``.

    Parameters
    ----------
    name
        Of the system.
    request
        What it is made from.
    root
        Folder that holds systems/.
    said
        Called with every step.
    exploration
        How to look for basins from one structure; None: not at all.
    length, seed
        Of the MD in each basin; None: by the cost of a step.

    Raises
    ------
    SettingsError
        If options do not go together, the name is taken, or a file is missing.
    SystemBuildError
        If the files cannot be read, are different molecules, or lie in one basin.
    """
    if exploration is not None and request.to is not None:
        raise SettingsError("new", "--explore: not with --from and --to, which name both states")
    with new_folder(name, root) as (folder, partial):
        parts = ingredients(name, request, partial, said)
        molecule = build_molecule(parts.settings, partial)
        draft = draft_of(name, parts.settings, partial, said, molecule)
        wet = request.completion.water is not None
        draft = replace(draft, notes=parts.notes, solvated=wet)
        made = Made(folder)
        starts: tuple[Start, Start] | None = None
        if exploration is not None:
            starts, basins = _explored(draft, molecule, partial, exploration, seed, said)
            made = replace(made, basins=basins)
        elif parts.other is not None:
            starts, notes = _given(parts.settings, parts.other, molecule, partial, request, said)
            draft = replace(draft, notes=(*parts.notes, *notes))
        if starts is not None:
            length = length or _length(molecule)
            states = _states(draft, molecule, starts, partial, length, seed, said)
            names = starts[0].name, starts[1].name
            temperature = _dynamics(draft).temperature
            topology = topology_of(molecule.topology)
            chosen = chosen_of(states, names, length, temperature, topology)
            content = draft.molecule.model_dump(mode="json", exclude_unset=True)
            content["structure"] = starts[0].file
            settings = validate(MoleculeSettings, content, "new")
            draft = replace(draft, chosen=chosen, molecule=settings)
            made = replace(made, states=states, names=names)
        write_text(partial / SYSTEM_FILE, system_yaml(draft))
    return made


def _length(molecule: Molecule) -> RunLength:
    if molecule.law is not None:
        return LAW
    return LARGE if len(molecule.positions) > MANY else CLASSICAL


def _dynamics(draft: Draft) -> DynamicsSettings:
    """The dynamics that the system.yaml of a draft will have."""
    return validate(DynamicsSettings, dynamics_text(draft), "new")


def _given(
    settings: MoleculeSettings,
    other: str,
    molecule: Molecule,
    folder: Path,
    request: Request,
    said: Log,
) -> tuple[tuple[Start, Start], tuple[str, ...]]:
    """Both structures of the command line, and what was changed in the second, in words."""
    second = second_structure(molecule, settings, folder, other)
    for note in second.notes:
        said(note)
    if np.abs(molecule.positions - second.positions).max() < SAME:
        raise SystemBuildError(other, f"--to: is the same structure as {settings.structure}")
    names = [Path(request.sources.structure).stem, Path(request.to or other).stem]
    if names[0] == names[1]:
        names = [f"{names[0]} A", f"{names[1]} B"]
    first = Start(names[0], settings.structure, molecule.positions)
    return (first, Start(names[1], other, second.positions)), second.notes


def _explored(
    draft: Draft, molecule: Molecule, folder: Path, how: Exploration, seed: int, said: Log
) -> tuple[tuple[Start, Start] | None, Basins]:
    """The two basins that were asked for, if any, and all that were found."""
    prepared = _prepared(draft, molecule, _lowest(molecule, molecule.positions, folder, draft))
    plan = choose_plan(prepared, EngineSettings(), said)
    basins = explore(prepared, molecule, how, plan, seed, said)
    (folder / FOLDER).mkdir()
    for number, basin in enumerate(basins.found, 1):
        write_pdb(molecule.topology, basin.structure, folder / FOLDER / f"{number}.pdb")
    if how.states is None:
        return None, basins
    starts = []
    for number in how.states:
        if not 1 <= number <= len(basins.found):
            raise SettingsError(
                "new", f"--states: {number}: basins were found from 1 to {len(basins.found)}"
            )
        file = f"basin_{number}.pdb"
        positions = basins.found[number - 1].structure
        write_pdb(molecule.topology, positions, folder / file)
        starts.append(Start(f"basin {number}", file, positions))
    return (starts[0], starts[1]), basins


def _lowest(molecule: Molecule, positions: Array, folder: Path, draft: Draft) -> Array:
    where = folder / draft.molecule.structure
    return minimise(
        molecule.system, positions, where, molecule.topology, molecule.law, *effort(molecule)
    )


def _prepared(draft: Draft, molecule: Molecule, positions: Array) -> Prepared:
    return unsampled(draft.name, molecule, positions, _dynamics(draft))


def _states(
    draft: Draft,
    molecule: Molecule,
    starts: tuple[Start, Start],
    folder: Path,
    length: RunLength,
    seed: int,
    said: Log,
) -> TwoStates:
    """MD in both basins, and the states that it shows."""
    ends: list[End] = []
    dynamics = _dynamics(draft)
    frame_ps = dynamics.timestep * dynamics.stride / 1000
    settled = round(length.settle / frame_ps)
    for start in starts:
        said(
            f"{start.file}: minimised, then {length.replicas} x"
            f" {length.settle + length.sampled:g} ps of MD at {dynamics.temperature:g} K"
        )
        where, law = folder / start.file, molecule.law
        lowest = minimise(
            molecule.system, start.positions, where, molecule.topology, law, *effort(molecule)
        )
        prepared = _prepared(draft, molecule, lowest)
        # Both have the same System; its timing is kept, and that of a later check, too.
        plan = choose_plan(prepared, EngineSettings(), said)
        frames = basin_frames(prepared, length, plan, seed, start.file)
        box = box_of(molecule.system)
        ends.append(End(start.file, start.positions, lowest, frames, settled, box))
    candidates = telling(topology_of(molecule.topology), changed_bonds(molecule, starts))
    return two_states(candidates, (ends[0], ends[1]), frame_ps, said)


def changed_bonds(molecule: Molecule, starts: tuple[Start, Start]) -> list[tuple[int, int]]:
    """Pairs of atoms that are bonded in one structure only; none without a force law."""
    if molecule.law is None:
        return []
    numbers = [int(atom.element.atomic_number) for atom in molecule.topology.atoms()]
    one, other = (set(bonded_pairs(numbers, start.positions)) for start in starts)
    return sorted(one ^ other)
