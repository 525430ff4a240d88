"""Memory that a shooting job may need, checked before it starts."""

import numpy as np

from mechanist.engine.hardware import free_memory
from mechanist.engine.history import history_bytes
from mechanist.engine.plan import Plan
from mechanist.errors import SamplingError
from mechanist.sampling.chains.chain import Chains
from mechanist.sampling.chains.long_halves import FRAMES, KEPT
from mechanist.systems.prepared import Prepared

FRAME_BYTES = 12
"""Bytes of an atom in a frame: three single-precision numbers."""


def job_bytes(chains: Chains, plan: Plan, moves: int, prepared: Prepared) -> int:
    """Bytes that a job needs at most, if paths remain as long as those that it starts from.

    Half-shots under way, half-shots that wait for the other one, and current paths may be as long
    as the limit; each shot adds its point, and a path, as if all were accepted. Some frames of
    half-shots that are too long come on top.
    """
    atoms, longest = prepared.atoms, prepared.max_half_frames
    mean = float(np.mean([len(path.frames) for path in chains.paths]))
    under_way = history_bytes(plan.slots(len(chains)), atoms, longest)
    current = 4 * len(chains) * longest * atoms * FRAME_BYTES
    results = moves * len(chains) * (1 + mean) * atoms * FRAME_BYTES
    too_long = min(KEPT, 2 * moves * len(chains)) * FRAMES * atoms * FRAME_BYTES
    return int(under_way + current + results + too_long)


def check_memory(chains: Chains, plan: Plan, moves: int, prepared: Prepared) -> None:
    """Refuse a job whose paths may not fit into memory.

    Raises
    ------
    SamplingError
        If it may need more memory than is free.
    """
    needed, free = job_bytes(chains, plan, moves, prepared), free_memory()
    if needed > free:
        raise SamplingError(
            "shooting job",
            f"its paths may need {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free"
            f" ({len(chains):,} chains x {moves:,} moves, {prepared.atoms:,} atoms); lower"
            " sampling.chains, sampling.round_max or dynamics.max_half_path, or raise"
            " sampling.workers or dynamics.stride",
        )
