"""Guessed transition paths for hard cases: restrained pulls, and minimised windows along torsions.

No guess is in the ensemble of transition paths; its frames are shooting points for
`mechanist.sampling.first_path.equilibrate`. All that remains of the guess in a first path is its
shooting point.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from mechanist.arrays import Frames
from mechanist.bookkeeping.journal import Clock
from mechanist.errors import SamplingError
from mechanist.sampling.first_path.hot_md import first_crossing, most_frames
from mechanist.sampling.first_path.restraints import Restrained
from mechanist.sampling.first_path.targets import PullTarget, pull_target
from mechanist.systems.descriptors.states import State
from mechanist.systems.prepared import Prepared

Log = Callable[[str], None]

TRIES = ((1, 1.0), (4, 1.0), (4, 4.0))
"""Slower, then stiffer: factors on the duration and on the force constants of a pull."""

HOLD = 0.2
"""Time for which a pull holds its end, in units of its duration, so that the rest can follow."""

WINDOWS = 60
"""Windows of an interpolation from state to state."""


@dataclass(frozen=True)
class Guess:
    """Frames (F, N, 3) in nm from state to state, and notes on how they were found."""

    frames: Frames
    notes: dict[str, object]


def pulled_path(
    prepared: Prepared,
    along: tuple[str, ...],
    platform: str,
    seed: int,
    log: Log,
    clock: Clock | None = None,
) -> Guess:
    """Pull the system from A to B by moving restraints at its own temperature.

    A start in neither state is pulled into A first; a start in B is pulled to A. A pull takes as
    long as the longest path of two half-shots; it is repeated four times slower, and then also
    four times stiffer.

    Raises
    ------
    SamplingError
        If no pull reaches its state, or a state has no descriptors to pull along.
    """
    length = 2 * prepared.max_half_frames
    faults = []
    for number, (slower, stiffer) in enumerate(TRIES):
        with clock or Clock():
            path, names, fault = _try(
                prepared, along, slower * length, stiffer, platform, seed + number
            )
        crossing = first_crossing(prepared.states.label_positions(path))
        if crossing is not None:
            log(f"pulled along {', '.join(names)}: {len(path[crossing])} frames between states")
            frame_ps = prepared.timestep * prepared.stride
            notes: dict[str, object] = {
                "along": names,
                "pull_ps": slower * length * frame_ps,
                "tries": number + 1,
            }
            return Guess(path[crossing], notes)
        faults.append(fault)
    raise SamplingError(
        "first path",
        f"{len(TRIES)} pulls, each slower or stiffer, found none: {'; '.join(faults)}; name other"
        " descriptors in initial.along, or give initial.path",
    )


def _try(
    prepared: Prepared,
    along: tuple[str, ...],
    length: int,
    stiffer: float,
    platform: str,
    seed: int,
) -> tuple[Frames, list[str], str]:
    """Frames of one try, the descriptors of its last pull, and the state it did not reach."""
    frames = [np.asarray(prepared.positions, dtype=np.float32)]
    names: list[str] = []
    for state in _states_to_reach(prepared):
        target = pull_target(prepared.states, state, frames[-1].astype(np.float64), along, "pull")
        names = [d.name for d in target.descriptors]
        for frame in _pull(prepared, target, frames[-1], length, stiffer, platform, seed):
            frames.append(frame)
            if _is_in(prepared, state, frame):
                break
        if not _is_in(prepared, state, frames[-1]):
            return np.stack(frames), names, f"{state.name} not reached"
    return np.stack(frames), names, ""


def _states_to_reach(prepared: Prepared) -> tuple[State, ...]:
    states = prepared.states
    label = int(states.label_positions(prepared.positions[None])[0])
    return {-1: (states.b,), 0: (states.a, states.b), 1: (states.a,)}[label]


def _is_in(prepared: Prepared, state: State, frame: Frames) -> bool:
    states = prepared.states
    return bool(states.inside(state, states.descriptors.values(frame[None]))[0])


def _pull(
    prepared: Prepared,
    target: PullTarget,
    start: Frames,
    length: int,
    stiffer: float,
    platform: str,
    seed: int,
) -> Iterator[Frames]:
    """Frames (N, 3) of a pull of ``length`` strides and its hold; ends early if it explodes."""
    import openmm

    every = max(1, length // most_frames(prepared.atoms))
    moves = max(1, length // every)
    restrained = Restrained(prepared, target.descriptors, platform, seed)
    restrained.place(start, seed)
    stiffness = stiffer * target.stiffness(prepared.kt)
    with suppress(openmm.OpenMMException):
        for move in range(round(moves * (1 + HOLD))):
            restrained.aim(target.at(min(1.0, (move + 1) / moves)), stiffness)
            positions = restrained.step(every * prepared.stride)
            if not np.isfinite(positions).all():
                return
            yield positions.astype(np.float32)


def torsion_path(
    prepared: Prepared, along: tuple[str, ...], platform: str, log: Log, clock: Clock | None = None
) -> Guess:
    """Drive the torsions that define the states from A to B in windows, minimising in each.

    Each window starts from the structure of the window before. A start outside A is driven to A
    first.

    Raises
    ------
    SamplingError
        If no torsion defines the states, or the windows do not reach B.
    """
    torsions = tuple(
        d.name
        for d in prepared.states.descriptors.descriptors
        if d.kind == "torsion" and (not along or d.name in along)
    )
    if not torsions:
        raise SamplingError(
            "config.yaml",
            "initial.method: torsions: no torsion defines the states; use pull",
        )
    frames = [np.asarray(prepared.positions, dtype=np.float32)]
    states = prepared.states
    to_reach = [states.b]
    if not _is_in(prepared, states.a, frames[0]):
        to_reach = [states.a, states.b]
    for state in to_reach:
        target = pull_target(
            states, state, np.asarray(frames[-1], dtype=float), torsions, "torsions"
        )
        with clock or Clock():
            frames += _windows(prepared, target, frames[-1], platform)
    path = np.stack(frames)
    crossing = first_crossing(states.label_positions(path))
    if crossing is None:
        raise SamplingError(
            "first path",
            f"{WINDOWS} windows along {', '.join(torsions)} do not lead from state to state; use"
            " initial.method: pull, or give initial.path",
        )
    log(f"drove {', '.join(torsions)} from state to state in {len(path[crossing])} windows")
    return Guess(path[crossing], {"along": list(torsions), "windows": WINDOWS})


def _windows(prepared: Prepared, target: PullTarget, start: Frames, platform: str) -> list[Frames]:
    """Structures (N, 3) minimised in each window."""
    still = replace(prepared, friction=0.0)
    restrained = Restrained(still, target.descriptors, platform, 0)
    restrained.place(start)
    # Stiff enough to climb a barrier; there are no fluctuations here.
    stiffness = 4 * target.stiffness(prepared.kt)
    result = []
    for window in range(WINDOWS):
        restrained.aim(target.at((window + 1) / WINDOWS), stiffness)
        result.append(restrained.minimise().astype(np.float32))
    return result
