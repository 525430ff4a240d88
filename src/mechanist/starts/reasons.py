"""What system.yaml says of states that were found: descriptors, intervals, and why."""

from typing import Any

from mechanist.starts.basin_md import RunLength
from mechanist.starts.candidates import Candidate
from mechanist.starts.choice import LEVELS, TIGHTER
from mechanist.starts.two_ends import SIDES, TwoStates, shown
from mechanist.systems.build.template import Chosen, ChosenDescriptor, ChosenState


def chosen_of(
    found: TwoStates, names: tuple[str, str], length: RunLength, temperature: float, topology: Any
) -> Chosen:
    """What system.yaml says of the states, with the reasons; ``topology`` is mdtraj's."""
    descriptors = tuple(
        ChosenDescriptor(
            t.candidate.descriptor.name,
            t.candidate.descriptor.kind,
            t.candidate.descriptor.atoms,
            f"{atoms_of(t.candidate, topology)}; overlap of A and B {t.overlap:.3f}",
        )
        for t in found.telling
    )
    states = tuple(_state(found, side, names[side]) for side in (0, 1))
    reasons = (
        f"From {length.replicas} x {length.sampled:g} ps of MD at {temperature:g} K in each basin:"
        " where the density of each",
        f"descriptor is at least {100 * LEVELS[0]:.0f} % of its highest value (2.3 kT), down to"
        f" {100 * LEVELS[-1]:.0f} % where parts of",
        f"a basin lie apart, up to {100 * TIGHTER[-1]:.0f} % over a low barrier; see states.png.",
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
            f"; left for {SIDES[1 - side]} {found.left[side]} times, after"
            f" {found.lifetimes[side]:.2g} ps on average"
        )
    return ChosenState(name, box, reason)
