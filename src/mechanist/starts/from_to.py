"""A new system from two structures, with states that need no editing."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.bookkeeping.files import write_text
from mechanist.errors import SystemBuildError
from mechanist.settings.load import SYSTEM_FILE, validate
from mechanist.settings.system import DynamicsSettings
from mechanist.starts.basin_md import RunLength, basin_frames, unsampled
from mechanist.starts.candidates import Candidate, telling
from mechanist.starts.choice import LEVELS
from mechanist.starts.two_ends import SIDES, End, TwoStates, shown, two_states
from mechanist.systems.build.copies import take
from mechanist.systems.build.minimise import minimise
from mechanist.systems.build.molecule import build_molecule
from mechanist.systems.build.new import Sources, copy_files, draft_of, new_folder
from mechanist.systems.build.pairing import second_structure
from mechanist.systems.build.template import (
    DYNAMICS,
    Chosen,
    ChosenDescriptor,
    ChosenState,
    Draft,
    system_yaml,
)
from mechanist.systems.descriptors.box import box_of
from mechanist.systems.descriptors.labels import topology_of

Log = Callable[[str], None]

SAME = 1e-3
"""nm; structures that differ less are one, since PDB files have three decimals of an angstrom."""

SEED = 1
"""Of the MD; another one gives the same states within their rounding."""


def from_to(
    name: str,
    sources: Sources,
    second: Path,
    root: Path,
    said: Log = lambda text: None,
    length: RunLength | None = None,
    seed: int = SEED,
) -> tuple[Path, TwoStates]:
    """Make ``root``/systems/``name`` from two structures.

    Parameters
    ----------
    name
        Of the system.
    sources
        Files of its first structure and of its forces.
    second
        Structure of the other end.
    root
        Folder that holds systems/.
    said
        Called with every step.
    length, seed
        Of the MD in each basin.

    Returns
    -------
    Path
        The new folder.
    TwoStates
        What was found, for a figure.

    Raises
    ------
    SettingsError
        If the name is invalid or taken, or a file is missing.
    SystemBuildError
        If the files cannot be read, are different molecules, or lie in one basin.
    """
    length = length or RunLength()
    with new_folder(name, root) as (folder, partial):
        settings = copy_files(sources, partial)
        file = take(second, partial, "--to")
        molecule = build_molecule(settings, partial)
        other = second_structure(molecule, settings, partial, file)
        draft = draft_of(name, settings, partial, said, molecule)
        for note in other.notes:
            said(note)
        dynamics = dynamics_of(draft)
        topology = topology_of(molecule.topology)
        if np.abs(molecule.positions - other.positions).max() < SAME:
            raise SystemBuildError(file, f"--to: is the same structure as {settings.structure}")
        ends = []
        for which, given in ((settings.structure, molecule.positions), (file, other.positions)):
            said(
                f"{which}: minimised, then {length.replicas} x"
                f" {length.settle + length.sampled:g} ps of MD at {dynamics.temperature:g} K"
            )
            lowest = minimise(
                molecule.system, given, partial / which, molecule.topology, molecule.law
            )
            prepared = unsampled(name, molecule, lowest, dynamics)
            frames = basin_frames(prepared, length, seed, which, said)
            ends.append(End(which, given, lowest, frames, box_of(molecule.system)))
        frame_ps = dynamics.timestep * dynamics.stride / 1000
        found = two_states(telling(topology), (ends[0], ends[1]), frame_ps, said)
        names = Path(sources.structure).stem, second.stem
        chosen = chosen_of(found, names, length, dynamics.temperature, topology)
        write_text(partial / SYSTEM_FILE, system_yaml(replace(draft, chosen=chosen)))
    return folder, found


def dynamics_of(draft: Draft) -> DynamicsSettings:
    """The dynamics that the system.yaml of a draft will have."""
    content = DYNAMICS | {"timestep": f"{draft.timestep:g} fs"}
    return validate(DynamicsSettings, content, "new")


def chosen_of(
    found: TwoStates, names: tuple[str, str], length: RunLength, temperature: float, topology: Any
) -> Chosen:
    """What system.yaml says of the states, with the reasons."""
    descriptors = tuple(
        ChosenDescriptor(
            t.candidate.descriptor.name,
            t.candidate.descriptor.kind,
            t.candidate.descriptor.atoms,
            f"{atoms_of(t.candidate, topology)}; overlap of A and B {t.overlap:.3f}",
        )
        for t in found.telling
    )
    if names[0] == names[1]:
        names = (f"{names[0]} A", f"{names[1]} B")
    states = tuple(_state(found, side, names[side]) for side in (0, 1))
    reasons = (
        f"From {length.replicas} x {length.sampled:g} ps of MD at {temperature:g} K in each basin:"
        " where the density of each",
        f"descriptor is at least {100 * LEVELS[0]:.0f} % of its highest value (2.3 kT), or"
        f" {100 * LEVELS[-1]:.0f} % where parts of a basin",
        "lie apart; rounded outwards. See states.png.",
    )
    return Chosen(descriptors, (states[0], states[1]), reasons)


def atoms_of(candidate: Candidate, topology: Any) -> str:
    """Names of the atoms of a descriptor."""
    return "-".join(topology.atom(i).name for i in candidate.descriptor.atoms)


def _state(found: TwoStates, side: int, name: str) -> ChosenState:
    box = {}
    for one in found.telling:
        unit = one.candidate.descriptor.unit
        low, high = (shown(value, unit) for value in (one.a, one.b)[side])
        box[one.candidate.descriptor.name] = (low, high)
    reason = f"holds {100 * found.shares[side]:.0f} % of the frames"
    if found.left[side]:
        reason += (
            f"; {found.left[side]} of {found.replicas} runs left for {SIDES[1 - side]}, after"
            f" {found.lifetimes[side]:.0f} ps on average"
        )
    return ChosenState(name, box, reason)
