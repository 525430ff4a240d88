"""Memory that a job may need for its frames, said and checked before it starts.

A job holds what is under way: the frames of half-shots in the engine, of those that wait for the
other half, and the current paths of its chains, as long as these are small. All else is on disk. So
the need does not depend on the number of shots.
"""

from collections.abc import Callable

from mechanist.engine.hardware import free_memory
from mechanist.engine.history import history_bytes
from mechanist.engine.plan import Plan, open_slots
from mechanist.errors import SamplingError
from mechanist.sampling.chains.long_halves import FRAMES, kept_halves
from mechanist.sampling.chains.moves import FRAME_BYTES, HELD_BYTES
from mechanist.systems.prepared import Prepared

COPIES = 3
"""Copies of the path of a shot that exist while its halves are joined and it is written."""


def frames_needed(chains: int, slots: int, atoms: int, longest: int) -> int:
    """Bytes of the frames of a job at most, if all half-shots are as long as the limit.

    Parameters
    ----------
    chains
        Number of chains; 0 for half-shots that are not joined.
    slots
        Half-shots at the same time.
    atoms, longest
        Atoms, and frames of the longest half-shot.
    """
    frame = atoms * FRAME_BYTES
    under_way = history_bytes(slots, atoms, longest)
    if chains == 0:
        return under_way
    waiting = chains * longest * frame
    joined = COPIES * 2 * longest * frame
    current = min(HELD_BYTES, chains * 2 * longest * frame)
    return under_way + waiting + joined + current + kept_halves(atoms) * FRAMES * frame


def check_memory(
    prepared: Prepared,
    plan: Plan,
    chains: int,
    wanted: int,
    log: Callable[[str], None],
    every: int = 1,
) -> None:
    """Say how much memory frames may need; refuse a job that may need more than is free.

    Parameters
    ----------
    prepared, plan
        The system, and how it is moved.
    chains
        Number of chains; 0 for half-shots that are not joined.
    wanted
        Half-shots at the same time, of which some may have to wait.
    log
        Called with a line of text.
    every
        Every n-th frame of a half-shot is kept.

    Raises
    ------
    SamplingError
        If it may need more memory than is free.
    """
    slots = open_slots(plan, wanted, prepared.atoms)
    longest = -(-prepared.max_half_frames // every)
    needed = frames_needed(chains, slots, prepared.atoms, longest)
    advice = (
        f"{chains:,} chains, {slots:,} half-shots at once of up to"
        f" {longest:,} frames of {prepared.atoms:,} atoms; lower sampling.chains, engine.copies or"
        " dynamics.max_half_path, or raise dynamics.stride or sampling.candidates"
    )
    say_need(needed, advice, log)


def say_need(needed: int, advice: str, log: Callable[[str], None]) -> None:
    """Say how many bytes frames may need, and refuse a job if fewer are free.

    Raises
    ------
    SamplingError
        With the advice.
    """
    free = free_memory()
    if needed > free:
        raise SamplingError(
            "job",
            f"its frames may need {needed / 1e9:.1f} GB of memory, {free / 1e9:.1f} GB are free"
            f" ({advice})",
        )
    log(f"frames need at most {needed / 1e9:.2g} GB of memory, {free / 1e9:.3g} GB are free")
