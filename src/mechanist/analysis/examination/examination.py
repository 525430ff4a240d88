"""The examination of a system: build it, evaluate its descriptors, try some MD steps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from mechanist.analysis.examination.costs import Costs, costs
from mechanist.analysis.examination.state_rows import StateRow, impossible, state_rows
from mechanist.analysis.examination.verdicts import expense, place, stability
from mechanist.arrays import Labels, Values
from mechanist.engine.apart import time_apart
from mechanist.engine.choose import cached_timings
from mechanist.engine.plan import Plan
from mechanist.engine.stopwatch import BUDGET, fastest_first
from mechanist.engine.timing import Timing
from mechanist.engine.trial import Trial, try_steps
from mechanist.errors import MechanistError
from mechanist.settings.load import SYSTEM_FILE
from mechanist.settings.system import PLACEHOLDER, SystemSettings
from mechanist.systems.build.minimise import minimise
from mechanist.systems.build.molecule import build_molecule
from mechanist.systems.build.prepare import build_parts, prepared_from
from mechanist.systems.build.sanity import (
    ERROR,
    WARNING,
    Finding,
    changed_bonds,
    findings,
    read_back,
)
from mechanist.systems.descriptors.box import BoxVectors, box_of
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from mechanist.systems.descriptors.labels import topology_of
from mechanist.systems.descriptors.resolve import (
    check_groups,
    resolve_inputs,
    resolve_states,
    resolver_of,
)
from mechanist.systems.descriptors.states import State, States
from mechanist.systems.prepared import Prepared

Log = Callable[[str], None]

SEED = 1
"""Of the velocities and the noise of the MD steps."""


@dataclass(frozen=True)
class Examination:
    """What is known about a system before a run.

    Parameters
    ----------
    name, folder
        Of the system.
    prepared
        The system, or None if it cannot be built.
    inputs
        What networks will see, or None.
    descriptors
        Named descriptors of system.yaml that could be resolved.
    values
        (F, D) on the frames of the trial, columns as ``descriptors``; None if one fails.
    states
        One row for each descriptor of each box of a state.
    labels
        (F,) states of the frames, or None.
    trial, plan, costs
        The MD steps, the plan that ran them, and what shots will cost.
    findings
        Errors and warnings.
    """

    name: str
    folder: Path
    findings: list[Finding]
    prepared: Prepared | None = None
    inputs: DescriptorSet | None = None
    descriptors: tuple[Descriptor, ...] = ()
    values: Values | None = None
    states: tuple[StateRow, ...] = ()
    labels: Labels | None = None
    trial: Trial | None = None
    plan: Plan | None = None
    costs: Costs | None = None

    @property
    def fine(self) -> bool:
        """Whether there are no errors."""
        return all(finding.level != ERROR for finding in self.findings)


def examine(
    settings: SystemSettings, folder: Path, steps: int, log: Log, platform: str | None = None
) -> Examination:
    """Build a system, evaluate its descriptors, and try some MD steps.

    ``platform`` names one of OpenMM; None: the fastest.

    Raises
    ------
    MechanistError
        If it cannot be built at all.
    """
    found: list[Finding] = []
    if settings.molecule is None:
        topology, positions, system, law = build_parts(settings, folder)
        atoms = topology_of(topology)
    else:
        molecule = build_molecule(settings.molecule, folder)
        positions, system, law = molecule.positions, molecule.system, molecule.law
        atoms = topology_of(molecule.topology)
        found += findings(molecule, atoms, settings.dynamics)
        log(f"minimising {len(positions):,} atoms")
        structure = folder / settings.molecule.structure
        positions = minimise(system, positions, structure, molecule.topology, law)
        found += changed_bonds(molecule, atoms, positions)
        if law is None:
            found += read_back(system, positions)
    descriptors = _descriptors(settings, folder, atoms, box_of(system), found)
    states = _states(settings, folder, atoms, box_of(system), found)
    nothing = States(DescriptorSet(()), State("A", ()), State("B", ()))
    prepared = prepared_from(settings, positions, system, states or nothing, law)
    resolve = partial(resolve_inputs, settings, folder / SYSTEM_FILE, atoms, box_of(system))
    inputs = _or_finding(resolve, found)
    every = DescriptorSet(tuple(descriptors), box_of(system))
    _or_finding(lambda: check_groups(every, positions, folder / SYSTEM_FILE), found)
    _or_finding(partial(resolve, "formula_inputs"), found)
    timings, faults = _timings(prepared, platform, log)
    found += faults
    plan = timings[0].plan
    if platform is not None and faults:
        return Examination(folder.name, folder, found, prepared, inputs, tuple(descriptors))
    log(f"{steps} MD steps on {plan.platform}")
    trial = try_steps(prepared, plan.platform, steps, SEED)
    found += stability(trial, prepared)
    part = Examination(folder.name, folder, found, prepared, inputs, tuple(descriptors))
    return _finish(part, settings, trial, plan, timings[0].steps_per_second, states)


def _timings(
    prepared: Prepared, platform: str | None, log: Log
) -> tuple[Sequence[Timing], list[Finding]]:
    """Timings of all platforms or of one, fastest first, and what is wrong with platforms."""
    if platform is None:
        timings = cached_timings(prepared, log)
        usable = {timing.plan.platform for timing in timings if not timing.fault}
        level, faulty = WARNING, [t for t in timings if t.plan.platform not in usable]
    else:
        log(f"trying {platform} in a process of its own")
        timings = fastest_first(time_apart(prepared, platform, 0.2, BUDGET))
        level, faulty = ERROR, [timings[0]] if timings[0].fault else []
    reasons = {timing.plan.platform: timing.fault for timing in faulty}
    return timings, [Finding(level, f"{name} is unusable: {why}") for name, why in reasons.items()]


def _finish(
    part: Examination,
    settings: SystemSettings,
    trial: Trial,
    plan: Plan,
    speed: float,
    states: States | None,
) -> Examination:
    """Add descriptors and states on the frames of the trial, and the cost of shots."""
    assert part.prepared is not None
    # After a fault only the starting structure is meaningful.
    found, frames = part.findings, trial.frames[:1] if trial.fault else trial.frames
    box_row = part.prepared.atoms - 1 if part.prepared.boxed else None
    named = DescriptorSet(part.descriptors, box_of(part.prepared.system), box_row)
    values = _or_finding(lambda: named.values(frames), found)
    if part.inputs is not None:
        _or_finding(lambda: part.inputs and part.inputs.values(frames[:1]), found)
    rows: tuple[StateRow, ...] = ()
    if values is not None:
        rows = tuple(state_rows(settings, part.descriptors, values[0]))
        found += impossible(rows, part.descriptors)
    labels = None
    if states is not None and values is not None:
        labels = states.label_positions(frames)
        found += place(labels, states)
    # No plan that moves the system has no speed.
    cost = costs(part.prepared, plan, speed, trial, states) if speed > 0 else None
    if cost is not None and settings.molecule is not None:
        found += expense(cost)
    return replace(
        part, values=values, states=rows, labels=labels, trial=trial, plan=plan, costs=cost
    )


def _or_finding(make: Callable[[], Any], found: list[Finding]) -> Any:
    """What ``make`` returns; if it raises, None, and the error becomes a finding."""
    try:
        return make()
    except MechanistError as error:
        text = str(error)
        if all(finding.what != text for finding in found):
            found.append(Finding(ERROR, text))
        return None


def _descriptors(
    settings: SystemSettings,
    folder: Path,
    atoms: Any,
    box: BoxVectors | None,
    found: list[Finding],
) -> list[Descriptor]:
    resolver = resolver_of(settings, folder / SYSTEM_FILE, atoms, box)
    made = [
        _or_finding(partial(resolver.descriptor, name, one), found)
        for name, one in settings.descriptors.items()
    ]
    return [descriptor for descriptor in made if descriptor is not None]


def _states(
    settings: SystemSettings,
    folder: Path,
    atoms: Any,
    box: BoxVectors | None,
    found: list[Finding],
) -> States | None:
    """The states; None, with findings, if they are placeholders or faulty."""
    open_ = [
        f"states.{key}.box.{name}: still {PLACEHOLDER}; write an interval"
        for key, state in (("A", settings.states.A), ("B", settings.states.B))
        for box in state.boxes
        for name, limits in box.items()
        if PLACEHOLDER in limits
    ]
    if open_:
        found += [Finding(ERROR, text) for text in open_]
        return None
    made: States | None = _or_finding(
        lambda: resolve_states(settings, folder / SYSTEM_FILE, atoms, box), found
    )
    return made
